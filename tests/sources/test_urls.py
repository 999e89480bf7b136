from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from lookalike import Gallery, sources
from lookalike.errors import NotAPictureError, PictureError
from lookalike.sources import urls as client
from lookalike.types import Refusal, Source

from ..conftest import save
from .conftest import Web


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(client, "BACKOFF_SECONDS", 0.01)
    yield
    sources.release()


@pytest.fixture
def jpeg(tmp_path: Path) -> bytes:
    return save(tmp_path / "x.jpg", 1).read_bytes()


def read(url: str) -> bytes:
    return sources.read(Source(url, -1, 0, private=True))


def test_size_and_time_come_from_the_headers(web: Web, jpeg: bytes) -> None:
    when = formatdate(1_700_000_000, usegmt=True)
    url = web.put("/a.jpg?b=c", jpeg, Last_Modified=when)
    (found,) = sources.walk(url)
    assert (found.path, found.size) == (url, len(jpeg))
    assert found.mtime_ns // 10**9 == 1_700_000_000
    assert list(sources.walk(url)) == [found]
    web.put("/a.jpg?b=c", jpeg, Last_Modified=when, ETag='"2"')
    assert list(sources.walk(url)) != [found]
    assert sources.read(found) == jpeg
    assert web.asked["GET", "/a.jpg?b=c"] == 1


def test_a_server_without_headers_is_asked_again_each_time(web: Web, jpeg: bytes) -> None:
    def page(one: Any) -> None:
        one.send(405 if one.command == "HEAD" else 200, b"" if one.command == "HEAD" else jpeg)

    web.pages["/a.jpg"] = page
    (first,) = sources.walk(web.url + "/a.jpg")
    (second,) = sources.walk(web.url + "/a.jpg")
    assert first.mtime_ns != second.mtime_ns
    assert sources.read(first) == jpeg


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(web: Web, jpeg: bytes, status: int) -> None:
    def page(one: Any) -> None:
        busy = web.asked["GET", "/a.jpg"] < 3
        one.send(status if busy else 200, b"" if busy else jpeg)

    web.pages["/a.jpg"] = page
    assert read(web.url + "/a.jpg") == jpeg
    assert web.asked["GET", "/a.jpg"] == 3


def test_a_server_that_stays_busy_is_given_up(web: Web) -> None:
    web.pages["/a.jpg"] = lambda one: one.send(503)
    with pytest.raises(OSError, match="answered 503"):
        read(web.url + "/a.jpg")
    assert web.asked["GET", "/a.jpg"] == client.MAX_TRIES


def test_retry_after_is_waited_for(web: Web, jpeg: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(client.time, "sleep", waited.append)
    answers = ["7", formatdate(time.time() + 20, usegmt=True), "9999"]

    def page(one: Any) -> None:
        if answers:
            one.send(429, Retry_After=answers.pop(0))
        else:
            one.send(200, jpeg)

    web.pages["/a.jpg"] = page
    assert read(web.url + "/a.jpg") == jpeg
    assert waited[0] == 7
    assert 15 < waited[1] <= 20
    assert waited[2] == client.MAX_PAUSE_SECONDS


def test_a_broken_download_is_continued(web: Web, jpeg: bytes) -> None:
    half = len(jpeg) // 2

    def page(one: Any) -> None:
        if one.headers["Range"]:
            assert (one.headers["Range"], one.headers["If-Range"]) == (f"bytes={half}-", '"1"')
            one.send(206, jpeg[half:], ETag='"1"')
        else:
            one.send(200, jpeg[:half], ETag='"1"', Content_Length=str(len(jpeg)))
            one.close_connection = True

    web.pages["/a.jpg"] = page
    assert read(web.url + "/a.jpg") == jpeg


def test_a_file_that_changed_meanwhile_is_not_continued(web: Web, jpeg: bytes) -> None:
    def page(one: Any) -> None:
        one.send(200, jpeg[:100], ETag='"1"', Content_Length=str(len(jpeg)))
        one.close_connection = True

    web.pages["/a.jpg"] = page
    with pytest.raises(OSError, match="can't continue it"):
        read(web.url + "/a.jpg")


def test_only_status_404_and_410_mean_gone(web: Web, jpeg: bytes) -> None:
    for status in (404, 410):
        web.pages["/a.jpg"] = lambda one, status=status: one.send(status)  # type: ignore[misc]
        with pytest.raises(FileNotFoundError):
            client.stat_url(web.url + "/a.jpg", private=True)
    web.pages["/a.jpg"] = lambda one: one.send(403 if one.command == "GET" else 401)
    assert not sources.is_gone(web.url + "/a.jpg")
    web.server.shutdown()
    web.server.server_close()
    assert not sources.is_gone(web.url + "/a.jpg")
    assert not sources.check_root(web.url + "/a.jpg").online


def test_content_decides_and_size_is_bounded(
    web: Web, jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotAPictureError):
        read(web.put("/page", b"<html>" * 100))
    with pytest.raises(PictureError, match="despite"):
        read(web.put("/page.jpg", b"<html>"))
    monkeypatch.setattr(sources.content, "MAX_FILE_BYTES", 1000)
    with pytest.raises(PictureError, match="too large"):
        read(web.put("/a.jpg", jpeg))


def test_private_addresses_are_refused_where_not_allowed(web: Web, jpeg: bytes) -> None:
    url = web.put("/a.jpg", jpeg)
    told: list[Refusal] = []
    assert list(sources.walk(url, private=False, on_unreadable=told.append)) == []
    assert "private network" in told[0].reason
    with pytest.raises(OSError, match="private network"):
        sources.read(Source(url, -1, 0))
    with pytest.raises(OSError, match="private network"):
        client.stat_url(f"http://[::ffff:127.0.0.1]:{web.server.server_port}/a.jpg")
    assert not web.asked


def test_redirects_are_followed_and_end(web: Web, jpeg: bytes) -> None:
    web.put("/a.jpg", jpeg)
    web.pages["/to"] = lambda one: one.send(302, Location="/a.jpg")
    web.pages["/loop"] = lambda one: one.send(302, Location="/loop")
    web.pages["/file"] = lambda one: one.send(302, Location="file:///etc/passwd")
    assert read(web.url + "/to") == jpeg
    with pytest.raises(OSError, match="redirects more than"):
        read(web.url + "/loop")
    with pytest.raises(OSError, match="only http and https"):
        read(web.url + "/file")


def test_requests_to_one_host_are_limited(web: Web, jpeg: bytes) -> None:
    full = threading.Semaphore(0)

    def page(one: Any) -> None:
        full.acquire(timeout=0.2)
        one.send(200, jpeg)

    web.pages["/a.jpg"] = page
    threads = [threading.Thread(target=read, args=(web.url + "/a.jpg",)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert web.most_at_once == client.MAX_REQUESTS_PER_HOST


def test_an_archive_by_url_is_read_once(web: Web, jpeg: bytes, tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        for k in range(5):
            file.writestr(f"{k}.jpg", jpeg + bytes([k]))
    url = web.put("/a.zip", (tmp_path / "a.zip").read_bytes())
    gallery = Gallery.open(tmp_path / "gallery")
    assert gallery.index(url).added == 5
    assert web.asked["GET", "/a.zip"] == 1
    assert gallery.index(url).unchanged == 1
    assert web.asked["GET", "/a.zip"] == 1


def test_a_url_is_gone_once_its_server_says_so(web: Web, jpeg: bytes, tmp_path: Path) -> None:
    url = web.put("/a.jpg", jpeg)
    gallery = Gallery.open(tmp_path / "gallery")
    assert gallery.index(url).added == 1
    assert gallery.index(url).unchanged == 1
    assert gallery.search(tmp_path / "x.jpg")[0].path == url
    web.pages["/a.jpg"] = lambda one: one.send(503)
    assert gallery.prune().removed == ()
    assert gallery.index(url).offline == (url,)
    del web.pages["/a.jpg"]
    assert sources.is_gone(url) is False  # it is in a private network, and nobody named it here
    assert gallery.prune().removed == (url,)
