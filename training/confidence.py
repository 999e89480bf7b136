"""Fit how sure `lookalike.copies.verify` is that one picture was made from another.

    python -m training.confidence --caltech101 FOLDER [--shots FOLDER]... [--quick] [--output FILE]

Pairs of pictures, none of them of a test half (`confidence_pairs.py` makes them):

edited, hard, sketched
    A train picture of Caltech-101, and its copy by each edit of `lookalike.edits`, of a medium, a
    full and a random strength. Those that hide or blur much count twice; a sketch counts little, as
    it may have lost everything.
small, same, pasted, quarter, decoy
    The drawn pairs of `benchmarks.copies.templates`: the first three are copies, the last two are
    not.
dense, dense copy
    Pages of up to four such drawings, with text that a thumbnail hardly shows.
shots, packing
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
import itertools
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import GroupKFold, cross_val_predict

from benchmarks.report import markdown_table
from lookalike.copies.confidence import DEPTH, FILE, ConfidenceModel, Evidence
from training.confidence_pairs import FULL, QUICK, SEED, make_examples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from training.confidence_pairs import Example

COPIES = ("small", "same", "pasted", "dense copy", "edited", "hard", "sketched")
WEIGHTS = {
    "quarter": 3.0,
    "decoy": 3.0,
    "dense": 1.2,
    "shots": 1.0,
    "packing": 1.5,
    "near": 0.5,
    "small": 3.0,
    "same": 3.0,
    "pasted": 3.0,
    "dense copy": 1.2,
    "edited": 0.5,
    "hard": 1.0,
    "sketched": 0.2,
}
FOLDS = 8
LIMITS = (0.5, 0.9, 0.99, 1.0)
# By measure of `Evidence`: whether more of it may only raise (1) or lower (-1) the confidence.
DIRECTIONS = {"inlier_share": 1, "spread": 1, "agreement": 1, "worst_error": -1}


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
