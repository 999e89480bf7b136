"""How sure it is that one picture was made from the other; training/confidence.py learns it.

Boosted trees on a few measures of the overlay (Friedman, "Greedy Function Approximation: A Gradient
Boosting Machine", 2001). What an edit does everywhere lowers all of them together; another content
in the same frame leaves some of them perfect.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FILE = Path(__file__).with_name("confidence_model.npz")
LEAST = 1e-3  # neither end is ever certain
DEPTH = 3


class Evidence(NamedTuple):
    """What two overlaid pictures tell.

    Attributes:
        residual: RMS distance of the features that agree, in pixels at detection.
        inliers: the number of these.
        inlier_share: of the features of the shared area, in the picture that has fewer there.
        spread: of what there is to see, the share that lies near features that agree.
        agreement: mean correlation of what there is to see.
        share: of what there is to see, the part that differs.
        best_error: one minus the correlation that the best quarter of what there is to see has.
        worst_error: likewise of the best nine tenths.
        noise: typical difference of colours, in levels.
        sharpness: detail of one picture relative to the other, 0..1.
        blank: the share of the area where there is nothing to see.
        area: of the shared area, in pixels of the grid.
        replaced: of what there is to see in both, the part that differs.
        colours: entropy of the colours that agree, in bits; text and graphics have few.
        colour_shift: how far colours were changed all over, 0..1.
    """

    residual: float
    inliers: float
    inlier_share: float
    spread: float
    agreement: float
    share: float
    best_error: float
    worst_error: float
    noise: float
    sharpness: float
    blank: float
    area: float
    replaced: float
    colours: float
    colour_shift: float


@dataclass(frozen=True, slots=True)
class ConfidenceModel:
    """Trees of equal depth: inner nodes in order of breadth, then leaves.

    Attributes:
        features: uint8 [T, 2^depth - 1], which measure an inner node looks at.
        thresholds: float32 [T, 2^depth - 1]; a greater measure goes right.
        values: float32 [T, 2^depth], what a leaf adds to the logit.
        bias: float32 [], of the logit.
    """

    features: NDArray[np.uint8]
    thresholds: NDArray[np.float32]
    values: NDArray[np.float32]
    bias: NDArray[np.float32]

    def logit(self, measures: NDArray[np.float32]) -> float:
        """Add up the trees' answers to the measures, [M]."""
        goes_right = measures[self.features] > self.thresholds
        trees = np.arange(len(self.features))
        node = np.zeros(len(self.features), np.intp)
        inner = self.features.shape[1]
        while node[0] < inner:
            node = 2 * node + 1 + goes_right[trees, node]
        return float(self.values[trees, node - inner].sum() + self.bias)


@functools.cache
def confidence_model() -> ConfidenceModel:
    """Load the packaged model, once."""
    with np.load(FILE, allow_pickle=False) as file:
        return ConfidenceModel(**file)


def confidence(evidence: Evidence) -> float:
    """Estimate the probability that one picture was made from the other: 0..1."""
    logit = confidence_model().logit(np.array(evidence, np.float32))
    return float(np.clip(1 / (1 + np.exp(-logit)), LEAST, 1 - LEAST))
