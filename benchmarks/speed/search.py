"""How fast and how exact the search itself is: python -m benchmarks.speed.search [--rows 100000].

Vectors are drawn about those of real pictures (a folder) where one is named: each row is a real
vector with noise, so that the clusters are those of pictures; recall is against exact search.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from lookalike import encoders
from lookalike.decode import decode
from lookalike.sources import read, walk
from lookalike.storage.store import Store
from lookalike.types import Record, Source

NOISE = 0.5  # its length, beside a real vector's of 1
QUERY_NOISE = 0.3
QUERIES = 500
BATCH = 5_000


def main() -> None:
    """Build a table of so many rows, search it, print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--pictures", type=Path, required=True)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    encoder = encoders.load()
    sources = list(walk(str(options.pictures.resolve())))
    chosen = [sources[n] for n in rng.permutation(len(sources))[:2_000]]
    real = np.concatenate(
        [
            encoder.encode([encoder.prepare(decode(read(s))) for s in chosen[n : n + 16]])
            for n in range(0, len(chosen), 16)
        ]
    )
    d = real.shape[1]

    def near(vectors: Any, noise: float) -> Any:
        moved = vectors + rng.normal(size=vectors.shape).astype(np.float32) * noise / np.sqrt(d)
        return moved / np.linalg.norm(moved, axis=1, keepdims=True)

    rows = near(real[rng.integers(0, len(real), options.rows)], NOISE).astype(np.float16)
    place = Path(tempfile.mkdtemp(prefix="lookalike-benchmark-"))
    try:
        store = Store(place, "pictures.lance", d)
        for start in range(0, options.rows, BATCH):
            records = [
                Record(Source(f"/p/{n}", n, n), n.to_bytes(16, "big"), 1, 1, rows[n])
                for n in range(start, min(start + BATCH, options.rows))
            ]
            store.add(records, replace=False)
        started = time.perf_counter()
        store.optimize()
        built = time.perf_counter() - started
        queries = near(rows[rng.integers(0, options.rows, QUERIES)].astype(np.float32), QUERY_NOISE)
        exact = np.concatenate(
            [
                np.argpartition(-(some @ rows.astype(np.float32).T), 10, axis=1)[:, :10]
                for some in np.array_split(queries, 10)
            ]
        )
        found, took = 0, []
        for query, best in zip(queries, exact, strict=True):
            started = time.perf_counter()
            hits = store.nearest(query, 10, b"\0" * 16)
            took.append((time.perf_counter() - started) * 1000)
            found += len({hit["path"] for hit in hits} & {f"/p/{n}" for n in best})
        on_disk = sum(p.stat().st_size for p in place.rglob("*") if p.is_file())
        state = store.index_state()
    finally:
        shutil.rmtree(place)
    took = sorted(took[20:])
    print(f"{options.rows:,} rows of {d} dimensions, {QUERIES} queries, {os.cpu_count()} cores,")
    print(f"pylance {version('pylance')}, load {os.getloadavg()[0]:.2f}\n")
    print("| what | measured |\n|---|---|")
    print(f"| index | {state['kind']}, built in {built:.1f} s |")
    print(f"| search and look-up by content, p50 / p99, ms | {took[len(took) // 2]:.1f} / ", end="")
    print(f"{took[len(took) * 99 // 100]:.1f} |")
    print(f"| recall@10 against exact search | {found / exact.size:.4f} |")
    print(f"| bytes on disk a row | {on_disk / options.rows:,.0f} |")


if __name__ == "__main__":
    main()
