"""Means with 95% confidence intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

INTERVAL_PERCENT = (2.5, 97.5)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over queries, with its interval.

    Attributes:
        mean: 0..1.
        low: the interval's lower end.
        high: the interval's upper end.
    """

    mean: float
    low: float
    high: float


def bootstrap(figures: NDArray[np.float64], *, resamples: int, seed: int) -> list[Estimate]:
    """Return each column's mean and its percentile interval over resampled rows.

    Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3. The rows are
    queries: the interval covers the figures of other queries to the same gallery.

    Args:
        figures: [N, M], a row for each query.
        resamples: how often to draw N rows; 0 for no interval, which is then the mean itself.
        seed: of the draws.
    """
    import numpy as np

    means = figures.mean(axis=0)
    if not resamples:
        return [Estimate(float(mean), float(mean), float(mean)) for mean in means]
    random, count = np.random.default_rng(seed), len(figures)
    resampled = np.empty((resamples, figures.shape[1]))
    for n in range(resamples):  # one draw at a time: N may be a million
        weights = np.bincount(random.integers(0, count, count), minlength=count)
        resampled[n] = weights @ figures / count
    low, high = np.percentile(resampled, INTERVAL_PERCENT, axis=0)
    return [
        Estimate(float(m), float(a), float(b)) for m, a, b in zip(means, low, high, strict=True)
    ]
