"""The ways a picture comes in, and the address that says which one it was."""

from __future__ import annotations

import base64
import http.server
import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest

from .conftest import Site, Watched, choose, until, wait_for_hits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Page, Route

# A file inside the page, as a drop or a paste brings it.
TRANSFER = """([text, name, type]) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type }));
  return transfer;
}"""


@pytest.fixture
def picture_server(site: Site) -> Iterator[str]:
    """Another server on loopback, that has a picture."""
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


def test_choose(asked: Page) -> None:
    assert set(copy_names(asked)) >= {"harbour-03.jpg", "harbour-03-mirrored.jpg"}
    assert "asked.jpg" in asked.title()
    assert asked.locator(".query-name").inner_text() == "asked.jpg"


def test_drop_anywhere(page: Page, site: Site) -> None:
    data = transfer(page, site.extra / "asked.jpg")
    page.dispatch_event("footer, body", "dragenter", {"dataTransfer": data})
    page.get_by_text("Drop to search").wait_for()
    page.dispatch_event("body", "drop", {"dataTransfer": data})
    wait_for_hits(page)
    assert not page.get_by_text("Drop to search").is_visible()
    assert "harbour-03.jpg" in copy_names(page)


def test_drop_of_something_else(page: Page, site: Site) -> None:
    data = transfer(page, site.extra / "notes.txt", "text/plain")
    page.dispatch_event("body", "drop", {"dataTransfer": data})
    page.get_by_text("notes.txt is not a picture").wait_for()


def test_paste(page: Page, site: Site) -> None:
    text = base64.b64encode((site.extra / "asked.png").read_bytes()).decode()
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
    wait_for_hits(page)
    assert "harbour-03.jpg" in copy_names(page)


def test_paste_of_words_into_the_page(page: Page) -> None:
    page.evaluate("navigator.clipboard.writeText('no address')")
    page.locator("main").click(position={"x": 2, "y": 2})
    page.keyboard.press("Control+V")
    page.get_by_text("There is no picture on the clipboard").wait_for()


def test_url(page: Page, picture_server: str) -> None:
    page.get_by_label("Image URL").fill(f"{picture_server}/asked.jpg")
    page.keyboard.press("Enter")
    wait_for_hits(page)
    assert "harbour-03.jpg" in copy_names(page)


def test_url_that_has_no_picture(page: Page, picture_server: str, watched: Watched) -> None:
    watched.allowed.append("status of 4")
    page.get_by_label("Image URL").fill(f"{picture_server}/notes.txt")
    page.keyboard.press("Enter")
    page.locator(".message.error").wait_for()
    assert page.locator(".message.error p").inner_text().strip().endswith(".")
    page.get_by_role("button", name="Try again").wait_for()


def test_file_that_is_no_picture(page: Page, site: Site, watched: Watched) -> None:
    watched.allowed.append("status of 4")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a picture").click()
    chooser.value.set_files(site.extra / "broken.jpg")
    page.locator(".message.error").wait_for()


def test_a_click_on_a_result_asks_with_it(asked: Page) -> None:
    first = asked.locator(".grid .tile .tile-name").first.inner_text()
    asked.locator(".grid .picture").first.click()
    until(asked, "name => document.title.startsWith(name)", first)
    wait_for_hits(asked)
    assert copy_names(asked)[0] == first
    assert asked.locator(".copy-card .changes").first.inner_text().lower() == "your picture"
    assert "in your gallery" in asked.locator(".query-facts").first.inner_text()


def test_reload_back_and_forward(asked: Page) -> None:
    first = asked.url
    asked.reload()
    wait_for_hits(asked)
    assert "harbour-03.jpg" in copy_names(asked)
    asked.locator(".grid .picture").first.click()
    until(asked, "first => location.href !== first", first)
    wait_for_hits(asked)
    second = asked.url
    asked.go_back()
    until(asked, "first => location.href === first && document.title.includes('asked')", first)
    assert "harbour-03.jpg" in copy_names(asked)
    asked.go_forward()
    asked.wait_for_url(second)
    asked.go_back()
    asked.go_back()
    asked.get_by_role("heading", name="Search by image").wait_for()


def test_a_link_can_be_shared(asked: Page, new_page: Callable[..., Page]) -> None:
    other = new_page()
    other.goto(asked.url)
    wait_for_hits(other)
    assert copy_names(other) == copy_names(asked)


def test_an_unknown_query(page: Page, watched: Watched) -> None:
    watched.allowed.append("status of 404")
    page.goto(f"/?q={'0' * 32}")
    page.get_by_role("link", name="New search").click()
    page.get_by_role("heading", name="Search by image").wait_for()


def test_a_second_picture_over_the_first(asked: Page, site: Site) -> None:
    first = asked.url
    choose(asked, site.folder / "street" / "street-00.jpg")
    until(asked, "first => location.href !== first", first)
    assert set(copy_names(asked)) == {"street-00.jpg", "street-00-again.jpg"}


def test_the_server_goes_and_comes_back(asked: Page, watched: Watched) -> None:
    watched.allowed.append("Failed to load resource")
    gone = {"now": True}

    def answer(route: Route) -> None:
        if gone["now"]:
            route.abort("connectionrefused")
        else:
            route.continue_()

    asked.route("**/api/**", answer)
    asked.route("**/healthz", answer)
    asked.get_by_role("link", name="Browse").click()
    asked.get_by_text("The server is not responding").wait_for()
    gone["now"] = False
    asked.locator(".tile").first.wait_for()
    assert not asked.get_by_text("The server is not responding").is_visible()


def test_camera(new_page: Callable[..., Page], site: Site) -> None:
    page = new_page(
        base_url=site.url, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page.goto("/")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Take a photo").tap()
    assert chooser.value.element.get_attribute("capture") == "environment"
    chooser.value.set_files(site.extra / "asked.jpg")
    wait_for_hits(page)
