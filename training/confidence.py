"""Fit how sure `lookalike.copies.verify` is that one picture was made from another.

    python -m training.confidence --caltech101 FOLDER [--shots FOLDER]... [--quick] [--output FILE]

Pairs of pictures, none of them of a test half:

edited
    A train picture of Caltech-101, and its copy by each edit of `lookalike.edits`, at random
    strengths. A sketch counts little, as it may have lost everything.
small, same, pasted, quarter
    The drawn pairs of `benchmarks.copies.templates`: the first three are copies, the last are not.
shots, recoloured, packing
    Those of `benchmarks.copies.shots`: never copies. Of Caltech-101, and of further data sets in
    the folders `--shots`.
near
    Each picture of a sample with those nearest by the packaged encoder: not copies, but some may be
    unknown ones, so they count half. Known copies (`benchmarks/copies/known_copies.txt`) and
    categories full of them are left out.

Boosted trees are fitted to the `Evidence` of all pairs that pass geometry. What is printed is of
trees that have seen neither the picture nor the template, by cross-validation.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import tempfile
import zlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from PIL import Image
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import GroupKFold, cross_val_predict

from benchmarks.collection import BACKGROUND, known_copies, picture_name
from benchmarks.copies.drawn.packages import make_packing, make_recoloured
from benchmarks.copies.drawn.pairs import make_pair
from benchmarks.copies.shots import shot_pairs
from benchmarks.copies.templates import photographs
from benchmarks.processes import in_processes
from benchmarks.report import markdown_table
from lookalike import encoders
from lookalike.copies import (
    Fingerprint,
    Verifier,
    fingerprint,
    pack,
    single_threaded,
    stored_fingerprint,
    unpack,
)
from lookalike.copies.confidence import DEPTH, FILE, ConfidenceModel, Evidence
from lookalike.decode import decode, from_image
from lookalike.edits import EDITS
from lookalike.ingest.embed import embed
from lookalike.sources import walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

HALF = "development"
# Faces_easy is cropped from Faces, and half of the leopards mirror the others.
CATEGORIES_WITH_COPIES = ("Faces_easy", "Leopards", "wild_cat", BACKGROUND)
# One photograph with other paint: neither a copy nor another picture.
REPAINTED = frozenset(("Motorbikes/image_0032.jpg", "Motorbikes/image_0034.jpg"))
COPIES = ("small", "same", "pasted", "edited", "sketched")
WEIGHTS = {
    "quarter": 3.0,
    "dense": 1.0,
    "shots": 1.0,
    "packing": 1.0,
    "near": 0.5,
    "small": 3.0,
    "same": 3.0,
    "pasted": 3.0,
    "edited": 1.0,
    "sketched": 0.3,
}
NEAREST = 7
HOSTS = 6  # pictures that others are pasted onto
FOLDS = 5
LIMITS = (0.5, 0.9, 0.99, 1.0)
# By measure of `Evidence`: whether more of it may only raise (1) or lower (-1) the confidence.
DIRECTIONS = {"inlier_share": 1, "spread": 1, "agreement": 1, "worst_error": -1}
SEED = 0


class Sizes(NamedTuple):
    """How many pairs are made.

    Attributes:
        edited: pictures that are edited.
        strengths: of each edit of a picture.
        quarter: pairs of one template.
        drawn: pairs of each other drawn kind.
        near: pictures that are compared with their nearest.
    """

    edited: int
    strengths: int
    quarter: int
    drawn: int
    near: int


FULL, QUICK = Sizes(90, 3, 900, 180, 3500), Sizes(8, 1, 24, 12, 60)


class Example(NamedTuple):
    """A pair: where it is from, what it shares with others, and its evidence, if any."""

    source: str
    group: str
    evidence: Evidence | None


def main() -> None:
    """Make the pairs, fit the trees, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--caltech101", type=Path, required=True)
    parser.add_argument("--shots", type=Path, action="append", default=[], help="repeatable")
    parser.add_argument("--quick", action="store_true", help="few pairs, to try it")
    parser.add_argument("--output", type=Path, default=FILE)
    options = parser.parse_args()
    examples = make_examples(options.caltech101, options.shots, QUICK if options.quick else FULL)
    passed = [example for example in examples if example.evidence]
    measures = np.array([example.evidence for example in passed], np.float32)
    is_copy = np.array([example.source in COPIES for example in passed])
    weights = np.array([WEIGHTS[example.source] for example in passed])
    groups = np.array([zlib.crc32(example.group.encode()) for example in passed])
    confidences = cross_val_predict(
        classifier(),
        measures,
        is_copy,
        groups=groups,
        cv=GroupKFold(FOLDS),
        params={"sample_weight": weights},
        method="predict_proba",
    )[:, 1]
    print_tables(examples, confidences, is_copy)
    trees = classifier().fit(measures, is_copy, sample_weight=weights)
    model = exported(trees)
    np.savez_compressed(options.output, **{name: getattr(model, name) for name in model.__slots__})
    few = measures[:: max(len(measures) // 200, 1)]
    error = np.abs([model.logit(row) for row in few] - trees.decision_function(few)).max()
    print(f"\n{options.output}: {len(model.features)} trees, logits off by {error:.1e} at most")


def make_examples(caltech101: Path, shots: Sequence[Path], sizes: Sizes) -> list[Example]:
    """Make all pairs and ask for their evidence, on all cores."""
    photos = photographs(caltech101, half=HALF)
    paths = [p for p in photos if Path(p).parent.name not in CATEGORIES_WITH_COPIES]
    order = np.random.default_rng(SEED).permutation(len(paths)).tolist()
    hosts, edited, near = (
        [paths[i] for i in order[:count]] for count in (HOSTS, sizes.edited, sizes.near)
    )
    edit = partial(edited_copies, hosts=hosts, strengths=sizes.strengths)
    examples = [e for found in in_processes(edit, edited, label="edited") for e in found]
    kinds = dict.fromkeys(("small", "same", "pasted", "recoloured", "packing"), sizes.drawn)
    jobs = [
        (kind, n)
        for kind, count in {**kinds, "quarter": sizes.quarter}.items()
        for n in range(count)
    ]
    with tempfile.TemporaryDirectory() as folder:
        draw = partial(drawn_pair, photos=photos, folder=folder)
        examples += in_processes(draw, jobs, label="drawn")
    sources = [source for place in (caltech101, *shots) for source in walk(str(place.resolve()))]
    listed = shot_pairs(sources, sizes.drawn, half=HALF, seed=SEED)
    pairs = [("shots", pair.one, pair.other) for pair in listed]
    pairs += [("near", one, other) for one, other in nearest_pairs(sorted(near))]
    return examples + list(in_processes(different_pictures, pairs, label="different"))


def nearest_pairs(paths: Sequence[str]) -> list[tuple[str, str]]:
    """Pair each picture with those nearest to it that are not known to be copies."""
    vectors = embed(paths, encoders.load()).vectors
    known, pairs = {*known_copies(), REPAINTED}, set()
    for i, vector in enumerate(vectors):
        for j in np.argsort(-(vectors @ vector))[1 : 1 + NEAREST].tolist():
            if frozenset((picture_name(paths[i]), picture_name(paths[j]))) not in known:
                pairs.add((paths[min(i, j)], paths[max(i, j)]))
    return sorted(pairs)


def edited_copies(path: str, *, hosts: Sequence[str], strengths: int) -> list[Example]:
    """Edit a picture in all ways, and compare each copy with it."""
    image, *host_images = (
        Image.fromarray(decode(Path(p).read_bytes()).pixels) for p in (path, *hosts)
    )
    random = np.random.default_rng(zlib.crc32(picture_name(path).encode()))
    examples = []
    with single_threaded():
        for name, edit in EDITS.items():
            for _ in range(strengths):
                copy = fingerprint(from_image(edit(image, random, random.uniform(), host_images)))
                source = "sketched" if name == "sketched" else "edited"
                examples.append(Example(source, path, _evidence(copy, _stored(path))))
    return examples


def drawn_pair(job: tuple[str, int], *, photos: Sequence[str], folder: str) -> Example:
    """Draw a pair, and compare its files as a query and a picture of a gallery."""
    kind, number = job
    makers: dict[str, Any] = {"recoloured": make_recoloured, "packing": make_packing}
    make = makers.get(kind, partial(make_pair, kind))
    pair = make(number, half=HALF, photos=photos, folder=folder, seed=SEED)
    with single_threaded():
        query = fingerprint(decode(Path(pair.one).read_bytes()))
        evidence = _evidence(query, _stored(pair.other))
    for path in filter(None, (pair.one, pair.other, pair.decoy)):
        Path(path).unlink()
    return Example(kind, pair.template, evidence)


def different_pictures(job: tuple[str, str, str]) -> Example:
    """Compare two pictures of a gallery."""
    source, one, other = job
    with single_threaded():
        return Example(source, one, _evidence(_stored(one), _stored(other)))


@functools.lru_cache(maxsize=1000)
def _stored(path: str) -> Fingerprint:
    return unpack(pack(stored_fingerprint(decode(Path(path).read_bytes()))))


def _evidence(query: Fingerprint, target: Fingerprint) -> Evidence | None:
    """Return the evidence as `verify` weighs it; None if geometry finds nothing."""
    verifier = Verifier(query)
    match, evidence = verifier.match_with_evidence(target, verifier.views)
    if match is None:
        _, evidence = verifier.match_with_evidence(target, verifier.negatives)
    return evidence


def classifier() -> HistGradientBoostingClassifier:
    """Return the trees, not yet fitted."""
    return HistGradientBoostingClassifier(
        max_depth=DEPTH,
        max_iter=200,
        learning_rate=0.1,
        l2_regularization=2,
        min_samples_leaf=15,
        monotonic_cst=[DIRECTIONS.get(name, 0) for name in Evidence._fields],
        random_state=SEED,
    )


def print_tables(
    examples: Sequence[Example], confidences: NDArray[Any], is_copy: NDArray[np.bool_]
) -> None:
    """Print what is said of each source, then how often what is said is right."""
    passed = np.array([example.source for example in examples if example.evidence])
    rows = []
    for source in WEIGHTS:
        said = confidences[passed == source]
        shares = (f"{(said >= limit).mean():.4f}" if len(said) else "" for limit in (0.9, 0.99))
        pairs = sum(example.source == source for example in examples)
        truth = "copy" if source in COPIES else "other"
        rows.append([source, truth, pairs, len(said), *shares])
    columns = ["pairs", "are", "number", "pass geometry", "said >= .9", "said >= .99"]
    print(markdown_table(columns, rows) + "\n")
    rows = []
    for low, high in itertools.pairwise(LIMITS):
        right = is_copy[(confidences >= low) & (confidences < high)]
        rows.append([f"{low} to {high}", len(right), f"{right.mean():.4f}" if len(right) else ""])
    print(markdown_table(["said", "pairs", "of these copies"], rows))


def exported(trees: HistGradientBoostingClassifier) -> ConfidenceModel:
    """Bring scikit-learn's trees into the arrays of `ConfidenceModel`.

    A leaf that is not at the full depth is repeated below.
    """
    count, inner = trees.n_iter_, 2**DEPTH - 1
    features = np.zeros((count, inner), np.uint8)
    thresholds = np.full((count, inner), np.inf, np.float32)
    values = np.zeros((count, inner + 1), np.float32)

    def fill(tree: int, nodes: NDArray[Any], node: int, slot: int) -> None:
        """Write a node, and what is below it, to a slot of the complete tree."""
        found = nodes[node]
        if slot >= inner:
            values[tree, slot - inner] = found["value"]
            return
        children = (node, node)
        if not found["is_leaf"]:
            features[tree, slot] = found["feature_idx"]
            thresholds[tree, slot] = found["num_threshold"]
            children = found["left"], found["right"]
        for side, child in enumerate(children, 1):
            fill(tree, nodes, child, 2 * slot + side)

    # scikit-learn has no public way to read the nodes.
    for tree, (predictor,) in enumerate(trees._predictors):  # noqa: SLF001
        fill(tree, predictor.nodes, 0, 0)
    bias = np.float32(trees._baseline_prediction.item())  # noqa: SLF001
    return ConfidenceModel(features, thresholds, values, np.asarray(bias))


if __name__ == "__main__":
    main()
