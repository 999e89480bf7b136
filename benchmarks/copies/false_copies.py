"""How often two different pictures of one category are called copies.

    python -m benchmarks.copies.false_copies FOLDER [--pairs 10000] [--test3] [--seed 0]

A category is a folder of FOLDER. Pairs are drawn at random among all that two pictures of one
category make, so large categories give most; Caltech-101's categories that are full of copies, and
the pairs that are known to be copies, are left out. The one is fingerprinted as a query, the other
as the gallery's, and they are compared as `compare` does. Each pair called a copy is printed, for
it may be one that nobody knew of.
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

from benchmarks.collection import FULL_OF_COPIES, Line, collect, decoded, known_copies, named
from lookalike.copies.fingerprint import fingerprint, stored_fingerprint
from lookalike.copies.kind import kind_of
from lookalike.copies.packed import pack, unpack
from lookalike.copies.threads import single_threaded
from lookalike.copies.verify import verify

if TYPE_CHECKING:
    from lookalike.types import Source


def main() -> None:
    """Read the command line, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--test3", action="store_true", help="Caltech-101's test pictures only")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    threads = os.cpu_count() or 1
    folder = options.folder.resolve()
    collection = collect(folder, test3=options.test3, whole=options.test3, threads=threads)
    asked = zip(collection.sources, collection.may_ask, strict=True)
    sources = [source for source, may in asked if may]
    pairs = drawn(sources, options.pairs, seed=options.seed)
    by_query: dict[int, list[int]] = collections.defaultdict(list)
    for one, other in pairs:
        by_query[one].append(other)
    kinds, took = collections.Counter[str](), list[float]()
    line = Line("pairs", len(pairs))
    with single_threaded(), ThreadPoolExecutor(threads) as pool:
        needed = sorted({other for _, other in pairs})
        stored = dict(zip(needed, pool.map(_stored, [sources[k] for k in needed]), strict=True))
        for one, others in by_query.items():
            picture = decoded(sources[one])
            query = fingerprint(picture) if picture else None
            for other in others:
                target = stored[other]
                if query is None or target is None:
                    continue
                began = time.perf_counter()
                match = verify(query, unpack(target))
                took.append(time.perf_counter() - began)
                kind = kind_of(match)
                kinds[kind] += 1
                if kind == "copy" and match:
                    names = (named(sources[k].path) for k in (one, other))
                    print(f"copy, {match.confidence:.3f}:", *names, flush=True)
            line.add(len(others))
    counted = ", ".join(f"{kinds[kind]:,} {kind}" for kind in ("different", "near", "copy"))
    print(f"{sum(kinds.values()):,} pairs of {len(sources):,} pictures: {counted}.")
    each = 1000 * np.median(took)
    print(f"{each:.2f} ms a pair (median, as it is, mirrored, and their negatives), one thread,")
    print(
        f"{os.cpu_count()} cores, opencv {version('opencv-python-headless')}, seed {options.seed}."
    )


def drawn(sources: list[Source], count: int, *, seed: int) -> list[tuple[int, int]]:
    """Draw pairs of different pictures of one category, each pair once; fewer if there are few."""
    of: dict[str, list[int]] = collections.defaultdict(list)
    for k, source in enumerate(sources):
        of[Path(source.path).parent.name].append(k)
    known = known_copies()
    every = [
        pair
        for category, members in sorted(of.items())
        if category not in FULL_OF_COPIES
        for pair in itertools.combinations(members, 2)
        if frozenset(named(sources[k].path) for k in pair) not in known
    ]
    chosen = np.random.default_rng(seed).permutation(len(every))[:count]
    return [every[k] for k in np.sort(chosen)]


def _stored(source: Source) -> bytes | None:
    picture = decoded(source)
    return pack(stored_fingerprint(picture)) if picture else None


if __name__ == "__main__":
    main()
