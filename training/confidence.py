"""Calibrate the confidence of `verify` on pairs of Caltech-101's train pictures.

    python -m training.confidence --caltech101 FOLDER [--sample 150] [--show OUT]

Copies are pairs of a picture and its edited copy: every edit of `lookalike.edits`, at a random
strength, for each picture of a sample. The others are pairs of different pictures that pass
geometry, among each picture's nearest by the packaged encoder: bursts, products of one brand,
signs, notes. Real copies in the folder are excluded: those found by eye are in
`benchmarks/copies/known_copies.txt`, and three categories are full of them (`Faces_easy` is cropped
from `Faces`, and half of the leopards mirror the others). A logistic regression on the residual and
the agreement of pixels is fitted to half of the pictures and tested on the others; its coefficients
go into `lookalike/copies/verify.py`. `--show` draws the most confident pairs that are no copies.
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

from benchmarks.collection import BACKGROUND, known_copies, picture_name
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
from training.__main__ import train_pictures

QUERIES = 1200  # pictures whose nearest are compared
EXCLUDED_CATEGORIES = ("Faces_easy", "Leopards", "wild_cat", BACKGROUND)
NEAREST = 12
DRAWN_PAIRS = 66
HOSTS = 6  # pictures that others are pasted onto


class Evidence(NamedTuple):
    """The result of `verify` for a pair; `query` is empty for an edited copy of `target`."""

    query: str
    target: str
    residual: float
    agreement: float
    confidence: float


def main() -> None:
    """Make the pairs, fit the regression, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--caltech101", type=Path, required=True)
    parser.add_argument("--sample", type=int, default=150)
    parser.add_argument("--show", type=Path)
    args = parser.parse_args()
    pictures = train_pictures(args.caltech101, half=False)
    paths = [picture.path for picture in pictures if picture.label not in EXCLUDED_CATEGORIES]
    random = np.random.default_rng(0)
    sample = [paths[i] for i in np.sort(random.choice(len(paths), args.sample, replace=False))]
    vectors = embed(paths, encoders.load()).vectors
    queries = np.sort(random.choice(len(paths), QUERIES, replace=False))
    known = known_copies()
    pairs = set()
    for i in queries:
        for j in np.argsort(-(vectors @ vectors[i]))[1 : 1 + NEAREST]:
            if frozenset((picture_name(paths[i]), picture_name(paths[j]))) not in known:
                pairs.add((min(i, j), max(i, j)))
    with single_threaded(), ThreadPoolExecutor(os.cpu_count()) as pool:
        by_picture = pool.map(partial(_edited_copies, hosts=sample[:HOSTS]), sample)
        copies = [evidence for results in by_picture for evidence in results if evidence]
        rows = sorted({k for pair in pairs for k in pair})
        stored = pool.map(_stored_fingerprint, [paths[k] for k in rows])
        fingerprints = dict(zip(rows, stored, strict=True))
        results = pool.map(
            lambda pair: _evidence(*(fingerprints[k] for k in pair), *(paths[k] for k in pair)),
            sorted(pairs),
        )
        others = [evidence for evidence in results if evidence]
    print(
        f"copies: {len(copies)} of {len(sample) * len(EDITS)} pairs pass geometry; "
        f"others: {len(others)} of {len(pairs)}; {os.cpu_count()} cores"
    )
    if args.show:
        _draw(others, args.show)
    _fit(copies, others)


def _draw(others: list[Evidence], folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    others.sort(key=lambda evidence: -evidence.confidence)
    for n, pair in enumerate(others[:DRAWN_PAIRS]):
        print(f"{pair.confidence:.4f} {picture_name(pair.query)} {picture_name(pair.target)}")
        sheet = comparison_sheet(compare(pair.query, pair.target))
        sheet.save(folder / f"{n:02}-{pair.confidence:.3f}.jpg")


def _fit(copies: list[Evidence], others: list[Evidence]) -> None:
    pairs = [*copies, *others]
    # As in `verify.confidence`.
    x = np.array([(np.log(pair.residual + 0.03), np.log(1.02 - pair.agreement)) for pair in pairs])
    y = np.arange(len(pairs)) < len(copies)
    train = np.array([name_hash(pair.target) % 2 == 0 for pair in pairs])
    model = LogisticRegression(C=1e6).fit(x[train], y[train])
    print(f"bias {model.intercept_[0]:.3f}, residual {model.coef_[0, 0]:.3f}, ", end="")
    print(f"agreement {model.coef_[0, 1]:.3f}")
    confidences = model.predict_proba(x[~train])[:, 1]
    print("| confidence | copies | others |\n|---|---|---|")
    for low, high in itertools.pairwise((0, 0.5, 0.9, 0.99, 0.999, 1.1)):
        is_copy = y[~train][(confidences >= low) & (confidences < high)]
        print(f"| {low} to {min(high, 1)} | {is_copy.sum()} | {(~is_copy).sum()} |")


def name_hash(path: str) -> int:
    """Hash a picture's name, to split pictures into halves."""
    return sum(Path(path).stem.encode()) + sum(Path(path).parent.name.encode())


def _read_image(path: str) -> Image.Image:
    return Image.fromarray(decode(Path(path).read_bytes()).pixels)


def _edited_copies(path: str, hosts: list[str]) -> list[Evidence | None]:
    image, host_images = _read_image(path), [_read_image(host) for host in hosts]
    random = np.random.default_rng(name_hash(path))
    target = _stored_fingerprint(path)
    results = []
    for edit in EDITS.values():
        copy = edit(image, random, float(random.uniform()), host_images)
        results.append(_evidence(fingerprint(from_image(copy)), target, "", path))
    return results


def _evidence(
    query: Fingerprint, target: Fingerprint, query_path: str, target_path: str
) -> Evidence | None:
    match = verify(query, target)
    return match and Evidence(
        query_path, target_path, match.residual, match.agreement, match.confidence
    )


def _stored_fingerprint(path: str) -> Fingerprint:
    return unpack(pack(stored_fingerprint(decode(Path(path).read_bytes()))))


if __name__ == "__main__":
    main()
