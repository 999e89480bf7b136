"""A server of its own, a browser, and a page that must say nothing in its console."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageDraw, ImageOps

from lookalike import Gallery

from ..conftest import busy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE_MS = 60_000  # how long anything may take to be seen; nothing is timed
LABELS = ("meadow", "harbour", "street", "garden")
OF_EACH = 40  # together more than one answer holds at first


@dataclass
class Site:
    """A running server.

    Attributes:
        url: of its page, without a slash at the end.
        folder: the indexed pictures, a folder for each label.
        extra: pictures beside them, not indexed.
    """

    url: str
    folder: Path
    extra: Path


@dataclass
class Watched:
    """What a page complained of; `allowed` are parts of complaints that a test wants."""

    seen: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def rest(self) -> list[str]:
        return [line for line in self.seen if not any(part in line for part in self.allowed)]


def cropped(image: Image.Image) -> Image.Image:
    width, height = image.size
    return image.crop((width // 5, height // 6, width * 9 // 10, height * 5 // 6))


def captioned(image: Image.Image) -> Image.Image:
    copy = image.copy()
    ImageDraw.Draw(copy).rectangle((20, 20, 150, 48), fill="white", outline="black")
    return copy


def draw_collection(folder: Path, extra: Path) -> None:
    """Draw what is indexed, with copies in it, and what is asked with."""
    extra.mkdir(parents=True)
    for group, label in enumerate(LABELS):
        (folder / label).mkdir(parents=True)
        for number in range(OF_EACH):
            size = ((320, 240), (240, 320), (300, 300))[number % 3]
            image = busy(1000 * group + number, size)
            image.save(folder / label / f"{label}-{number:02}.jpg", quality=88)
    harbour = busy(1003, (320, 240))
    ImageOps.mirror(harbour).save(folder / "harbour" / "harbour-03-mirrored.jpg", quality=88)
    captioned(harbour).save(folder / "harbour" / "harbour-03-captioned.jpg", quality=88)
    street = folder / "street" / "street-00.jpg"
    shutil.copyfile(street, folder / "street" / "street-00-again.jpg")
    ImageOps.mirror(cropped(harbour)).save(extra / "asked.jpg", quality=85)
    busy(1003, (320, 240)).save(extra / "asked.png")
    (extra / "notes.txt").write_text("no picture")
    (extra / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture either")


@contextlib.contextmanager
def served(gallery: Path, home: Path, *options: str) -> Iterator[str]:
    """Run `lookalike serve` on a free port; give its URL."""
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
    draw_collection(place / "pictures", place / "extra")
    Gallery.open(place / "gallery").index(place / "pictures")
    with served(place / "gallery", place / "home", "--allow-private-urls") as url:
        with urllib.request.urlopen(f"{url}/api/v1/map") as answer:  # made meanwhile
            assert answer.status == 202
        yield Site(url, place / "pictures", place / "extra")


@pytest.fixture
def serve_own(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Start servers of the test's own: `serve_own("gallery", "--token", ...)` gives the URL."""
    with contextlib.ExitStack() as running:

        def start(gallery: str, *options: str) -> str:
            return running.enter_context(served(tmp_path / gallery, tmp_path / "home", *options))

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
def watched() -> Watched:
    return Watched()


@pytest.fixture
def new_page(
    browser: Browser, watched: Watched, serve_own: Callable[..., str]
) -> Iterator[Callable[..., Page]]:
    """Open pages, each in a context of its own; nothing but what is allowed may be complained of.

    They close before the servers of the test do.
    """
    contexts: list[BrowserContext] = []

    def open_page(**options: Any) -> Page:
        options.setdefault("viewport", {"width": 1280, "height": 900})
        options.setdefault("permissions", ["clipboard-read", "clipboard-write"])
        context = browser.new_context(**options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on(
            "console",
            lambda said: (
                watched.seen.append(f"{said.text} ({said.location.get('url')})")
                if said.type == "error"
                else None
            ),
        )
        page.on("pageerror", lambda error: watched.seen.append(f"uncaught: {error}"))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert watched.rest() == []


@pytest.fixture
def page(new_page: Callable[..., Page], site: Site) -> Page:
    """The page of the common server, at its start."""
    page = new_page(base_url=site.url)
    page.goto("/")
    page.get_by_role("heading", name="Search by image").wait_for()
    return page


@pytest.fixture
def asked(page: Page, site: Site) -> Page:
    """A page that was asked with a mirrored crop of harbour-03."""
    choose(page, site.extra / "asked.jpg")
    return page


def choose(page: Page, picture: Path) -> None:
    """Ask with a file from the chooser, and wait for the hits."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Search by image").click()
    chooser.value.set_files(picture)
    wait_for_hits(page)


def wait_for_hits(page: Page) -> None:
    page.wait_for_url("**/?**q=*")
    page.locator(".results:not([data-loading]) .results-count b").wait_for()


def until(page: Page, condition: str, arg: Any = None) -> None:
    """Wait until a function of the page gives something true.

    `Page.wait_for_function` would ask the page to evaluate text, which its policy forbids.
    """
    end = time.monotonic() + PATIENCE_MS / 1000
    while not page.evaluate(condition, arg):
        assert time.monotonic() < end, f"never true: {condition} at {page.url}"
        page.wait_for_timeout(40)


def left(page: Page, before: str) -> None:
    """Wait until the address is another one, and its hits are there."""
    until(page, "before => location.href !== before", before)
    wait_for_hits(page)


@pytest.fixture(scope="package")
def empty_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server over a gallery that has nothing yet."""
    pytest.importorskip("fastapi", reason="the server is not installed")
    place = tmp_path_factory.mktemp("empty")
    with served(place / "gallery", place / "home") as url:
        yield url
