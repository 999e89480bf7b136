"""The command line that all runners share: a verb in, one line of JSON out.

A runner is a short script, run by `benchmarks.peers` in its peer's own environment:

    run_NAME.py [--variant NAME] VERB ARGUMENT...

    index FOLDER DATA      index FOLDER into the folder DATA, or update it
    count DATA             count the indexed pictures                      {"pictures": 9144}
    search DATA QUERY      search once                                     {"hits": 10}
    warm DATA QUERIES      search and time each path listed in a file      {"ms": [12.1, 11.8]}
    grow DATA NEW ROWS     copy DATA to NEW, repeating rows with noise     {"pictures": 100000}

The caller measures how long `index` and `search` take. Whatever a peer prints goes to stderr:
stdout has only the line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

NOISE = 0.5  # length of the noise in a repeated vector, relative to the vector's
TOP = 10
WARM_UPS = 3  # the first searches load what is loaded lazily


class Peer(Protocol):
    """What a runner implements; `data` is the folder of its index."""

    def index(self, folder: Path, data: Path) -> None:
        """Index a folder, or update the index if the peer can."""
        ...

    def count(self, data: Path) -> int:
        """Count the indexed pictures."""
        ...

    def search(self, data: Path, query: str) -> int:
        """Load everything, search once, and return the number of hits."""
        ...

    def open(self, data: Path) -> Callable[[str], int]:
        """Load everything; return a function that searches with a path and counts the hits."""
        ...

    def grow(self, data: Path, new: Path, rows: int) -> None:
        """Make an index with `rows` rows in the folder `new`."""
        ...


def main(create: Callable[[str], Peer]) -> None:
    """Run the verb of the command line with the peer that `create` returns for the variant."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--variant", default="")
    parser.add_argument("verb", choices=["index", "count", "search", "warm", "grow"])
    parser.add_argument("arguments", nargs="+")
    options = parser.parse_args()
    stdout = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    output = _run_verb(create(options.variant), options.verb, options.arguments)
    stdout.write(json.dumps(output) + "\n")
    stdout.close()


def _run_verb(peer: Peer, verb: str, arguments: list[str]) -> dict[str, Any]:
    if verb == "index":
        folder, data = map(Path, arguments)
        data.mkdir(parents=True, exist_ok=True)
        peer.index(folder, data)
        return {}
    data = Path(arguments[0])
    if verb == "count":
        return {"pictures": peer.count(data)}
    if verb == "search":
        return {"hits": peer.search(data, arguments[1])}
    if verb == "warm":
        queries = Path(arguments[1]).read_text("utf-8").split("\n")
        return {"ms": _milliseconds(peer.open(data), queries)}
    new = Path(arguments[1])
    new.mkdir(parents=True)
    peer.grow(data, new, int(arguments[2]))
    return {"pictures": peer.count(new)}


def _milliseconds(search: Callable[[str], int], queries: list[str]) -> list[float]:
    milliseconds = []
    for query in [*queries[:WARM_UPS], *queries]:
        start = time.perf_counter()
        hits = search(query)
        milliseconds.append(1000 * (time.perf_counter() - start))
        if not hits:
            raise RuntimeError(f"no hits for {query}")
    return milliseconds[WARM_UPS:]


def repeat_with_noise(vectors: np.ndarray, rows: int) -> np.ndarray:
    """Repeat vectors [N, D] up to `rows`; each repetition has noise and its original length.

    The first N stay unchanged. Without noise all repetitions would be equally near, which no
    nearest-neighbour index is built for.
    """
    import numpy as np

    random = np.random.default_rng(0)
    more = vectors[np.arange(len(vectors), max(rows, len(vectors))) % len(vectors)]
    lengths = np.linalg.norm(more, axis=1, keepdims=True)
    noise = random.standard_normal(more.shape, np.float32) * (NOISE / np.sqrt(more.shape[1]))
    moved = more + noise * lengths
    moved *= lengths / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-12)
    return np.concatenate([vectors, moved.astype(vectors.dtype)])[:rows]
