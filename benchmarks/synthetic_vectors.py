"""Vectors as an encoder gives them of pictures, as many as wanted, fitted to those of real ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MEANS = 1_024  # with 64 or 256, neighbours lie further apart than those of real pictures
ROUNDS = 12  # of k-means
ROWS_AT_ONCE = 1_000
LEAST_LENGTH = 1e-3
NEIGHBOURS = (1, 10, 100)


@dataclass(frozen=True, slots=True)
class Mixture:
    """Where real vectors lie: about means, further off in some directions than in others.

    Attributes:
        means: float32 [K, D].
        members: int64 [N], the real vectors ordered by the mean that each is nearest to.
        nearest: int64 [N], which mean that is.
        lengths: float32 [N], how far off each real vector lies.
        axes: float32 [D, D], the principal directions of what lies between vector and mean, each as
            long as its standard deviation.
    """

    means: NDArray[np.float32]
    members: NDArray[np.int64]
    nearest: NDArray[np.int64]
    lengths: NDArray[np.float32]
    axes: NDArray[np.float32]

    @classmethod
    def fitted(cls, real: NDArray[np.float32], random: np.random.Generator) -> Mixture:
        """Fit it to real vectors, float32 [N, D]."""
        means = real[random.permutation(len(real))[:MEANS]].copy()
        for _ in range(ROUNDS):
            nearest = _nearest(real, means)
            for k in np.unique(nearest):
                means[k] = real[nearest == k].mean(axis=0)
        nearest = _nearest(real, means)
        off = real - means[nearest]
        variances, directions = np.linalg.eigh(off.T @ off / len(off))
        axes = (np.sqrt(np.maximum(variances, 0)) * directions).T
        lengths = np.linalg.norm(off, axis=1)
        return cls(means, np.argsort(nearest, kind="stable"), nearest, lengths, axes)

    def drawn(self, rows: int, random: np.random.Generator) -> NDArray[np.float32]:
        """Draw vectors, float32 [rows, D], unit length.

        Each lies about the mean of a real one, as far off as some real one of that mean, in a
        random direction of those in which real ones lie.
        """
        mean = self.nearest[random.integers(len(self.nearest), size=rows)]
        starts = np.searchsorted(self.nearest[self.members], np.arange(len(self.means) + 1))
        counts = np.diff(starts)[mean]
        like = self.members[starts[mean] + (random.random(rows) * counts).astype(np.int64)]
        # A mean of a single vector is that vector: as far from it lies what lies about others.
        alone = counts == 1
        others = np.flatnonzero(self.lengths > LEAST_LENGTH)
        like[alone] = others[random.integers(len(others), size=alone.sum())]
        off = random.standard_normal((rows, len(self.axes)), np.float32) @ self.axes
        off *= (self.lengths[like] / np.linalg.norm(off, axis=1))[:, None]
        off += self.means[mean]
        off /= np.linalg.norm(off, axis=1, keepdims=True)
        return off


def neighbour_cosines(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give each vector's cosines with its 1st, 10th and 100th neighbour: [N, 3]."""
    found = []
    for start in range(0, len(vectors), ROWS_AT_ONCE):
        cosines = vectors[start : start + ROWS_AT_ONCE] @ vectors.T
        cosines[np.arange(len(cosines)), start + np.arange(len(cosines))] = -2
        cosines.partition([len(vectors) - n for n in NEIGHBOURS], axis=1)
        found.append(cosines[:, [len(vectors) - n for n in NEIGHBOURS]])
    return np.concatenate(found)


def _nearest(vectors: NDArray[np.float32], means: NDArray[np.float32]) -> NDArray[np.int64]:
    return (vectors @ means.T - (means**2).sum(axis=1) / 2).argmax(axis=1)
