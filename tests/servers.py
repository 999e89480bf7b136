"""Real server processes over real galleries of drawn pictures, shared by many tests."""

from __future__ import annotations

import contextlib
import os
import shutil
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
from lookalike.errors import GalleryNotFoundError

from .conftest import busy, fill

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "a long enough token"


@dataclass
class Server:
    """A running server.

    Attributes:
        url: without a trailing slash.
        folder: of its gallery.
        process: to be ended by whoever started it.
        token: sent with each request, if the server has one.
    """

    url: str
    folder: Path
    process: subprocess.Popen[str]
    token: str = ""

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request under /api/v1, as a program that is not a browser does."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= options.pop("headers", {})
        return httpx.request(
            method,
            f"{self.url}/api/v1{path}",
            timeout=60,
            trust_env=False,
            headers=headers,
            **options,
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
        """Follow a job's events until it ends, and return it."""
        url = f"{self.url}/api/v1/jobs/{job}/events"
        with httpx.stream("GET", url, timeout=120, trust_env=False) as answer:
            text = "".join(answer.iter_text())
        assert text.rstrip().splitlines()[-2] == "event: done"
        return self.get(f"/jobs/{job}").json()

    def index(self, *paths: Path | str, **options: Any) -> dict[str, Any]:
        """Run an indexing job, and return it."""
        body = {"paths": list(map(str, paths)), **options}
        return self.job(self.post("/index", json=body).json()["id"])

    def result(self, path: str) -> dict[str, Any]:
        """Get what a job computes, after the job."""
        answer = self.get(path)
        if answer.status_code == 202:
            assert answer.json()["status"] == "running"
            job = self.job(answer.json()["job"])
            assert job["state"] == "done", job
            answer = self.get(path.replace("refresh=true", ""))
        assert answer.status_code == 200
        return answer.json()

    def picture(self, name: str) -> str:
        """Return the id of the picture whose first path ends with a name."""
        pictures = self.get("/pictures", params={"top": 500}).json()["pictures"]
        return next(p["id"] for p in pictures if p["paths"][0].endswith(name))


def start(folder: Path, *options: str, prelude: str = "", **environment: str) -> Server:
    """Start a server on a free port, and wait until it listens; `prelude` is code to run before."""
    program = ["-c", f"{prelude}\nfrom lookalike.__main__ import main\nmain()"]
    command = [sys.executable, *(program if prelude else ["-m", "lookalike"])]
    process = subprocess.Popen(
        [*command, "serve", "--gallery", folder, "--port", "0", *options],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUTF8": "1", **environment},
        cwd=os.path.abspath(os.sep),  # a test may delete the folder that it runs in
    )
    assert process.stdout
    line = process.stdout.readline()
    assert line, "the server did not start"
    token = environment.get("LOOKALIKE_TOKEN", "")
    return Server(line.split()[0].rstrip("/"), folder, process, token)


def end(server: Server, by: int = signal.SIGTERM) -> int:
    """End a server, and check that it ends."""
    server.process.send_signal(by)
    code = server.process.wait(60)
    assert server.process.stdout
    server.process.stdout.close()
    return code


@contextlib.contextmanager
def serving(folder: Path, *options: str, prelude: str = "", **environment: str) -> Iterator[Server]:
    """Run a server, and end it."""
    server = start(folder, *options, prelude=prelude, **environment)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            end(server)
        elif server.process.stdout:
            server.process.stdout.close()


def children(pid: int) -> list[int]:
    """List the processes that a process has started, directly or indirectly."""
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
    """A server over the collection, for tests that change nothing."""
    with serving(collection / "gallery") as running:
        yield running


@pytest.fixture(scope="session")
def locked(collection: Path) -> Iterator[Server]:
    """A server over the collection with a token, and with a limit of 1 MiB for uploads."""
    options = ("--workers", "1", "--max-upload", "1")
    with serving(collection / "gallery", *options, LOOKALIKE_TOKEN=TOKEN) as running:
        yield running


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server without a gallery, for tests that change nothing."""
    with serving(tmp_path_factory.mktemp("empty") / "gallery", "--workers", "1") as running:
        yield running


@pytest.fixture(scope="session")
def trusting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that fetches from private addresses, over three pictures."""
    folder = tmp_path_factory.mktemp("trusting")
    fill(folder / "pictures", 3)
    Gallery.open(folder / "gallery").index(folder / "pictures")
    with serving(folder / "gallery", "--workers", "1", "--allow-private-urls") as running:
        yield running


@pytest.fixture(scope="session")
def _writable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("writable")
    places = {"HOME": str(folder), "XDG_DATA_HOME": str(folder / "data")}  # of the trash
    with serving(folder / "gallery", "--workers", "1", **places) as running:
        yield running


@pytest.fixture
def own(_writable: Server, tmp_path: Path) -> Server:
    """A server over eight pictures, for one test to change: it starts as if it were new.

    The process is shared. Its pictures are those in `tmp_path / "pictures"`.
    """
    for job in _writable.get("/jobs").json()["jobs"]:
        _writable.ask("DELETE", f"/jobs/{job['id']}")
        _writable.job(job["id"])
    gallery = Gallery.open(_writable.folder)
    with contextlib.suppress(GalleryNotFoundError):
        gallery.remove(os.path.abspath(os.sep), *(root.path for root in gallery.info().roots))
    for name in ("duplicates", "queries", "thumbnails", "uploads"):
        shutil.rmtree(_writable.folder / name, ignore_errors=True)
    (_writable.folder / "map.npz").unlink(missing_ok=True)
    fill(tmp_path / "pictures", 8)
    gallery.index(tmp_path / "pictures")
    info = _writable.get("/info").json()
    assert (info["pictures"], info["refused"], len(info["roots"])) == (8, 0, 1)
    return _writable


@pytest.fixture
def sole(tmp_path: Path) -> Iterator[Server]:
    """A server process over eight pictures, for one test alone."""
    fill(tmp_path / "pictures", 8)
    Gallery.open(tmp_path / "gallery").index(tmp_path / "pictures")
    with serving(tmp_path / "gallery", "--workers", "1") as running:
        yield running
