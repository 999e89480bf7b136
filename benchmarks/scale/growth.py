"""What a gallery costs as it grows to a million pictures: building, adding, searching, keeping.

    python -m benchmarks.scale.growth FOLDER [--sizes 10000,100000,1000000] [--work DIR]
        [--json FILE] [--plot FILE] [--without pairs]

For each size a gallery is made: `REAL` pictures of FOLDER are indexed as they are, copies proved;
the other rows are vectors alone, drawn as those of FOLDER lie (see `synthetic_vectors`). Each stage
runs in a process of its own, whose peak memory is reported, and what it found stands in
`DIR/SIZE/measured.json`: started again, the script goes on after the last stage that was through.
Recall is against all vectors compared exactly.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.synthetic_gallery import edited
from benchmarks.synthetic_vectors import Mixture, neighbour_cosines

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lookalike.storage.store import Store

REAL = 500  # pictures, fingerprints and all
ADDED = 1_000
QUERIES = 400
ASKED_FILES = 100
TOP = 10
ROWS_AT_ONCE = 50_000
# Made rows are 1 to 100 pixels wide, real pictures wider.
FILTERS = {"1%": "width >= 100 AND height = 1", "50%": "width > 50 AND height = 1"}


def main() -> None:
    """Run all stages of all sizes, print a Markdown table, draw the plot."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--work", type=Path, default=Path("scale"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--without", default="", help="stages to leave out: pairs,prune")
    parser.add_argument("--stage", nargs=2, help=argparse.SUPPRESS)  # what the script runs itself
    options = parser.parse_args()
    if options.stage:
        name, rows = options.stage
        found = STAGES[name](options.folder, options.work, int(rows))
        used = (
            resource.getrusage(who).ru_maxrss
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        peak = max(used) / 1024
        print(json.dumps({**found, f"{name} MB": round(peak)}))
        return
    options.work.mkdir(parents=True, exist_ok=True)
    measured = {}
    for rows in map(int, options.sizes.split(",")):
        place = options.work / str(rows)
        place.mkdir(exist_ok=True)
        stages = [name for name in STAGES if name not in options.without.split(",")]
        measured[rows] = _measured(options.folder, options.work, rows, stages)
    names = ("lookalike", "pylance", "onnxruntime", "numpy")
    facts = {name: version(name) for name in names}
    facts |= {"python": platform.python_version(), "cores": str(os.cpu_count())}
    if options.json:
        options.json.write_text(json.dumps({"facts": facts, "measured": measured}, indent=1))
    if options.plot:
        _draw(measured, options.plot)
    print(", ".join(f"{name} {value}" for name, value in facts.items()) + "\n")
    print("| rows | " + " | ".join(f"{rows:,}" for rows in measured) + " |")
    print("|---|" + "---|" * len(measured))
    for name in dict.fromkeys(name for one in measured.values() for name in one):
        print(f"| {name} | " + " | ".join(str(one.get(name, "")) for one in measured.values()), "|")


def _measured(folder: Path, work: Path, rows: int, stages: list[str]) -> dict[str, Any]:
    """Run the stages that were not through yet."""
    kept = work / str(rows) / "measured.json"
    found: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {}
    for name in stages:
        if f"{name} MB" in found:
            continue
        began = time.monotonic()
        command = [
            sys.executable,
            "-m",
            "benchmarks.scale.growth",
            str(folder),
            "--work",
            str(work),
        ]
        command += ["--stage", name, str(rows)]
        said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        found |= json.loads(said.splitlines()[-1])
        found[f"load after {name}"] = round(os.getloadavg()[0], 1)
        kept.write_text(json.dumps(found, indent=1))
        print(f"{rows:,}: {name}, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return found


def _fill(folder: Path, work: Path, rows: int) -> dict[str, Any]:
    """Make the rows: real pictures through the gallery's own way, the others by their columns."""
    from lookalike import Gallery

    place = work / str(rows)
    for name in ("gallery", "files", "new"):
        shutil.rmtree(place / name, ignore_errors=True)
    mixture = _mixture(folder, work)
    for number, file in enumerate(_files(folder)[:REAL]):
        (place / "files").mkdir(exist_ok=True)
        shutil.copyfile(file, place / "files" / f"{number}.jpg")
    gallery = Gallery.open(place / "gallery")
    gallery.index(place / "files")
    store = _store(work, rows)
    random = np.random.default_rng(rows)
    for start in range(REAL, rows, ROWS_AT_ONCE):
        count = min(ROWS_AT_ONCE, rows - start)
        store.pictures.write(_made(mixture, place, start, count, random), replace=False)
    real = np.load(work / "real.npy")
    made = mixture.drawn(len(real), random)
    median = [np.median(neighbour_cosines(some), axis=0).round(3) for some in (real, made)]
    return {"cosine with neighbours 1, 10, 100, real / made": f"{median[0]} / {median[1]}"}


def _build(_folder: Path, work: Path, rows: int) -> dict[str, Any]:
    store = _store(work, rows)
    took = _seconds(store.optimize)
    on_disk = sum(file.stat().st_size for file in store.pictures.uri.rglob("*") if file.is_file())
    return {
        "index built, s": round(took, 1),
        "bytes on disk a row, without fingerprints": round(on_disk / store.pictures.count()),
    }


def _exact(folder: Path, work: Path, rows: int) -> dict[str, Any]:
    """Find what is nearest for certain, among all rows and among those of each filter."""
    queries = _mixture(folder, work).drawn(QUERIES, np.random.default_rng(1))
    np.save(work / str(rows) / "queries.npy", queries)
    store = _store(work, rows)
    for number, where in enumerate([None, *FILTERS.values()]):
        best = np.full((QUERIES, TOP), -2.0, np.float32)
        paths = np.full((QUERIES, TOP), "", dtype=object)
        for batch in store.pictures.scan(["path", "vector"], where):
            vectors = batch.column("vector").flatten().to_numpy(zero_copy_only=False)
            some = vectors.reshape(-1, store.dimensions).astype(np.float32)
            some /= np.linalg.norm(some, axis=1, keepdims=True)
            names = np.array(batch.column("path").to_pylist(), dtype=object)
            both = np.concatenate([best, queries @ some.T], axis=1)
            order = np.argpartition(-both, TOP - 1, axis=1)[:, :TOP]
            best = np.take_along_axis(both, order, 1)
            old = np.take_along_axis(paths, np.minimum(order, TOP - 1), 1)
            paths = np.where(order < TOP, old, names[np.maximum(order - TOP, 0)])
        np.save(work / str(rows) / f"exact{number}.npy", paths.astype(str))
    return {}


def _first(_folder: Path, work: Path, rows: int) -> dict[str, Any]:
    """Ask once from the command line, as a user does."""
    place = work / str(rows)
    command = [sys.executable, "-m", "lookalike", "search", place / "files" / "0.jpg", "--json"]
    command += ["--gallery", place / "gallery"]
    return {
        "first search, process start to end, s": round(
            _seconds(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)), 2
        )
    }


def _ask(_folder: Path, work: Path, rows: int) -> dict[str, Any]:
    """Search by vectors: the index part."""
    store, place = _store(work, rows), work / str(rows)
    queries = np.load(place / "queries.npy")
    found: dict[str, Any] = {}
    for number, (name, where) in enumerate({"": None, **FILTERS}.items()):
        exact = np.load(place / f"exact{number}.npy")
        store.nearest(queries[0], TOP, None, where)
        took, hits = [], 0
        for query, best in zip(queries, exact, strict=True):
            began = time.perf_counter()
            rows_found = store.nearest(query, TOP, None, where)
            took.append(time.perf_counter() - began)
            hits += len({row["path"] for row in rows_found} & set(best))
        among = f", {name} of rows allowed" if name else ""
        found[f"index, p50 / p99, ms{among}"] = _percentiles(took)
        found[f"recall@{TOP}{among}"] = round(hits / exact.size, 4)
    took = [_seconds(lambda query=query: store.nearest(query, 1_000)) for query in queries[:50]]
    found["index, 1,000 hits, p50 / p99, ms"] = _percentiles(took)
    began = time.perf_counter()
    for start in range(0, QUERIES, 64):
        some = queries[start : start + 64]
        store.nearest_many(some, TOP, [None] * len(some))
    found["index, 64 queries at once, ms a query"] = _ms((time.perf_counter() - began) / QUERIES)
    return found


def _files_asked(_folder: Path, work: Path, rows: int) -> dict[str, Any]:
    """Search by edited pictures: from the file to the hits."""
    from lookalike import Gallery

    gallery = Gallery.open(work / str(rows) / "gallery")
    asked = [work / str(rows) / "files" / f"{number}.jpg" for number in range(ASKED_FILES)]
    queries = edited(asked, np.random.default_rng(3))
    found: dict[str, Any] = {}
    for name, copies in (("copies proved", True), ("by likeness alone", False)):
        gallery.search(queries[-1], copies=copies)
        first, took = 0, []
        for number, query in enumerate(queries):
            began = time.perf_counter()
            result = gallery.search(query, copies=copies)
            took.append(time.perf_counter() - began)
            first += os.path.basename(result[0].path) == f"{number}.jpg"
        found[f"file to hits, {name}, p50 / p99, ms"] = _percentiles(took)
        found[f"the original comes first, {name}"] = first / len(queries)
        many = _seconds(lambda copies=copies: list(gallery.search_many(queries, copies=copies)))
        found[f"many at once, {name}, ms a query"] = _ms(many / len(queries))
    thousand = [
        _seconds(lambda query=query: gallery.search(query, copies=False, top=1_000))
        for query in queries[:30]
    ]
    found["file to 1,000 hits, by likeness alone, p50 / p99, ms"] = _percentiles(thousand)
    return found


def _add(folder: Path, work: Path, rows: int) -> dict[str, Any]:
    """Add rows until they are found: the whole but decoding and encoding, then one whole file."""
    from lookalike import Gallery
    from lookalike.ingest.seen import SeenFiles
    from lookalike.types import Record, Source

    place = work / str(rows)
    gallery = Gallery.open(place / "gallery")
    store = _store(work, rows)
    vectors = _mixture(folder, work).drawn(ADDED, np.random.default_rng(2)).astype(np.float16)
    records = [
        Record(
            Source(f"{place.resolve()}/files/added/{n}.jpg", n, n), bytes([n % 256] * 16), 1, 2, v
        )
        for n, v in enumerate(vectors)
    ]
    known = _seconds(lambda: SeenFiles(store))
    began = time.perf_counter()
    store.add(records, replace=False)
    store.optimize()
    hits = store.nearest(vectors[7].astype(np.float32), 1)
    took = time.perf_counter() - began
    if not hits[0]["path"].endswith("added/7.jpg"):
        raise SystemExit("What was added is not found.")
    (place / "new").mkdir(exist_ok=True)
    new = _files(folder)[REAL + 1]
    shutil.copyfile(new, place / "new" / "new.jpg")
    one = _seconds(lambda: gallery.index(place / "new"))
    if gallery.search(place / "new" / "new.jpg")[0].kind != "exact":
        raise SystemExit("What was indexed is not found.")
    return {
        f"{ADDED:,} rows added until found, s": round(known + took, 2),
        "of this, reading what the gallery has, s": round(known, 2),
        "one more file indexed, s": round(one, 2),
    }


def _prune(_folder: Path, work: Path, rows: int) -> dict[str, Any]:
    """Look whether each row's file is there (none of the made ones is), then remove some rows."""
    from lookalike import Gallery

    place = work / str(rows)
    gallery = Gallery.open(place / "gallery")
    look = _seconds(lambda: gallery.prune(dry_run=True))
    remove = _seconds(lambda: gallery.remove(place.resolve() / "files" / "added"))
    return {
        "prune, each file looked for, s": round(look, 1),
        f"{ADDED:,} rows removed, s": round(remove, 2),
    }


def _pairs(_folder: Path, work: Path, rows: int) -> dict[str, Any]:
    """Find what `duplicates` compares for its vectors' sake, and how many of the nearest it has."""
    from lookalike.duplicates.neighbours import find_neighbour_pairs
    from lookalike.duplicates.pairs import MAX_CANDIDATES, MIN_COSINE

    store = _store(work, rows)
    vectors = np.empty((store.pictures.count(), store.dimensions), np.float16)
    start = 0
    for batch in store.pictures.scan(["vector"]):
        flat = batch.column(0).flatten().to_numpy(zero_copy_only=False)
        vectors[start : start + len(batch)] = flat.reshape(len(batch), -1)
        start += len(batch)
    began = time.perf_counter()
    near = find_neighbour_pairs(vectors, min_cosine=MIN_COSINE, max_neighbours=MAX_CANDIDATES)
    took = time.perf_counter() - began
    keys = near.lower * len(vectors) + near.higher
    some = np.random.default_rng(5).permutation(len(vectors))[:200]
    best, cosines = _nearest(vectors, some)
    some, best = some[cosines > MIN_COSINE], best[cosines > MIN_COSINE]
    is_found = np.isin(np.minimum(some, best) * len(vectors) + np.maximum(some, best), keys)
    return {
        "pairs for duplicates by vectors, s": round(took, 1),
        "pairs found": len(keys),
        f"nearest row, if its cosine is above {MIN_COSINE}, found": (
            f"{is_found.sum()} of {len(some)}"
        ),
    }


def _nearest(
    vectors: NDArray[np.float16], some: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Find for some rows the other row of the greatest cosine, exactly; and that cosine."""
    asked = vectors[some].astype(np.float32)
    best, most = np.zeros(len(some), np.int64), np.full(len(some), -1, np.float32)
    for start in range(0, len(vectors), ROWS_AT_ONCE):
        cosines = asked @ vectors[start : start + ROWS_AT_ONCE].astype(np.float32).T
        own = np.flatnonzero((start <= some) & (some < start + cosines.shape[1]))
        cosines[own, some[own] - start] = -1
        better = cosines.max(axis=1) > most
        most[better] = cosines[better].max(axis=1)
        best[better] = start + cosines[better].argmax(axis=1)
    return best, most


STAGES: dict[str, Callable[[Path, Path, int], dict[str, Any]]] = {
    "fill": _fill,
    "build": _build,
    "exact": _exact,
    "first": _first,
    "search": _ask,
    "files": _files_asked,
    "add": _add,
    "prune": _prune,
    "pairs": _pairs,
}


def _mixture(folder: Path, work: Path) -> Mixture:
    from lookalike import encoders
    from lookalike.ingest.embed import embed

    kept = work / "real.npy"
    if not kept.exists():
        np.save(kept, embed([str(file) for file in _files(folder)], encoders.load()).vectors)
    return Mixture.fitted(np.load(kept), np.random.default_rng(0))


def _made(
    mixture: Mixture, place: Path, start: int, count: int, random: np.random.Generator
) -> dict[str, Any]:
    """Draw rows as the table of pictures has them."""
    import pyarrow as pa

    numbers = np.arange(start, start + count)
    vectors = mixture.drawn(count, random).astype(np.float16)
    hashes = random.integers(256, size=(count, 16), dtype=np.uint8)
    buffers = [None, pa.py_buffer(hashes)]
    root = place.resolve() / "files"
    return {
        "path": [f"{root}/{number // 1_000:05}/IMG_{number:08}.jpg" for number in numbers],
        "size": random.integers(100_000, 5_000_000, count),
        "mtime_ns": 1_700_000_000_000_000_000 + numbers * 1_000_000_007,
        "content_hash": pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), count, buffers),
        "width": random.integers(1, 101, count).astype(np.int32),
        "height": np.ones(count, np.int32),
        "vector": pa.FixedSizeListArray.from_arrays(vectors.ravel(), vectors.shape[1]),
        "metadata": pa.nulls(count, pa.string()),
    }


def _files(folder: Path) -> list[Path]:
    """List the pictures of a folder, the same in each run, in no order."""
    files = sorted(folder.resolve().rglob("*.jpg"))
    return [files[k] for k in np.random.default_rng(4).permutation(len(files))]


def _store(work: Path, rows: int) -> Store:
    from lookalike.storage.manifest import Manifest
    from lookalike.storage.store import Store

    gallery = work / str(rows) / "gallery"
    manifest = Manifest.read(gallery)
    if manifest is None:
        raise SystemExit(f"{gallery} is not there; remove {gallery.parent} and start again.")
    return Store(gallery, manifest.table, manifest.encoder.dimensions)


def _seconds(do: Callable[[], Any]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 1)


def _percentiles(seconds: list[float]) -> str:
    low, high = np.percentile(seconds, [50, 99])
    return f"{_ms(low)} / {_ms(high)}"


def _draw(measured: dict[int, dict[str, Any]], path: Path) -> None:
    """Draw the growth of what matters, on logarithmic axes."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.ticker import LogLocator, NullLocator

    panels: dict[str, tuple[str, ...]] = {
        "ms (p50)": (
            "index, p50 / p99, ms",
            "index, p50 / p99, ms, 1% of rows allowed",
            "index, p50 / p99, ms, 50% of rows allowed",
            "file to hits, copies proved, p50 / p99, ms",
            "file to hits, by likeness alone, p50 / p99, ms",
        ),
        "seconds": (
            "index built, s",
            f"{ADDED:,} rows added until found, s",
            "one more file indexed, s",
            "first search, process start to end, s",
            "pairs for duplicates by vectors, s",
        ),
        "MB, peak": ("search MB", "files MB", "build MB", "add MB"),
    }
    figure, axes = plt.subplots(1, len(panels), figsize=(13, 4.2), layout="constrained")
    sizes = list(measured)
    for axis, (unit, names) in zip(axes, panels.items(), strict=True):
        for name in names:
            values: NDArray[np.float64] = np.array(
                [float(str(measured[size].get(name, "nan")).split(" / ")[0]) for size in sizes]
            )
            label = re.sub(r", p50 / p99, ms|, s$| MB$", "", name)
            axis.plot(sizes, values, marker="o", label=label)
        axis.set(xscale="log", yscale="log", xlabel="rows", ylabel=unit)
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.yaxis.set_minor_locator(NullLocator())
        axis.xaxis.set_minor_locator(NullLocator())
        for one in (axis.xaxis, axis.yaxis):
            one.set_major_formatter("{x:,g}")
        axis.legend(fontsize=7)
        axis.grid(alpha=0.3)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
