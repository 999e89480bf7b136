"""The linear projection from pooled features to the embedding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def fit_projection(
    features: NDArray[np.float32], *, dimensions: int, shrinkage: float
) -> NDArray[np.float32]:
    """Return the directions in which features vary most, not centred: float32 [F, D].

    `features` is float32 [N, F] of unit length. Without centring, dot products of projected
    features are the best approximation of rank D to those of the features themselves (Eckart and
    Young, "The approximation of one matrix by another of lower rank", 1936).

    `shrinkage` 0 keeps that; above 0, each direction is divided by its singular value to that
    power, so that the strong directions that all pictures share weigh less (1 would be whitening;
    compare Jegou and Chum, "Negative evidences and co-occurrences in image retrieval", 2012).
    """
    moments = features.T.astype(np.float64) @ features / len(features)
    energies, directions = np.linalg.eigh(moments)  # ascending
    energies, directions = energies[::-1][:dimensions], directions[:, ::-1][:, :dimensions]
    largest = np.abs(directions).argmax(axis=0)
    # LAPACK leaves the sign open; with it fixed, a rerun gives the same file.
    directions = directions * np.sign(directions[largest, np.arange(dimensions)])
    weights = (energies + 0.1 * energies.mean()) ** (-shrinkage / 2)  # the weakest not too much
    return np.ascontiguousarray(directions * weights / weights.max(), dtype=np.float32)
