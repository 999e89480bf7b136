"""Which of many vectors are near each other, without comparing each with all.

An inverted file (Jégou, Douze and Schmid, "Product Quantization for Nearest Neighbor Search",
2011): k-means partitions the vectors into cells, and each vector is compared with those in the
cells nearest to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

CELL_ROWS = 1_000  # about so many vectors in a cell
PROBES = 6  # cells that each vector is compared with
SAMPLE_ROWS = 65_536  # vectors that k-means runs on
KMEANS_ROUNDS = 6
BATCH_ROWS = 16_384
BATCH_COSINES = 2**24  # in memory


class NeighbourPairs(NamedTuple):
    """Pairs of near vectors, each once, ordered by the lower row, then by the higher.

    Attributes:
        lower: int64 [P], rows.
        higher: int64 [P], rows.
        cosines: float32 [P].
    """

    lower: NDArray[np.int64]
    higher: NDArray[np.int64]
    cosines: NDArray[np.float32]


def find_neighbour_pairs(
    vectors: NDArray[np.float16],
    *,
    min_cosine: float,
    max_neighbours: int,
    on_progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> NeighbourPairs:
    """Find pairs of vectors with a cosine above a limit; few are missed, and none is wrong.

    Args:
        vectors: float16 [N, D], unit length; rows of zeros are near nothing.
        min_cosine: above 0.
        max_neighbours: of a vector in each cell that it is compared with, the nearest.
        on_progress: called at once and before each cell, with the number of cells done, and of all.
    """
    if not len(vectors):
        return NeighbourPairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))
    count = max(len(vectors) // CELL_ROWS, 1)
    on_progress(0, count)
    sample = vectors[:: max(len(vectors) // SAMPLE_ROWS, 1)].astype(np.float32)
    centroids = _kmeans(sample, count)
    cells = _nearest_centroids(vectors, centroids, min(PROBES, len(centroids)))
    residents = _rows_by_value(cells[:, 0], len(centroids))
    visitors = _rows_by_value(cells.ravel(), len(centroids))
    found = [(np.empty(0, np.int64), np.empty(0, np.float32))]
    for cell, (resident, visitor) in enumerate(zip(residents, visitors, strict=True)):
        on_progress(cell, len(centroids))
        found += _compare_cell(
            vectors, resident, visitor // cells.shape[1], min_cosine, max_neighbours
        )
    keys, cosines = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    keys, positions = np.unique(keys, return_index=True)
    return NeighbourPairs(*np.divmod(keys, len(vectors)), cosines[positions])


def _compare_cell(
    vectors: NDArray[np.float16],
    residents: NDArray[np.int64],
    visitors: NDArray[np.int64],
    min_cosine: float,
    max_neighbours: int,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Compare a cell's visitors with its residents; yield keys of pairs, and their cosines.

    A pair's key is its lower row times the number of vectors, plus its higher row.
    """
    resident_vectors = vectors[residents].astype(np.float32).T
    batch_rows = max(BATCH_COSINES // max(len(residents), 1), 1)
    for start in range(0, len(visitors), batch_rows):
        batch = visitors[start : start + batch_rows]
        cosines = vectors[batch].astype(np.float32) @ resident_vectors
        above = np.flatnonzero(cosines > min_cosine)
        cosines = cosines.ravel()[above]
        rows, columns = np.divmod(above, max(len(residents), 1))
        left, right = batch[rows], residents[columns]
        distinct = left != right
        rows, left, right, cosines = (array[distinct] for array in (rows, left, right, cosines))
        # The nearest of each row only: among equal vectors the pairs would never end. The order is
        # within each row, so that `rows` stays sorted.
        order = np.argsort(rows + (1 - cosines) / 2)
        rank = np.arange(len(rows)) - np.searchsorted(rows, rows)
        nearest = order[rank < max_neighbours]
        left, right = left[nearest], right[nearest]
        yield np.minimum(left, right) * len(vectors) + np.maximum(left, right), cosines[nearest]


def _kmeans(sample: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Run a few rounds of k-means."""
    centroids: NDArray[np.float32] = sample[
        np.linspace(0, len(sample) - 1, min(count, len(sample))).astype(int)
    ]
    for _ in range(KMEANS_ROUNDS if len(centroids) > 1 else 0):
        nearest = _nearest_centroids(sample, centroids, 1)[:, 0]
        rows_of = _rows_by_value(nearest, len(centroids))
        centroids = np.stack(
            [
                sample[rows].mean(axis=0) if len(rows) else centroid
                for centroid, rows in zip(centroids, rows_of, strict=True)
            ]
        )
    return centroids


def _nearest_centroids(
    vectors: NDArray[np.floating], centroids: NDArray[np.float32], count: int
) -> NDArray[np.int32]:
    """Return the centroids nearest to each vector, int32 [N, count], the nearest first."""
    half_squares = (centroids**2).sum(axis=1) / 2
    nearest = np.empty((len(vectors), count), np.int32)
    for start in range(0, len(vectors), BATCH_ROWS):
        batch = vectors[start : start + BATCH_ROWS].astype(np.float32, copy=False)
        nearness = batch @ centroids.T - half_squares
        for k in range(count):
            best = nearness.argmax(axis=1)
            nearest[start : start + len(batch), k] = best
            nearness[np.arange(len(batch)), best] = -np.inf
    return nearest


def _rows_by_value(values: NDArray[np.integer], count: int) -> list[NDArray[np.int64]]:
    """Return the rows that have each of the values 0 to `count` - 1."""
    order = np.argsort(values, kind="stable")
    return np.split(order, np.searchsorted(values[order], np.arange(1, count)))
