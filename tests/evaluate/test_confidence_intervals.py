from __future__ import annotations

import numpy as np
import pytest

from lookalike.evaluate.confidence_intervals import Estimate, bootstrap


def test_the_interval_is_that_of_the_mean() -> None:
    values = np.random.default_rng(1).normal(0.5, 0.1, (400, 1))
    (result,) = bootstrap(values, resamples=2000, seed=0)
    error = values.std() / 20  # of a mean of 400
    assert result.mean == pytest.approx(values.mean())
    assert result.low == pytest.approx(values.mean() - 1.96 * error, abs=0.15 * error)
    assert result.high == pytest.approx(values.mean() + 1.96 * error, abs=0.15 * error)


def test_it_covers_the_true_mean_as_often_as_stated() -> None:
    rng, covered = np.random.default_rng(2), 0
    for n in range(200):
        (result,) = bootstrap(rng.random((60, 1)) < 0.7, resamples=300, seed=n)  # type: ignore[arg-type]
        covered += result.low <= 0.7 <= result.high
    assert 0.88 < covered / 200 < 0.99


def test_a_seed_gives_the_same_again() -> None:
    values = np.random.default_rng(1).random((50, 3))
    assert bootstrap(values, resamples=50, seed=4) == bootstrap(values, resamples=50, seed=4)
    assert bootstrap(values, resamples=50, seed=4) != bootstrap(values, resamples=50, seed=5)


def test_no_resamples_no_interval() -> None:
    assert bootstrap(np.array([[0.0], [1.0]]), resamples=0, seed=0) == [Estimate(0.5, 0.5, 0.5)]
