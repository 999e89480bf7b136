"""Measure whether true duplicates of grainy photographs may go, and changed ones stay.

    python -m benchmarks.copies.grainy FOLDER [--originals 500] [--megapixels 12] [--seed 0]

Each original is a scene made of photographs in FOLDER, taken by a model of a camera at ISO 100 to
6400 (see `camera`), saved as a JPEG of quality 88 to 97 with full, half or quarter colour. Its
duplicates are the file under another name, re-saved at 70 to 95, reduced to half by any of the
usual kernels, and the JPEG of a lossless original. A photograph with a changed digit must stay.

Every second photograph of FOLDER is for development (`--development`), on which the limits of
`duplicates.local_differences` were chosen; the others are for testing.
"""

from __future__ import annotations

import argparse
import collections
import io
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.copies.camera import make_scene, take_photo
from benchmarks.report import Progress
from lookalike.duplicates.lost_pixels import pixels_lost

if TYPE_CHECKING:
    from collections.abc import Iterator

ISO = (100, 200, 400, 800, 1600, 3200, 6400)
KINDS = ("renamed", "re-saved", "half size", "JPEG of lossless", "changed digit")
KERNELS = (
    *(Image.Resampling[name] for name in ("BOX", "BILINEAR", "HAMMING", "BICUBIC", "LANCZOS")),
    *(cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC),
)
PILLOW_KERNELS = 5
DIGIT_PIXELS = 40  # its height


class Pair(NamedTuple):
    """Two files, of which the second is offered for the trash."""

    kind: str
    kept: bytes
    other: bytes


def main() -> None:
    """Make the originals, check their duplicates and print who goes, by noise and kind."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="photographs, at any depth")
    parser.add_argument("--originals", type=int, default=500)
    parser.add_argument("--megapixels", type=float, default=12.0)
    parser.add_argument("--development", action="store_true", help="use those for development")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    paths = (p for p in options.folder.rglob("*") if p.suffix.lower() in {".jpg", ".webp", ".png"})
    photos = sorted(paths)[0 if options.development else 1 :: 2]
    side = 2 * round((options.megapixels * 1e6 / 12) ** 0.5 / 2)
    gone, pairs = collections.Counter[tuple[int, str]](), collections.Counter[tuple[int, str]]()
    whole, seconds = collections.Counter[int](), collections.defaultdict[str, list[float]](list)
    progress = Progress("originals", options.originals)
    for number in range(options.originals):
        iso = ISO[number % len(ISO)]
        held = True
        random = np.random.default_rng([options.seed, number])
        for pair in make_pairs(photos, (4 * side, 3 * side), iso, random):
            start = time.process_time()
            reason = pixels_lost(pair.kept, pair.other)
            seconds[pair.kind].append(time.process_time() - start)
            pairs[iso, pair.kind] += 1
            gone[iso, pair.kind] += not reason
            held &= (not reason) != (pair.kind == KINDS[-1])
            if bool(reason) != (pair.kind == KINDS[-1]):
                print(f"original {number}, ISO {iso}, {pair.kind}: {reason or 'goes'}", flush=True)
        whole[iso] += held
        progress.advance(1)
    print(" | ".join(["ISO", *KINDS, "all right"]))
    for iso in ISO:
        cells = [f"{gone[iso, kind]} of {pairs[iso, kind]}" for kind in KINDS]
        print(" | ".join([str(iso), *cells, str(whole[iso])]))
    duplicates = sum(n for (_, kind), n in pairs.items() if kind != KINDS[-1])
    went = sum(n for (_, kind), n in gone.items() if kind != KINDS[-1])
    stayed = sum(pairs[iso, KINDS[-1]] - gone[iso, KINDS[-1]] for iso in ISO)
    print(f"Duplicates that go: {went:,} of {duplicates:,}; originals: {whole.total()} right")
    print(f"Changed digits that stay: {stayed} of {options.originals}")
    times = (f"{kind} {np.median(seconds[kind]):.2f}" for kind in KINDS if seconds[kind])
    print("Seconds of one core, decoding included:", ", ".join(times))


def make_pairs(
    photos: list[Path], size: tuple[int, int], iso: int, random: np.random.Generator
) -> Iterator[Pair]:
    """Yield one pair of each kind, of one original."""
    shot = Image.fromarray(take_photo(make_scene(photos, size, random), iso, random))
    lossless = _save(shot, format="PNG", compress_level=1)
    quality = int(random.integers(88, 98))
    original = _save(shot, quality=quality, subsampling=int(random.integers(3)))
    camera = Image.open(io.BytesIO(original)).convert("RGB")
    yield Pair("renamed", original, bytes(bytearray(original)))
    yield Pair("re-saved", original, _jpeg(camera, random))
    kernel = int(random.integers(len(KERNELS)))
    half = size[0] // 2, size[1] // 2
    if kernel < PILLOW_KERNELS:
        reduced = camera.resize(half, KERNELS[kernel])
    else:
        array = cv2.resize(np.asarray(camera), half, interpolation=KERNELS[kernel])
        reduced = Image.fromarray(array)
    yield Pair("half size", original, _jpeg(reduced, random))
    yield Pair("JPEG of lossless", lossless, _jpeg(shot, random))
    one, two = random.permutation(10)[:2]
    place = [int(random.integers(0, side - DIGIT_PIXELS)) for side in size]
    yield Pair(
        "changed digit",
        _save(_write(camera, str(one), place), quality=quality),
        _jpeg(_write(camera, str(two), place), random),
    )


def _jpeg(picture: Image.Image, random: np.random.Generator) -> bytes:
    subsampling = int(random.choice([0, 2, 2]))
    return _save(picture, quality=int(random.integers(70, 96)), subsampling=subsampling)


def _save(picture: Image.Image, **options: int | str) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, **{"format": "JPEG", **options})
    return buffer.getvalue()


def _write(picture: Image.Image, text: str, place: list[int]) -> Image.Image:
    """Write a dark digit on a light plate."""
    written = picture.copy()
    draw = ImageDraw.Draw(written)
    draw.rectangle((*place, place[0] + DIGIT_PIXELS, place[1] + DIGIT_PIXELS), fill=(225, 225, 215))
    font = ImageFont.load_default(DIGIT_PIXELS)
    draw.text((place[0] + 8, place[1] - 4), text, font=font, fill=(40, 40, 60))
    return written


if __name__ == "__main__":
    main()
