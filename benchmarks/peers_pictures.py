"""The pictures that `peers.py` measures on: of a folder, queries, and photos as of a camera."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import numpy as np
from collection import Line
from PIL import Image

from lookalike.sources import walk

PHOTO_SIZE = (4_000, 3_000)
PHOTO_QUALITY = 92
GRAIN_LEVELS = 6.0  # of 255, the noise of a sensor; without it an enlarged picture is 1 MB, not 4
QUERY_SCALE = 0.9
QUERY_QUALITY = 85
ENDINGS = (".jpg", ".jpeg", ".png")


def paths_of(folder: Path) -> list[Path]:
    """List the pictures that every peer takes, in order."""
    found = [Path(source.path) for source in walk(str(folder.resolve()))]
    return sorted(path for path in found if path.suffix.lower() in ENDINGS)


def sample(folder: Path, count: int, place: Path) -> None:
    """Copy `count` pictures of a folder, the same each time, with their subfolders."""
    paths = paths_of(folder)
    for path in random.Random(0).sample(paths, min(count, len(paths))):
        copy = place / path.relative_to(folder.resolve())
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy)


def make_photos(folder: Path, count: int, place: Path) -> None:
    """Enlarge pictures of a folder to 12 megapixels, with grain; what is there is left."""
    place.mkdir(parents=True, exist_ok=True)
    paths = random.Random(1).choices(paths_of(folder), k=count)
    grain = np.random.default_rng(0).normal(0, GRAIN_LEVELS, (*PHOTO_SIZE[::-1], 1))
    grain = grain.astype(np.int16)
    line = Line("photos", count)
    for number, path in enumerate(paths):
        photo = place / f"photo_{number:05}.jpg"
        if not photo.exists():
            with Image.open(path) as picture:
                large = picture.convert("RGB").resize(PHOTO_SIZE, Image.Resampling.BICUBIC)
            # The same grain at another place: as good as new, and made in no time.
            moved = np.roll(grain, 7_919 * (number + 1))
            grainy = np.clip(np.asarray(large, np.int16) + moved, 0, 255).astype(np.uint8)
            partial = photo.with_suffix(".part")
            Image.fromarray(grainy).save(partial, "JPEG", quality=PHOTO_QUALITY)
            partial.rename(photo)
        line.add(1)


def make_queries(folder: Path, count: int, place: Path) -> list[Path]:
    """Save pictures of a folder anew, smaller: a query is rarely the very file that is there."""
    place.mkdir(parents=True, exist_ok=True)
    paths = paths_of(folder)
    made = []
    for number, path in enumerate(random.Random(2).sample(paths, min(count, len(paths)))):
        query = place / f"query_{number:03}.jpg"
        if not query.exists():
            with Image.open(path) as picture:
                size = [max(1, round(side * QUERY_SCALE)) for side in picture.size]
                picture.convert("RGB").resize(size).save(query, quality=QUERY_QUALITY)
        made.append(query)
    return made
