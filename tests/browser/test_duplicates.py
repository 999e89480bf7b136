"""The duplicates view: groups of copies, and moving files to the trash."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from lookalike import Gallery

from ..conftest import busy
from .conftest import ConsoleErrors, Site, captioned, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Locator, Page, Route


def test_duplicates(page: Page, site: Site) -> None:
    site.wait_for_jobs()
    page.get_by_role("link", name="Duplicates").click()
    page.locator(".group").first.wait_for()
    page.locator(".groups").get_by_text("Best original").first.wait_for()
    said = page.locator(".groups").text_content() or ""
    assert "harbour-03-mirrored.jpg" in said
    assert "street-00-again.jpg" in said
    assert "Best original" in said
    assert page.get_by_text("every byte is the same").count() == 1
    page.get_by_role("radio", name="Identical files").check()
    page.wait_for_url("**kind=exact")
    wait_until(page, "() => document.querySelectorAll('.group').length === 1")
    page.go_back()
    wait_until(page, "() => document.querySelectorAll('.group').length > 1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A picture, its twin, and a captioned copy, with others; the gallery is beside them."""
    folder = tmp_path / "pictures"
    (folder / "below").mkdir(parents=True)
    image = busy(0, (320, 240))
    image.save(folder / "0.png")
    shutil.copyfile(folder / "0.png", folder / "below" / "twin.png")
    captioned(image).save(folder / "captioned.png")
    for number in range(1, 4):
        busy(number, (320, 240)).save(folder / f"{number}.jpg", quality=88)
    Gallery.open(tmp_path / "gallery").index(folder)
    return folder


@pytest.fixture
def own_page(folder: Path, new_page: Callable[..., Page], start_server: Callable[..., str]) -> Page:
    return new_page(base_url=start_server(folder.parent / "gallery"))


def item(page: Page, name: str) -> Locator:
    return page.locator(".file").filter(has_text=name)


def test_nothing_is_offered_before_it_is_checked(own_page: Page) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    own_page.route("**/duplicates/check", hold)
    own_page.goto("/duplicates")
    twin = item(own_page, "twin.png")
    twin.get_by_text("Not checked yet").wait_for()
    wait_until(own_page, "() => !document.querySelector('.checking').hidden")
    assert own_page.get_by_role("progressbar").get_attribute("aria-valuenow") == "0"
    assert own_page.get_by_role("checkbox").count() == 0
    assert "can be freed" not in own_page.locator("main").inner_text()
    assert "2 are not checked yet" in own_page.locator(".heading").inner_text()
    held[0].continue_()
    twin.get_by_text("Safe to remove: the best original has all of it").wait_for()
    kept = item(own_page, "captioned.png").locator(".keep-reason").inner_text()
    assert kept.startswith("Kept: it differs")
    assert own_page.get_by_role("checkbox").count() == 1
    bytes_to_free = own_page.locator(".group-head").inner_text()
    assert "can be freed" in bytes_to_free
    assert own_page.locator(".checking").is_hidden()
    own_page.reload()  # what was decided is remembered
    item(own_page, "twin.png").get_by_text("Safe to remove").wait_for()
    assert len(held) == 1


def test_to_the_trash_and_back(own_page: Page, folder: Path) -> None:
    own_page.goto("/duplicates")
    own_page.get_by_role("button", name="Select all that are safe to remove").click()
    own_page.get_by_text("1 file selected").wait_for()
    own_page.get_by_role("button", name="Move to trash").click()
    own_page.get_by_role("button", name="Cancel").click()
    assert len(list(folder.rglob("*.png"))) == 3
    own_page.get_by_role("button", name="Move to trash").click()
    own_page.get_by_role("dialog").get_by_role("button", name="Move 1 file").click()
    own_page.get_by_text(re.compile(r"Moved 1 file \(\d.* to trash\.")).first.wait_for()
    assert len(list(folder.rglob("*.png"))) == 2
    undo = own_page.get_by_role("button", name="Undo")
    undo.wait_for()
    assert undo.evaluate("one => one === document.activeElement")
    own_page.keyboard.press("Enter")
    own_page.get_by_text("Brought back 1 file").wait_for()
    assert len(list(folder.rglob("*.png"))) == 3
    own_page.get_by_role("checkbox").wait_for()
    assert undo.count() == 0


def test_not_a_duplicate_and_undo(own_page: Page) -> None:
    own_page.goto("/duplicates")
    captioned_file = item(own_page, "captioned.png")
    captioned_file.locator(".keep-reason").wait_for()
    mark = captioned_file.get_by_role("button", name="Not a duplicate")
    mark.click()
    own_page.get_by_text("captioned.png is remembered as not a duplicate.").last.wait_for()
    assert own_page.get_by_text("1 duplicate in 1 group").count() == 1
    own_page.keyboard.press("Enter")  # the button to undo it has the focus
    captioned_file.locator(".keep-reason").wait_for()
    assert own_page.get_by_text("2 duplicates in 1 group").count() == 1
    assert not own_page.request.get("/api/v1/duplicates/not").json()["not_duplicates"]
    own_page.keyboard.press("Enter")  # the button to mark it has it again
    own_page.get_by_role("button", name="Undo").wait_for()
    own_page.reload()
    twin = item(own_page, "twin.png")
    twin.get_by_role("checkbox").wait_for()
    assert item(own_page, "captioned.png").count() == 0
    assert twin.get_by_role("button", name="Not a duplicate").count() == 0  # the same bytes


def test_rules(own_page: Page, folder: Path, console_errors: ConsoleErrors) -> None:
    console_errors.allowed.append("422")
    own_page.goto("/duplicates")
    own_page.get_by_text("the one of best quality is kept").wait_for()
    own_page.get_by_role("button", name="Change what is kept").click()
    dialog = own_page.get_by_role("dialog")
    dialog.get_by_label("Preferred folders").fill("/nowhere")
    dialog.get_by_role("button", name="Save").click()
    dialog.get_by_text("no picture at or under /nowhere").wait_for()
    below = str(folder / "below")
    dialog.get_by_label("Preferred folders").fill("")
    dialog.get_by_label("Protected folders").fill(f"{below}\n")
    dialog.get_by_label("Of the others keep").select_option("path:")
    dialog.get_by_role("textbox", name="Pattern").fill("*/below/*")
    dialog.get_by_role("button", name="Save").click()
    own_page.get_by_text(f"nothing in it is moved: {below}.").wait_for()
    own_page.get_by_role("heading", name="twin.png").wait_for()
    own_page.get_by_text("in a protected folder").wait_for()
    kept = own_page.request.get("/api/v1/duplicates/rules").json()
    assert kept == {"prefer": [], "protect": [below], "keep": "path:*/below/*"}
    own_page.get_by_role("button", name="Change what is kept").click()
    assert own_page.get_by_label("Protected folders").input_value() == below
    assert own_page.get_by_role("textbox", name="Pattern").input_value() == "*/below/*"


def test_compare_a_duplicate_with_the_original(own_page: Page) -> None:
    own_page.goto("/duplicates")
    own_page.get_by_role("button", name="Compare: captioned.png").click()
    own_page.get_by_role("dialog").locator(".overlay .difference").wait_for()
