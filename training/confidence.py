"""Calibrate how sure `verify` is, on pairs made of Caltech-101's train pictures.

    python -m training.confidence --caltech101 FOLDER [--sample 150] [--show OUT]

Pairs that are copies: a picture and an edited copy, every edit of `lookalike.edits` once for each
picture of a sample, at any strength. Pairs that are not: other pictures that geometry lets through
all the same, sought among the nearest of a picture by the packaged encoder: bursts, products of one
make, signs, notes. The folder holds true copies, too; those found by eye are in
`benchmarks/copies/known_copies.txt`,
and three categories full of them are left out (`Faces_easy` is cropped from `Faces`, and a hundred
leopards are there as mirror images, too). A logistic regression of the residual and the pixels'
agreement is fitted to the one half of the pictures and measured on the other; its numbers go into
`lookalike/copies/verify.py`. `--show` draws the pairs that are no copies and yet look most like it.
"""

from __future__ import annotations

import argparse
import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from sklearn.linear_model import LogisticRegression

from lookalike import encoders
from lookalike.cli.contact_sheet import comparison_sheet
from lookalike.copies.fingerprint import Fingerprint, fingerprint, stored_fingerprint
from lookalike.copies.packed import pack, unpack
from lookalike.copies.threads import single_threaded
from lookalike.copies.verify import verify
from lookalike.decode import decode, from_image
from lookalike.edits.edits import EDITS
from lookalike.ingest.embed import embed
from lookalike.search.compare import compare
from training.__main__ import BACKGROUND, train_pictures

ASKED = 1200
LEFT_OUT = ("Faces_easy", "Leopards", "wild_cat", BACKGROUND)
NEAREST = 12
SHOWN = 66
OTHERS = 6
KNOWN_COPIES = Path(__file__).parent.parent / "benchmarks" / "copies" / "known_copies.txt"


class Evidence(NamedTuple):
    """What `verify` found of a pair: whose it is, and the two numbers that decide."""

    one: str
    other: str
    residual: float
    agreement: float
    confidence: float


def main() -> None:
    """Read the command line, make the pairs, fit, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--caltech101", type=Path, required=True)
    parser.add_argument("--sample", type=int, default=150)
    parser.add_argument("--show", type=Path)
    args = parser.parse_args()
    pictures = train_pictures(args.caltech101, half=False)
    paths = [picture.path for picture in pictures if picture.label not in LEFT_OUT]
    random = np.random.default_rng(0)
    sample = [paths[i] for i in np.sort(random.choice(len(paths), args.sample, replace=False))]
    vectors = embed(paths, encoders.load()).vectors
    asked = np.sort(random.choice(len(paths), ASKED, replace=False))
    known = {frozenset(line.split()) for line in KNOWN_COPIES.read_text("utf-8").splitlines()}
    pairs = set()
    for i in asked:
        for j in np.argsort(-(vectors @ vectors[i]))[1 : 1 + NEAREST]:
            if frozenset((_named(paths[i]), _named(paths[j]))) not in known:
                pairs.add((min(i, j), max(i, j)))
    with single_threaded(), ThreadPoolExecutor(os.cpu_count()) as pool:
        of_copies = pool.map(partial(_copies, others=sample[:OTHERS]), sample)
        copies = [evidence for some in of_copies for evidence in some if evidence]
        needed = sorted({k for pair in pairs for k in pair})
        prints = dict(zip(needed, pool.map(_stored, [paths[k] for k in needed]), strict=True))
        found = pool.map(
            lambda pair: _evidence(*(prints[k] for k in pair), *(paths[k] for k in pair)),
            sorted(pairs),
        )
        others = [evidence for evidence in found if evidence]
    print(
        f"copies: {len(copies)} of {len(sample) * len(EDITS)} pairs pass geometry; "
        f"others: {len(others)} of {len(pairs)}; {os.cpu_count()} cores"
    )
    if args.show:
        _show(others, args.show)
    _fit(copies, others)


def _show(others: list[Evidence], folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    others.sort(key=lambda found: -found.confidence)
    for n, found in enumerate(others[:SHOWN]):
        print(f"{found.confidence:.4f} {_named(found.one)} {_named(found.other)}")
        drawn = comparison_sheet(compare(found.one, found.other))
        drawn.save(folder / f"{n:02}-{found.confidence:.3f}.jpg")


def _fit(copies: list[Evidence], others: list[Evidence]) -> None:
    found = [*copies, *others]
    # As in `verify.confidence`.
    x = np.array([(np.log(one.residual + 0.03), np.log(1.02 - one.agreement)) for one in found])
    y = np.arange(len(found)) < len(copies)
    first = np.array([hash_of(one.other) % 2 == 0 for one in found])
    model = LogisticRegression(C=1e6).fit(x[first], y[first])
    print(f"bias {model.intercept_[0]:.3f}, residual {model.coef_[0, 0]:.3f}, ", end="")
    print(f"agreement {model.coef_[0, 1]:.3f}")
    sure = model.predict_proba(x[~first])[:, 1]
    print("| confidence | copies | others |\n|---|---|---|")
    for low, high in itertools.pairwise((0, 0.5, 0.9, 0.99, 0.999, 1.1)):
        here = (sure >= low) & (sure < high)
        print(f"| {low} to {min(high, 1)} | {y[~first][here].sum()} | {(~y[~first][here]).sum()} |")


def _named(path: str) -> str:
    return f"{Path(path).parent.name}/{Path(path).name}"


def hash_of(path: str) -> int:
    """Split pictures by their own names, so that no picture is in both halves."""
    return sum(Path(path).stem.encode()) + sum(Path(path).parent.name.encode())


def _picture(path: str) -> Image.Image:
    return Image.fromarray(decode(Path(path).read_bytes()).pixels)


def _copies(path: str, others: list[str]) -> list[Evidence | None]:
    image, near = _picture(path), [_picture(other) for other in others]
    random = np.random.default_rng(hash_of(path))
    target = _stored(path)
    found = []
    for edit in EDITS.values():
        copy = edit(image, random, float(random.uniform()), near)
        found.append(_evidence(fingerprint(from_image(copy)), target, "", path))
    return found


def _evidence(one: Fingerprint, other: Fingerprint, name: str, path: str) -> Evidence | None:
    match = verify(one, other)
    return match and Evidence(name, path, match.residual, match.agreement, match.confidence)


def _stored(path: str) -> Fingerprint:
    return unpack(pack(stored_fingerprint(decode(Path(path).read_bytes()))))


if __name__ == "__main__":
    main()
