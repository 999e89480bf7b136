"""An area of the query: drawn, moved and resized with the mouse, a finger or the keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .conftest import PHONE, Site, wait_for_results, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page


MIDDLE = [0.25, 0.25, 0.5, 0.5]  # where the button places the area
REGION = """([expected, tolerance]) => {
  const region = new URLSearchParams(location.search).get("region")?.split(",").map(Number);
  return region?.every((value, n) => Math.abs(value - expected[n]) <= tolerance);
}"""


def wait_for_region(page: Page, expected: list[float], *, tolerance: float = 1e-4) -> None:
    """Wait until the results are those of an area; a slow drag may search for others first."""
    wait_until(page, REGION, [expected, tolerance])
    wait_for_results(page)


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


def test_by_mouse(search_page: Page) -> None:
    _, box = stage(search_page)
    drag(search_page, box, (0.2, 0.3), (0.7, 0.8))
    wait_for_region(search_page, [0.2, 0.3, 0.5, 0.5], tolerance=0.02)

    drag(search_page, box, (0.5, 0.6), (0.6, 0.5))  # the box itself
    wait_for_region(search_page, [0.3, 0.2, 0.5, 0.5], tolerance=0.02)

    drag(search_page, box, (0.8, 0.7), (0.9, 0.9))  # its corner
    wait_for_region(search_page, [0.3, 0.2, 0.6, 0.7], tolerance=0.02)

    search_page.go_back()  # one step back leads to the whole picture
    wait_until(search_page, "() => !location.search.includes('region')")
    assert not search_page.locator(".region").is_visible()


def test_by_keyboard(search_page: Page) -> None:
    search_page.get_by_role("button", name="Select an area").press("Enter")
    wait_for_region(search_page, MIDDLE)
    box = search_page.locator(".region")
    assert box.evaluate("box => box === document.activeElement")

    search_page.keyboard.press("ArrowRight")
    search_page.keyboard.press("ArrowUp")
    search_page.keyboard.press("Shift+ArrowDown")
    search_page.keyboard.press("Shift+ArrowLeft")
    wait_for_region(search_page, [0.27, 0.23, 0.48, 0.52])
    assert "48% wide" in (box.get_attribute("aria-label") or "")

    search_page.keyboard.press("Escape")
    wait_until(search_page, "() => !location.search.includes('region')")
    assert not box.is_visible()
    assert search_page.get_by_role("button", name="Select an area").evaluate(
        "one => one === document.activeElement"
    )


def test_the_url_keeps_it(search_page: Page) -> None:
    search_page.get_by_role("button", name="Select an area").click()
    wait_for_region(search_page, MIDDLE)
    search_page.reload()
    wait_for_results(search_page)
    search_page.locator(".region").wait_for()
    search_page.get_by_role("button", name="Whole picture").click()
    wait_until(search_page, "() => !location.search.includes('region')")


def test_only_the_last_of_many_areas_is_searched(search_page: Page) -> None:
    search_page.get_by_role("button", name="Select an area").click()
    wait_for_region(search_page, MIDDLE)
    for _ in range(12):
        search_page.keyboard.press("ArrowLeft")
    wait_until(search_page, "() => decodeURIComponent(location.search).includes('region=0.0100')")
    wait_for_results(search_page)


def test_by_finger(new_page: Callable[..., Page], site: Site) -> None:
    page = new_page(base_url=site.url, **PHONE)
    page.goto(f"/?q={site.query}")
    wait_for_results(page)
    page.get_by_role("button", name="Select an area").tap()
    wait_for_region(page, MIDDLE)
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
    wait_for_region(page, [0.35, 0.35, 0.5, 0.5], tolerance=0.03)
