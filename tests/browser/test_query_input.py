"""The ways to enter a picture, and the URL that stands for the search."""

from __future__ import annotations

import base64
import http.server
import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest

from .conftest import (
    PHONE,
    ConsoleErrors,
    Site,
    search_with_file,
    wait_for_other_url,
    wait_for_results,
    wait_for_start_page,
    wait_until,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Page, Route

# A file inside the page, as in a drop or a paste.
TRANSFER = """([text, name, type]) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type }));
  return transfer;
}"""


@pytest.fixture
def picture_server(site: Site) -> Iterator[str]:
    """Another server on loopback, with a picture."""
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(site.extra))
    handler.func.log_message = lambda *_: None  # type: ignore[method-assign]
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def copy_names(page: Page) -> list[str]:
    return [name.split("\n")[0] for name in page.locator(".copy-card .location").all_inner_texts()]


def transfer(page: Page, picture: Path, kind: str = "image/jpeg") -> object:
    text = base64.b64encode(picture.read_bytes()).decode()
    return page.evaluate_handle(TRANSFER, [text, picture.name, kind])


def test_choose(page: Page, site: Site) -> None:
    search_with_file(page, site.extra / "query.jpg")
    assert set(copy_names(page)) >= {"harbour-03.jpg", "harbour-03-mirrored.jpg"}
    assert "query.jpg" in page.title()
    assert page.locator(".query-name").inner_text() == "query.jpg"


def test_drop_anywhere(page: Page, site: Site) -> None:
    data = transfer(page, site.extra / "query.jpg")
    page.dispatch_event("footer, body", "dragenter", {"dataTransfer": data})
    page.get_by_text("Drop to search").wait_for()
    page.dispatch_event("body", "drop", {"dataTransfer": data})
    wait_for_results(page)
    assert not page.get_by_text("Drop to search").is_visible()
    assert "harbour-03.jpg" in copy_names(page)


def test_drop_of_another_file(page: Page, site: Site) -> None:
    data = transfer(page, site.extra / "notes.txt", "text/plain")
    page.dispatch_event("body", "drop", {"dataTransfer": data})
    page.get_by_text("notes.txt is not a picture").wait_for()


def test_paste(page: Page, site: Site) -> None:
    text = base64.b64encode((site.extra / "query.png").read_bytes()).decode()
    page.bring_to_front()
    page.evaluate(
        """async (text) => {
          const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
          const picture = new Blob([bytes], { type: "image/png" });
          await navigator.clipboard.write([new ClipboardItem({ "image/png": picture })]);
        }""",
        text,
    )
    page.keyboard.press("Control+V")
    wait_for_results(page)
    assert "harbour-03.jpg" in copy_names(page)


def test_paste_of_text(page: Page) -> None:
    page.evaluate("navigator.clipboard.writeText('no address')")
    page.get_by_role("heading", name="Search by image").click()  # nothing that takes text
    page.keyboard.press("Control+V")
    page.get_by_text("There is no picture on the clipboard").wait_for()


def test_url(page: Page, picture_server: str) -> None:
    page.get_by_label("Image URL").fill(f"{picture_server}/query.jpg")
    page.keyboard.press("Enter")
    wait_for_results(page)
    assert "harbour-03.jpg" in copy_names(page)


def test_url_without_a_picture(
    page: Page, picture_server: str, console_errors: ConsoleErrors
) -> None:
    console_errors.allowed.append("status of 4")
    page.get_by_label("Image URL").fill(f"{picture_server}/notes.txt")
    page.keyboard.press("Enter")
    page.locator(".message.error").wait_for()
    assert page.locator(".message.error p").inner_text().strip().endswith(".")
    page.get_by_role("button", name="Try again").wait_for()


def test_broken_file(page: Page, site: Site, console_errors: ConsoleErrors) -> None:
    console_errors.allowed.append("status of 4")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a picture").click()
    chooser.value.set_files(site.extra / "broken.jpg")
    page.locator(".message.error").wait_for()


def test_click_on_a_result_searches_with_it(search_page: Page) -> None:
    first = search_page.locator(".grid .tile .tile-name").first.inner_text()
    search_page.locator(".grid .picture").first.click()
    wait_until(search_page, "name => document.title.startsWith(name)", first)
    wait_for_results(search_page)
    assert copy_names(search_page)[0] == first
    assert search_page.locator(".copy-card .changes").first.inner_text().lower() == "your picture"
    assert "in your gallery" in search_page.locator(".query-facts").first.inner_text()


def test_reload_back_and_forward(page: Page, site: Site) -> None:
    search_with_file(page, site.extra / "query.jpg")
    first = page.url
    page.reload()
    wait_for_results(page)
    assert "harbour-03.jpg" in copy_names(page)
    page.locator(".grid .picture").first.click()
    wait_for_other_url(page, first)
    wait_for_results(page)
    second = page.url
    page.go_back()
    wait_until(page, "first => location.href === first && document.title.includes('query')", first)
    assert "harbour-03.jpg" in copy_names(page)
    page.go_forward()
    page.wait_for_url(second)
    page.go_back()
    page.go_back()
    wait_for_start_page(page)


def test_shared_link(search_page: Page, new_page: Callable[..., Page]) -> None:
    other = new_page()
    other.goto(search_page.url)
    wait_for_results(other)
    assert copy_names(other) == copy_names(search_page)


def test_unknown_query(page: Page, console_errors: ConsoleErrors) -> None:
    console_errors.allowed.append("status of 404")
    page.goto(f"/?q={'0' * 32}")
    page.get_by_role("link", name="New search").click()
    wait_for_start_page(page)


def test_search_with_another_picture(search_page: Page, site: Site) -> None:
    first = search_page.url
    search_with_file(search_page, site.folder / "street" / "street-00.jpg")
    wait_for_other_url(search_page, first)
    assert set(copy_names(search_page)) == {"street-00-again.jpg"}  # and street-00.jpg


def test_server_restart(search_page: Page, console_errors: ConsoleErrors) -> None:
    console_errors.allowed.append("Failed to load resource")
    offline = {"now": True}

    def handle(route: Route) -> None:
        if offline["now"]:
            route.abort("connectionrefused")
        else:
            route.continue_()

    search_page.route("**/api/**", handle)
    search_page.route("**/healthz", handle)
    search_page.get_by_role("link", name="Browse").click()
    search_page.get_by_text("The server is not responding").wait_for()
    offline["now"] = False
    search_page.locator(".tile").first.wait_for()
    assert not search_page.get_by_text("The server is not responding").is_visible()


def test_camera(new_page: Callable[..., Page], site: Site) -> None:
    page = new_page(base_url=site.url, **PHONE)
    page.goto("/")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Take a photo").tap()
    assert chooser.value.element.get_attribute("capture") == "environment"
    chooser.value.set_files(site.extra / "query.jpg")
    wait_for_results(page)
