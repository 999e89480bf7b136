"""What many tests share: small real pictures, galleries of them, a counting encoder."""

from __future__ import annotations

import json
import logging
import os
import random
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image, ImageDraw

from lookalike import Gallery, encoders

from .faults import Faults

pytest_plugins = ["tests.servers"]
# Tests press Ctrl-C in processes of their own, which would inherit that it is ignored, as it is
# where the suite was started in the background.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

SOAK = bool(os.environ.get("LOOKALIKE_SOAK"))  # as `make soak` sets it
SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


def soak(short: int, long: int) -> int:
    """Return how much to do of what is long by nature: `long` only when soaking."""
    return long if SOAK else short


def draw(seed: int, size: tuple[int, int] = (160, 120)) -> Image.Image:
    """Draw shapes over a gradient; two seeds give two pictures that look unlike."""
    rng = random.Random(seed)
    colours = [tuple(rng.randrange(256) for _ in range(3)) for _ in range(8)]
    ramp = Image.linear_gradient("L").resize(size)
    image = Image.composite(
        Image.new("RGB", size, colours[0]), Image.new("RGB", size, colours[1]), ramp
    )
    pen = ImageDraw.Draw(image)
    for colour in colours[2:]:
        x, y = rng.randrange(size[0]), rng.randrange(size[1])
        w, h = rng.randrange(10, size[0] // 2), rng.randrange(10, size[1] // 2)
        shape = rng.choice([pen.ellipse, pen.rectangle])
        shape((x, y, x + w, y + h), fill=colour)
    return image


def busy(seed: int, size: tuple[int, int]) -> Image.Image:
    """Draw many small shapes over a gradient, for what needs something to see everywhere."""
    rng = np.random.default_rng(seed)
    image = draw(seed, size)
    pen = ImageDraw.Draw(image)
    for _ in range(size[0] * size[1] // 500):
        x, y, w, h = (int(v) for v in rng.integers((0, 0, 3, 3), (*size, 30, 30)))
        colour = tuple(int(v) for v in rng.integers(0, 256, 3))
        [pen.ellipse, pen.rectangle][int(rng.integers(2))]((x, y, x + w, y + h), fill=colour)
    return image


def save(path: Path, seed: int, **options: Any) -> Path:
    """Draw a picture into a file, by default a JPEG of quality 90."""
    path.parent.mkdir(parents=True, exist_ok=True)
    options = options or ({"quality": 90} if path.suffix == ".jpg" else {})
    draw(seed).save(path, **options)
    return path


def fill(folder: Path, count: int, *, start: int = 0) -> list[Path]:
    """Draw `count` pictures into a folder."""
    return [save(folder / f"{seed:04}.jpg", seed) for seed in range(start, start + count)]


class CountingEncoder:
    """A packaged encoder, counting the pictures that it encodes."""

    def __init__(self, name: str = encoders.DEFAULT_ENCODER) -> None:
        self._inner = encoders.load(name)
        self.name, self.source = self._inner.name, self._inner.source
        self.sha256, self.dimensions = self._inner.sha256, self._inner.dimensions
        self.preprocessing = self._inner.preprocessing
        self.prepare = self._inner.prepare
        self.encoded = 0

    def encode(self, inputs: Any, *, threads: int = 0) -> Any:
        self.encoded += len(inputs)
        return self._inner.encode(inputs, threads=threads)


class RandomEncoder:
    """Another encoder: fast, of other weights and another D; its vectors hang on the pixels."""

    name = source = "random"
    sha256 = "0" * 64
    preprocessing: dict[str, Any] = {"width": 8, "height": 8, "resize": "bilinear"}

    def __init__(self, dimensions: int = 16) -> None:
        self.dimensions = dimensions

    def prepare(self, picture: Any) -> Any:
        return np.asarray(Image.fromarray(picture.pixels).resize((8, 8)))

    def encode(self, inputs: Any, *, threads: int = 0) -> Any:
        if not inputs:
            return np.empty((0, self.dimensions), np.float32)
        flat = np.stack(inputs).reshape(len(inputs), -1).astype(np.float32)
        weights = np.random.default_rng(0).normal(size=(flat.shape[1], self.dimensions))
        vectors = (flat - 128) @ weights.astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def run(*arguments: str | Path, gallery: Path | str | None = None, **options: Any) -> Any:
    """Run the real command in a process of its own; gives subprocess.CompletedProcess."""
    environment = {**os.environ, "PYTHONUTF8": "1"}
    if gallery is not None:
        environment["LOOKALIKE_GALLERY"] = str(gallery)
    options.setdefault("text", True)
    return subprocess.run(
        [sys.executable, "-m", "lookalike", *map(str, arguments)],
        capture_output=True,
        env=environment,
        timeout=300,
        check=False,
        **options,
    )


_COMMANDS = """
import contextlib, io, json, sys
from lookalike.cli.main import main
for arguments in json.loads(sys.argv[1]):
    sys.argv[1:] = arguments
    code, output, errors = 0, io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
    print(json.dumps([code, output.getvalue(), errors.getvalue()]))
"""


def run_commands(
    *commands: Sequence[str | Path],
    prelude: str = "",
    python: str | Path = sys.executable,
    **environment: str,
) -> list[subprocess.CompletedProcess[str]]:
    """Run commands in turn in one new process, which imports everything once.

    `prelude` is code to run first, `python` that of another environment.
    """
    here = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    inherited = dict(os.environ) if python == sys.executable else here
    words = [[*map(str, command)] for command in commands]
    done = subprocess.run(
        [python, "-c", prelude + _COMMANDS, json.dumps(words)],
        env={**inherited, "PYTHONUTF8": "1", "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results = map(json.loads, done.stdout.splitlines())
    return [
        subprocess.CompletedProcess(command, *result)
        for command, result in zip(words, results, strict=True)
    ]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of twelve pictures in two folders."""
    fill(tmp_path / "pictures" / "a", 6)
    fill(tmp_path / "pictures" / "b", 6, start=6)
    return tmp_path / "pictures"


@pytest.fixture
def gallery(tmp_path: Path, pictures: Path) -> Gallery:
    """A gallery of the twelve pictures."""
    gallery = Gallery.open(tmp_path / "gallery")
    gallery.index(pictures)
    return gallery


@pytest.fixture(scope="session")
def object_store() -> Iterator[int]:
    """The port of an object store on this machine."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield server.get_host_and_port()[1]
    server.stop()


@pytest.fixture
def faults(object_store: int) -> Iterator[Faults]:
    """A proxy before the object store, which breaks what a test tells it to."""
    proxy = Faults(object_store)
    yield proxy
    proxy.close()


@pytest.fixture
def bucket(faults: Faults, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new bucket's address, which this process and those it starts can use by `faults`."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", faults.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    name = f"b{secrets.token_hex(8)}"
    httpx.put(f"{faults.url}/{name}", trust_env=False).raise_for_status()
    faults.seen.clear()
    return f"s3://{name}"


@pytest.fixture(scope="session")
def caltech101() -> Path:
    """The real pictures of Caltech-101, where they are at hand."""
    folder = Path(os.environ.get("CALTECH101", SHARED / "caltech101" / "101_ObjectCategories"))
    if not folder.is_dir():
        pytest.skip("Caltech-101 is not here; set CALTECH101 to its 101_ObjectCategories")
    return folder
