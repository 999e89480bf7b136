"""Measure whether documents and screens of one template are told apart.

    python -m benchmarks.copies.templates PHOTOS [--pairs 1000] [--half test|development]
        [--through compare|search|fingerprint] [--kind KIND]... [--trash] [--seed 0]
        [--show OUT] [--keep OUT] [--json OUT]

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
    another photograph in the same frame must not, and must not rank before it.

`compare` compares the files, `fingerprint` uses what a gallery stores of the second file, and
`search` searches in a gallery of all second files. With `--trash`, both files of all pairs that
differ are indexed, and it is counted how many of them `duplicates --trash` would move: none may.

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
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageOps

from benchmarks.collection import is_test
from benchmarks.copies.drawn.difference import BACKDROP
from benchmarks.copies.drawn.pairs import HALVES, KINDS, Pair, make_pair
from benchmarks.copies.in_gallery import judge_by_search, offered_for_trash
from benchmarks.copies.judging import ANSWERS, ASKED, Judgement, judge
from benchmarks.processes import in_processes
from benchmarks.report import facts_line, markdown_table, versions
from lookalike.copies import single_threaded
from lookalike.sources import walk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SEARCH = "search"  # in a gallery of all pairs
SHOWN_SIDE = 900  # pixels
CONTROLS = {"same", "pasted"}  # kinds of pairs that must be copies
CONTROL_SHARE = 4  # one of them for so many of the others


def main() -> None:
    """Draw, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, help="photographs, at any depth")
    parser.add_argument("--pairs", type=int, default=1000, help="of `quarter`, and of `small`")
    parser.add_argument("--half", choices=list(HALVES), default="test")
    parser.add_argument("--through", choices=[*ASKED, SEARCH], default="compare")
    parser.add_argument("--kind", choices=list(KINDS), action="append", help="repeatable")
    parser.add_argument("--trash", action="store_true", help="also count what would be moved")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", type=Path, help="draw what is wrong into this folder")
    parser.add_argument("--keep", type=Path, help="keep the files here, with pairs.json")
    parser.add_argument("--json", type=Path, help="write every judgement to this file, too")
    options = parser.parse_args()
    photos = photographs(options.photos, half=options.half)
    if len(photos) < 2:
        parser.error(f"{options.photos} has too few pictures; give a folder with more.")
    facts = {
        "half": options.half,
        "asked through": options.through,
        "templates": len(HALVES[options.half]),
        "photographs": len(photos),
        "seed": options.seed,
        **versions("lookalike", "pillow", "opencv-python-headless"),
    }
    with tempfile.TemporaryDirectory() as temporary:
        folder = str(options.keep.resolve() if options.keep else temporary)
        os.makedirs(folder, exist_ok=True)
        judgements, offered = _measure(options, photos, folder)
        if options.show:
            show([j for j in judgements if j.is_wrong], options.show)
    print(facts_line(facts), end=".\n\n")
    print_tables(judgements)
    if options.trash:
        print(f"\nWould be moved to the trash: {facts_line(offered)}.")
    report = json.dumps({**facts, "pairs": [asdict(j) for j in judgements]}, indent=1)
    for path in (options.json, options.keep and options.keep / "pairs.json"):
        if path:
            path.write_text(report + "\n", encoding="utf-8")


def _measure(
    options: argparse.Namespace, photos: Sequence[str], folder: str
) -> tuple[list[Judgement], dict[str, int]]:
    """Make the pairs in processes and judge them; count what would be moved."""
    jobs = [
        (kind, number)
        for kind in options.kind or KINDS
        for number in range(options.pairs // (CONTROL_SHARE if kind in CONTROLS else 1))
    ]
    make = partial(make_pair, half=options.half, photos=photos, folder=folder, seed=options.seed)
    # What must outlive the process that made it.
    has_files = options.keep or options.trash or options.show or options.through == SEARCH
    work = partial(_judged, make=make, through=options.through, has_files=has_files)
    judgements = list(in_processes(work, jobs, label="pairs"))
    pairs = [judgement.pair for judgement in judgements]
    if options.through == SEARCH:
        judgements = judge_by_search(pairs, folder)
    return judgements, offered_for_trash(pairs, folder) if options.trash else {}


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


def show(wrong: Sequence[Judgement], folder: Path) -> None:
    """Draw pairs side by side, with the place that differs, as far as it is known."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, judgement in enumerate(wrong):
        pair = judgement.pair
        sides = []
        for path, place in zip((pair.one, pair.other), pair.place or (None, None), strict=True):
            with Image.open(path) as file:
                image = file.convert("RGBA")
            page = Image.new("RGBA", image.size, BACKDROP)
            image = Image.alpha_composite(page, image).convert("RGB")
            if place:
                x, y, width, height = place
                edge = max(max(image.size) // 400, 1)
                box = (x - edge, y - edge, x + width + edge, y + height + edge)
                ImageDraw.Draw(image).rectangle(box, outline="red", width=edge)
            sides.append(ImageOps.contain(image, (SHOWN_SIDE, SHOWN_SIDE)))
        page = Image.new(
            "RGB", (2 * SHOWN_SIDE + 10, max(side.height for side in sides)), "#555555"
        )
        for k, side in enumerate(sides):
            page.paste(side, (k * (SHOWN_SIDE + 10), 0))
        page.save(folder / f"{pair.kind}-{pair.template}-{number:04}.png")


def _judged(
    job: tuple[str, int], *, make: Callable[[str, int], Pair], through: str, has_files: bool
) -> Judgement:
    """Make a pair and judge it; if a gallery will, only make it."""
    pair = make(*job)
    if through == SEARCH:
        return judge(pair, ("different", None))
    ask = ASKED[through]
    with single_threaded():
        decoy = ask(pair.one, pair.decoy) if pair.decoy else None
        judgement = judge(pair, ask(pair.one, pair.other), decoy)
    if not has_files:
        for path in filter(None, (pair.one, pair.other, pair.decoy)):
            os.remove(path)
    return judgement


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("Stopped; no result was saved. Run the command again to start over.", file=sys.stderr)
        raise SystemExit(130) from None
