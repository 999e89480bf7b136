"""The map view, by keyboard, mouse and finger, drawn with and without WebGL."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from .conftest import LABELS, PER_LABEL, Site, wait_for_results, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

PICTURES = len(LABELS) * PER_LABEL + 2
POINTS = [(0.2, 0.3), (0.8, 0.3), (0.5, 0.8)]  # x and y in a map


def test_map_by_keyboard(page: Page, site: Site) -> None:
    site.wait_for_jobs()
    page.goto("/map")
    surface = page.get_by_role("application")
    surface.wait_for()
    count = f"{PICTURES} pictures: similar pictures are close together"
    page.locator(".heading").get_by_text(count).wait_for()
    surface.focus()
    page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    page.locator(".map-card").wait_for()
    wait_until(page, "() => document.querySelector('.map-card .path').textContent.endsWith('.jpg')")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Search with it").press("Enter")
    wait_for_results(page)
    assert page.locator(".copy-card").count()


def test_map_by_mouse_and_finger(new_page: Callable[..., Page], site: Site) -> None:
    page = new_page(base_url=site.url, has_touch=True)
    # A map of three points at known places.
    answer = page.request.get(f"{site.url}/api/v1/pictures?top=3").json()["pictures"]
    points = b"".join(
        bytes.fromhex(one["id"]) + struct.pack("<ffI", x, y, n)
        for n, (one, (x, y)) in enumerate(zip(answer, POINTS, strict=True))
    )
    done = {
        "status": "done",
        "method": "drawn",
        "note": "",
        "count": 3,
        "version": 1,
        "stale": False,
        "points": "/api/v1/map/points",
    }
    page.route("**/api/v1/map", lambda route: route.fulfill(json=done))
    page.route("**/api/v1/map/labels", lambda route: route.fulfill(json=["one", "two", "three"]))
    page.route("**/api/v1/map/points", lambda route: route.fulfill(body=points))
    page.goto("/map")
    surface = page.get_by_role("application")
    surface.wait_for()
    wait_until(page, "() => document.querySelector('.map-surface').width !== 300")  # was drawn
    box = surface.bounding_box()
    assert box

    def place(x: float, y: float) -> tuple[float, float]:
        side = box["height"] - 68, min(box["width"] - 68, (box["height"] - 68) * 1.7)
        return box["x"] + box["width"] / 2 + (x - 0.5) * side[1], box["y"] + box["height"] / 2 + (
            y - 0.5
        ) * side[0]

    page.mouse.move(*place(*POINTS[1]))
    page.locator(".map-card b").get_by_text("two").wait_for()
    page.mouse.move(*place(0.5, 0.5))
    assert not page.locator(".map-card").is_visible()
    page.touchscreen.tap(*place(*POINTS[2]))
    page.get_by_role("link", name="Search with it").wait_for()
    assert page.locator(".map-card b").inner_text() == "three"

    page.mouse.move(*place(*POINTS[0]))
    page.mouse.wheel(0, -600)  # the point under the pointer stays there
    page.mouse.move(*(value + 1 for value in place(*POINTS[0])))
    page.locator(".map-card b").get_by_text("one").wait_for()
    page.mouse.down()
    page.mouse.move(*(value + 120 for value in place(*POINTS[0])), steps=4)
    page.mouse.up()
    page.mouse.move(*(value + 121 for value in place(*POINTS[0])))
    page.locator(".map-card b").get_by_text("one").wait_for()
    page.get_by_role("button", name="Whole map").click()
    page.mouse.move(*place(*POINTS[1]))
    page.locator(".map-card b").get_by_text("two").wait_for()
    page.get_by_label("Show only this label").select_option("one")
    page.mouse.move(*place(*POINTS[2]))
    assert not page.locator(".map-card").is_visible()


RENDERERS = {
    # The page avoids WebGL in software, unless it cannot tell.
    "webgl": "WebGLRenderingContext.prototype.getExtension = () => null;",
    "canvas": "const real = HTMLCanvasElement.prototype.getContext;"
    "HTMLCanvasElement.prototype.getContext = function (kind, ...more) {"
    " return kind === 'webgl' ? null : real.call(this, kind, ...more); };",
}


@pytest.mark.parametrize("renderer", RENDERERS)
def test_the_map_is_drawn(renderer: str, new_page: Callable[..., Page], site: Site) -> None:
    site.wait_for_jobs()
    page = new_page(base_url=site.url)
    page.add_init_script(RENDERERS[renderer])
    page.route("**/thumbnail**", lambda route: route.fulfill(status=204))  # only points
    page.goto("/map")
    page.get_by_role("application").wait_for()
    page.locator(".map-surface").evaluate("canvas => canvas.remove()")  # without names
    with Image.open(io.BytesIO(page.locator(".map-frame").screenshot())) as image:
        colours = image.convert("RGB").quantize(32).getcolors()
    saturated = [1 for count, _ in colours or () if count > 20]
    assert len(saturated) >= len(LABELS)
    kind = page.locator(".map-frame canvas").evaluate("canvas => Boolean(canvas.getContext('2d'))")
    assert kind == (renderer == "canvas")
