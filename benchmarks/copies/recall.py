"""Measure how well an edited copy finds its original.

    python -m benchmarks.copies.recall FOLDER [--sample 500] [--encoder NAME]... [--peers]
        [--test3 [--whole]] [--seed 0] [--json OUT]

The gallery holds every picture under FOLDER except `--sample` held-out ones; files with the same
bytes are one picture. The queries are edited copies: as many pictures of the gallery, and the
held-out ones, whose original is not in the gallery, are edited by every edit of `lookalike.edits`
in three strengths. An edit depends only on the seed, the picture's path in FOLDER and the edit's
name, so edits added later don't change the other queries. Pictures are pasted onto held-out ones.
The result of a query is its best hit and the hit's score:

recall@1
    The share of the queries with an original whose best hit is the original.
micro-AP
    The average precision over the results of all queries by descending score: the sum of
    p(i) dr(i), where dr is a share of the queries with an original (Douze et al. 2021, "The 2021
    Image Similarity Dataset and Challenge", arXiv 2106.09672). Results with equal scores count
    together. Here a query has one result; in the paper it may have several.
recall at 99% precision
    The greatest recall at a score threshold above which at most 1% of the results are wrong.

Pictures with another file of the same shot are in the gallery but are not queries, as either file
could be the original. With `--test3`, neither are pictures of Caltech-101's Faces, Faces_easy
(cropped from Faces), flamingo, flamingo_head (cropped from flamingo) and Leopards (half of which
mirror the others), nor pictures with an edited copy found by eye (see `known_copies.txt`: cropped,
mirrored, recoloured, with text or drawings added). Other near-duplicates count as different
pictures: returning one is an error.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import zlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from PIL import Image

from benchmarks.collection import collect, read_picture
from benchmarks.copies.finders import Finder, LookalikeFinder, VectorFinder, hash_finders
from benchmarks.measure import seconds_of
from benchmarks.report import Progress, facts_line, markdown_table, versions
from lookalike import encoders
from lookalike.decode import from_image
from lookalike.edits.edits import EDITS, HELD_OUT, STRENGTHS
from lookalike.types import Picture

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from lookalike.types import Source


PRECISION = 0.99
PICTURES_PER_BATCH = 48
HOSTS = 16  # held-out pictures that others are pasted onto
TIMED_QUERIES = 100  # searched one by one


def micro_average_precision(
    scores: NDArray[np.float64], correct: NDArray[np.bool_], originals: int
) -> float:
    """Return the average precision over the results of all queries; see the module.

    Args:
        scores: [N], of each query's result.
        correct: [N], whether it is the original.
        originals: how many queries have an original.
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
    """Return the greatest recall at a threshold with this precision; 0 if there is none."""
    precisions, recalls = _curve(scores, correct, originals)
    return float(recalls[precisions >= precision].max(initial=0.0))


def _curve(
    scores: NDArray[np.float64], correct: NDArray[np.bool_], originals: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return precision and recall at each distinct score, in descending order."""
    order = np.argsort(-scores, kind="stable")
    true_positives = np.cumsum(correct[order])
    last = np.append(np.diff(scores[order]) != 0, True)  # of equal scores
    ranks = np.arange(1, len(scores) + 1)
    return true_positives[last] / ranks[last], true_positives[last] / max(originals, 1)


class Query(NamedTuple):
    """An edited picture; `row` is its original's in the gallery, or -1 if that is held out."""

    row: int
    edit: str
    strength: str
    picture: Picture


@dataclass(slots=True)
class FinderResults:
    """A finder's results for all queries, in order, and the time of one query."""

    finder: Finder
    correct: list[bool] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    milliseconds: float = 0.0

    def metrics(self, queries: list[tuple[int, str, str]]) -> dict[str, Any]:
        """Compute the metrics that the module's docstring names."""
        correct, scores = np.array(self.correct), np.array(self.scores)
        has_original = np.array([row >= 0 for row, *_ in queries])
        edits, strengths = (np.array([query[k] for query in queries]) for k in (1, 2))
        held_out = np.isin(edits, list(HELD_OUT))

        def recall(mask: NDArray[np.bool_]) -> float:
            return float(correct[has_original & mask].mean())

        return {
            "finder": self.finder.name,
            "recall@1": recall(has_original),
            "recall@1, edits trained with": recall(~held_out),
            "recall@1, edits held out": recall(held_out),
            "micro-AP": micro_average_precision(scores, correct, int(has_original.sum())),
            "recall at 99% precision": recall_at_precision(
                scores, correct, int(has_original.sum())
            ),
            "ms a query": self.milliseconds,
            "bytes a picture": self.finder.bytes_per_picture(),
            "edits": {
                edit: {s: recall((edits == edit) & (strengths == s)) for s in STRENGTHS}
                for edit in EDITS
            },
        }


def edit_in_all_strengths(
    picture: Picture, key: str, edit: str, hosts: Sequence[Image.Image], seed: int
) -> list[tuple[str, Picture]]:
    """Edit a picture in each of the three strengths."""
    image, copies = Image.fromarray(picture.pixels), []
    for strength, value in STRENGTHS.items():
        random = np.random.default_rng(
            [seed, *(zlib.crc32(k.encode()) for k in (key, edit, strength))]
        )
        copies.append((strength, from_image(EDITS[edit](image, random, value, hosts))))
    return copies


def edited_queries(
    originals: Sequence[tuple[int, Source]],
    hosts: Sequence[Image.Image],
    *,
    folder: Path,
    seed: int,
    threads: int,
) -> Iterator[Query]:
    """Edit pictures in threads, a few ahead of the consumer; unusable files are left out."""
    pool, ahead = ThreadPoolExecutor(threads), deque[Any]()
    try:
        for row, source in originals:
            picture = read_picture(source)
            if picture is None:
                continue
            key = os.path.relpath(source.path, folder).replace(os.sep, "/")
            for edit in EDITS:
                job = pool.submit(edit_in_all_strengths, picture, key, edit, hosts, seed)
                ahead.append((row, edit, job))
                if len(ahead) > 4 * threads:
                    yield from _results(*ahead.popleft())
        for job in ahead:
            yield from _results(*job)
    finally:
        pool.shutdown(cancel_futures=True)


def _results(row: int, edit: str, job: Future[list[tuple[str, Picture]]]) -> list[Query]:
    return [Query(row, edit, strength, picture) for strength, picture in job.result()]


def add_gallery(finders: Sequence[Finder], gallery: Sequence[Source], *, threads: int) -> list[int]:
    """Add the gallery to every finder; return the row of each source, -1 if it is unusable."""
    progress, rows, count = Progress("gallery", len(gallery)), list[int](), 0
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(gallery), PICTURES_PER_BATCH):
            batch = gallery[start : start + PICTURES_PER_BATCH]
            pictures = list(pool.map(read_picture, batch))
            usable = [picture for picture in pictures if picture]
            for finder in finders if usable else ():
                finder.add(usable)
            for picture in pictures:
                rows.append(count if picture else -1)
                count += picture is not None
            progress.advance(len(pictures))
    return rows


def run_queries(
    results: Sequence[FinderResults], queries: Iterator[Query], total: int
) -> list[tuple[int, str, str]]:
    """Run every query with every finder; return the queries without their pictures.

    At the end, about `TIMED_QUERIES` evenly spaced queries run again, one by one, for the time.
    """
    step = max(total // TIMED_QUERIES, 1)
    progress, summary, timed = (
        Progress("queries", total),
        list[tuple[int, str, str]](),
        list[Picture](),
    )
    while batch := list(itertools.islice(queries, PICTURES_PER_BATCH)):
        pictures = [query.picture for query in batch]
        for result in results:
            rows, scores = result.finder.find(pictures)
            result.correct += [q.row >= 0 and q.row == r for q, r in zip(batch, rows, strict=True)]
            result.scores += scores.tolist()
        timed += pictures[-len(summary) % step :: step]
        summary += [(query.row, query.edit, query.strength) for query in batch]
        progress.advance(len(batch))
    for result in results:
        seconds = [seconds_of(partial(result.finder.find, [picture])) for picture in timed]
        result.milliseconds = 1000 * float(np.median(seconds))
    return summary


def print_tables(metrics: Sequence[dict[str, Any]]) -> None:
    """Print two Markdown tables: the metrics of each finder, and its recall@1 for each edit."""
    finders = [row["finder"] for row in metrics]
    names = [name for name in metrics[0] if name not in ("finder", "edits")]
    # The last two are milliseconds and bytes, the others shares.
    formats = [".4f"] * (len(names) - 2) + [",.1f"] * 2
    rows = [
        [row["finder"], *(f"{row[k]:{form}}" for k, form in zip(names, formats, strict=True))]
        for row in metrics
    ]
    print(markdown_table(["finder", *names], rows) + "\n")
    rows = [
        [
            f"{edit} (held out)" if edit in HELD_OUT else edit,
            *(" / ".join(f"{v:.2f}" for v in row["edits"][edit].values()) for row in metrics),
        ]
        for edit in EDITS
    ]
    print(markdown_table([f"recall@1: {' / '.join(STRENGTHS)}", *finders], rows))


def main() -> None:
    """Measure, print, write the JSON file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="pictures, at any depth")
    parser.add_argument("--sample", type=int, default=500, help="pictures to edit, and to hold out")
    parser.add_argument("--encoder", action="append", help="name or .onnx file (repeatable)")
    parser.add_argument("--peers", action="store_true", help="also measure pHash, dHash and PDQ")
    parser.add_argument("--test3", action="store_true", help="only Caltech-101's test pictures")
    parser.add_argument("--whole", action="store_true", help="with --test3: all in the gallery")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write the metrics to this file, too")
    options = parser.parse_args()
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    threads = threads or 1
    finders: list[Finder] = [LookalikeFinder(encoders.load(), threads=threads)]
    finders += [
        VectorFinder(encoders.load(name), threads=threads)
        for name in options.encoder or [encoders.DEFAULT_ENCODER]
    ]
    finders += hash_finders() if options.peers else []

    folder = options.folder.resolve()
    sources, *_ = collection = collect(
        folder, test3=options.test3, whole=options.whole, threads=threads
    )
    random = np.random.default_rng(options.seed)
    chosen = list(itertools.islice(collection.shuffled_queries(random), 2 * options.sample))
    held_out, sample = chosen[: options.sample], chosen[options.sample :]
    if len(sample) < options.sample or options.sample < 1:
        usable = f"only {len(chosen)} of {len(sources)} pictures can be queries"
        parser.error(f"--sample needs twice as many pictures, but {usable}; choose fewer.")
    gallery = [k for k in range(len(sources)) if k not in set(held_out)]
    gallery_rows = add_gallery(finders, [sources[k] for k in gallery], threads=threads)
    rows = dict(zip(gallery, gallery_rows, strict=True))
    present = [(rows[k], sources[k]) for k in sample if rows[k] >= 0]
    absent = [(-1, sources[k]) for k in held_out]
    hosts = [p for p in (read_picture(source) for _, source in absent[:HOSTS]) if p]
    images = [Image.fromarray(picture.pixels) for picture in hosts]
    originals = [item for pair in itertools.zip_longest(present, absent) for item in pair if item]
    results = [FinderResults(finder) for finder in finders]
    stream = edited_queries(originals, images, folder=folder, seed=options.seed, threads=threads)
    queries = run_queries(results, stream, len(originals) * len(EDITS) * len(STRENGTHS))
    metrics = [result.metrics(queries) for result in results]

    facts = {
        "gallery": sum(row >= 0 for row in rows.values()),
        "queries with an original": sum(row >= 0 for row, *_ in queries),
        "queries without": sum(row < 0 for row, *_ in queries),
        "cores": threads,
        "seed": options.seed,
        **versions("lookalike", "onnxruntime", "pillow", "numpy"),
        **(versions("imagehash", "pdqhash") if options.peers else {}),
    }
    print(facts_line(facts), end=".\n\n")
    print_tables(metrics)
    if options.json:
        report = json.dumps({**facts, "finders": metrics}, indent=2)
        options.json.write_text(report + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("Stopped; no result was saved. Run the command again to start over.", file=sys.stderr)
        raise SystemExit(130) from None
