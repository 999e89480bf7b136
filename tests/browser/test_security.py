"""The token, entered once; and the page keeps to its own content security policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .conftest import ConsoleErrors, Site, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

TOKEN = "a token for the tests"


def test_token(
    new_page: Callable[..., Page],
    start_server: Callable[..., str],
    site: Site,
    console_errors: ConsoleErrors,
) -> None:
    console_errors.allowed.append("status of 401")
    page = new_page(base_url=start_server(site.gallery, "--token", TOKEN))
    page.goto("/browse")
    dialog = page.get_by_role("dialog", name="Enter the token")
    dialog.wait_for()
    page.keyboard.press("Escape")  # nothing works without a token
    assert dialog.is_visible()
    page.get_by_role("textbox", name="Token").fill("a wrong one")
    page.keyboard.press("Enter")
    dialog.get_by_text("That token is wrong").wait_for()
    page.get_by_role("textbox", name="Token").fill(TOKEN)
    page.keyboard.press("Enter")
    page.locator(".tile").first.wait_for()
    loaded = "() => [...document.querySelectorAll('.tile img')].some((one) => one.naturalWidth)"
    wait_until(page, loaded)
    page.reload()
    page.locator(".tile").first.wait_for()
    assert page.get_by_role("dialog").count() == 0
    assert page.evaluate("document.cookie") == ""  # scripts cannot read it
    page.goto("/index")
    page.get_by_role("heading", name="Gallery").wait_for()
    assert page.get_by_role("dialog").count() == 0


def test_nothing_comes_from_elsewhere(search_page: Page, site: Site) -> None:
    site.wait_for_jobs()
    base = search_page.url.split("/?")[0]
    search_page.goto("/map")
    search_page.get_by_role("application").wait_for()
    sources = search_page.evaluate(
        "performance.getEntriesByType('resource').map((one) => one.name)"
    )
    assert sources
    assert all(source.startswith((base, "blob:", "data:")) for source in sources)


def test_policy(page: Page) -> None:
    policy = page.goto("/").headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert (
        page.locator("[style]").evaluate_all("all => all.length") >= 0
    )  # set through the DOM only
    assert "style=" not in page.request.get("/").text()
    assert "<script>" not in page.request.get("/").text()
