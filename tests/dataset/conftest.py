"""A small archive like the real one, and a real server that can misbehave."""

from __future__ import annotations

import functools
import hashlib
import io
import random
import re
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from lookalike.dataset import download
from lookalike.dataset.fetch import DataSet

from ..conftest import draw

TAR = "tiny-3/3_ObjectCategories.tar.gz"
FOLDER = "3_ObjectCategories"
LABELS = ("ant", "bonsai", "BACKGROUND_Google")


def jpeg(seed: int) -> bytes:
    buffer = io.BytesIO()
    draw(seed).save(buffer, "JPEG")
    return buffer.getvalue()


@functools.cache
def pictures() -> dict[str, bytes]:
    """Twelve pictures, by their path below the folder."""
    return {
        f"{label}/image_{number:04}.jpg": jpeg(10 * place + number)
        for place, label in enumerate(LABELS)
        for number in range(1, 5)
    }


def tar_of(members: dict[str, bytes] | list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """Make a tar.gz."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for member, data in members.items() if isinstance(members, dict) else members:
            info = tarfile.TarInfo(member) if isinstance(member, str) else member
            if info.type in (tarfile.REGTYPE, tarfile.AREGTYPE):
                info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def zip_of(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as outer:
        for name, data in members.items():
            outer.writestr(name, data)
    return buffer.getvalue()


@functools.cache
def packed(seed: int = 0) -> bytes:
    """Make a zip like the real one, with a tar of annotations and a stray file."""
    inner: list[tuple[tarfile.TarInfo, bytes]] = []
    for label in (FOLDER, *(f"{FOLDER}/{label}" for label in LABELS)):
        info = tarfile.TarInfo(label)
        info.type, info.mode = tarfile.DIRTYPE, 0o755
        inner.append((info, b""))
    inner += [(tarfile.TarInfo(f"{FOLDER}/{name}"), data) for name, data in pictures().items()]
    inner.append((tarfile.TarInfo(f"{FOLDER}/BACKGROUND_Google/tmp"), b"a stray file"))
    inner.append((tarfile.TarInfo("Elsewhere/image_0001.jpg"), jpeg(99)))
    noise = random.Random(seed).randbytes(600_000)
    return zip_of(
        {
            "tiny-3/": b"",
            "tiny-3/Annotations.tar": noise,
            "__MACOSX/._tiny-3": b"",
            TAR: tar_of(inner),
        }
    )


def published(content: bytes, url: str, **changes: Any) -> DataSet:
    values: dict[str, Any] = {
        "name": "tiny",
        "url": url,
        "md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "bytes": len(content),
        "tar": TAR,
        "folder": FOLDER,
        "pictures": 12,
        "protocol": "test3",
        "licence": "CC BY 4.0",
        "citation": "Us (2026). Tiny 3.",
    }
    return DataSet(**{**values, **changes})


@dataclass
class Publisher:
    """The server's file, its faults, and the requests it received.

    Attributes:
        content: the file at `/tiny-3.zip`.
        etag: and `date`, its validators; empty for none.
        ranges: whether it honours Range.
        cuts: how many bytes it sends of each answer, in turn, before it closes the connection;
            after a negative number it stays open until `go_on` is set.
        codes: status of each response in turn; 200 sends the file.
        redirects: target of each path.
        headers: sent instead of its own, by name; None omits one.
        requests: path and headers of each request.
        sent: bytes of the file, in all responses.
    """

    content: bytes
    address: str = ""
    etag: str = '"one"'
    date: str = ""
    ranges: bool = True
    cuts: list[int] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    redirects: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str | None] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    sent: int = 0
    go_on: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"{self.address}/tiny-3.zip"


class Handler(BaseHTTPRequestHandler):
    publisher: Publisher
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.close_connection = True
        it = self.publisher
        it.requests.append((self.path, dict(self.headers)))
        code = it.codes.pop(0) if it.codes else 200
        if self.path in it.redirects:
            return self.answer(302, {"Location": it.redirects[self.path]}, b"moved")
        if code != 200 or not self.path.endswith("/tiny-3.zip"):
            return self.answer(code if code != 200 else 404, {}, b"<html>no</html>")
        headers = {"ETag": it.etag, "Last-Modified": it.date}
        range_ = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        fits = self.headers.get("If-Range", it.etag or it.date) == (it.etag or it.date)
        start = int(range_[1]) if range_ and it.ranges and fits else 0
        if start >= len(it.content):
            return self.answer(416, {"Content-Range": f"bytes */{len(it.content)}"}, b"")
        if start:
            last = len(it.content) - 1
            headers["Content-Range"] = f"bytes {start}-{last}/{len(it.content)}"
        return self.answer(206 if start else 200, headers, it.content[start:], counted=True)

    def answer(
        self, code: int, headers: dict[str, str], body: bytes, *, counted: bool = False
    ) -> None:
        it = self.publisher
        all_headers: dict[str, str | None] = {**headers, "Content-Length": str(len(body))}
        if counted:
            all_headers.update(it.headers)
        self.send_response(code)
        for name, value in all_headers.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        cut = it.cuts.pop(0) if counted and it.cuts else len(body)
        body = body[: abs(cut)]
        it.sent += len(body) if counted else 0
        self.wfile.write(body)
        self.wfile.flush()
        if cut < 0:
            it.go_on.wait(60)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    """A server of its own for the test, with the archive; waits between attempts are short."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(download, "FIRST_WAIT_SECONDS", 0.001)
    it = Publisher(packed())
    handler = type("OneHandler", (Handler,), {"publisher": it})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    it.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield it
    it.go_on.set()
    server.shutdown()
    server.server_close()
    thread.join()
