"""What the runners share: a verb in, one line of JSON out.

A runner is a short script, run by `benchmarks.peers` in its peer's own environment:

    run_NAME.py [--variant NAME] VERB ARGUMENT...

    index FOLDER PLACE     make the searchable collection of FOLDER in PLACE, or bring it up to date
    count PLACE            tell how many pictures are in it                  {"pictures": 9144}
    ask PLACE QUERY        answer once                                       {"hits": 10}
    warm PLACE QUERIES     answer each of a file's paths, and time each      {"ms": [12.1, 11.8]}
    grow PLACE NEW ROWS    make NEW of PLACE, its rows repeated with noise   {"pictures": 100000}

What `index`, `ask` take is told by who waits for the process. Everything that a peer prints goes to
stderr: stdout has the line of JSON and nothing else.
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

NOISE = 0.5  # the length of what makes a repeated vector another, beside the vector's own of 1
TOP = 10
WARM_UPS = 3  # first answers load what is loaded late


class Peer(Protocol):
    """What a runner offers; `place` is a folder of its own, which may not be there yet."""

    def index(self, folder: Path, place: Path) -> None:
        """Make the collection, or bring it up to date where the peer can."""
        ...

    def count(self, place: Path) -> int:
        """Count its pictures."""
        ...

    def ask(self, place: Path, query: str) -> int:
        """Answer one query from nothing; give the number of hits."""
        ...

    def open(self, place: Path) -> Callable[[str], int]:
        """Load what stays loaded, and give what answers a path with the number of hits."""
        ...

    def grow(self, place: Path, new: Path, rows: int) -> None:
        """Make another place of so many rows."""
        ...


def serve(make: Callable[[str], Peer]) -> None:
    """Carry out the command line with the peer that `make` gives for the variant."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--variant", default="")
    parser.add_argument("verb", choices=["index", "count", "ask", "warm", "grow"])
    parser.add_argument("arguments", nargs="+")
    options = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    answer = _carry_out(make(options.variant), options.verb, options.arguments)
    answers.write(json.dumps(answer) + "\n")
    answers.close()


def _carry_out(peer: Peer, verb: str, arguments: list[str]) -> dict[str, Any]:
    place = Path(arguments[0])
    if verb == "index":
        Path(arguments[1]).mkdir(parents=True, exist_ok=True)
        peer.index(place, Path(arguments[1]))
        return {}
    if verb == "count":
        return {"pictures": peer.count(place)}
    if verb == "ask":
        return {"hits": peer.ask(place, arguments[1])}
    if verb == "warm":
        return {"ms": _timed(peer.open(place), Path(arguments[1]).read_text("utf-8").split("\n"))}
    new = Path(arguments[1])
    new.mkdir(parents=True)
    peer.grow(place, new, int(arguments[2]))
    return {"pictures": peer.count(new)}


def _timed(answer: Callable[[str], int], queries: list[str]) -> list[float]:
    took = []
    for query in [*queries[:WARM_UPS], *queries]:
        began = time.perf_counter()
        hits = answer(query)
        took.append(1000 * (time.perf_counter() - began))
        if not hits:
            raise RuntimeError(f"no hits for {query}")
    return took[WARM_UPS:]


def repeated(vectors: np.ndarray, rows: int) -> np.ndarray:
    """Repeat vectors [N, D] up to `rows`, each repetition with noise and of its old length.

    The first N stay as they are. Copies without noise would all be equally near, which no index of
    neighbours is made for.
    """
    import numpy as np

    random = np.random.default_rng(0)
    more = vectors[np.arange(len(vectors), max(rows, len(vectors))) % len(vectors)]
    lengths = np.linalg.norm(more, axis=1, keepdims=True)
    noise = random.standard_normal(more.shape, np.float32) * (NOISE / np.sqrt(more.shape[1]))
    moved = more + noise * lengths
    moved *= lengths / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-12)
    return np.concatenate([vectors, moved.astype(vectors.dtype)])[:rows]
