"""The duplicates view: groups of copies, and moving files to the trash."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lookalike import Gallery

from ..conftest import busy
from .conftest import Site, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page


def test_duplicates(page: Page, site: Site) -> None:
    site.wait_for_jobs()
    page.get_by_role("link", name="Duplicates").click()
    page.locator(".group").first.wait_for()
    said = page.locator(".groups").inner_text()
    assert "harbour-03-mirrored.jpg" in said
    assert "street-00-again.jpg" in said
    assert "Best original" in said
    assert page.get_by_text("Every byte is the same").count() == 1
    page.get_by_role("radio", name="Identical files").check()
    page.wait_for_url("**kind=exact")
    wait_until(page, "() => document.querySelectorAll('.group').length === 1")
    page.go_back()
    wait_until(page, "() => document.querySelectorAll('.group').length > 1")


def test_duplicates_to_the_trash(
    new_page: Callable[..., Page], start_server: Callable[..., str], tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(4):
        busy(number, (320, 240)).save(folder / f"{number}.jpg", quality=88)
    again = folder / "0-again.jpg"
    again.write_bytes((folder / "0.jpg").read_bytes())
    Gallery.open(tmp_path / "gallery").index(folder)
    page = new_page(base_url=start_server(tmp_path / "gallery"))
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
