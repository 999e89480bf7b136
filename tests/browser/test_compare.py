"""Two pictures compared: laid over each other where they must lie, side by side, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import until

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

# Where the corners of the warped query come to lie, as shares of the target's box.
CORNERS = """(image) => {
  const box = image.closest('.overlay').getBoundingClientRect();
  const points = [[0, 0], [image.offsetWidth, image.offsetHeight]].map(([x, y]) => {
    const at = new DOMMatrix(getComputedStyle(image).transform).transformPoint({ x, y });
    return [at.x / at.w / box.width, at.y / at.w / box.height];
  });
  return points.flat();
}"""


@pytest.fixture
def dialog(asked: Page) -> Locator:
    """The compare view of the query, a mirrored crop, and its original."""
    card = asked.locator(".copy-card").filter(has_text="harbour-03.jpg")
    card.get_by_role("button", name="Compare").click()
    dialog = asked.get_by_role("dialog")
    dialog.locator(".overlay, .side-by-side").first.wait_for()
    return dialog


def test_words(dialog: Locator) -> None:
    words = dialog.locator(".compare-summary").inner_text()
    assert "One is a copy of the other." in words
    assert "mirrored" in words
    assert "features agree" in words


def test_the_query_lies_where_it_was_cut_out(dialog: Locator) -> None:
    left, top, right, bottom = dialog.locator(".warped img").evaluate(CORNERS)
    # Cut from 64, 40 to 288, 200 of 320 x 240, then mirrored: its left is on the right.
    assert [left, top, right, bottom] == pytest.approx([0.9, 1 / 6, 0.2, 5 / 6], abs=0.03)


def test_slider_by_keys_and_pointer(dialog: Locator, asked: Page) -> None:
    slider = dialog.get_by_label("How much of your picture covers this one")
    slider.focus()
    asked.keyboard.press("Home")
    assert (
        dialog.locator(".warped").evaluate("one => one.style.clipPath") == "inset(0px 100% 0px 0px)"
    )
    asked.keyboard.press("End")
    assert "inset(0" in dialog.locator(".warped").evaluate("one => one.style.clipPath")
    assert slider.input_value() == "100"
    box = dialog.locator(".overlay").bounding_box()
    assert box
    asked.mouse.click(box["x"] + box["width"] * 0.25, box["y"] + box["height"] / 2)
    assert int(slider.input_value()) == pytest.approx(25, abs=2)


def test_side_by_side(dialog: Locator) -> None:
    dialog.get_by_role("radio", name="Side by side").check()
    dialog.locator(".side-by-side").wait_for()
    assert dialog.locator(".side-by-side img").count() == 2
    assert dialog.locator("polygon").count() == 4
    assert dialog.locator("circle").count() > 10
    found = dialog.locator("figure").nth(1).locator("polygon").last.get_attribute("points") or ""
    numbers = sorted(float(one) for pair in found.split() for one in pair.split(","))
    assert numbers[0] == pytest.approx(40, abs=8)
    assert numbers[-1] == pytest.approx(288, abs=8)


def test_pictures_that_have_nothing_in_common(asked: Page) -> None:
    tile = asked.locator(".tile").last
    tile.scroll_into_view_if_needed()
    tile.hover()
    tile.get_by_role("button", name="Compare").click()
    dialog = asked.get_by_role("dialog")
    dialog.locator(".side-by-side").wait_for()
    assert "different pictures" in dialog.locator(".compare-summary").inner_text()
    assert dialog.get_by_role("radio").count() == 0
    dialog.get_by_role("button", name="Close").click()
    dialog.wait_for(state="detached")


def test_on_a_phone(asked: Page, dialog: Locator) -> None:
    asked.set_viewport_size({"width": 390, "height": 844})
    until(asked, "() => document.querySelector('.overlay').getBoundingClientRect().width <= 390")
    box = dialog.bounding_box()
    assert box
    assert box["width"] == 390
    assert asked.evaluate("document.documentElement.scrollWidth") <= 390
