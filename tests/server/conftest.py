"""A real server process over a real gallery of drawn pictures."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from PIL import ImageOps

from lookalike import Gallery

from ..conftest import busy, fill

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Server:
    """A running server.

    Attributes:
        url: without a slash at its end.
        folder: of its gallery.
        process: to be ended by whoever started it.
    """

    url: str
    folder: Path
    process: subprocess.Popen[str]

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask below /api/v1, as a program that is no browser does."""
        return httpx.request(
            method, f"{self.url}/api/v1{path}", timeout=60, trust_env=False, **options
        )

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.ask("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.ask("POST", path, **options)

    def search(self, picture: Path | bytes, **fields: Any) -> httpx.Response:
        data = picture if isinstance(picture, bytes) else picture.read_bytes()
        name = "sent.jpg" if isinstance(picture, bytes) else picture.name
        return self.post("/search", files={"image": (name, data)}, data=fields)

    def job(self, job: str) -> dict[str, Any]:
        """Wait for a job's end, as its events tell it."""
        url = f"{self.url}/api/v1/jobs/{job}/events"
        with httpx.stream("GET", url, timeout=120, trust_env=False) as answer:
            text = "".join(answer.iter_text())
        assert text.rstrip().splitlines()[-2] == "event: done"
        return self.get(f"/jobs/{job}").json()


def start(folder: Path, *options: str, **environment: str) -> Server:
    """Start a server on a free port, and wait until it listens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "lookalike", "serve", "--gallery", folder, "--port", "0", *options],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUTF8": "1", **environment},
    )
    assert process.stdout
    line = process.stdout.readline()
    assert line, "the server did not start"
    return Server(line.split()[0].rstrip("/"), folder, process)


def end(server: Server, by: int = signal.SIGTERM) -> int:
    """End a server, and see that it does."""
    server.process.send_signal(by)
    code = server.process.wait(60)
    assert server.process.stdout
    server.process.stdout.close()
    return code


@contextlib.contextmanager
def serving(folder: Path, *options: str, **environment: str) -> Iterator[Server]:
    """Run a server."""
    server = start(folder, *options, **environment)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            end(server)
        elif server.process.stdout:
            server.process.stdout.close()


def children(pid: int) -> list[int]:
    """List the processes that a process has started, and those that they have."""
    found = subprocess.run(
        ["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    parents = [tuple(map(int, line.split())) for line in found.stdout.splitlines()]
    below = [child for child, parent in parents if parent == pid]
    return below + [one for child in below for one in children(child)]


@pytest.fixture(scope="session")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gallery of 24 drawn pictures in two folders, four busy ones, copies of two of these."""
    folder = tmp_path_factory.mktemp("served")
    fill(folder / "pictures" / "cats", 12)
    fill(folder / "pictures" / "dogs", 12, start=12)
    for seed in range(4):
        (folder / "pictures" / "busy").mkdir(exist_ok=True)
        busy(seed, (480, 360)).save(folder / "pictures" / "busy" / f"{seed}.png")
    (folder / "pictures" / "copies").mkdir()
    busy(0, (480, 360)).save(folder / "pictures" / "copies" / "again.jpg", quality=85)
    ImageOps.mirror(busy(1, (480, 360)).crop((40, 30, 440, 330))).save(
        folder / "pictures" / "copies" / "mirrored.png"
    )
    Gallery.open(folder / "gallery").index(folder / "pictures")
    return folder


@pytest.fixture(scope="session")
def server(collection: Path) -> Iterator[Server]:
    """A server over it, for tests that change nothing."""
    with serving(collection / "gallery") as running:
        yield running


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    """A server over a gallery of a test's own: eight pictures."""
    fill(tmp_path / "pictures", 8)
    Gallery.open(tmp_path / "gallery").index(tmp_path / "pictures")
    with serving(tmp_path / "gallery", "--workers", "1") as running:
        yield running
