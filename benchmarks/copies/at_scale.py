"""Measure copy detection in a large gallery: search and duplicates.

    python -m benchmarks.copies.at_scale FOLDER [--rows 100000] [--real 2000] [--queries 100]

The gallery holds `--real` pictures of FOLDER; the other rows are synthetic (see
`synthetic_gallery`), with visual words as frequent as in pictures. Queries are real pictures,
edited. The output has the median and the 90th percentile of one search at a time, with copy
detection and without, what one of a search's candidates takes, and the seconds that `duplicates`
takes.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from benchmarks.copies.finders import bytes_of
from benchmarks.measure import seconds_of
from benchmarks.report import facts_line, versions
from benchmarks.synthetic_gallery import HOSTS, edited_queries, fill_store
from lookalike import encoders
from lookalike.decode import from_image
from lookalike.duplicates.members import read_members
from lookalike.duplicates.pairs import find_pairs
from lookalike.search import candidates
from lookalike.search.search import SearchOptions, search
from lookalike.sources import walk
from lookalike.storage.store import Store

if TYPE_CHECKING:
    from lookalike.types import Picture


def main() -> None:
    """Make the gallery, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="pictures, at any depth")
    parser.add_argument("--rows", type=int, default=100_000, help="size of the gallery")
    parser.add_argument("--real", type=int, default=2_000, help="pictures in it")
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    random = np.random.default_rng(options.seed)
    sources = list(walk(str(options.folder.resolve())))
    chosen = random.permutation(len(sources))[: options.real]
    encoder = encoders.load()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        store = Store(Path(folder), "pictures.lance", encoder.dimensions)
        pictures = fill_store(store, encoder, [sources[k] for k in chosen], options.rows, random)
        print(f"indexes built in {seconds_of(store.optimize):.0f} s")
        _report_sizes(store)
        _search(store, encoder, pictures, options.queries, random)
        start = time.perf_counter()
        pairs = list(find_pairs(store, read_members(store), kind="copies", on_progress=_silent))
        print(f"duplicates: {len(pairs)} pairs in {time.perf_counter() - start:.0f} s")
    facts = {"rows": options.rows, "real": len(pictures), "cores": os.cpu_count()}
    print(facts_line(facts | versions("lookalike", "pylance", "numpy")))


def _report_sizes(store: Store) -> None:
    for table in (store.pictures, store.fingerprints.table, store.fingerprints.visual_words.table):
        size = bytes_of(table) / store.pictures.count()
        print(f"{table.uri.name}: {size:,.0f} bytes per picture")


def _search(
    store: Store,
    encoder: encoders.Encoder,
    pictures: list[Picture],
    queries: int,
    random: np.random.Generator,
) -> None:
    images = [Image.fromarray(picture.pixels) for picture in pictures]
    edited = edited_queries(images[:queries], images[-HOSTS:], random)
    milliseconds, correct = {True: [], False: []}, {True: 0, False: 0}
    verified = list[float]()
    verify = candidates._verify  # noqa: SLF001 - a search tells no times of its parts

    def timed(*arguments: Any) -> Any:
        start = time.perf_counter()
        found = verify(*arguments)
        verified.append(1000 * (time.perf_counter() - start))
        return found

    candidates._verify = timed  # noqa: SLF001
    for k, query in enumerate([from_image(image).pixels for image in edited]):
        for copies in (True, False):
            start = time.perf_counter()
            result = search(query, store, encoder, SearchOptions(top=10, copies=copies))
            milliseconds[copies].append(1000 * (time.perf_counter() - start))
            correct[copies] += result[0].path == f"/{k}"
    print(
        f"one candidate: {np.mean(verified):.2f} ms on average, p50 {np.median(verified):.2f} ms, "
        f"p90 {np.percentile(verified, 90):.2f} ms; {len(verified) / queries:.0f} of each query"
    )
    for copies, name in ((True, "with copy detection"), (False, "by similarity only")):
        p50, p90 = np.percentile(milliseconds[copies], [50, 90])
        print(f"search {name}: p50 {p50:.1f} ms, p90 {p90:.1f} ms; ", end="")
        print(f"the first hit is correct for {correct[copies]} of {queries} queries")


def _silent(_stage: str, _count: int, _total: int) -> None:
    pass


if __name__ == "__main__":
    main()
