"""How well an edited copy finds its original.

    python -m benchmarks.copies.recall FOLDER [--sample 500] [--encoder NAME]... [--peers]
        [--test3 [--whole]] [--seed 0] [--json OUT]

The gallery is every picture under FOLDER but `--sample` of them, held out; files of the same bytes
are one picture. Queries: as many pictures of the gallery, and those held out, which have no
original to be found, each edited by every edit of `lookalike.edits` in three strengths. A
copy hangs on the seed, the picture's path below FOLDER and the edit's name alone, so that an edit
added later leaves the other queries as they are; what pictures are pasted onto is held out, too.
Each query is answered by its best hit and that hit's score:

recall@1
    share of the queries with an original whose best hit it is.
micro-AP
    all answers in one list by descending score, average precision over it: the sum of p(i) dr(i),
    with dr in shares of all queries that have an original (Douze et al. 2021, "The 2021 Image
    Similarity Dataset and Challenge", arXiv 2106.09672); answers of the same score count
    together. There a query may have many answers, here it has one.
recall at 99% precision
    the most originals found at a score above which at most one answer in a hundred is wrong.

Pictures of which the folder holds another file of the same shot, saved anew, are in the gallery,
but not asked with: which is the original could not be said. With `--test3` so are Caltech-101's
Faces, Faces_easy (cut from Faces), flamingo, flamingo_head (likewise), Leopards (of which half are
mirror images of the others), and those of which another file is an edited copy by eye (see
`known_copies.txt`: cut, mirrored, recoloured, lettered, drawn into).
Other near-duplicates count as different pictures: to answer with one is an error.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import sys
import time
import zlib
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from PIL import Image

from benchmarks.collection import Line, collect, decoded
from benchmarks.copies.finders import Descriptor, Finder, Verified, peers
from lookalike import encoders
from lookalike.decode import from_image
from lookalike.edits.edits import EDITS, HELD_OUT, STRENGTHS
from lookalike.types import Picture

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from lookalike.types import Source


PRECISION = 0.99
BATCH = 48  # pictures that a finder gets at once
HOSTS = 16  # held-out pictures that others are pasted onto
TIMED = 100  # queries asked one by one for the time of one


def micro_average_precision(
    scores: NDArray[np.float64], correct: NDArray[np.bool_], originals: int
) -> float:
    """Average precision of all answers in one list; see the module.

    `scores` and `correct` are [N], `originals` counts the queries that have one.
    """
    precision, recall = _curve(scores, correct, originals)
    return float((np.diff(recall, prepend=0.0) * precision).sum())


def recall_at_precision(
    scores: NDArray[np.float64],
    correct: NDArray[np.bool_],
    originals: int,
    *,
    precision: float = PRECISION,
) -> float:
    """Return the greatest recall at a threshold that keeps the precision; 0 where none does."""
    precisions, recalls = _curve(scores, correct, originals)
    return float(recalls[precisions >= precision].max(initial=0.0))


def _curve(
    scores: NDArray[np.float64], correct: NDArray[np.bool_], originals: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Precision and recall at each distinct score, from the highest down."""
    order = np.argsort(-scores, kind="stable")
    found = np.cumsum(correct[order])
    last = np.append(np.diff(scores[order]) != 0, True)  # of those that are equal
    ranks = np.arange(1, len(scores) + 1)
    return found[last] / ranks[last], found[last] / max(originals, 1)


class Query(NamedTuple):
    """An edited picture; `row` is its original's, -1 where there is none."""

    row: int
    edit: str
    strength: str
    picture: Picture


@dataclass(slots=True)
class Answers:
    """What a finder answered to all queries, in order, and what one took."""

    finder: Finder
    correct: list[bool] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    milliseconds: float = 0.0

    def figures(self, asked: list[tuple[int, str, str]]) -> dict[str, Any]:
        """Return the figures, by the names of the module's docstring."""
        correct, scores = np.array(self.correct), np.array(self.scores)
        has = np.array([row >= 0 for row, *_ in asked])
        edits, strengths = (np.array([query[k] for query in asked]) for k in (1, 2))
        held_out = np.isin(edits, list(HELD_OUT))

        def recall(which: NDArray[np.bool_]) -> float:
            return float(correct[has & which].mean())

        return {
            "finder": self.finder.name,
            "recall@1": recall(has),
            "recall@1, edits trained with": recall(~held_out),
            "recall@1, edits held out": recall(held_out),
            "micro-AP": micro_average_precision(scores, correct, int(has.sum())),
            "recall at 99% precision": recall_at_precision(scores, correct, int(has.sum())),
            "ms a query": self.milliseconds,
            "bytes a picture": self.finder.bytes_a_picture(),
            "edits": {
                edit: {s: recall((edits == edit) & (strengths == s)) for s in STRENGTHS}
                for edit in EDITS
            },
        }


def _edited(
    picture: Picture, key: str, edit: str, hosts: Sequence[Image.Image], seed: int
) -> list[tuple[str, Picture]]:
    """Edit a picture in the three strengths."""
    image, copies = Image.fromarray(picture.pixels), []
    for strength, value in STRENGTHS.items():
        random = np.random.default_rng(
            [seed, *(zlib.crc32(k.encode()) for k in (key, edit, strength))]
        )
        copies.append((strength, from_image(EDITS[edit](image, random, value, hosts))))
    return copies


def queries(
    asked: Sequence[tuple[int, Source]],
    hosts: Sequence[Image.Image],
    *,
    folder: Path,
    seed: int,
    threads: int,
) -> Iterator[Query]:
    """Edit pictures in threads, a few ahead of who takes them; files that fail are left out."""
    pool, ahead = ThreadPoolExecutor(threads), deque[Any]()
    try:
        for row, source in asked:
            picture = decoded(source)
            if picture is None:
                continue
            key = os.path.relpath(source.path, folder).replace(os.sep, "/")
            for edit in EDITS:
                ahead.append((row, edit, pool.submit(_edited, picture, key, edit, hosts, seed)))
                if len(ahead) > 4 * threads:
                    done, name, future = ahead.popleft()
                    yield from (Query(done, name, *copy) for copy in future.result())
        for done, name, future in ahead:
            yield from (Query(done, name, *copy) for copy in future.result())
    finally:
        pool.shutdown(cancel_futures=True)


def fill(finders: Sequence[Finder], gallery: Sequence[Source], *, threads: int) -> list[int]:
    """Show every finder the gallery; return the row of each source, -1 where it can't be used."""
    line, rows, count = Line("gallery", len(gallery)), list[int](), 0
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(gallery), BATCH):
            pictures = list(pool.map(decoded, gallery[start : start + BATCH]))
            usable = [picture for picture in pictures if picture]
            for finder in finders if usable else ():
                finder.add(usable)
            for picture in pictures:
                rows.append(count if picture else -1)
                count += picture is not None
            line.add(len(pictures))
    return rows


def ask(
    answers: Sequence[Answers], stream: Iterator[Query], total: int
) -> list[tuple[int, str, str]]:
    """Ask every finder every query; return the queries without their pictures.

    About `TIMED` of them, evenly spread, are asked again at the end, one by one, and timed.
    """
    step = max(total // TIMED, 1)
    line, asked, timed = Line("queries", total), list[tuple[int, str, str]](), list[Picture]()
    while batch := list(itertools.islice(stream, BATCH)):
        pictures = [query.picture for query in batch]
        for answer in answers:
            rows, scores = answer.finder.find(pictures)
            answer.correct += [q.row >= 0 and q.row == r for q, r in zip(batch, rows, strict=True)]
            answer.scores += scores.tolist()
        timed += pictures[-len(asked) % step :: step]
        asked += [(query.row, query.edit, query.strength) for query in batch]
        line.add(len(batch))
    for answer in answers:
        took = []
        for picture in timed:
            began = time.perf_counter()
            answer.finder.find([picture])
            took.append(time.perf_counter() - began)
        answer.milliseconds = 1000 * float(np.median(took))
    return asked


def show(figures: Sequence[dict[str, Any]]) -> None:
    """Print two Markdown tables: the figures of each finder, and recall@1 of each edit."""
    names = [name for name in figures[0] if name not in ("finder", "edits")]
    print(f"| finder | {' | '.join(names)} |\n|---|{'---|' * len(names)}")
    for row in figures:
        # The last two are milliseconds and bytes, the others shares.
        cells = [f"{row[k]:.4f}" for k in names[:-2]] + [f"{row[k]:,.1f}" for k in names[-2:]]
        print(f"| {row['finder']} | {' | '.join(cells)} |")
    print(f"\n| recall@1: {' / '.join(STRENGTHS)} | {' | '.join(f['finder'] for f in figures)} |")
    print(f"|---|{'---|' * len(figures)}")
    for edit in EDITS:
        cells = [" / ".join(f"{v:.2f}" for v in row["edits"][edit].values()) for row in figures]
        print(f"| {edit}{' (held out)' if edit in HELD_OUT else ''} | {' | '.join(cells)} |")


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="pictures, at any depth")
    parser.add_argument("--sample", type=int, default=500, help="pictures edited; as many held out")
    parser.add_argument("--encoder", action="append", help="a name or an .onnx file; repeatable")
    parser.add_argument("--peers", action="store_true", help="also pHash, dHash and PDQ")
    parser.add_argument("--test3", action="store_true", help="Caltech-101's test pictures only")
    parser.add_argument("--whole", action="store_true", help="with --test3, among all pictures")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="also write the figures into this file")
    options = parser.parse_args()
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    threads = threads or 1
    finders: list[Finder] = [Verified(encoders.load(), threads=threads)]
    finders += [
        Descriptor(encoders.load(name), threads=threads)
        for name in options.encoder or [encoders.DEFAULT_ENCODER]
    ]
    finders += peers() if options.peers else []

    folder = options.folder.resolve()
    sources, *_ = collection = collect(
        folder, test3=options.test3, whole=options.whole, threads=threads
    )
    random = np.random.default_rng(options.seed)
    chosen = list(itertools.islice(collection.chosen(random), 2 * options.sample))
    held_out, sample = chosen[: options.sample], chosen[options.sample :]
    if len(sample) < options.sample or options.sample < 1:
        usable = f"{len(chosen)} of {len(sources)} pictures may be asked with"
        parser.error(f"--sample takes twice as many pictures; {usable}")
    gallery = [k for k in range(len(sources)) if k not in set(held_out)]
    rows = dict(
        zip(gallery, fill(finders, [sources[k] for k in gallery], threads=threads), strict=True)
    )
    there = [(rows[k], sources[k]) for k in sample if rows[k] >= 0]
    absent = [(-1, sources[k]) for k in held_out]
    hosts = [p for p in (decoded(source) for _, source in absent[:HOSTS]) if p]
    images = [Image.fromarray(picture.pixels) for picture in hosts]
    asked_with = [query for pair in itertools.zip_longest(there, absent) for query in pair if query]
    answers = [Answers(finder) for finder in finders]
    stream = queries(asked_with, images, folder=folder, seed=options.seed, threads=threads)
    each = len(EDITS) * len(STRENGTHS)
    asked = ask(answers, stream, len(asked_with) * each)
    figures = [answer.figures(asked) for answer in answers]

    facts = {
        "gallery": sum(row >= 0 for row in rows.values()),
        "queries with an original": sum(row >= 0 for row, *_ in asked),
        "queries without": sum(row < 0 for row, *_ in asked),
        "cores": threads,
        "seed": options.seed,
        "python": platform.python_version(),
        **{name: version(name) for name in ("lookalike", "onnxruntime", "pillow", "numpy")},
        **({name: version(name) for name in ("imagehash", "pdqhash")} if options.peers else {}),
    }
    print(", ".join(f"{name} {value}" for name, value in facts.items()), end=".\n\n")
    show(figures)
    if options.json:
        report = json.dumps({**facts, "finders": figures}, indent=2)
        options.json.write_text(report + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("Stopped; nothing was kept, and the same command starts anew.", file=sys.stderr)
        raise SystemExit(130) from None
