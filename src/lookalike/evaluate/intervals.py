"""Means with 95% intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

INTERVAL_PERCENT = (2.5, 97.5)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over queries with its interval.

    Attributes:
        mean: 0..1.
        low: the interval's lower end.
        high: its upper end.
    """

    mean: float
    low: float
    high: float


def bootstrap(figures: NDArray[np.float64], *, resamples: int, seed: int) -> list[Estimate]:
    """Give each column's mean and its percentile interval over resampled rows.

    Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3. The rows are
    queries: the interval tells what other queries to the same gallery would have given.

    Args:
        figures: [N, M], a row for each query.
        resamples: how often N rows are drawn; 0 for none: the interval is then the mean itself.
        seed: of the draws.
    """
    import numpy as np

    means = figures.mean(axis=0)
    if not resamples:
        return [Estimate(float(mean), float(mean), float(mean)) for mean in means]
    rng, count = np.random.default_rng(seed), len(figures)
    drawn = np.empty((resamples, figures.shape[1]))
    for n in range(resamples):  # one draw at a time: N may be a million
        times = np.bincount(rng.integers(0, count, count), minlength=count)
        drawn[n] = times @ figures / count
    low, high = np.percentile(drawn, INTERVAL_PERCENT, axis=0)
    return [
        Estimate(float(m), float(a), float(b)) for m, a, b in zip(means, low, high, strict=True)
    ]
