"""What copies cost in a large gallery: search and duplicates.

    python -m benchmarks.copies.at_scale FOLDER [--rows 100000] [--real 2000] [--queries 100]

`--real` pictures of FOLDER are in the gallery as they are. The other rows are made of them: the
features of a made row lie where those of one picture do, but each has the descriptor of another
picture's, so that words are as frequent as in pictures; its vector is the mean of two pictures' and
as much noise. None of them shows anything, so what is asked and found is real. Queries are real
pictures, edited. Reported are medians and 90th percentiles of one search at a time, with copies and
without, and the seconds that `duplicates` takes over all.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from benchmarks.copies.finders import bytes_of
from benchmarks.synthetic_gallery import ASKED_EDITS, fill
from lookalike import encoders
from lookalike.decode import from_image
from lookalike.duplicates.members import read_members
from lookalike.duplicates.pairs import find_pairs
from lookalike.edits.edits import EDITS
from lookalike.search.search import SearchOptions, search
from lookalike.sources.read import walk
from lookalike.storage.store import Store

if TYPE_CHECKING:
    from lookalike.types import Picture


def main() -> None:
    """Read the command line, make the gallery, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--real", type=int, default=2_000)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    random = np.random.default_rng(options.seed)
    sources = list(walk(str(options.folder.resolve())))
    chosen = random.permutation(len(sources))[: options.real]
    encoder = encoders.load()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        store = Store(Path(folder), "pictures.lance", encoder.dimensions)
        pictures = fill(store, encoder, [sources[k] for k in chosen], options.rows, random)
        began = time.perf_counter()
        store.optimize()
        print(f"indexes made in {time.perf_counter() - began:.0f} s")
        _report_sizes(store)
        _ask(store, encoder, pictures, options.queries, random)
        began = time.perf_counter()
        pairs = list(find_pairs(store, read_members(store), near=False, on_progress=_silent))
        took = time.perf_counter() - began
        print(f"duplicates: {len(pairs)} pairs in {took:.0f} s")
    facts = {"rows": options.rows, "real": len(pictures), "cores": os.cpu_count()}
    facts |= {"python": platform.python_version()}
    facts |= {name: version(name) for name in ("lookalike", "pylance", "numpy")}
    print(", ".join(f"{name} {value}" for name, value in facts.items()))


def _report_sizes(store: Store) -> None:
    for table in (store.pictures, store.fingerprints.table, store.fingerprints.visual_words.table):
        print(f"{table.uri.name}: {bytes_of(table) / store.pictures.count():,.0f} bytes a picture")


def _ask(
    store: Store,
    encoder: encoders.Encoder,
    pictures: list[Picture],
    queries: int,
    random: np.random.Generator,
) -> None:
    hosts = [Image.fromarray(picture.pixels) for picture in pictures[-5:]]
    asked = []
    for k in range(queries):
        image = Image.fromarray(pictures[k].pixels)
        copy = EDITS[ASKED_EDITS[k % len(ASKED_EDITS)]](image, random, 0.5, hosts)
        asked.append(from_image(copy).pixels)
    took, found = {True: [], False: []}, {True: 0, False: 0}
    for k, query in enumerate(asked):
        for copies in (True, False):
            began = time.perf_counter()
            result = search(query, store, encoder, SearchOptions(top=10, copies=copies))
            took[copies].append(1000 * (time.perf_counter() - began))
            found[copies] += result[0].path == f"/{k}"
    for copies, name in ((True, "with copies"), (False, "by likeness alone")):
        median, slow = np.percentile(took[copies], [50, 90])
        print(f"search {name}: p50 {median:.1f} ms, p90 {slow:.1f} ms; ", end="")
        print(f"first is right in {found[copies]} of {queries}")


def _silent(_stage: str, _done: int, _of: int) -> None:
    pass


if __name__ == "__main__":
    main()
