"""Measure how often two shots, or two products of one brand, are taken for copies.

    python -m benchmarks.copies.shots FOLDER... [--pairs 500] [--half test|development]
        [--through compare|fingerprint] [--seed 0] [--show OUT] [--json OUT]

None of these pairs may be called exact or copy; at most 1 in 500 is.

shots
    Two shots of one person, thing or scene. Of Caltech-101's Faces, two pictures of one person,
    every other person for each half; and the pairs listed in `different_shots.txt`, found by eye
    among each picture's nearest in its folder, without real copies: frames of a film, products of
    one brand, things of one kind. A listed pair is used if its pictures are under a FOLDER. All are
    Caltech-101's train pictures (their number is not divisible by 3), or of the data sets that
    `different_shots.txt` names.
packing
    Drawn packages of one brand that differ in kind, colours and pictures, photographed in
    perspective, before photographs of the first FOLDER or on white; one in four pairs without
    moving the camera.

The halves share neither pictures nor labels. Photographs on packages and behind them are those
whose number is divisible by 3 for the test half, the others for development.
"""

from __future__ import annotations

import argparse
import collections
import itertools
import json
import random
import sys
import tempfile
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.collection import is_test, picture_name
from benchmarks.copies.drawn.packages import make_packing
from benchmarks.copies.drawn.pairs import HALVES, Pair
from benchmarks.copies.judging import ASKED, Judgement, judge
from benchmarks.copies.templates import show
from benchmarks.processes import in_processes
from benchmarks.report import facts_line, markdown_table, versions
from lookalike.copies import single_threaded
from lookalike.sources import walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lookalike.types import Source

LISTED = Path(__file__).parent / "different_shots.txt"
FACES = "Faces"
# The first and the last number of each person in Caltech-101's Faces, found by eye.
PERSONS = (
    (1, 21), (22, 41), (42, 46), (47, 68), (69, 89), (90, 112), (113, 132), (133, 137), (138, 158),
    (159, 163), (164, 168), (169, 173), (174, 193), (194, 214), (215, 239), (240, 261), (262, 266),
    (267, 285), (286, 305), (306, 325), (326, 345), (346, 365), (366, 387), (393, 397), (398, 417),
    (418, 435),
)  # fmt: skip
FACES_SHARE = 0.3  # of the pairs of shots, at most
ANSWERS = ("exact", "copy", "near", "different")


def main() -> None:
    """Ask about every pair, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+", help="pictures, at any depth")
    parser.add_argument("--pairs", type=int, default=500, help="of shots, and of products")
    parser.add_argument("--half", choices=list(HALVES), default="test")
    parser.add_argument("--through", choices=list(ASKED), default="fingerprint")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", type=Path, help="draw what is called a copy into this folder")
    parser.add_argument("--json", type=Path, help="write every judgement to this file, too")
    options = parser.parse_args()
    by_folder = [list(walk(str(folder.resolve()))) for folder in options.folders]
    sources = [source for found in by_folder for source in found]
    shots = shot_pairs(sources, options.pairs, half=options.half, seed=options.seed)
    photos = sorted(s.path for s in by_folder[0] if is_test(s) == (options.half == "test"))
    with tempfile.TemporaryDirectory() as folder:
        work = partial(
            _judged,
            half=options.half,
            photos=photos,
            folder=folder,
            seed=options.seed,
            through=options.through,
        )
        jobs: list[Pair | int] = [*shots, *range(options.pairs)]
        judgements = list(in_processes(work, jobs, label="pairs"))
        if options.show:
            show([j for j in judgements if j.is_wrong], options.show)
    facts = {
        "half": options.half,
        "asked through": options.through,
        "seed": options.seed,
        **versions("lookalike", "pillow", "opencv-python-headless"),
    }
    print(facts_line(facts), end=".\n\n")
    print_table(judgements)
    if options.json:
        report = json.dumps({**facts, "pairs": [asdict(j) for j in judgements]}, indent=1)
        options.json.write_text(report + "\n", encoding="utf-8")


def shot_pairs(sources: Sequence[Source], count: int, *, half: str, seed: int) -> list[Pair]:
    """Choose pairs of shots: the listed ones that are there, and as many of persons as are missing.

    Args:
        sources: pictures of any folders.
        count: of the pairs, at most.
        half: `test` or `development`.
        seed: chooses among the pairs.
    """
    paths = {picture_name(source.path): source.path for source in sources}
    listed = [
        Pair("shots", Path(one).parent.name, "listed", paths[one], paths[other])
        for one, other in listed_pairs(half)
        if one in paths and other in paths
    ]
    faces = [s for s in sources if Path(s.path).parent.name == FACES and not is_test(s)]
    persons = list(_pairs_of_persons(faces, PERSONS[list(HALVES).index(half) :: 2]))
    chooser = random.Random(seed)
    few = max(round(count * FACES_SHARE), count - len(listed))
    persons = chooser.sample(persons, min(few, len(persons)))
    listed = chooser.sample(listed, min(count - len(persons), len(listed)))
    return sorted([*listed, *persons], key=lambda pair: (pair.template, pair.one, pair.other))


def listed_pairs(half: str) -> Iterator[tuple[str, str]]:
    """Read one half's pairs of names, like `anchor/image_0001.jpg`."""
    for line in LISTED.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            of_half, one, other = line.split()
            if of_half == half:
                yield one, other


def _pairs_of_persons(
    sources: Sequence[Source], persons: Sequence[tuple[int, int]]
) -> Iterator[Pair]:
    by_number = {int(Path(s.path).stem.rpartition("_")[2]): s.path for s in sources}
    for first, last in persons:
        numbers = [number for number in range(first, last + 1) if number in by_number]
        for one, other in itertools.combinations(numbers, 2):
            yield Pair("shots", FACES, "one person", by_number[one], by_number[other])


def print_table(judgements: Sequence[Judgement]) -> None:
    """Print what was said, by set and by where the pictures are from; then what is a copy."""
    counts: dict[tuple[str, str], collections.Counter[str]] = {}
    for judgement in judgements:
        answer = judgement.answer.partition(",")[0]
        for source in (judgement.pair.template, "all"):
            key = (judgement.pair.kind, source)
            counts.setdefault(key, collections.Counter())[answer] += 1
    rows = [
        [*key, sum(said.values()), *(said[answer] for answer in ANSWERS)]
        for key, said in sorted(counts.items())
    ]
    print(markdown_table(["set", "of", "pairs", *ANSWERS], rows) + "\n")
    for judgement in judgements:
        if judgement.is_wrong:
            pair = judgement.pair
            names = picture_name(pair.one), picture_name(pair.other)
            print(f"{judgement.answer}, {judgement.confidence:.3f}:", *names, pair.what)


def _judged(
    job: Pair | int,
    *,
    half: str,
    photos: Sequence[str],
    folder: str,
    seed: int,
    through: str,
) -> Judgement:
    pair = job
    if not isinstance(pair, Pair):
        pair = make_packing(pair, half=half, photos=photos, folder=folder, seed=seed)
    with single_threaded():
        return judge(pair, ASKED[through](pair.one, pair.other))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("Stopped; no result was saved. Run the command again to start over.", file=sys.stderr)
        raise SystemExit(130) from None
