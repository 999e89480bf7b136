"""Which of many vectors are near each other, without comparing each with all.

As an inverted file has it (Jégou, Douze and Schmid, "Product Quantization", 2011): vectors are
parted by the mean that is nearest, and one is compared with those of the parts that are nearest to
it; first by the dimensions in which all differ most, then by all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

PART_ROWS = 1_000  # about
MOST_PARTS = 6  # that a vector is compared with
COMPONENTS = 128  # of the vectors, for a first look
MARGIN = 0.02  # by which the first look may be wrong
SAMPLE_ROWS = 65_536  # from which directions and means are taken
ROUNDS = 6  # of k-means
ROWS_AT_ONCE = 16_384
CELLS_AT_ONCE = 2**24  # cosines in memory


class Near(NamedTuple):
    """Pairs of rows, each once, in the order of `ones`, then of `others`, which are greater.

    Attributes:
        ones: int64 [P].
        others: int64 [P].
        cosines: float32 [P].
    """

    ones: NDArray[np.int64]
    others: NDArray[np.int64]
    cosines: NDArray[np.float32]


def near_pairs(
    vectors: NDArray[np.float16],
    *,
    least: float,
    most: int,
    on_progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Near:
    """Find pairs of vectors whose cosine is above a limit; few are missed, all that are told hold.

    Args:
        vectors: float16 [N, D], unit length; rows of zeros are near to nothing.
        least: the cosine.
        most: pairs of a row in each part that it is compared with, the nearest.
        on_progress: told how many parts are through, and of how many.
    """
    if not len(vectors):
        return Near(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))
    sample = vectors[:: max(len(vectors) // SAMPLE_ROWS, 1)].astype(np.float32)
    _, axes = np.linalg.eigh(sample.T @ sample)
    axes = np.ascontiguousarray(axes[:, -COMPONENTS:])
    means = _means(sample @ axes, max(len(vectors) // PART_ROWS, 1))
    first = np.empty((len(vectors), axes.shape[1]), np.float16)
    parts = np.empty((len(vectors), min(MOST_PARTS, len(means))), np.int32)
    for start in range(0, len(vectors), ROWS_AT_ONCE):
        some = vectors[start : start + ROWS_AT_ONCE].astype(np.float32) @ axes
        long = np.maximum(np.linalg.norm(some, axis=1, keepdims=True), MARGIN)
        first[start : start + len(some)] = some / long  # what is left out agrees as much
        far = (means**2).sum(axis=1) / 2 - some @ means.T
        near = np.argpartition(far, parts.shape[1] - 1, axis=1)[:, : parts.shape[1]]
        order = np.take_along_axis(far, near, 1).argmin(axis=1)
        here = np.arange(len(near))
        near[here, order], near[here, 0] = near[here, 0], near[here, order]
        parts[start : start + len(some)] = near  # the nearest is the first
    found = [(np.empty(0, np.int64), np.empty(0, np.float32))]
    homes = _places(parts[:, 0], len(means))
    visits = _places(parts.ravel(), len(means))
    for part, (home, visit) in enumerate(zip(homes, visits, strict=True)):
        on_progress(part, len(means))
        members = home, visit // parts.shape[1]
        found += _of_part(vectors, first, members, least=least, most=most)
    keys, where = np.unique(np.concatenate([keys for keys, _ in found]), return_index=True)
    ones, others = np.divmod(keys, len(vectors))
    return Near(ones, others, np.concatenate([cosines for _, cosines in found])[where])


def _of_part(
    vectors: NDArray[np.float16],
    first: NDArray[np.float16],
    part: tuple[NDArray[np.int64], NDArray[np.int64]],
    *,
    least: float,
    most: int,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Compare all that visit a part with those at home in it; give keys of pairs, and cosines."""
    home, visit = part
    there = np.ascontiguousarray(first[home].T.astype(np.float32))
    rows_at_once = max(CELLS_AT_ONCE // max(len(home), 1), 1)
    for start in range(0, len(visit), rows_at_once):
        some = visit[start : start + rows_at_once]
        cosines = first[some].astype(np.float32) @ there
        rows, columns = np.divmod(np.flatnonzero(cosines > least - MARGIN), max(len(home), 1))
        # Of a row only the nearest: where all are alike there would be no end.
        order = np.lexsort((-cosines[rows, columns], rows))
        rows, columns = rows[order], columns[order]
        kept = np.arange(len(rows)) - np.searchsorted(rows, rows) <= most  # itself is one more
        ones, others = some[rows[kept]], home[columns[kept]]
        apart = ones != others
        ones, others = ones[apart], others[apart]
        for at in range(0, len(ones), ROWS_AT_ONCE):
            one, other = ones[at : at + ROWS_AT_ONCE], others[at : at + ROWS_AT_ONCE]
            pairs = (vectors[rows].astype(np.float32) for rows in (one, other))
            exact = np.einsum("nd,nd->n", *pairs)
            sure = exact > least
            keys = np.minimum(one, other) * len(vectors) + np.maximum(one, other)
            yield keys[sure], exact[sure].astype(np.float32)


def _means(sample: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Run a few rounds of k-means."""
    means: NDArray[np.float32] = sample[
        np.linspace(0, len(sample) - 1, min(count, len(sample))).astype(int)
    ]
    for _ in range(ROUNDS if len(means) > 1 else 0):
        far = (means**2).sum(axis=1) / 2
        nearest = np.concatenate(
            [
                (far - sample[start : start + ROWS_AT_ONCE] @ means.T).argmin(axis=1)
                for start in range(0, len(sample), ROWS_AT_ONCE)
            ]
        )
        means = np.stack(
            [
                sample[rows].mean(axis=0) if len(rows) else mean
                for mean, rows in zip(means, _places(nearest, len(means)), strict=True)
            ]
        )
    return means


def _places(values: NDArray[np.integer], count: int) -> list[NDArray[np.int64]]:
    """Tell where each of the numbers below `count` stands."""
    order = np.argsort(values, kind="stable")
    return np.split(order, np.searchsorted(values[order], np.arange(1, count)))
