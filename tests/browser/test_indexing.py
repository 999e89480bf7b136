"""The gallery view: the first folder, indexing, its progress; and views of an empty gallery."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ..conftest import fill
from .conftest import ConsoleErrors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page


def test_first_run_and_indexing(
    new_page: Callable[..., Page], start_server: Callable[..., str], tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    fill(folder, 8)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    (folder / "paper.pdf").write_bytes(b"%PDF-1.7")
    page = new_page(base_url=start_server(tmp_path / "gallery"))
    page.goto("/")
    page.get_by_role("heading", name="Add your first folder").wait_for()
    page.get_by_label("Full path of the folder").fill(str(folder))
    page.get_by_role("button", name="Add folder").click()
    page.wait_for_url("**/index")
    page.get_by_role("heading", name="Indexing finished").wait_for()
    said = page.locator(".job-facts").inner_text()
    assert "8 added" in said
    assert "1 refused" in said
    assert "can't be read yet: 1 PDF" in said
    page.get_by_text("1 PDF", exact=True).wait_for()
    page.locator(".big-number").get_by_text("8", exact=True).wait_for()
    page.get_by_text(str(folder)).first.wait_for()

    fill(folder, 4, start=8)
    page.get_by_role("button", name="Check for changes").click()
    page.locator(".job-facts").get_by_text("4 added").wait_for()
    page.locator(".big-number").get_by_text("12", exact=True).wait_for()
    page.get_by_role("link", name="Search", exact=True).click()
    page.get_by_text("in your 12 pictures").wait_for()


def test_progress_as_it_goes(page: Page) -> None:
    # The events of a slow job, made up.
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
    page.get_by_role("heading", name="Indexing finished").wait_for()  # from the next connection
    assert "398 added" in card.inner_text()


def test_a_folder_without_its_full_path(page: Page, console_errors: ConsoleErrors) -> None:
    console_errors.allowed.append("status of 4")
    page.goto("/index")
    page.get_by_label("Full path of the folder").fill("pictures/of/mine")
    page.get_by_role("button", name="Add folder").click()
    page.get_by_text("Enter the full path").wait_for()


@pytest.mark.parametrize("view", ["browse", "map", "duplicates"])
def test_an_empty_gallery(
    view: str, new_page: Callable[..., Page], empty_site: str, console_errors: ConsoleErrors
) -> None:
    console_errors.allowed.append("status of 409")
    page = new_page(base_url=empty_site)
    page.goto(f"/{view}")
    page.get_by_role("heading", name="Add your first folder").wait_for()
