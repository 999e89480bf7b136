"""The stages of `benchmarks.scale.growth`, each of which measures one step in a gallery's life.

A stage takes the folder of pictures, the work folder and the gallery's number of rows; the gallery
is `WORK/ROWS/gallery`. It returns its results by name.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.measure import bytes_on_disk, seconds_of
from benchmarks.synthetic_gallery import edited_files
from benchmarks.synthetic_vectors import Mixture, neighbour_cosines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from lookalike.storage.store import Store

REAL_PICTURES = 500  # indexed as usual, with fingerprints
ADDED_ROWS = 1_000
VECTOR_QUERIES = 400
FILE_QUERIES = 100
TOP = 10
ROWS_PER_BLOCK = 50_000
# Synthetic rows are 1 to 100 pixels wide, real pictures wider.
FILTERS = {"1%": "width >= 100 AND height = 1", "50%": "width > 50 AND height = 1"}


def _fill(folder: Path, work: Path, rows: int) -> dict[str, Any]:
    """Index the real pictures, then write the synthetic rows directly into the table."""
    from lookalike import Gallery

    gallery_work = work / str(rows)
    for name in ("gallery", "files", "new"):
        shutil.rmtree(gallery_work / name, ignore_errors=True)
    mixture = _mixture(folder, work)
    (gallery_work / "files").mkdir(exist_ok=True)
    for number, file in enumerate(_shuffled_files(folder)[:REAL_PICTURES]):
        shutil.copyfile(file, gallery_work / "files" / f"{number}.jpg")
    gallery = Gallery.open(gallery_work / "gallery")
    gallery.index(gallery_work / "files")
    store = _open_store(work, rows)
    random = np.random.default_rng(rows)
    for start in range(REAL_PICTURES, rows, ROWS_PER_BLOCK):
        count = min(ROWS_PER_BLOCK, rows - start)
        columns = _synthetic_columns(mixture, gallery_work, start, count, random)
        store.pictures.write(columns, replace=False)
    real = np.load(work / "real.npy")
    synthetic = mixture.sample(len(real), random)
    medians = [
        np.median(neighbour_cosines(vectors), axis=0).round(3) for vectors in (real, synthetic)
    ]
    return {"cosine with neighbours 1, 10, 100, real / made": f"{medians[0]} / {medians[1]}"}


def _build(_folder: Path, work: Path, rows: int) -> dict[str, Any]:
    """Build the index."""
    store = _open_store(work, rows)
    seconds = seconds_of(store.optimize)
    size = bytes_on_disk(store.pictures.uri)
    return {
        "index built, s": round(seconds, 1),
        "bytes on disk a row, without fingerprints": round(size / store.pictures.count()),
    }


def _exact(folder: Path, work: Path, rows: int) -> dict[str, Any]:
    """Find the exact nearest rows, among all rows and among those of each filter."""
    queries = _mixture(folder, work).sample(VECTOR_QUERIES, np.random.default_rng(1))
    np.save(work / str(rows) / "queries.npy", queries)
    store = _open_store(work, rows)
    for number, where in enumerate([None, *FILTERS.values()]):
        best = np.full((VECTOR_QUERIES, TOP), -2.0, np.float32)
        paths = np.full((VECTOR_QUERIES, TOP), "", dtype=object)
        for batch in store.pictures.scan(["path", "vector"], where):
            vectors = batch.column("vector").flatten().to_numpy(zero_copy_only=False)
            block = vectors.reshape(-1, store.dimensions).astype(np.float32)
            block /= np.linalg.norm(block, axis=1, keepdims=True)
            names = np.array(batch.column("path").to_pylist(), dtype=object)
            cosines = np.concatenate([best, queries @ block.T], axis=1)
            order = np.argpartition(-cosines, TOP - 1, axis=1)[:, :TOP]
            best = np.take_along_axis(cosines, order, 1)
            old = np.take_along_axis(paths, np.minimum(order, TOP - 1), 1)
            paths = np.where(order < TOP, old, names[np.maximum(order - TOP, 0)])
        np.save(work / str(rows) / f"exact{number}.npy", paths.astype(str))
    return {}


def _first_search(_folder: Path, work: Path, rows: int) -> dict[str, Any]:
    """Search once from the command line."""
    picture, gallery = work / str(rows) / "files" / "0.jpg", work / str(rows) / "gallery"
    command = [sys.executable, "-m", "lookalike", "search", picture, "--json"]
    command += ["--gallery", gallery]
    run = partial(subprocess.run, command, check=True, stdout=subprocess.DEVNULL)
    return {"first search, process start to end, s": round(seconds_of(run), 2)}


def _search_vectors(_folder: Path, work: Path, rows: int) -> dict[str, Any]:
    """Search the index by vectors."""
    store, gallery_work = _open_store(work, rows), work / str(rows)
    queries = np.load(gallery_work / "queries.npy")
    results: dict[str, Any] = {}
    for number, (name, where) in enumerate({"": None, **FILTERS}.items()):
        exact = np.load(gallery_work / f"exact{number}.npy")
        store.nearest(queries[0], TOP, None, where)
        seconds, correct = [], 0
        for query, best in zip(queries, exact, strict=True):
            start = time.perf_counter()
            hits = store.nearest(query, TOP, None, where)
            seconds.append(time.perf_counter() - start)
            correct += len({row["path"] for row in hits} & set(best))
        among = f", {name} of rows allowed" if name else ""
        results[f"index, p50 / p99, ms{among}"] = _p50_p99(seconds)
        results[f"recall@{TOP}{among}"] = round(correct / exact.size, 4)
    seconds = [seconds_of(partial(store.nearest, query, 1_000)) for query in queries[:50]]
    results["index, 1,000 hits, p50 / p99, ms"] = _p50_p99(seconds)
    start = time.perf_counter()
    for first in range(0, VECTOR_QUERIES, 64):
        batch = queries[first : first + 64]
        store.nearest_many(batch, TOP, [None] * len(batch))
    total = time.perf_counter() - start
    results["index, 64 queries at once, ms a query"] = _milliseconds(total / VECTOR_QUERIES)
    return results


def _search_files(_folder: Path, work: Path, rows: int) -> dict[str, Any]:
    """Search by edited pictures, from the file to the hits."""
    from lookalike import Gallery

    gallery = Gallery.open(work / str(rows) / "gallery")
    files = [work / str(rows) / "files" / f"{number}.jpg" for number in range(FILE_QUERIES)]
    queries = edited_files(files, np.random.default_rng(3))
    results: dict[str, Any] = {}
    for name, copies in (("copies proved", True), ("by likeness alone", False)):
        gallery.search(queries[-1], copies=copies)
        seconds, correct = [], 0
        for number, query in enumerate(queries):
            start = time.perf_counter()
            result = gallery.search(query, copies=copies)
            seconds.append(time.perf_counter() - start)
            correct += os.path.basename(result[0].path) == f"{number}.jpg"
        results[f"file to hits, {name}, p50 / p99, ms"] = _p50_p99(seconds)
        results[f"the original comes first, {name}"] = correct / len(queries)
        total = seconds_of(lambda copies=copies: list(gallery.search_many(queries, copies=copies)))
        results[f"many at once, {name}, ms a query"] = _milliseconds(total / len(queries))
    seconds = [
        seconds_of(partial(gallery.search, query, copies=False, top=1_000))
        for query in queries[:30]
    ]
    results["file to 1,000 hits, by likeness alone, p50 / p99, ms"] = _p50_p99(seconds)
    return results


def _add(folder: Path, work: Path, rows: int) -> dict[str, Any]:
    """Add encoded rows until a search finds them, then index one more file."""
    from lookalike import Gallery
    from lookalike.ingest.seen import SeenFiles
    from lookalike.storage import Record
    from lookalike.types import Properties, Source

    gallery_work = work / str(rows)
    gallery = Gallery.open(gallery_work / "gallery")
    store = _open_store(work, rows)
    vectors = _mixture(folder, work).sample(ADDED_ROWS, np.random.default_rng(2))
    vectors = vectors.astype(np.float16)
    added = f"{gallery_work.resolve()}/files/added"
    sources = [Source(f"{added}/{n}.jpg", n, n) for n in range(len(vectors))]
    records = [
        Record(source, source.size.to_bytes(16, "big"), 1, 2, vector, properties=Properties())
        for source, vector in zip(sources, vectors, strict=True)
    ]
    read_seconds = seconds_of(lambda: SeenFiles(store))
    start = time.perf_counter()
    store.add(records, replace=False)
    store.optimize()
    hits = store.nearest(vectors[7].astype(np.float32), 1)
    add_seconds = time.perf_counter() - start
    if not hits[0]["path"].endswith("added/7.jpg"):
        raise SystemExit("A search doesn't find an added row.")
    (gallery_work / "new").mkdir(exist_ok=True)
    new = gallery_work / "new" / "new.jpg"
    shutil.copyfile(_shuffled_files(folder)[REAL_PICTURES + 1], new)
    index_seconds = seconds_of(lambda: gallery.index(new.parent))
    if gallery.search(new)[0].kind != "exact":
        raise SystemExit("A search doesn't find the file just indexed.")
    return {
        f"{ADDED_ROWS:,} rows added until found, s": round(read_seconds + add_seconds, 2),
        "of this, reading what the gallery has, s": round(read_seconds, 2),
        "one more file indexed, s": round(index_seconds, 2),
    }


def _prune(_folder: Path, work: Path, rows: int) -> dict[str, Any]:
    """Check whether each row's file exists (no synthetic row's does), then remove some rows."""
    from lookalike import Gallery

    gallery_work = work / str(rows)
    gallery = Gallery.open(gallery_work / "gallery")
    prune_seconds = seconds_of(lambda: gallery.prune(dry_run=True))
    added = gallery_work.resolve() / "files" / "added"
    remove_seconds = seconds_of(lambda: gallery.remove(added))
    return {
        "prune, each file looked for, s": round(prune_seconds, 1),
        f"{ADDED_ROWS:,} rows removed, s": round(remove_seconds, 2),
    }


def _pairs(_folder: Path, work: Path, rows: int) -> dict[str, Any]:
    """Find the pairs that `duplicates` compares by vectors, and their recall of nearest rows."""
    from lookalike.duplicates.neighbours import find_neighbour_pairs
    from lookalike.duplicates.pairs import MAX_CANDIDATES, MIN_COSINE

    store = _open_store(work, rows)
    vectors = np.empty((store.pictures.count(), store.dimensions), np.float16)
    first = 0
    for batch in store.pictures.scan(["vector"]):
        flat = batch.column(0).flatten().to_numpy(zero_copy_only=False)
        vectors[first : first + len(batch)] = flat.reshape(len(batch), -1)
        first += len(batch)
    start = time.perf_counter()
    near = find_neighbour_pairs(vectors, min_cosine=MIN_COSINE, max_neighbours=MAX_CANDIDATES)
    seconds = time.perf_counter() - start
    keys = near.lower * len(vectors) + near.higher
    sample = np.random.default_rng(5).permutation(len(vectors))[:200]
    nearest, cosines = _nearest_rows(vectors, sample)
    sample, nearest = sample[cosines > MIN_COSINE], nearest[cosines > MIN_COSINE]
    sample_keys = np.minimum(sample, nearest) * len(vectors) + np.maximum(sample, nearest)
    correct = np.isin(sample_keys, keys).sum()
    return {
        "pairs for duplicates by vectors, s": round(seconds, 1),
        "pairs found": len(keys),
        f"nearest row, if its cosine is above {MIN_COSINE}, found": f"{correct} of {len(sample)}",
    }


def _nearest_rows(
    vectors: NDArray[np.float16], sample: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the exact nearest other row of each row of a sample, and its cosine."""
    queries = vectors[sample].astype(np.float32)
    nearest, best = np.zeros(len(sample), np.int64), np.full(len(sample), -1, np.float32)
    for start in range(0, len(vectors), ROWS_PER_BLOCK):
        cosines = queries @ vectors[start : start + ROWS_PER_BLOCK].astype(np.float32).T
        own = np.flatnonzero((start <= sample) & (sample < start + cosines.shape[1]))
        cosines[own, sample[own] - start] = -1
        better = cosines.max(axis=1) > best
        best[better] = cosines[better].max(axis=1)
        nearest[better] = start + cosines[better].argmax(axis=1)
    return nearest, best


STAGES: dict[str, Callable[[Path, Path, int], dict[str, Any]]] = {
    "fill": _fill,
    "build": _build,
    "exact": _exact,
    "first": _first_search,
    "search": _search_vectors,
    "files": _search_files,
    "add": _add,
    "prune": _prune,
    "pairs": _pairs,
}


def _mixture(folder: Path, work: Path) -> Mixture:
    """Fit a mixture to the vectors of all pictures, which are encoded once."""
    from lookalike import encoders
    from lookalike.ingest.embed import embed

    cache = work / "real.npy"
    if not cache.exists():
        files = [str(file) for file in _shuffled_files(folder)]
        np.save(cache, embed(files, encoders.load()).vectors)
    return Mixture.fit(np.load(cache), np.random.default_rng(0))


def _synthetic_columns(
    mixture: Mixture, gallery_work: Path, start: int, count: int, random: np.random.Generator
) -> dict[str, Any]:
    """Draw rows, as columns of the table of pictures."""
    import pyarrow as pa

    from lookalike.types import Properties

    numbers = np.arange(start, start + count)
    vectors = mixture.sample(count, random).astype(np.float16)
    hashes = random.integers(256, size=(count, 16), dtype=np.uint8)
    buffers = [None, pa.py_buffer(hashes)]
    root = gallery_work.resolve() / "files"
    return {
        "path": [f"{root}/{number // 1_000:05}/IMG_{number:08}.jpg" for number in numbers],
        "size": random.integers(100_000, 5_000_000, count),
        "mtime_ns": 1_700_000_000_000_000_000 + numbers * 1_000_000_007,
        "content_hash": pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), count, buffers),
        "width": random.integers(1, 101, count).astype(np.int32),
        "height": np.ones(count, np.int32),
        "vector": pa.FixedSizeListArray.from_arrays(vectors.ravel(), vectors.shape[1]),
        "metadata": pa.nulls(count, pa.string()),
        **{name: [value] * count for name, value in asdict(Properties()).items()},
    }


def _shuffled_files(folder: Path) -> list[Path]:
    """List the pictures of a folder in random order, the same in each run."""
    files = sorted(folder.resolve().rglob("*.jpg"))
    return [files[k] for k in np.random.default_rng(4).permutation(len(files))]


def _open_store(work: Path, rows: int) -> Store:
    from lookalike.storage.manifest import Manifest
    from lookalike.storage.store import Store

    gallery = work / str(rows) / "gallery"
    manifest = Manifest.read(gallery)
    if manifest is None:
        raise SystemExit(f"{gallery} is missing. Delete {gallery.parent} and run this again.")
    return Store(gallery, manifest.table, manifest.encoder.dimensions)


def _milliseconds(seconds: float) -> float:
    return round(1000 * seconds, 1)


def _p50_p99(seconds: list[float]) -> str:
    p50, p99 = np.percentile(seconds, [50, 99])
    return f"{_milliseconds(p50)} / {_milliseconds(p99)}"
