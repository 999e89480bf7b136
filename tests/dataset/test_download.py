from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from lookalike.dataset import download
from lookalike.errors import DataSetError

from .conftest import Publisher, packed


def fetch_part(it: Publisher, path: Path, *, url: str = "") -> list[tuple[str, int, int]]:
    states: list[tuple[str, int, int]] = []
    download.download(
        url or it.url, path, len(it.content), on_progress=lambda *state: states.append(state)
    )
    return states


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / "tiny-3.zip.part"


def test_a_whole_file(publisher: Publisher, part: Path) -> None:
    states = fetch_part(publisher, part)
    assert part.read_bytes() == publisher.content
    size = len(publisher.content)
    assert states[-1] == ("Downloading", size, size)
    assert [done for _, done, _ in states] == sorted(done for _, done, _ in states)
    assert len(states) > size // download.CHUNK_BYTES  # it is read in chunks
    fetch_part(publisher, part)
    assert len(publisher.requests) == 1  # a complete file causes no request


def test_broken_connections_are_resumed(publisher: Publisher, part: Path) -> None:
    publisher.cuts = [100_000, 1, 250_000, 70_000, 1, 1]
    states = fetch_part(publisher, part)
    assert part.read_bytes() == publisher.content
    assert publisher.sent == len(publisher.content)  # no byte twice
    assert [headers.get("If-Range") for _, headers in publisher.requests] == [None, *['"one"'] * 6]
    assert ("Retrying (the connection ended early)", 100_000, len(publisher.content)) in states


def test_a_server_without_ranges_starts_over(publisher: Publisher, part: Path) -> None:
    publisher.ranges, publisher.cuts = False, [300_000]
    fetch_part(publisher, part)
    assert part.read_bytes() == publisher.content
    assert publisher.sent == len(publisher.content) + 300_000


def test_attempts_without_new_bytes_end(publisher: Publisher, part: Path) -> None:
    publisher.ranges, publisher.cuts = False, [300_000] * 50
    with pytest.raises(DataSetError, match=r"ended early.*0\.3 MB.*--from"):
        fetch_part(publisher, part)
    assert len(publisher.requests) == 1 + download.ATTEMPTS
    assert part.stat().st_size == 300_000  # the bytes so far stay for the next run


@pytest.mark.parametrize(("etag", "date"), [('"one"', ""), ("", "Mon, 01 Jan 2024 00:00:00 GMT")])
def test_a_changed_file_is_not_mixed_with_the_old(
    publisher: Publisher, part: Path, etag: str, date: str
) -> None:
    publisher.etag, publisher.date = etag, date
    publisher.cuts, publisher.codes = [300_000], [200, 404]
    with pytest.raises(DataSetError, match="HTTP 404"):
        fetch_part(publisher, part)
    assert part.stat().st_size == 300_000
    publisher.content = packed(seed=1)
    publisher.etag, publisher.date = etag and '"two"', date and "Tue, 02 Jan 2024 00:00:00 GMT"
    fetch_part(publisher, part)
    assert part.read_bytes() == publisher.content


def test_weak_etags_are_not_sent(publisher: Publisher, part: Path) -> None:
    publisher.etag, publisher.cuts = 'W/"one"', [300_000]
    fetch_part(publisher, part)
    assert part.read_bytes() == publisher.content
    assert "If-Range" not in publisher.requests[1][1]
    assert publisher.requests[1][1]["Range"] == "bytes=300000-"


def test_another_url_resumes(publisher: Publisher, part: Path) -> None:
    publisher.cuts, publisher.codes = [300_000], [200, 404]
    with pytest.raises(DataSetError):
        fetch_part(publisher, part)
    publisher.etag = '"of the mirror"'
    fetch_part(publisher, part, url=f"{publisher.address}/mirror/tiny-3.zip")
    assert part.read_bytes() == publisher.content
    assert publisher.sent == len(publisher.content)


def test_another_part_than_requested_is_refused(publisher: Publisher, part: Path) -> None:
    publisher.cuts, publisher.codes = [300_000], [200, 404]
    with pytest.raises(DataSetError):
        fetch_part(publisher, part)
    size = len(publisher.content)
    publisher.headers = {"Content-Range": f"bytes 5-{size - 1}/{size}"}
    fetch_part(publisher, part)
    assert part.read_bytes() == publisher.content


def test_a_file_that_became_shorter_is_refused(publisher: Publisher, part: Path) -> None:
    part.write_bytes(bytes(len(publisher.content) - 1))
    whole, publisher.content = publisher.content, publisher.content[:1000]
    with pytest.raises(DataSetError, match=r"1,000 bytes, not"):
        download.download(publisher.url, part, len(whole), on_progress=lambda *_: None)
    assert [headers.get("Range") is None for _, headers in publisher.requests] == [False, True]
    assert part.stat().st_size == len(whole) - 1  # and the bytes stay


@pytest.mark.parametrize("start", [0, 300_000])
def test_a_file_of_another_size_is_refused(publisher: Publisher, part: Path, start: int) -> None:
    part.write_bytes(publisher.content[:start])
    with pytest.raises(DataSetError, match="is not the published file"):
        download.download(
            publisher.url, part, len(publisher.content) + 1, on_progress=lambda *_: None
        )
    assert part.read_bytes() == publisher.content[:start]


def test_a_body_without_an_end_is_cut(publisher: Publisher, part: Path) -> None:
    size = len(publisher.content)
    publisher.content += bytes(2_000_000)
    publisher.headers = {"Content-Length": None}
    download.download(publisher.url, part, size, on_progress=lambda *_: None)
    assert part.stat().st_size == size


def test_redirects_are_followed_with_the_range(publisher: Publisher, part: Path) -> None:
    publisher.redirects = {"/old": "/older", "/older": f"{publisher.address}/a b\xe9/tiny-3.zip"}
    publisher.cuts = [300_000]
    fetch_part(publisher, part, url=f"{publisher.address}/old")
    assert part.read_bytes() == publisher.content
    assert publisher.requests[2][0] == "/a%20b%E9/tiny-3.zip"
    assert publisher.requests[-1][1]["Range"] == "bytes=300000-"


def test_circular_redirects_end(publisher: Publisher, part: Path) -> None:
    publisher.redirects = {"/1": "/2", "/2": "/1"}
    with pytest.raises(DataSetError, match="redirects more than 5 times"):
        fetch_part(publisher, part, url=f"{publisher.address}/1")
    assert len(publisher.requests) == download.MAX_REDIRECTS + 1


@pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x"])
def test_redirects_to_other_schemes_are_refused(publisher: Publisher, part: Path, to: str) -> None:
    publisher.redirects = {"/1": to}
    with pytest.raises(DataSetError, match="which is not allowed"):
        fetch_part(publisher, part, url=f"{publisher.address}/1")
    assert not part.exists()


def test_redirects_stay_encrypted() -> None:
    assert download._redirected("https://a.example/x", "y") == "https://a.example/y"
    assert download._redirected("http://a.example/x", "https://b.example/") == "https://b.example/"
    with pytest.raises(DataSetError, match="which is not allowed"):
        download._redirected("https://a.example/x", "http://a.example/x")


@pytest.mark.parametrize(("code", "requests"), [(404, 1), (403, 1), (410, 1), (304, 1)])
def test_a_permanent_error_is_not_retried(
    publisher: Publisher, part: Path, code: int, requests: int
) -> None:
    publisher.codes = [code] * 50
    with pytest.raises(DataSetError, match=f"HTTP {code}"):
        fetch_part(publisher, part)
    assert len(publisher.requests) == requests


def test_a_busy_server_is_retried(publisher: Publisher, part: Path) -> None:
    publisher.codes = [503, 429, 500]
    fetch_part(publisher, part)
    assert part.read_bytes() == publisher.content
    part.unlink()
    publisher.codes = [503] * 50
    with pytest.raises(DataSetError, match="HTTP 503"):
        fetch_part(publisher, part)


def test_a_missing_server_is_reported(publisher: Publisher, part: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(DataSetError, match="refused"):
        fetch_part(publisher, part, url=f"http://127.0.0.1:{port}/tiny-3.zip")
    with pytest.raises(DataSetError, match="is not a valid URL"):
        fetch_part(publisher, part, url="http://127.0.0.1:port/tiny-3.zip")


def test_a_silent_server_times_out(
    publisher: Publisher, part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "TIMEOUT_SECONDS", 1.0)
    publisher.cuts = [-300_000]
    states: list[tuple[str, int, int]] = []

    def on_progress(*state: Any) -> None:
        states.append(state)
        if state[0].startswith("Retrying"):  # only the first attempt has to time out
            monkeypatch.setattr(download, "TIMEOUT_SECONDS", 60.0)

    download.download(publisher.url, part, len(publisher.content), on_progress=on_progress)
    assert part.read_bytes() == publisher.content
    assert ("Retrying (timed out)", 300_000, len(publisher.content)) in states


@pytest.mark.parametrize("note", ["", "[]", "{", '{"url": 1, "version": 2}', "\xff"])
def test_a_damaged_record_is_ignored(publisher: Publisher, part: Path, note: str) -> None:
    part.write_bytes(publisher.content[:300_000])
    part.with_suffix(".json").write_text(note, "latin-1")
    fetch_part(publisher, part)
    assert part.read_bytes() == publisher.content
    assert publisher.sent == len(publisher.content) - 300_000
