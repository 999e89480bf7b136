"""Measure how long a removal takes in a large gallery, with its bytes gone from the disk.

    python -m benchmarks.scale.removal FOLDER [--rows 1000000] [--work DIR]

The gallery holds a few pictures of FOLDER; the other rows are synthetic (see `synthetic_gallery`),
each with a fingerprint. It is made once, in `DIR/ROWS`, and indexed; every run of this command
removes other rows. A million rows take 9 GB.
"""

from __future__ import annotations

import argparse
import os
import shutil
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.measure import bytes_on_disk, seconds_of
from benchmarks.report import facts_line, median_and_range, versions
from benchmarks.synthetic_gallery import fill_store
from lookalike import Gallery, encoders
from lookalike.sources import walk
from lookalike.storage import EncoderCard, Manifest
from lookalike.storage.store import Store

REAL_PICTURES = 60
REMOVALS = 5  # of each number
COUNTS = (1, 10, 1_000)  # pictures in one removal, anywhere in the gallery


def main() -> None:
    """Make the gallery if it is not there, remove pictures, print the times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="pictures, at any depth")
    parser.add_argument("--rows", type=int, default=1_000_000, help="size of the gallery")
    parser.add_argument("--work", type=Path, default=Path("removal"), help="folder for the gallery")
    options = parser.parse_args()
    place = options.work / str(options.rows)
    if not place.exists():
        _make(place, options.folder, options.rows)
    gallery = Gallery.open(place)
    store = _open(place)
    paths = list(store.paths(store.pictures))
    np.random.default_rng(len(paths)).shuffle(paths)
    for count in COUNTS:
        seconds = []
        for _ in range(REMOVALS):
            removed, paths = paths[:count], paths[count:]
            seconds.append(seconds_of(partial(gallery.remove, *removed)))
        print(f"{count:,} of {options.rows:,} removed: {median_and_range(seconds, 2)} s")
    facts = {"rows": options.rows, "bytes": bytes_on_disk(place), "cores": os.cpu_count()}
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
    print(f"indexes built in {seconds_of(store.optimize):.0f} s")
    part.rename(place)


def _open(place: Path) -> Store:
    manifest = Manifest.read(place)
    if manifest is None:
        raise SystemExit(f"{place} is no gallery. Delete it and run this again.")
    return Store(place, manifest.table, manifest.encoder.dimensions)


if __name__ == "__main__":
    main()
