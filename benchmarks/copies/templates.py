"""Measure whether documents and screens of one template are told apart.

    python -m benchmarks.copies.templates PHOTOS [--pairs 1000] [--half test|development]
        [--through compare|fingerprint] [--kind KIND]... [--template NAME]... [--seed 0]
        [--keep OUT] [--json OUT]

Documents, screens and graphics are drawn by template, with photographs of the folder PHOTOS for
their pictures: those whose number is divisible by 3 for the test half, the others for the
development half, which has templates of its own. The pairs:

quarter
    One template, other content: at least a quarter of what there is to see differs, measured on
    the drawings. Must be called neither exact nor copy.
small
    One line, field, character, tick or small picture differs. Must not be called exact, and a copy
    only with a box on the place.
same
    A drawing or photograph, and itself re-saved, resized, shown on a screen or cropped. Must be
    called exact or copy, without any difference if it is only re-saved or resized.
pasted
    A photograph, and a screen or document that shows it, whole or cropped. Must be called a copy;
    another photograph in the same frame must not.

There are a quarter as many pairs of the last two kinds. Half of the pairs are saved as PNG, half as
JPEG, and a quarter of them at two scales or in two ways.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.collection import is_test
from benchmarks.copies.drawn.pairs import HALVES, KINDS, make_pair
from benchmarks.copies.judging import ANSWERS, ASKED, Judgement, judge
from benchmarks.report import Progress, facts_line, markdown_table, versions
from lookalike.copies import single_threaded
from lookalike.sources import walk

if TYPE_CHECKING:
    from collections.abc import Sequence

CONTROLS = {"same", "pasted"}  # kinds of pairs that must be copies
CONTROL_SHARE = 4  # one of them for so many of the others


def main() -> None:
    """Draw, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, help="photographs, at any depth")
    parser.add_argument("--pairs", type=int, default=1000, help="of `quarter`, and of `small`")
    parser.add_argument("--half", choices=list(HALVES), default="test")
    parser.add_argument("--through", choices=list(ASKED), default="compare")
    parser.add_argument("--kind", choices=list(KINDS), action="append", help="repeatable")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="keep the files here, with pairs.json")
    parser.add_argument("--json", type=Path, help="write every judgement to this file, too")
    options = parser.parse_args()
    photos = photographs(options.photos, half=options.half)
    if len(photos) < 2:
        parser.error(f"{options.photos} has too few pictures; give a folder with more.")
    jobs = [
        (kind, number)
        for kind in options.kind or KINDS
        for number in range(options.pairs // (CONTROL_SHARE if kind in CONTROLS else 1))
    ]
    with tempfile.TemporaryDirectory() as folder:
        folder = str(options.keep or folder)
        os.makedirs(folder, exist_ok=True)
        work = partial(
            _made_and_judged,
            half=options.half,
            photos=photos,
            folder=folder,
            seed=options.seed,
            through=options.through,
            is_kept=bool(options.keep),
        )
        judgements, progress = list[Judgement](), Progress("pairs", len(jobs))
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            for judgement in pool.map(work, jobs, chunksize=4):
                judgements.append(judgement)
                progress.advance(1)
    facts = {
        "half": options.half,
        "asked through": options.through,
        "templates": len(HALVES[options.half]),
        "photographs": len(photos),
        "seed": options.seed,
        **versions("lookalike", "pillow", "opencv-python-headless"),
    }
    print(facts_line(facts), end=".\n\n")
    print_tables(judgements)
    report = json.dumps({**facts, "pairs": [asdict(j) for j in judgements]}, indent=1)
    for path in (options.json, options.keep and options.keep / "pairs.json"):
        if path:
            path.write_text(report + "\n", encoding="utf-8")


def photographs(folder: Path, *, half: str) -> list[str]:
    """List the pictures of one half, in order."""
    sources = sorted(walk(str(folder.resolve())), key=lambda source: source.path)
    return [source.path for source in sources if is_test(source) == (half == "test")]


def print_tables(judgements: Sequence[Judgement]) -> None:
    """Print what was said of each kind of pair, and for each template how often it was wrong."""
    counts = collections.Counter((j.pair.kind, j.answer) for j in judgements)
    wrong = collections.Counter((j.pair.kind, j.pair.template) for j in judgements if j.is_wrong)
    total = collections.Counter((j.pair.kind, j.pair.template) for j in judgements)
    kinds = [kind for kind in KINDS if any(k == kind for k, _ in total)]
    rows = [
        [
            kind,
            sum(n for (k, _), n in total.items() if k == kind),
            *(counts[kind, answer] for answer in ANSWERS),
            sum(n for (k, _), n in wrong.items() if k == kind),
        ]
        for kind in kinds
    ]
    print(markdown_table(["pairs", "number", *ANSWERS, "wrong"], rows) + "\n")
    names = list(dict.fromkeys(j.pair.template for j in judgements))
    rows = [
        [name, *(f"{wrong[kind, name]} of {total[kind, name]}" for kind in kinds)] for name in names
    ]
    print(markdown_table(["wrong, by template", *kinds], rows) + "\n")
    whys = collections.Counter((j.pair.kind, j.why) for j in judgements if j.is_wrong)
    print(markdown_table(["pairs", "why", "number"], [[*k, n] for k, n in whys.most_common()]))


def _made_and_judged(
    job: tuple[str, int],
    *,
    half: str,
    photos: Sequence[str],
    folder: str,
    seed: int,
    through: str,
    is_kept: bool,
) -> Judgement:
    pair = make_pair(*job, half=half, photos=photos, folder=folder, seed=seed)
    ask = ASKED[through]
    with single_threaded():
        decoy = ask(pair.one, pair.decoy) if pair.decoy else None
        judgement = judge(pair, ask(pair.one, pair.other), decoy)
    if not is_kept:
        for path in filter(None, (pair.one, pair.other, pair.decoy)):
            os.remove(path)
    return judgement


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("Stopped; no result was saved. Run the command again to start over.", file=sys.stderr)
        raise SystemExit(130) from None
