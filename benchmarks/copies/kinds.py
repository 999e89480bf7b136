"""Measure what an edited copy is called, and whether what was done to it is named.

    python -m benchmarks.copies.kinds FOLDER [--sample 150] [--half test|development] [--seed 0]
        [--json OUT]

Pictures of FOLDER are edited by every edit of `lookalike.edits` in three strengths, and shown in
documents and screens of `benchmarks.copies.templates`: whole (light), cropped by up to a fifth
(medium) or by up to two fifths (strong) first. Each copy is fingerprinted as a query, its original
as a gallery picture, which tells the kind; what was done is told as `lookalike compare` tells it,
by both pictures themselves. Pictures whose number is divisible by 3 are for the test half, the
others for development, as are the templates; pictures with a known copy are left out.

copy
    The share of the copies whose kind is `exact` or `copy`.
named
    The share whose changes name what was done, of those called copies.
also named
    The share whose changes name something that was not done, of those called copies.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import sys
import zlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from benchmarks.collection import collect, is_test, read_picture
from benchmarks.copies.drawn.content import Content
from benchmarks.copies.drawn.pairs import HALVES, cropped
from benchmarks.copies.drawn.sheet import Sheet
from benchmarks.copies.recall import HOSTS, edit_in_all_strengths
from benchmarks.processes import in_processes
from benchmarks.report import facts_line, markdown_table, versions
from lookalike.copies import (
    Fingerprint,
    Side,
    changes,
    fingerprint,
    kind_of,
    look_closely,
    pack,
    single_threaded,
    stored_fingerprint,
    unpack,
    verify,
)
from lookalike.decode import from_image
from lookalike.edits import EDITS, STRENGTHS
from lookalike.types import COPY_KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lookalike.types import Picture, Source

COLOURED = ("grey", "saturated")  # edits that leave a grey picture as it is
GREY_LEVELS = 40  # between the channels, at most
SHOWN = "shown in a template"
MOST_CROPPED = {"light": 0.0, "medium": 0.2, "strong": 0.4}  # before it is shown in a template
# What `changes` says, by the kind of change.
WORDS = {
    "text or graphics added": r"text|graphic|added|covered",
    "black and white": r"black and white|grey",
    "colours changed": r"colour|bright|contrast|negative",
    "blurred": r"blur|sharp",
    "mirrored": r"mirror|flipped",
    "turned": r"turned|rotated",
    "cropped": r"cropped",
    "part of a larger picture": r"part of a larger",
    "stretched": r"stretch|perspective|angle",
    "resized": r"reduced|enlarged",
    "re-saved": r"re-saved|recompressed",
}
_COLOURS, _PART, _ADDED = "colours changed", "part of a larger picture", "text or graphics added"
# What each edit must be called (one of each group), and what it may be called, too; by edit, or by
# edit and strength.
DONE: dict[str, tuple[tuple[set[str], ...], set[str]]] = {
    "blurred": (({"blurred"},), set()),
    "bordered": (({_PART},), set()),
    "brightened": (({_COLOURS},), set()),
    "captioned": (({_ADDED, _PART},), set()),
    "collage": (({_PART},), {"cropped", "resized"}),
    "cropped": (({"cropped"},), set()),
    "disguised": (({"mirrored"}, {"turned"}, {_COLOURS}), {"cropped"}),
    "grey": (({"black and white", _COLOURS},), set()),
    "grey, strong": (({"black and white"},), {_COLOURS}),
    "low-quality": (({"re-saved", "blurred"},), set()),
    "mirrored": (({"mirrored"},), {"cropped"}),
    "negative": (({_COLOURS},), {"black and white"}),
    "noisy": ((), {"blurred", "re-saved"}),
    "padded": (({_PART},), set()),
    "pasted": (({_PART},), {"resized", "cropped"}),
    "perspective": ((), {"stretched", "cropped", "resized", "turned"}),
    "photographed": (({_PART, "stretched", "blurred", "resized"},), {_COLOURS, "turned"}),
    # A palette of 48 colours is what a GIF has.
    "posterised": (({_COLOURS, "re-saved"},), {"black and white", "blurred"}),
    "reposted": (({"cropped"},), {_ADDED, _PART, "re-saved", "blurred"}),
    "rotated": (({"turned"},), {"cropped"}),
    "saturated": (({_COLOURS},), set()),
    "screenshot": (({_PART},), {"resized"}),
    "sharpened": ((), {"blurred", "re-saved"}),
    SHOWN: (({_PART},), {"cropped", "resized"}),
    "sketched": (({_COLOURS, "black and white"},), {"blurred"}),
    "small": (({"resized"},), set()),
    "sticker": (({_ADDED},), set()),
    "stretched": (({"stretched"},), {"resized"}),
    "tilted": (({"turned"},), {_PART, _ADDED}),  # its corners are filled
    "tinted": (({_COLOURS},), set()),
    "turned": (({"turned"},), {"mirrored"}),
    "warm": (({_COLOURS},), set()),
    "watermarked": (({_ADDED},), set()),
}


class Said(NamedTuple):
    """What was said of one copy."""

    edit: str
    strength: str
    picture: str
    kind: str
    changes: list[str]

    @property
    def done(self) -> tuple[tuple[set[str], ...], set[str]]:
        """What it must be called, and may be called; see `DONE`."""
        return DONE.get(f"{self.edit}, {self.strength}") or DONE[self.edit]

    @property
    def is_copy(self) -> bool:
        """Whether it is called a copy."""
        return self.kind in COPY_KINDS

    @property
    def named(self) -> set[str]:
        """The kinds of changes that are named."""
        text = ", ".join(self.changes)
        return {kind for kind, words in WORDS.items() if re.search(words, text)}

    @property
    def is_named(self) -> bool:
        """Whether what was done is named."""
        return all(group & self.named for group in self.done[0])

    @property
    def has_others(self) -> bool:
        """Whether something is named that was not done."""
        done, allowed = self.done
        return bool(self.named - allowed - {"re-saved"} - set().union(*done))


def main() -> None:
    """Edit, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="pictures, at any depth")
    parser.add_argument("--sample", type=int, default=150, help="pictures to edit")
    parser.add_argument("--half", choices=list(HALVES), default="test")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write what was said of every copy, too")
    options = parser.parse_args()
    folder = options.folder.resolve()
    sources = sample(folder, options.sample + HOSTS, half=options.half, seed=options.seed)
    hosts, originals = sources[:HOSTS], sources[HOSTS:]
    if not originals:
        parser.error(f"{folder} has too few pictures; give a folder with more than {HOSTS}.")
    work = partial(said_of_copies, hosts=hosts, folder=folder, half=options.half, seed=options.seed)
    said = [one for of_one in in_processes(work, originals, label="pictures") for one in of_one]
    facts = {
        "half": options.half,
        "pictures": len(originals),
        "copies": len(said),
        "seed": options.seed,
        **versions("lookalike", "pillow", "opencv-python-headless"),
    }
    print(facts_line(facts), end=".\n\n")
    print_tables(said)
    if options.json:
        report = json.dumps({**facts, "said": [s._asdict() for s in said]}, indent=1)
        options.json.write_text(report + "\n", encoding="utf-8")


def sample(folder: Path, count: int, *, half: str, seed: int) -> list[Source]:
    """Choose pictures of one half that have no known copy."""
    collection = collect(folder, test3=half == "test", whole=False, threads=os.cpu_count() or 1)
    order = collection.shuffled_queries(np.random.default_rng(seed))
    chosen = (collection.sources[k] for k in order)
    return list(itertools.islice((s for s in chosen if is_test(s) == (half == "test")), count))


def said_of_copies(
    source: Source, *, hosts: Sequence[Source], folder: Path, half: str, seed: int
) -> list[Said]:
    """Edit a picture in all ways and ask about each copy."""
    picture = read_picture(source)
    if picture is None:
        return []
    key = os.path.relpath(source.path, folder).replace(os.sep, "/")
    with single_threaded():
        target = unpack(pack(stored_fingerprint(picture)))
        return [
            Said(edit, strength, key, *_asked(copy, target, picture))
            for edit, strength, copy in _copies(picture, key, hosts, half, seed)
        ]


def print_tables(said: Sequence[Said]) -> None:
    """Print the shares by edit and strength, then by the kind of change."""
    rows = []
    for edit in dict.fromkeys(s.edit for s in said):
        of_edit = [s for s in said if s.edit == edit]
        tests: list[Callable[[Said], bool]] = [lambda s: s.is_named, lambda s: s.has_others]
        copies = [s for s in of_edit if s.is_copy]
        cells = [
            _by_strength(of_edit, lambda s: s.is_copy),
            *(_by_strength(copies, t) for t in tests),
        ]
        rows.append([edit, *cells])
    rows.append(["all", *(_by_strength(said, lambda s: s.is_copy),)])
    rows[-1] += [_by_strength([s for s in said if s.is_copy], t) for t in tests]
    print(markdown_table([" / ".join(STRENGTHS), "copy", "named", "also named"], rows) + "\n")
    print(f"Called copies over all: {np.mean([s.is_copy for s in said]):.4f}.\n")
    rows = []
    for kind in WORDS:
        needed = [s for s in said if s.is_copy and {kind} in s.done[0]]
        if needed:
            rows.append([kind, len(needed), f"{np.mean([kind in s.named for s in needed]):.3f}"])
    print(markdown_table(["change", "copies with it alone", "named"], rows))


def _by_strength(said: Sequence[Said], test: Callable[[Said], bool]) -> str:
    shares = []
    for strength in STRENGTHS:
        tested = [test(s) for s in said if s.strength == strength]
        shares.append(f"{np.mean(tested):.3f}" if tested else "-")
    return " / ".join(shares)


def _asked(copy: Picture, target: Fingerprint, original: Picture) -> tuple[str, list[str]]:
    match = verify(fingerprint(copy), target)
    kind = kind_of(match)
    if match is None or kind not in COPY_KINDS:
        return kind, []
    sides = (Side(picture.pixels, (picture.width, picture.height)) for picture in (copy, original))
    # What says nothing else is shown as "re-saved".
    return kind, changes(look_closely(match, *sides)) or ["re-saved"]


def _copies(
    picture: Picture, key: str, hosts: Sequence[Source], half: str, seed: int
) -> Iterator[tuple[str, str, Picture]]:
    pictures = [p for p in map(read_picture, hosts) if p]
    images = [Image.fromarray(p.pixels) for p in pictures]
    is_grey = int(np.ptp(picture.pixels, axis=2).max()) < GREY_LEVELS
    for edit in EDITS:
        if is_grey and edit in COLOURED:
            continue
        for strength, copy in edit_in_all_strengths(picture, key, edit, images, seed):
            yield edit, strength, copy
    templates = [t for t in HALVES[half].values() if t.has_photo]
    image = Image.fromarray(picture.pixels)
    for strength, most in MOST_CROPPED.items():
        random = Content(f"{seed} {key} {strength}")
        template = templates[zlib.crc32(f"{key} {strength}".encode()) % len(templates)]
        shown = cropped(image, random, random.uniform(most / 2, most)) if most else image
        sheet = Sheet(template, random.getrandbits(40), [s.path for s in hosts], shown=shown)
        yield SHOWN, strength, from_image(sheet.image)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("Stopped; no result was saved. Run the command again to start over.", file=sys.stderr)
        raise SystemExit(130) from None
