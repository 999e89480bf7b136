"""The gallery's own views: browse, map, duplicates, indexing, and what an empty gallery shows."""

from __future__ import annotations

import io
import json
import re
import struct
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from lookalike import Gallery

from ..conftest import busy, fill
from .conftest import LABELS, OF_EACH, Site, Watched, until, wait_for_hits

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

FILES = len(LABELS) * OF_EACH + 3
PICTURES = FILES - 1  # two files are of the same bytes
LOOSE = [(0.2, 0.3), (0.8, 0.3), (0.5, 0.8)]  # where three points of a made-up map lie


def test_browse(page: Page) -> None:
    page.get_by_role("link", name="Browse", exact=True).click()
    page.locator(".heading").get_by_text(f"{PICTURES} pictures, newest first").wait_for()
    for _ in range(20):
        page.mouse.wheel(0, 5000)
        if page.locator(".tile").count() == PICTURES:
            break
        page.wait_for_timeout(100)
    until(page, "all => document.querySelectorAll('.tile').length === all", PICTURES)
    page.evaluate("scrollTo(0, 0)")
    page.locator("summary").click()
    page.get_by_label("Label (folder name)").fill("garden")
    page.locator(".heading").get_by_text(f"{OF_EACH} matching pictures, newest first").wait_for()
    page.reload()
    page.locator(".heading").get_by_text(f"{OF_EACH} matching pictures, newest first").wait_for()
    page.locator(".tile .picture").first.click()
    wait_for_hits(page)
    assert page.locator(".copy-card").count() == 1


def test_browse_by_keys(page: Page) -> None:
    page.goto("/browse")
    page.locator(".tile").first.wait_for()
    page.locator('.tile .picture[tabindex="0"]').focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    wait_for_hits(page)


def test_map(page: Page, site: Site) -> None:
    page.goto("/map")
    surface = page.get_by_role("application")
    surface.wait_for()
    page.locator(".heading").get_by_text(
        f"{PICTURES} pictures: similar pictures are close together"
    ).wait_for()
    surface.focus()
    page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    page.locator(".map-card").wait_for()
    until(page, "() => document.querySelector('.map-card .path').textContent.endsWith('.jpg')")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Search with it").press("Enter")
    wait_for_hits(page)
    assert page.locator(".copy-card").count()


def test_map_by_mouse_and_finger(new_page: Callable[..., Page], site: Site) -> None:
    page = new_page(base_url=site.url, has_touch=True)
    # Three points whose places are known.
    answer = page.request.get(f"{site.url}/api/v1/pictures?top=3").json()["pictures"]
    points = b"".join(
        bytes.fromhex(one["id"]) + struct.pack("<ffI", x, y, n)
        for n, (one, (x, y)) in enumerate(zip(answer, LOOSE, strict=True))
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
    until(page, "() => document.querySelector('.map-surface').width !== 300")  # laid out
    box = surface.bounding_box()
    assert box

    def place(x: float, y: float) -> tuple[float, float]:
        side = box["height"] - 68, min(box["width"] - 68, (box["height"] - 68) * 1.7)
        return box["x"] + box["width"] / 2 + (x - 0.5) * side[1], box["y"] + box["height"] / 2 + (
            y - 0.5
        ) * side[0]

    page.mouse.move(*place(*LOOSE[1]))
    page.locator(".map-card b").get_by_text("two").wait_for()
    page.mouse.move(*place(0.5, 0.5))
    assert not page.locator(".map-card").is_visible()
    page.touchscreen.tap(*place(*LOOSE[2]))
    page.get_by_role("link", name="Search with it").wait_for()
    assert page.locator(".map-card b").inner_text() == "three"

    page.mouse.move(*place(*LOOSE[0]))
    page.mouse.wheel(0, -600)  # what is under the pointer stays there
    page.mouse.move(*(value + 1 for value in place(*LOOSE[0])))
    page.locator(".map-card b").get_by_text("one").wait_for()
    page.mouse.down()
    page.mouse.move(*(value + 120 for value in place(*LOOSE[0])), steps=4)
    page.mouse.up()
    page.mouse.move(*(value + 121 for value in place(*LOOSE[0])))
    page.locator(".map-card b").get_by_text("one").wait_for()
    page.get_by_role("button", name="Whole map").click()
    page.mouse.move(*place(*LOOSE[1]))
    page.locator(".map-card b").get_by_text("two").wait_for()
    page.get_by_label("Show only this label").select_option("one")
    page.mouse.move(*place(*LOOSE[2]))
    assert not page.locator(".map-card").is_visible()


PAINTERS = {
    # What only imitates a card is passed over, unless it cannot be told.
    "card": "WebGLRenderingContext.prototype.getExtension = () => null;",
    "plain": "const real = HTMLCanvasElement.prototype.getContext;"
    "HTMLCanvasElement.prototype.getContext = function (kind, ...more) {"
    " return kind === 'webgl' ? null : real.call(this, kind, ...more); };",
}


@pytest.mark.parametrize("painter", PAINTERS)
def test_the_map_is_painted(painter: str, new_page: Callable[..., Page], site: Site) -> None:
    page = new_page(base_url=site.url)
    page.add_init_script(PAINTERS[painter])
    page.route("**/thumbnail**", lambda route: route.fulfill(status=204))  # the points alone
    page.goto("/map")
    page.get_by_role("application").wait_for()
    page.locator(".map-surface").evaluate("canvas => canvas.remove()")  # and without names
    with Image.open(io.BytesIO(page.locator(".map-frame").screenshot())) as image:
        colours = image.convert("RGB").quantize(32).getcolors()
    saturated = [1 for count, _ in colours or () if count > 20]
    assert len(saturated) >= len(LABELS)
    kind = page.locator(".map-frame canvas").evaluate("canvas => Boolean(canvas.getContext('2d'))")
    assert kind == (painter == "plain")


def test_duplicates(page: Page) -> None:
    page.get_by_role("link", name="Duplicates").click()
    page.locator(".group").first.wait_for()
    said = page.locator(".groups").inner_text()
    assert "harbour-03-mirrored.jpg" in said
    assert "street-00-again.jpg" in said
    assert "Best original" in said
    assert page.get_by_text("Every byte is the same").count() == 1
    page.get_by_role("radio", name="Identical files").check()
    page.wait_for_url("**kind=exact")
    until(page, "() => document.querySelectorAll('.group').length === 1")
    page.go_back()
    until(page, "() => document.querySelectorAll('.group').length > 1")


def test_duplicates_to_the_trash(
    new_page: Callable[..., Page], serve_own: Callable[..., str], tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(4):
        busy(number, (320, 240)).save(folder / f"{number}.jpg", quality=88)
    again = folder / "0-again.jpg"
    again.write_bytes((folder / "0.jpg").read_bytes())
    Gallery.open(tmp_path / "gallery").index(folder)
    page = new_page(base_url=serve_own("gallery"))
    page.goto("/duplicates")
    page.get_by_role("checkbox").check()
    page.get_by_text("1 file selected").wait_for()
    page.get_by_role("button", name="Move to trash").click()
    page.get_by_role("button", name="Cancel").click()
    assert len(list(folder.iterdir())) == 5
    page.get_by_role("button", name="Move to trash").click()
    page.get_by_role("dialog").get_by_role("button", name="Move 1 file").click()
    page.get_by_text(re.compile(r"Moved 1 file \(\d.* to trash\.")).wait_for()
    page.locator(".heading").get_by_text("No duplicates found").wait_for()
    assert len(list(folder.iterdir())) == 4


def test_first_run_and_indexing(
    new_page: Callable[..., Page], serve_own: Callable[..., str], tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    fill(folder, 60)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    page = new_page(base_url=serve_own("gallery"))
    page.goto("/")
    page.get_by_role("heading", name="Add your first folder").wait_for()
    page.get_by_label("Full path of the folder").fill(str(folder))
    page.get_by_role("button", name="Add folder").click()
    page.wait_for_url("**/index")
    page.get_by_role("heading", name="Indexing finished").wait_for()
    said = page.locator(".job-facts").inner_text()
    assert "60 added" in said
    assert "1 refused" in said
    page.locator(".big-number").get_by_text("60").wait_for()
    page.get_by_text(str(folder)).first.wait_for()

    fill(folder, 30, start=60)
    page.get_by_role("button", name="Check for changes").click()
    page.locator(".job-facts").get_by_text("30 added").wait_for()
    page.locator(".big-number").get_by_text("90").wait_for()
    page.get_by_role("link", name="Search", exact=True).click()
    page.get_by_text("in your 90 pictures").wait_for()


def test_progress_as_it_goes(page: Page) -> None:
    # A job that a test cannot make slow enough, told by the same events.
    job = {"id": "0" * 16, "kind": "index", "state": "running", "report": None, "error": None}
    progress = {
        "listed": 900,
        "listing": False,
        "todo": 400,
        "done": 100,
        "refused": 2,
        "seconds": 5.0,
        "rate": 20.0,
        "seconds_left": 15.0,
        "optimizing": False,
    }
    lines = [
        f"event: progress\ndata: {json.dumps({**job, 'progress': progress})}\n\n",
    ]
    page.route(
        "**/api/v1/jobs",
        lambda route: route.fulfill(json={"jobs": [{**job, "progress": progress}]}),
    )
    page.route(
        "**/api/v1/jobs/*/events",
        lambda route: route.fulfill(body="".join(lines), content_type="text/event-stream"),
    )
    page.get_by_role("link", name="Gallery").click()
    card = page.locator(".job")
    card.get_by_text("100 of 400").wait_for()
    assert "20 pictures/s" in card.inner_text()
    assert "15 s left" in card.inner_text()
    assert card.get_by_role("progressbar").get_attribute("aria-valuenow") == "25"
    report = {
        "added": 398,
        "updated": 0,
        "moved": 0,
        "copied": 0,
        "unchanged": 500,
        "refused": 2,
        "skipped": 0,
        "offline": [],
        "seconds": 20.0,
    }
    lines[0] = (
        f"event: done\ndata: {json.dumps({**job, 'state': 'done', 'report': report, 'progress': progress})}\n\n"
    )
    page.get_by_role("heading", name="Indexing finished").wait_for()  # by the connection made anew
    assert "398 added" in card.inner_text()


def test_a_folder_that_is_not_there(page: Page, watched: Watched) -> None:
    watched.allowed.append("status of 4")
    page.goto("/index")
    page.get_by_label("Full path of the folder").fill("pictures/of/mine")
    page.get_by_role("button", name="Add folder").click()
    page.get_by_text("is no absolute path").wait_for()


@pytest.mark.parametrize("view", ["browse", "map", "duplicates"])
def test_an_empty_gallery(
    view: str, new_page: Callable[..., Page], empty_site: str, watched: Watched
) -> None:
    watched.allowed.append("status of 409")
    page = new_page(base_url=empty_site)
    page.goto(f"/{view}")
    page.get_by_role("heading", name="Add your first folder").wait_for()
