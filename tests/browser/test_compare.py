"""Two pictures compared: the query laid over the result, side by side, and in text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import pytest

from .conftest import Site, search_with_file, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

# Two corners of the warped query, as shares of the target's box.
CORNERS = """(image) => {
  const box = image.closest('.overlay').getBoundingClientRect();
  const points = [[0, 0], [image.offsetWidth, image.offsetHeight]].map(([x, y]) => {
    const at = new DOMMatrix(getComputedStyle(image).transform).transformPoint({ x, y });
    return [at.x / at.w / box.width, at.y / at.w / box.height];
  });
  return points.flat();
}"""


LABEL = [60, 20, 60, 24]  # of labelled.png
# The frames over a picture, as shares of it: left, top, width and height.
FRAMES = """(picture) => {
  const box = picture.getBoundingClientRect();
  return [...picture.querySelectorAll('.difference')].map((frame) => {
    const { left, top, width, height } = frame.getBoundingClientRect();
    return [(left - box.left) / box.width, (top - box.top) / box.height,
      width / box.width, height / box.height];
  });
}"""


@pytest.fixture
def dialog(search_page: Page) -> Locator:
    """The comparison of the query, a mirrored crop, with its original."""
    card = search_page.locator(".copy-card").filter(has_text="harbour-03.jpg")
    card.get_by_role("button", name="Compare").click()
    dialog = search_page.get_by_role("dialog")
    dialog.locator(".overlay, .side-by-side").first.wait_for()
    return dialog


def test_sentences(dialog: Locator) -> None:
    text = dialog.locator(".compare-summary").inner_text()
    assert "Your picture is a mirrored copy of this one" in text
    assert "features agree" in text


def test_the_query_is_laid_over_its_place(dialog: Locator) -> None:
    left, top, right, bottom = dialog.locator(".warped img").evaluate(CORNERS)
    # Cut from 64, 40 to 288, 200 of 320 x 240, then mirrored: its left is on the right.
    assert [left, top, right, bottom] == pytest.approx([0.9, 1 / 6, 0.2, 5 / 6], abs=0.03)


def test_slider_by_keys_and_pointer(dialog: Locator, search_page: Page) -> None:
    slider = dialog.get_by_label("How much of your picture covers this one")
    slider.focus()
    search_page.keyboard.press("Home")
    assert (
        dialog.locator(".warped").evaluate("one => one.style.clipPath") == "inset(0px 100% 0px 0px)"
    )
    search_page.keyboard.press("End")
    assert "inset(0" in dialog.locator(".warped").evaluate("one => one.style.clipPath")
    assert slider.input_value() == "100"
    box = dialog.locator(".overlay").bounding_box()
    assert box
    search_page.mouse.click(box["x"] + box["width"] * 0.25, box["y"] + box["height"] / 2)
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_places_that_differ_are_framed(
    page: Page, site: Site, scheme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=scheme)
    search_with_file(page, site.extra / "labelled.png")
    card = page.locator(".copy-card").filter(has_text="harbour-03.jpg")
    assert re.search(r"Differs in \d places? \(", card.inner_text())
    assert "differs in " in (card.locator("a").get_attribute("aria-label") or "")
    with page.expect_response("**/compare") as answered:
        card.get_by_role("button", name="Compare").click()
    boxes = answered.value.json()["match"]["differences"]["boxes"]
    dialog = page.get_by_role("dialog")
    dialog.locator(".overlay").wait_for()
    assert "It is the same but for " in dialog.locator(".compare-summary").inner_text()
    places = [shares(box["target"]) for box in boxes]
    assert dialog.locator(".overlay").evaluate(FRAMES) == places
    assert boxes[0]["query"] == pytest.approx(LABEL, abs=12)
    dialog.get_by_role("radio", name="Side by side").check()
    for picture, side in zip(
        dialog.locator(".picture-frame").all(), ("query", "target"), strict=True
    ):
        assert picture.evaluate(FRAMES) == [shares(box[side]) for box in boxes]
        assert picture.locator(".difference b").first.inner_text() == "1"
        alternative = picture.locator("img").get_attribute("alt") or ""
        assert re.search(r"\d places? differs?: 1 at the top", alternative)
    assert "Numbered frames" in dialog.locator("figcaption").first.inner_text()


def shares(box: list[float]) -> object:
    """Return a box as shares of a picture of 320 x 240, to compare with one drawn around it."""
    return pytest.approx([n / side for n, side in zip(box, (320, 240) * 2, strict=True)], abs=0.05)


def test_unrelated_pictures(search_page: Page) -> None:
    tile = search_page.locator(".tile").last
    tile.scroll_into_view_if_needed()
    tile.hover()
    tile.get_by_role("button", name="Compare").click()
    dialog = search_page.get_by_role("dialog")
    dialog.locator(".side-by-side").wait_for()
    assert "The pictures are different" in dialog.locator(".compare-summary").inner_text()
    assert dialog.get_by_role("radio").count() == 0
    dialog.get_by_role("button", name="Close").click()
    dialog.wait_for(state="detached")


def test_on_a_phone(search_page: Page, dialog: Locator) -> None:
    search_page.set_viewport_size({"width": 390, "height": 844})
    wait_until(
        search_page, "() => document.querySelector('.overlay').getBoundingClientRect().width <= 390"
    )
    box = dialog.bounding_box()
    assert box
    assert box["width"] == 390
    assert search_page.evaluate("document.documentElement.scrollWidth") <= 390
