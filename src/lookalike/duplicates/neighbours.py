"""Which of many vectors are near each other, without comparing each with all.

As an inverted file has it (Jégou, Douze and Schmid, "Product Quantization", 2011): vectors are
parted by the mean that is nearest, and one is compared with those of the parts that are nearest to
it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

CELL_ROWS = 1_000  # about
PROBES = 6  # that a vector is compared with
SAMPLE_ROWS = 65_536  # from which the means are taken
KMEANS_ROUNDS = 6  # of k-means
BATCH_ROWS = 16_384
BATCH_COSINES = 2**24  # cosines in memory


class NeighbourPairs(NamedTuple):
    """Pairs of rows, each once, in the order of `ones`, then of `others`, which are greater.

    Attributes:
        ones: int64 [P].
        others: int64 [P].
        cosines: float32 [P].
    """

    ones: NDArray[np.int64]
    others: NDArray[np.int64]
    cosines: NDArray[np.float32]


def find_neighbour_pairs(
    vectors: NDArray[np.float16],
    *,
    least: float,
    most: int,
    on_progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> NeighbourPairs:
    """Find pairs of vectors whose cosine is above a limit; few are missed, all that are told hold.

    Args:
        vectors: float16 [N, D], unit length; rows of zeros are near to nothing.
        least: the cosine, above 0.
        most: pairs of a row in each part that it is compared with, the nearest.
        on_progress: told at once, and before each part, how many are through, and of how many.
    """
    if not len(vectors):
        return NeighbourPairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))
    count = max(len(vectors) // CELL_ROWS, 1)
    on_progress(0, count)
    sample = vectors[:: max(len(vectors) // SAMPLE_ROWS, 1)].astype(np.float32)
    means = _means(sample, count)
    parts = _nearest(vectors, means, min(PROBES, len(means)))
    homes = _places(parts[:, 0], len(means))
    visits = _places(parts.ravel(), len(means))
    found = [(np.empty(0, np.int64), np.empty(0, np.float32))]
    for part, (home, visit) in enumerate(zip(homes, visits, strict=True)):
        on_progress(part, len(means))
        found += _of_part(vectors, home, visit // parts.shape[1], least=least, most=most)
    keys, cosines = (np.concatenate(some) for some in zip(*found, strict=True))
    keys, where = np.unique(keys, return_index=True)
    return NeighbourPairs(*np.divmod(keys, len(vectors)), cosines[where])


def _of_part(
    vectors: NDArray[np.float16],
    home: NDArray[np.int64],
    visit: NDArray[np.int64],
    *,
    least: float,
    most: int,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Compare all that visit a part with those at home in it; give keys of pairs, and cosines."""
    there = vectors[home].astype(np.float32).T
    rows_at_once = max(BATCH_COSINES // max(len(home), 1), 1)
    for start in range(0, len(visit), rows_at_once):
        some = visit[start : start + rows_at_once]
        cosines = vectors[some].astype(np.float32) @ there
        where = np.flatnonzero(cosines > least)
        cosines = cosines.ravel()[where]
        rows, columns = np.divmod(where, max(len(home), 1))
        ones, others = some[rows], home[columns]
        apart = ones != others
        rows, ones, others, cosines = rows[apart], ones[apart], others[apart], cosines[apart]
        # Of a row only the nearest: where all are alike there would be no end.
        order = np.argsort(rows + (1 - cosines) / 2)  # within each row, so that `rows` stays
        rank = np.arange(len(rows)) - np.searchsorted(rows, rows)
        kept = order[rank < most]
        ones, others = ones[kept], others[kept]
        yield np.minimum(ones, others) * len(vectors) + np.maximum(ones, others), cosines[kept]


def _means(sample: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Run a few rounds of k-means."""
    means: NDArray[np.float32] = sample[
        np.linspace(0, len(sample) - 1, min(count, len(sample))).astype(int)
    ]
    for _ in range(KMEANS_ROUNDS if len(means) > 1 else 0):
        nearest = _nearest(sample, means, 1)[:, 0]
        means = np.stack(
            [
                sample[rows].mean(axis=0) if len(rows) else mean
                for mean, rows in zip(means, _places(nearest, len(means)), strict=True)
            ]
        )
    return means


def _nearest(
    vectors: NDArray[np.floating], means: NDArray[np.float32], count: int
) -> NDArray[np.int32]:
    """Name the means that each vector is nearest to, int32 [N, count], the nearest first."""
    half_squares = (means**2).sum(axis=1) / 2
    found = np.empty((len(vectors), count), np.int32)
    for start in range(0, len(vectors), BATCH_ROWS):
        some = vectors[start : start + BATCH_ROWS].astype(np.float32, copy=False)
        near = some @ means.T - half_squares
        for k in range(count):
            best = near.argmax(axis=1)
            found[start : start + len(near), k] = best
            near[np.arange(len(near)), best] = -np.inf
    return found


def _places(values: NDArray[np.integer], count: int) -> list[NDArray[np.int64]]:
    """Tell where each of the numbers below `count` stands."""
    order = np.argsort(values, kind="stable")
    return np.split(order, np.searchsorted(values[order], np.arange(1, count)))
