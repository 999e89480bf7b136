"""The browse view: all pictures, newest first, filtered, and by keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .conftest import LABELS, PER_LABEL, scroll_to_all, wait_for_results

if TYPE_CHECKING:
    from playwright.sync_api import Page

PICTURES = len(LABELS) * PER_LABEL + 2  # copies are pictures, too, but not the identical file


def test_browse(page: Page) -> None:
    page.get_by_role("link", name="Browse", exact=True).click()
    page.locator(".heading").get_by_text(f"{PICTURES} pictures, newest first").wait_for()
    scroll_to_all(page, ".tile", PICTURES)
    page.evaluate("scrollTo(0, 0)")
    page.locator("summary").click()
    page.get_by_label("Label (folder name)").fill("garden")
    page.locator(".heading").get_by_text(f"{PER_LABEL} matching pictures, newest first").wait_for()
    page.reload()
    page.locator(".heading").get_by_text(f"{PER_LABEL} matching pictures, newest first").wait_for()
    page.locator(".tile .picture").first.click()
    wait_for_results(page)
    assert page.locator(".copy-card").count() == 1


def test_browse_by_keys(page: Page) -> None:
    page.goto("/browse")
    page.locator(".tile").first.wait_for()
    page.locator('.tile .picture[tabindex="0"]').focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    wait_for_results(page)
