"""Measure the speed and the recall of the vector search.

    python -m benchmarks.speed.search --pictures FOLDER [--rows 100000]

Each row is the vector of a random picture of FOLDER plus noise, so the rows cluster like pictures.
Recall is measured against an exact search.
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

from benchmarks.measure import bytes_on_disk, percentile, seconds_of
from benchmarks.report import markdown_table
from lookalike import encoders
from lookalike.decode import decode
from lookalike.sources import read, walk
from lookalike.storage import Record
from lookalike.storage.store import Store
from lookalike.types import Source

NOISE = 0.5  # length of the noise; vectors have length 1
QUERY_NOISE = 0.3
QUERIES = 500
ROWS_PER_BATCH = 5_000


def main() -> None:
    """Build a table, search it, print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000, help="size of the table")
    parser.add_argument("--pictures", type=Path, required=True, help="folder")
    options = parser.parse_args()
    random = np.random.default_rng(0)
    encoder = encoders.load()
    sources = list(walk(str(options.pictures.resolve())))
    chosen = [sources[n] for n in random.permutation(len(sources))[:2_000]]
    real = np.concatenate(
        [
            encoder.encode([encoder.prepare(decode(read(s))) for s in chosen[n : n + 16]])
            for n in range(0, len(chosen), 16)
        ]
    )
    dimensions = real.shape[1]

    def add_noise(vectors: Any, length: float) -> Any:
        noise = random.normal(size=vectors.shape).astype(np.float32)
        noisy = vectors + noise * length / np.sqrt(dimensions)
        return noisy / np.linalg.norm(noisy, axis=1, keepdims=True)

    rows = add_noise(real[random.integers(0, len(real), options.rows)], NOISE).astype(np.float16)
    folder = Path(tempfile.mkdtemp(prefix="lookalike-benchmark-"))
    try:
        store = Store(folder, "pictures.lance", dimensions)
        for start in range(0, options.rows, ROWS_PER_BATCH):
            records = [
                Record(Source(f"/p/{n}", n, n), n.to_bytes(16, "big"), 1, 1, rows[n])
                for n in range(start, min(start + ROWS_PER_BATCH, options.rows))
            ]
            store.add(records, replace=False)
        build_seconds = seconds_of(store.optimize)
        queries = rows[random.integers(0, options.rows, QUERIES)].astype(np.float32)
        queries = add_noise(queries, QUERY_NOISE)
        exact = np.concatenate(
            [
                np.argpartition(-(block @ rows.astype(np.float32).T), 10, axis=1)[:, :10]
                for block in np.array_split(queries, 10)
            ]
        )
        correct, milliseconds = 0, []
        for query, best in zip(queries, exact, strict=True):
            start = time.perf_counter()
            hits = store.nearest(query, 10, b"\0" * 16)
            milliseconds.append((time.perf_counter() - start) * 1000)
            correct += len({hit["path"] for hit in hits} & {f"/p/{n}" for n in best})
        size = bytes_on_disk(folder)
        state = store.index_state()
    finally:
        shutil.rmtree(folder)
    p50, p99 = (percentile(milliseconds[20:], percent) for percent in (50, 99))
    print(f"{options.rows:,} rows, {dimensions} dimensions, {QUERIES} queries,")
    print(f"{os.cpu_count()} cores, pylance {version('pylance')}, load {os.getloadavg()[0]:.2f}\n")
    table = [
        ("index", f"{state['kind']}, built in {build_seconds:.1f} s"),
        ("search and look-up by content, p50 / p99, ms", f"{p50:.1f} / {p99:.1f}"),
        ("recall@10 against exact search", f"{correct / exact.size:.4f}"),
        ("bytes on disk per row", f"{size / options.rows:,.0f}"),
    ]
    print(markdown_table(["measure", "value"], table))


if __name__ == "__main__":
    main()
