"""Measure how often two different pictures of one category are taken for copies.

    python -m benchmarks.copies.false_copies FOLDER [--pairs 10000] [--test3] [--seed 0]

A category is a folder of FOLDER. The pairs are a random sample of all pairs within a category, so
most come from large categories; Caltech-101's categories full of copies and the pairs known to be
copies are left out. One picture is fingerprinted as a query, the other as a gallery picture, and
they are compared as `compare` does. Each pair taken for a copy is printed, as it may be a copy that
nobody knew.
"""

from __future__ import annotations

import argparse
import collections
import itertools
import os
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.collection import (
    CATEGORIES_WITH_COPIES,
    collect,
    known_copies,
    picture_name,
    read_picture,
)
from benchmarks.report import Progress
from lookalike.copies.fingerprint import fingerprint, stored_fingerprint
from lookalike.copies.kind import kind_of
from lookalike.copies.packed import pack, unpack
from lookalike.copies.threads import single_threaded
from lookalike.copies.verify import verify

if TYPE_CHECKING:
    from lookalike.types import Source


def main() -> None:
    """Compare the pairs and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="a folder per category")
    parser.add_argument("--pairs", type=int, default=10_000, help="pairs to compare")
    parser.add_argument("--test3", action="store_true", help="Caltech-101's test pictures only")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    threads = os.cpu_count() or 1
    folder = options.folder.resolve()
    collection = collect(folder, test3=options.test3, whole=options.test3, threads=threads)
    candidates = zip(collection.sources, collection.can_be_query, strict=True)
    sources = [source for source, can_be_query in candidates if can_be_query]
    pairs = sample_pairs(sources, options.pairs, seed=options.seed)
    by_query: dict[int, list[int]] = collections.defaultdict(list)
    for query_row, target_row in pairs:
        by_query[query_row].append(target_row)
    kinds, seconds = collections.Counter[str](), list[float]()
    progress = Progress("pairs", len(pairs))
    with single_threaded(), ThreadPoolExecutor(threads) as pool:
        targets = sorted({target_row for _, target_row in pairs})
        packed = pool.map(_packed_fingerprint, [sources[k] for k in targets])
        packed_by_row = dict(zip(targets, packed, strict=True))
        for query_row, target_rows in by_query.items():
            picture = read_picture(sources[query_row])
            query = fingerprint(picture) if picture else None
            for target_row in target_rows:
                target = packed_by_row[target_row]
                if query is None or target is None:
                    continue
                start = time.perf_counter()
                match = verify(query, unpack(target))
                seconds.append(time.perf_counter() - start)
                kind = kind_of(match)
                kinds[kind] += 1
                if kind == "copy" and match:
                    names = (picture_name(sources[k].path) for k in (query_row, target_row))
                    print(f"copy, {match.confidence:.3f}:", *names, flush=True)
            progress.advance(len(target_rows))
    counts = ", ".join(f"{kinds[kind]:,} {kind}" for kind in ("different", "near", "copy"))
    print(f"{sum(kinds.values()):,} pairs of {len(sources):,} pictures: {counts}.")
    milliseconds = 1000 * np.median(seconds)
    opencv = version("opencv-python-headless")
    print(f"{milliseconds:.2f} ms per pair (median; plain, mirrored and both as negatives),")
    print(f"one thread, {os.cpu_count()} cores, opencv {opencv}, seed {options.seed}.")


def sample_pairs(sources: list[Source], count: int, *, seed: int) -> list[tuple[int, int]]:
    """Draw at most `count` different pairs of pictures of one category."""
    by_category: dict[str, list[int]] = collections.defaultdict(list)
    for k, source in enumerate(sources):
        by_category[Path(source.path).parent.name].append(k)
    known = known_copies()
    pairs = [
        pair
        for category, members in sorted(by_category.items())
        if category not in CATEGORIES_WITH_COPIES
        for pair in itertools.combinations(members, 2)
        if frozenset(picture_name(sources[k].path) for k in pair) not in known
    ]
    chosen = np.random.default_rng(seed).permutation(len(pairs))[:count]
    return [pairs[k] for k in np.sort(chosen)]


def _packed_fingerprint(source: Source) -> bytes | None:
    picture = read_picture(source)
    return pack(stored_fingerprint(picture)) if picture else None


if __name__ == "__main__":
    main()
