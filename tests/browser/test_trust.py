"""The token, asked for once; and that the page keeps to its own policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lookalike import Gallery

from ..conftest import fill
from .conftest import Watched, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

TOKEN = "a token for the tests"


def test_token(
    new_page: Callable[..., Page], serve_own: Callable[..., str], tmp_path: Path, watched: Watched
) -> None:
    watched.allowed.append("status of 401")
    fill(tmp_path / "pictures", 6)
    Gallery.open(tmp_path / "gallery").index(tmp_path / "pictures")
    page = new_page(base_url=serve_own("gallery", "--token", TOKEN))
    page.goto("/browse")
    dialog = page.get_by_role("dialog", name="Enter the token")
    dialog.wait_for()
    page.keyboard.press("Escape")  # nothing works without
    assert dialog.is_visible()
    page.get_by_role("textbox", name="Token").fill("a wrong one")
    page.keyboard.press("Enter")
    dialog.get_by_text("That token is wrong").wait_for()
    page.get_by_role("textbox", name="Token").fill(TOKEN)
    page.keyboard.press("Enter")
    page.locator(".tile").first.wait_for()
    until(page, "() => [...document.querySelectorAll('.tile img')].some((one) => one.naturalWidth)")
    page.reload()
    page.locator(".tile").first.wait_for()
    assert page.get_by_role("dialog").count() == 0
    assert page.evaluate("document.cookie") == ""  # no script can read it
    page.goto("/index")
    page.get_by_role("heading", name="Gallery").wait_for()
    assert page.get_by_role("dialog").count() == 0


def test_nothing_comes_from_elsewhere(asked: Page) -> None:
    base = asked.url.split("/?")[0]
    asked.goto("/map")
    asked.get_by_role("application").wait_for()
    sources = asked.evaluate("performance.getEntriesByType('resource').map((one) => one.name)")
    assert sources
    assert all(source.startswith((base, "blob:", "data:")) for source in sources)


def test_policy(page: Page) -> None:
    policy = page.goto("/").headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert page.locator("[style]").evaluate_all("all => all.length") >= 0  # set by the DOM only
    assert "style=" not in page.request.get("/").text()
    assert "<script>" not in page.request.get("/").text()
