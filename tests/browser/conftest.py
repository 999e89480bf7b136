"""A server over a gallery, a browser, and pages that must not report errors in their console."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from PIL import Image, ImageDraw, ImageOps

from lookalike import Gallery

from ..conftest import busy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
TIMEOUT_MS = 180_000  # for anything to appear; no test measures time
LABELS = ("meadow", "harbour", "street", "garden")
PER_LABEL = 30  # together more than the first two pages of results hold
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@dataclass
class Site:
    """A running server.

    Attributes:
        url: of its page, without a slash at the end.
        gallery: folder of its gallery.
        folder: the indexed pictures, in a folder for each label.
        extra: other files, not indexed: query.jpg is a mirrored crop of harbour-03,
            labelled.png is harbour-03 with a label.
        query: id of query.jpg, with which a search was made.
        jobs: ids of the jobs that make the map and find the duplicates.
    """

    url: str
    gallery: Path
    folder: Path
    extra: Path
    query: str
    jobs: list[str]

    def wait_for_jobs(self) -> None:
        """Wait until the map and the duplicates are there, however long that takes."""
        while self.jobs:
            events = f"{self.url}/api/v1/jobs/{self.jobs[0]}/events"  # they end with the job
            assert '"state": "done"' in httpx.get(events, timeout=None, trust_env=False).text
            self.jobs.pop(0)


@dataclass
class ConsoleErrors:
    """What a page reported; `allowed` are parts of errors that a test expects."""

    seen: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def unexpected(self) -> list[str]:
        return [line for line in self.seen if not any(part in line for part in self.allowed)]


def cropped(image: Image.Image) -> Image.Image:
    width, height = image.size
    return image.crop((width // 5, height // 6, width * 9 // 10, height * 5 // 6))


def captioned(image: Image.Image) -> Image.Image:
    copy = image.copy()
    ImageDraw.Draw(copy).rectangle((20, 20, 150, 48), fill="white", outline="black")
    return copy


def draw_collection(folder: Path, extra: Path) -> None:
    """Draw the pictures to index, some with copies, and the queries."""
    extra.mkdir(parents=True)
    for group, label in enumerate(LABELS):
        (folder / label).mkdir(parents=True)
        for number in range(PER_LABEL):
            size = ((320, 240), (240, 320), (300, 300))[number % 3]
            image = busy(1000 * group + number, size)
            image.save(folder / label / f"{label}-{number:02}.jpg", quality=88)
    harbour = busy(1003, (320, 240))
    ImageOps.mirror(harbour).save(folder / "harbour" / "harbour-03-mirrored.jpg", quality=88)
    captioned(harbour).save(folder / "harbour" / "harbour-03-captioned.jpg", quality=88)
    street = folder / "street" / "street-00.jpg"
    shutil.copyfile(street, folder / "street" / "street-00-again.jpg")
    ImageOps.mirror(cropped(harbour)).save(extra / "query.jpg", quality=85)
    busy(1003, (320, 240)).save(extra / "query.png")
    labelled = harbour.copy()
    labelled.paste("white", (60, 20, 120, 44))
    labelled.save(extra / "labelled.png")
    (extra / "notes.txt").write_text("no picture")
    (extra / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture either")


@contextlib.contextmanager
def running_server(gallery: Path, home: Path, *options: str) -> Iterator[str]:
    """Run `lookalike serve` on a free port, and yield its URL."""
    home.mkdir(exist_ok=True)
    environment = {
        **os.environ,
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "data"),  # its trash
        "PYTHONUTF8": "1",
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-m", "lookalike", "serve", "--gallery", str(gallery), "--port", "0"]
    with (home / "server.log").open("w") as log:
        process = subprocess.Popen(
            [*command, *options], stdout=subprocess.PIPE, stderr=log, env=environment, text=True
        )
        assert process.stdout
        try:
            line = process.stdout.readline()
            assert line.startswith("http"), (line, (home / "server.log").read_text())
            yield line.split()[0].rstrip("/")
        finally:
            process.terminate()
            process.wait(30)
            process.stdout.close()


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One server for all tests that change nothing."""
    pytest.importorskip("fastapi", reason="the server is not installed")
    place = tmp_path_factory.mktemp("site")
    folder, extra, gallery = place / "pictures", place / "extra", place / "gallery"
    draw_collection(folder, extra)
    Gallery.open(gallery).index(folder)
    with running_server(gallery, place / "home", "--allow-private-urls") as url:
        with httpx.Client(base_url=f"{url}/api/v1", trust_env=False, timeout=60) as api:
            # What some tests need is made while others run.
            results = ("/map", "/duplicates?kind=copies", "/duplicates?kind=exact")
            jobs = [api.get(result).raise_for_status().json()["job"] for result in results]
            image = {"image": ("query.jpg", (extra / "query.jpg").read_bytes())}
            response = api.post("/search", files=image).raise_for_status()
        yield Site(url, gallery, folder, extra, response.json()["query"]["id"], jobs)


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Start servers for one test: `start_server(gallery, "--token", ...)` returns the URL."""
    with contextlib.ExitStack() as servers:

        def start(gallery: Path, *options: str) -> str:
            return servers.enter_context(running_server(gallery, tmp_path / "home", *options))

        yield start


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The Chromium of the system."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if not program:
        pytest.skip(f"the page is not tested: no Chromium found ({', '.join(PROGRAMS)})")
    api = pytest.importorskip("playwright.sync_api", reason="the page is not tested: no playwright")
    # Of this package only: while it runs, no other test could run an event loop.
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        yield browser
        browser.close()


@pytest.fixture
def console_errors() -> ConsoleErrors:
    return ConsoleErrors()


@pytest.fixture
def new_page(
    browser: Browser, console_errors: ConsoleErrors, start_server: Callable[..., str]
) -> Iterator[Callable[..., Page]]:
    """Open pages, each in its own context; their consoles may only show the allowed errors.

    They close before the test's servers do.
    """
    contexts: list[BrowserContext] = []

    def open_page(**options: Any) -> Page:
        options.setdefault("viewport", {"width": 1280, "height": 900})
        options.setdefault("permissions", ["clipboard-read", "clipboard-write"])
        context = browser.new_context(**options)
        contexts.append(context)
        context.set_default_timeout(TIMEOUT_MS)
        page = context.new_page()
        page.on(
            "console",
            lambda message: (
                console_errors.seen.append(f"{message.text} ({message.location.get('url')})")
                if message.type == "error"
                else None
            ),
        )
        page.on("pageerror", lambda error: console_errors.seen.append(f"uncaught: {error}"))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert console_errors.unexpected() == []


@pytest.fixture
def page(new_page: Callable[..., Page], site: Site) -> Page:
    """A page of the shared server, at its start."""
    page = new_page(base_url=site.url)
    page.goto("/")
    wait_for_start_page(page)
    return page


@pytest.fixture
def search_page(new_page: Callable[..., Page], site: Site) -> Page:
    """A page with the results for a mirrored crop of harbour-03."""
    page = new_page(base_url=site.url)
    page.goto(f"/?q={site.query}")
    wait_for_results(page)
    return page


def search_with_file(page: Page, picture: Path) -> None:
    """Choose a file to search with, and wait for the results."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Search by image").click()
    chooser.value.set_files(picture)
    wait_for_results(page)


def wait_for_start_page(page: Page) -> None:
    page.get_by_role("heading", name="Search by image").wait_for()


def wait_for_results(page: Page) -> None:
    page.wait_for_url("**/?**q=*")
    page.locator(".results:not([data-loading]) .results-count b").wait_for()


def wait_until(page: Page, condition: str, arg: Any = None) -> None:
    """Wait until a function of the page returns something true.

    `Page.wait_for_function` would evaluate text in the page, which its policy forbids.
    """
    end = time.monotonic() + TIMEOUT_MS / 1000
    while not page.evaluate(condition, arg):
        assert time.monotonic() < end, f"never true: {condition} at {page.url}"
        page.wait_for_timeout(40)


def wait_for_other_url(page: Page, before: str) -> None:
    wait_until(page, "before => location.href !== before", before)


def scroll_to_all(page: Page, selector: str, total: int) -> None:
    """Scroll down with the wheel, page by page, until all items are loaded, and no more."""
    items = page.locator(selector)
    while (count := items.count()) < total:
        page.mouse.wheel(0, 100_000)
        more = "([selector, count]) => document.querySelectorAll(selector).length > count"
        wait_until(page, more, [selector, count])
    assert items.count() == total


@pytest.fixture(scope="package")
def empty_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server over an empty gallery."""
    pytest.importorskip("fastapi", reason="the server is not installed")
    place = tmp_path_factory.mktemp("empty")
    with running_server(place / "gallery", place / "home") as url:
        yield url
