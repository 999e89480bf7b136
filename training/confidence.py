"""Calibrate how sure `verify` is, on pairs made of Caltech-101's train pictures.

    python -m training.confidence --caltech101 FOLDER [--sample 300] [--show OUT]

Pairs that are copies: a picture and an edited copy, every edit of `lookalike.edits` once for each
picture of a sample, at any strength. Pairs that are not: one train picture in so many with those
most like it by the packaged encoder, of other categories, as many categories hold true copies: a
hundred leopards are there as mirror images, too. `Faces` is compared with itself, as each is a
photo of its own, many in a row of one person. Only pairs that geometry lets through count. A
logistic regression of the inliers' logarithm and the pixels' agreement is fitted to the one half of
the pictures and measured on the other; its numbers go into `lookalike/verify.py`. `--show` draws
the pairs that are no copies, as far as is known, and yet look most like it.
"""

from __future__ import annotations

import argparse
import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image
from sklearn.linear_model import LogisticRegression

from lookalike import encoders
from lookalike.compare import compare
from lookalike.decode import decode, from_image
from lookalike.edits import EDITS
from lookalike.embed import embed
from lookalike.fingerprints import Fingerprint, fingerprint
from lookalike.sheet import comparison_sheet
from lookalike.verify import verify
from training.__main__ import BACKGROUND, train_pictures

ASKED = 5  # one in so many
BURSTS = "Faces"
NEAREST = 2
SHOWN = 40
OTHERS = 3


class Evidence(NamedTuple):
    """What `verify` found of a pair: whose it is, and the two numbers that decide."""

    one: str
    other: str
    inliers: int
    agreement: float


def main() -> None:
    """Read the command line, make the pairs, fit, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--caltech101", type=Path, required=True)
    parser.add_argument("--sample", type=int, default=300)
    parser.add_argument("--show", type=Path)
    args = parser.parse_args()
    pictures = train_pictures(args.caltech101, half=False)
    pictures = [picture for picture in pictures if picture.label != BACKGROUND]
    paths = [picture.path for picture in pictures]
    random = np.random.default_rng(0)
    sample = [paths[i] for i in np.sort(random.choice(len(paths), args.sample, replace=False))]

    vectors = embed(paths, encoders.load()).vectors
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1)
    # The kinds "crocodile" and "crocodile_head" may hold the same pictures.
    kinds = np.array([picture.label.split("_")[0] for picture in pictures])
    bursts = np.array([picture.label for picture in pictures]) == BURSTS
    same = kinds[:, None] == kinds
    cosines[np.where(bursts[:, None], ~bursts[None], same)] = -1
    nearest = np.argsort(-cosines, axis=1)[:, :NEAREST]
    cv2.setNumThreads(1)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        of_copies = [*pool.map(partial(_copies, others=sample[:OTHERS]), sample)]
        asked = range(0, len(paths), ASKED)
        needed = sorted({*asked, *nearest[asked].ravel().tolist()})
        prints = dict(zip(needed, pool.map(_fingerprint, [paths[i] for i in needed]), strict=True))

        def others_of(i: int) -> list[Evidence | None]:
            return [_evidence(prints[i], prints[j], paths[i], paths[j]) for j in nearest[i]]

        of_others = [*pool.map(others_of, asked)]
    copies = [evidence for some in of_copies for evidence in some if evidence]
    others = [evidence for some in of_others for evidence in some if evidence]
    print(
        f"copies: {len(copies)} of {len(sample) * len(EDITS)} pairs pass geometry; "
        f"others: {len(others)} of {len(asked) * NEAREST}; {os.cpu_count()} cores"
    )
    if args.show:
        args.show.mkdir(exist_ok=True)
        others.sort(key=lambda found: -np.log(found.inliers) - 3 * found.agreement)
        for n, found in enumerate(others[:SHOWN]):
            drawn = comparison_sheet(compare(found.one, found.other))
            drawn.save(args.show / f"{n:02}-{found.inliers}-{found.agreement:.2f}.jpg")
    _fit(copies, others)


def _fit(copies: list[Evidence], others: list[Evidence]) -> None:
    found = [*copies, *others]
    x = np.array([(np.log(one.inliers), one.agreement) for one in found])
    y = np.arange(len(found)) < len(copies)
    first = np.array([hash_of(one.other) % 2 == 0 for one in found])
    model = LogisticRegression(C=1e6).fit(x[first], y[first])
    print(f"bias {model.intercept_[0]:.3f}, log inliers {model.coef_[0, 0]:.3f}, ", end="")
    print(f"agreement {model.coef_[0, 1]:.3f}")
    sure = model.predict_proba(x[~first])[:, 1]
    print("| confidence | pairs | copies |\n|---|---|---|")
    edges = (0, 0.1, 0.5, 0.9, 0.99, 0.999, 1)
    for low, high in itertools.pairwise(edges):
        here = (sure >= low) & (sure <= high if high == 1 else sure < high)
        share = y[~first][here].mean() if here.any() else np.nan
        print(f"| {low} to {high} | {here.sum()} | {share:.3f} |")


def hash_of(path: str) -> int:
    """Split pictures by their own names, so that no picture is in both halves."""
    return sum(Path(path).stem.encode()) + sum(Path(path).parent.name.encode())


def _picture(path: str) -> Image.Image:
    return Image.fromarray(decode(Path(path).read_bytes()).pixels)


def _copies(path: str, others: list[str]) -> list[Evidence | None]:
    image, near = _picture(path), [_picture(other) for other in others]
    random = np.random.default_rng(hash_of(path))
    target = _fingerprint(path)
    found = []
    for edit in EDITS.values():
        copy = edit(image, random, float(random.uniform()), near)
        found.append(_evidence(fingerprint(from_image(copy)), target, "", path))
    return found


def _evidence(one: Fingerprint, other: Fingerprint, name: str, path: str) -> Evidence | None:
    match = verify(one, other)
    return match and Evidence(name, path, match.inliers, match.agreement)


def _fingerprint(path: str) -> Fingerprint:
    return fingerprint(decode(Path(path).read_bytes()))


if __name__ == "__main__":
    main()
