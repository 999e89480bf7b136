"""The page below a path, as a proxy shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .conftest import ConsoleErrors, Site, search_with_file, wait_for_start_page

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_every_address_of_the_page_is_below_the_path(
    new_page: Callable[..., Page], start_server: Callable[..., str], site: Site
) -> None:
    root = start_server(site.gallery, "--root-path", "/photos")
    assert root.endswith("/photos")
    page = new_page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(f"{root}/browse")
    page.locator(".tile").first.wait_for()
    for link in page.locator(".site-nav a, .brand").all():
        assert link.evaluate("link => link.href").startswith(f"{root}/")
    page.get_by_role("link", name="Gallery", exact=True).click()
    page.wait_for_url(f"{root}/index")
    page.locator(".brand").click()
    page.wait_for_url(f"{root}/")
    wait_for_start_page(page)
    search_with_file(page, site.extra / "query.jpg")
    page.reload()
    page.locator(".tile, .hit, .results-count b").first.wait_for()
    page.goto(f"{root}/docs")
    page.get_by_text("POST /search").first.wait_for()
    other = [url for url in requests if not url.startswith((f"{root}/", "blob:", "data:"))]
    assert other == []


def test_an_unknown_address_leads_back(
    new_page: Callable[..., Page], site: Site, console_errors: ConsoleErrors
) -> None:
    console_errors.allowed.append("status of 404")
    page = new_page(base_url=site.url)
    page.goto("/no/such/page")
    page.get_by_role("heading", name="Page not found").wait_for()
    page.get_by_role("link", name="Search by image").click()
    wait_for_start_page(page)
