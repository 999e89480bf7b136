"""Any number of synthetic vectors, distributed like an encoder's vectors of real pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MEANS = 1_024  # with 64 or 256, neighbours are further apart than those of real pictures
ITERATIONS = 12  # of k-means
ROWS_PER_BATCH = 1_000
MIN_DISTANCE = 1e-3
NEIGHBOURS = (1, 10, 100)


@dataclass(frozen=True, slots=True)
class Mixture:
    """The distribution of real vectors: k-means clusters and the principal axes around them.

    Attributes:
        means: float32 [K, D].
        members: int64 [N], the real vectors ordered by their nearest mean.
        nearest: int64 [N], each real vector's nearest mean.
        distances: float32 [N], each real vector's distance from it.
        axes: float32 [D, D], the principal directions of the differences between vectors and their
            means, each as long as its standard deviation.
    """

    means: NDArray[np.float32]
    members: NDArray[np.int64]
    nearest: NDArray[np.int64]
    distances: NDArray[np.float32]
    axes: NDArray[np.float32]

    @classmethod
    def fit(cls, real: NDArray[np.float32], random: np.random.Generator) -> Mixture:
        """Fit a mixture to real vectors, float32 [N, D]."""
        means = real[random.permutation(len(real))[:MEANS]].copy()
        for _ in range(ITERATIONS):
            nearest = _nearest(real, means)
            for k in np.unique(nearest):
                means[k] = real[nearest == k].mean(axis=0)
        nearest = _nearest(real, means)
        differences = real - means[nearest]
        variances, directions = np.linalg.eigh(differences.T @ differences / len(differences))
        axes = (np.sqrt(np.maximum(variances, 0)) * directions).T
        distances = np.linalg.norm(differences, axis=1)
        return cls(means, np.argsort(nearest, kind="stable"), nearest, distances, axes)

    def sample(self, rows: int, random: np.random.Generator) -> NDArray[np.float32]:
        """Draw vectors, float32 [rows, D], of unit length.

        Each is drawn around the mean of a random real vector. Its distance from the mean is that of
        a random member of the cluster; its direction follows the principal axes.
        """
        mean = self.nearest[random.integers(len(self.nearest), size=rows)]
        starts = np.searchsorted(self.nearest[self.members], np.arange(len(self.means) + 1))
        counts = np.diff(starts)[mean]
        model = self.members[starts[mean] + (random.random(rows) * counts).astype(np.int64)]
        # The mean of a single vector is that vector: take the distance from another cluster.
        single = counts == 1
        others = np.flatnonzero(self.distances > MIN_DISTANCE)
        model[single] = others[random.integers(len(others), size=single.sum())]
        vectors = random.standard_normal((rows, len(self.axes)), np.float32) @ self.axes
        vectors *= (self.distances[model] / np.linalg.norm(vectors, axis=1))[:, None]
        vectors += self.means[mean]
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors


def neighbour_cosines(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return each vector's cosines with its 1st, 10th and 100th nearest neighbour, [N, 3]."""
    blocks = []
    for start in range(0, len(vectors), ROWS_PER_BATCH):
        cosines = vectors[start : start + ROWS_PER_BATCH] @ vectors.T
        cosines[np.arange(len(cosines)), start + np.arange(len(cosines))] = -2
        cosines.partition([len(vectors) - n for n in NEIGHBOURS], axis=1)
        blocks.append(cosines[:, [len(vectors) - n for n in NEIGHBOURS]])
    return np.concatenate(blocks)


def _nearest(vectors: NDArray[np.float32], means: NDArray[np.float32]) -> NDArray[np.int64]:
    return (vectors @ means.T - (means**2).sum(axis=1) / 2).argmax(axis=1)
