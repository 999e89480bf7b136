"""An ingest of many good and 200 hostile files adds all the former and refuses the latter."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookalike import Gallery

from ..conftest import draw, fill, soak

pytestmark = pytest.mark.skipif(os.name == "nt", reason="sparse files and resource limits")
MEMORY_BYTES = 3 * 2**30  # for the ingest below, including the stacks of its threads
GOOD = soak(200, 1_000)


def encoded(name: str, image: Image.Image | None = None, **options: object) -> bytes:
    file = io.BytesIO()
    (image or draw(5)).save(file, name, **options)
    return file.getvalue()


def png(width: int, height: int, body: bytes, *, depth: int = 8) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


def hostile_files() -> Iterator[tuple[str, bytes]]:
    """Yield names and bytes of 40 kinds of files, each in five variants."""
    noise = np.random.default_rng(0)  # always the same, as by chance some could be a picture
    bomb = zlib.compress(b"\0" * 50_000_000)
    progressive = encoded("JPEG", Image.new("RGB", (8000, 8000)), progressive=True)
    scan = progressive[progressive.rindex(b"\xff\xda") : -2]
    suffixes = {"JPEG": "jpg", "TIFF": "tif", "JPEG2000": "jp2"}
    for n in range(5):
        for name in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "ICO"):
            suffix = suffixes.get(name, name.lower())
            data = encoded(name)
            yield f"truncated-{n}.{suffix}", data[: len(data) * (n + 1) // 8]
            yield f"only-its-head-{n}.{suffix}", data[: 32 + n]
            yield f"head-then-noise-{n}.{suffix}", data[:32] + noise.bytes(2000 + n)
        yield f"empty-{n}.jpg", b""
        yield f"text-{n}.jpeg", b"this is no picture %d" % n
        yield f"page-{n}.png", b"<html>%d</html>" % n
        yield f"zeros-{n}.webp", b"\0" * (100 + n)
        yield f"noise-{n}.heic", noise.bytes(5000)
        yield f"film-{n}.avif", b"\0\0\0\x20ftypisom\0\0\0\0isommp42" + bytes([n]) * 500
        yield f"ribbon-{n}.png", png(100_000 + n, 1, zlib.compress(b"\0" * 300_100))
        yield f"bomb-{n}.png", png(60_000 + n, 60_000, bomb)
        yield f"bomb-{n}.gif", b"GIF89a\xff\xff\xff\xff" + encoded("GIF")[10:]
        yield (
            f"bomb-{n}.bmp",
            b"BM"
            + b"\0" * 12
            + struct.pack("<Iii", 40, 60_000, 60_000 + n)
            + (b"\x01\0\x18\0" + b"\0" * 24),
        )
        yield f"hours-{n}.jpg", progressive[:-2] + scan * (100 + n) + progressive[-2:]
        yield f"no-pixels-{n}.png", png(0, n, b"")
        yield f"2-gigabytes-{n}.jpg", encoded("JPEG")  # made larger below


def test_many_good_and_two_hundred_hostile_files(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    fill(folder / "good", GOOD)
    (folder / "bad").mkdir()
    hostile = list(hostile_files())
    assert len(hostile) == 200
    for name, data in hostile:
        (folder / "bad" / name).write_bytes(data)
        if name.startswith("2-gigabytes"):
            os.truncate(folder / "bad" / name, 2_000_000_000)
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_DATA, (%d, %d));"
        "from lookalike.cli.main import main; main()"
    )
    arguments = ["index", str(folder), "--gallery", str(tmp_path / "g")]
    done = subprocess.run(
        [sys.executable, "-c", code % (MEMORY_BYTES, MEMORY_BYTES), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"{GOOD:,} added, 200 refused" in done.stdout
    gallery = Gallery.open(tmp_path / "g")
    assert gallery.info().pictures == GOOD
    refusals = {os.path.basename(r.path): r.reason for r in gallery.refused()}
    assert set(refusals) == {name for name, _ in hostile}
    assert all(len(reason) > 10 for reason in refusals.values())
    for name, reason in (
        ("empty-0.jpg", "the file is empty"),
        ("text-0.jpeg", "not a picture, despite its name"),
        ("ribbon-0.png", "too narrow: 100000 x 1 is over 100 to 1"),
        ("bomb-0.png", "too large: 60000 x 60000 is over 200 megapixels"),
        ("bomb-0.gif", "too large: 65535 x 65535 is over 200 megapixels"),
        ("2-gigabytes-0.jpg", "too large: over 1024 MiB"),
        ("truncated-3.jpg", "truncated: the JPEG ends before the picture does"),
    ):
        assert refusals[name] == reason
    assert refusals["hours-0.jpg"].startswith("too much work")
    report = gallery.index(folder)
    assert (report.added, report.refused, report.unchanged) == (0, 0, GOOD + 200)


def test_two_hundred_megapixels_are_welcome(tmp_path: Path) -> None:
    Image.new("RGB", (20_000, 10_000), "teal").save(tmp_path / "large.jpg")
    Image.new("L", (14_000, 14_000), 9).save(tmp_path / "large.png", compress_level=1)
    gallery = Gallery.open(tmp_path / "g")
    assert gallery.index(tmp_path).added == 2
    assert [hit.width for hit in gallery.search(Image.new("RGB", (200, 100), "teal"))] == [
        20_000,
        14_000,
    ]
