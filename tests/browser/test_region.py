"""A box on the query: drawn, moved and resized by mouse, by finger and by keys."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlparse

import pytest

from .conftest import Site, choose, until, wait_for_hits

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page


def region(page: Page) -> list[float]:
    text = parse_qs(urlparse(page.url).query).get("region", [""])[0]
    return [float(value) for value in text.split(",")] if text else []


def wait_for_region(page: Page, before: str) -> list[float]:
    until(page, "before => location.href !== before", before)
    wait_for_hits(page)
    return region(page)


def stage(page: Page) -> tuple[Locator, dict[str, float]]:
    found = page.locator(".stage")
    found.scroll_into_view_if_needed()
    box = found.bounding_box()
    assert box
    return found, box


def drag(
    page: Page, box: dict[str, float], start: tuple[float, float], end: tuple[float, float]
) -> None:
    page.mouse.move(box["x"] + start[0] * box["width"], box["y"] + start[1] * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + end[0] * box["width"], box["y"] + end[1] * box["height"], steps=6)
    page.mouse.up()


def test_by_mouse(asked: Page) -> None:
    before = asked.url
    _, box = stage(asked)
    drag(asked, box, (0.2, 0.3), (0.7, 0.8))
    assert wait_for_region(asked, before) == pytest.approx([0.2, 0.3, 0.5, 0.5], abs=0.02)

    before = asked.url
    drag(asked, box, (0.5, 0.6), (0.6, 0.5))  # the box itself
    assert wait_for_region(asked, before) == pytest.approx([0.3, 0.2, 0.5, 0.5], abs=0.02)

    before = asked.url
    drag(asked, box, (0.8, 0.7), (0.9, 0.9))  # its corner
    assert wait_for_region(asked, before) == pytest.approx([0.3, 0.2, 0.6, 0.7], abs=0.02)

    asked.go_back()  # one step back is the whole picture
    until(asked, "() => !location.search.includes('region')")
    assert not asked.locator(".region").is_visible()


def test_by_keyboard(asked: Page) -> None:
    before = asked.url
    asked.get_by_role("button", name="Select an area").press("Enter")
    assert wait_for_region(asked, before) == [0.25, 0.25, 0.5, 0.5]
    box = asked.locator(".region")
    assert box.evaluate("box => box === document.activeElement")

    before = asked.url
    asked.keyboard.press("ArrowRight")
    asked.keyboard.press("ArrowUp")
    asked.keyboard.press("Shift+ArrowDown")
    asked.keyboard.press("Shift+ArrowLeft")
    assert wait_for_region(asked, before) == pytest.approx([0.27, 0.23, 0.48, 0.52])
    assert "48% wide" in (box.get_attribute("aria-label") or "")

    asked.keyboard.press("Escape")
    until(asked, "() => !location.search.includes('region')")
    assert not box.is_visible()
    assert asked.get_by_role("button", name="Select an area").evaluate(
        "one => one === document.activeElement"
    )


def test_the_address_keeps_it(asked: Page) -> None:
    before = asked.url
    asked.get_by_role("button", name="Select an area").click()
    wait_for_region(asked, before)
    asked.reload()
    wait_for_hits(asked)
    asked.locator(".region").wait_for()
    asked.get_by_role("button", name="Whole picture").click()
    until(asked, "() => !location.search.includes('region')")


def test_only_the_last_of_many_boxes_is_shown(asked: Page) -> None:
    before = asked.url
    asked.get_by_role("button", name="Select an area").click()
    wait_for_region(asked, before)
    for _ in range(12):
        asked.keyboard.press("ArrowLeft")
    until(asked, "() => decodeURIComponent(location.search).includes('region=0.0100')")
    wait_for_hits(asked)


def test_by_finger(new_page: Callable[..., Page], site: Site) -> None:
    page = new_page(
        base_url=site.url, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page.goto("/")
    choose(page, site.extra / "asked.jpg")
    before = page.url
    page.get_by_role("button", name="Select an area").tap()
    wait_for_region(page, before)
    before = page.url
    _, box = stage(page)
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *at: float) -> None:
        points = (
            [{"x": box["x"] + at[0] * box["width"], "y": box["y"] + at[1] * box["height"]}]
            if at
            else []
        )
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 0.5, 0.5)  # in the middle of the box
    touch("touchMove", 0.55, 0.55)
    touch("touchMove", 0.6, 0.6)
    touch("touchEnd")
    assert wait_for_region(page, before) == pytest.approx([0.35, 0.35, 0.5, 0.5], abs=0.03)
