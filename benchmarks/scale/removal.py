"""Measure how long a removal takes in a large gallery, with its bytes gone from the disk.

    python -m benchmarks.scale.removal FOLDER [--rows 1000000] [--work DIR]

The gallery holds a few pictures of FOLDER; the other rows are synthetic (see `synthetic_gallery`),
each with a fingerprint. It is made once, in `DIR/ROWS`, and indexed; every run of this command
removes other rows. Its index of visual words is empty: removals don't touch it, and filling it for
a million pictures takes an hour. A million rows take 9 GB.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.measure import bytes_on_disk, seconds_of
from benchmarks.report import facts_line, median_and_range, versions
from benchmarks.synthetic_gallery import fill_store
from lookalike import Gallery, encoders
from lookalike.sources import walk
from lookalike.storage import EncoderCard, Manifest
from lookalike.storage.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

REAL_PICTURES = 60
REMOVALS = 3  # of each kind
MANY = 1_000
MIN_ROWS = 10_000  # of which one run removes 6,033


def _anywhere(count: int) -> Callable[[int, np.random.Generator], Iterable[int]]:
    return lambda rows, random: random.choice(rows, count, replace=False)


def _side_by_side(rows: int, random: np.random.Generator) -> Iterable[int]:
    start = int(random.integers(rows - MANY))
    return range(start, start + MANY)


CHOICES = {
    "one picture": _anywhere(1),
    "ten pictures anywhere": _anywhere(10),
    f"{MANY:,} pictures side by side": _side_by_side,
    f"{MANY:,} pictures anywhere": _anywhere(MANY),
}


def main() -> None:
    """Make the gallery if it is not there, remove pictures, print the times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="pictures, at any depth")
    parser.add_argument("--rows", type=int, default=1_000_000, help="size of the gallery")
    parser.add_argument("--work", type=Path, default=Path("removal"), help="folder for the gallery")
    options = parser.parse_args()
    if options.rows < MIN_ROWS:
        raise SystemExit(f"--rows must be at least {MIN_ROWS:,}.")
    place = options.work / str(options.rows)
    if not place.exists():
        _make(place, options.folder, options.rows)
    gallery = Gallery.open(place)
    store = _open(place)
    random = np.random.default_rng(store.pictures.version())
    for name, choose in CHOICES.items():
        seconds = []
        for _ in range(REMOVALS):
            paths = sorted(store.paths(store.pictures), key=lambda path: int(path[1:]))
            removed = [paths[k] for k in choose(len(paths), random)]
            seconds.append(seconds_of(partial(gallery.remove, *removed)))
        print(f"{name}: {median_and_range(seconds, 2)} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{bytes_on_disk(place) / 1e9:.1f} GB on disk, peak memory {peak} MB")
    facts = {"rows": options.rows, "cores": os.cpu_count()}
    print(facts_line(facts | versions("lookalike", "pylance", "numpy")))


def _make(place: Path, folder: Path, rows: int) -> None:
    encoder = encoders.load()
    random = np.random.default_rng(0)
    sources = list(walk(str(folder.resolve())))
    chosen = [sources[k] for k in random.permutation(len(sources))[:REAL_PICTURES]]
    part = place.with_name(f"{place.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    Manifest(EncoderCard.from_encoder(encoder)).write(part)
    store = _open(part)
    fill_store(store, encoder, chosen, rows, random)
    numbers = store.fingerprints.numbers()
    store.fingerprints.visual_words.add([np.empty(0, np.int64)] * len(numbers), numbers)
    print(f"indexes built in {seconds_of(store.optimize):.0f} s")
    part.rename(place)


def _open(place: Path) -> Store:
    manifest = Manifest.read(place)
    if manifest is None:
        raise SystemExit(f"{place} is no gallery. Delete it and run this again.")
    return Store(place, manifest.table, manifest.encoder.dimensions)


if __name__ == "__main__":
    main()
