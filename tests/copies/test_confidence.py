from __future__ import annotations

import numpy as np
import pytest

from lookalike.copies.confidence import (
    DEPTH,
    LEAST,
    ConfidenceModel,
    Evidence,
    confidence,
    confidence_model,
)

GOOD = Evidence(
    residual=0.2,
    inliers=130,
    inlier_share=0.6,
    spread=0.95,
    agreement=0.99,
    share=0.0,
    best_error=0.001,
    worst_error=0.01,
    noise=4.0,
    sharpness=0.95,
    blank=0.1,
    area=30_000,
    replaced=0.0,
    colours=4.5,
    colour_shift=0.005,
)
BAD = Evidence(
    residual=1.5,
    inliers=10,
    inlier_share=0.04,
    spread=0.1,
    agreement=0.3,
    share=0.6,
    best_error=0.3,
    worst_error=1.1,
    noise=20.0,
    sharpness=0.6,
    blank=0.2,
    area=30_000,
    replaced=0.6,
    colours=3.0,
    colour_shift=0.1,
)


def test_what_agrees_everywhere_is_surer_than_what_differs() -> None:
    assert confidence(GOOD) > 0.95
    assert confidence(BAD) < 0.1
    assert confidence(GOOD._replace(share=0.5, agreement=0.5, worst_error=0.95)) < confidence(GOOD)


@pytest.mark.parametrize("value", [0.0, 1e-9, 1e9, -1e9, np.inf, -np.inf, np.nan])
def test_it_is_never_certain_whatever_the_measures(value: float) -> None:
    for name in Evidence._fields:
        for evidence in (GOOD, BAD):
            assert LEAST <= confidence(evidence._replace(**{name: value})) <= 1 - LEAST


def test_the_packaged_model_has_whole_trees() -> None:
    model = confidence_model()
    trees = len(model.features)
    assert trees > 0
    assert model.features.shape == model.thresholds.shape == (trees, 2**DEPTH - 1)
    assert model.values.shape == (trees, 2**DEPTH)
    assert model.features.max() < len(Evidence._fields)
    assert not np.isnan(model.thresholds).any()
    assert np.isfinite(model.values).all()
    assert np.isfinite(model.bias)
    assert confidence_model() is model


def test_a_tree_is_walked_from_its_root_to_a_leaf() -> None:
    model = ConfidenceModel(
        features=np.array([[0, 1, 2]], np.uint8),
        thresholds=np.array([[0.5, 0.5, 0.5]], np.float32),
        values=np.array([[1, 2, 4, 8]], np.float32),
        bias=np.array(0.25, np.float32),
    )
    for measures, value in (
        ((0, 0, 9), 1),
        ((0, 1, 9), 2),
        ((1, 9, 0), 4),
        ((1, 9, 1), 8),
        ((0.5, 0.5, 9), 1),  # equal goes left
    ):
        assert model.logit(np.array(measures, np.float32)) == value + 0.25
