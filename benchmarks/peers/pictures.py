"""The pictures to measure with: those of a folder, queries, and 12-megapixel photos."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.report import Progress
from lookalike.sources import walk

PHOTO_SIZE = (4_000, 3_000)
PHOTO_QUALITY = 92
GRAIN_LEVELS = (
    6.0  # of 255: sensor noise, without which an enlarged picture is 1 MB instead of 4 MB
)
QUERY_SCALE = 0.9
QUERY_QUALITY = 85
ENDINGS = (".jpg", ".jpeg", ".png")


def paths_of(folder: Path) -> list[Path]:
    """List the pictures that every peer supports, in order."""
    paths = [Path(source.path) for source in walk(str(folder.resolve()))]
    return sorted(path for path in paths if path.suffix.lower() in ENDINGS)


def copy_sample(folder: Path, count: int, output: Path) -> None:
    """Copy `count` random pictures of a folder with their subfolders; the same ones each time."""
    paths = paths_of(folder)
    for path in random.Random(0).sample(paths, min(count, len(paths))):
        copy = output / path.relative_to(folder.resolve())
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy)


def make_photos(folder: Path, count: int, output: Path) -> None:
    """Enlarge pictures of a folder to 12 megapixels, with grain; skip existing photos."""
    output.mkdir(parents=True, exist_ok=True)
    paths = random.Random(1).choices(paths_of(folder), k=count)
    grain = np.random.default_rng(0).normal(0, GRAIN_LEVELS, (*PHOTO_SIZE[::-1], 1))
    grain = grain.astype(np.int16)
    progress = Progress("photos", count)
    for number, path in enumerate(paths):
        photo = output / f"photo_{number:05}.jpg"
        if not photo.exists():
            with Image.open(path) as picture:
                large = picture.convert("RGB").resize(PHOTO_SIZE, Image.Resampling.BICUBIC)
            # Shifted grain looks like new grain, and costs no time.
            shifted = np.roll(grain, 7_919 * (number + 1))
            grainy = np.clip(np.asarray(large, np.int16) + shifted, 0, 255).astype(np.uint8)
            partial = photo.with_suffix(".part")
            Image.fromarray(grainy).save(partial, "JPEG", quality=PHOTO_QUALITY)
            partial.rename(photo)
        progress.advance(1)


def make_queries(folder: Path, count: int, output: Path) -> list[Path]:
    """Re-save random pictures of a folder smaller, as a query is rarely the indexed file itself."""
    output.mkdir(parents=True, exist_ok=True)
    paths = paths_of(folder)
    queries = []
    for number, path in enumerate(random.Random(2).sample(paths, min(count, len(paths)))):
        query = output / f"query_{number:03}.jpg"
        if not query.exists():
            with Image.open(path) as picture:
                size = [max(1, round(side * QUERY_SCALE)) for side in picture.size]
                picture.convert("RGB").resize(size).save(query, quality=QUERY_QUALITY)
        queries.append(query)
    return queries
