"""A 2-D map of embeddings: similar pictures are close together, as far as a plane allows."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_POINTS = 3_000  # t-SNE takes about 17 s for them on one core
PIP_LINE = "pip install 'lookalike[evaluate]'"
PERPLEXITY = 30  # van der Maaten and Hinton: "typical values are between 5 and 50"
_PCA_DIMENSIONS = 50  # the input of t-SNE
_MIN_TSNE_POINTS = 8


@dataclass(frozen=True, slots=True)
class PictureMap:
    """Embeddings on a plane.

    Attributes:
        rows: int64 [M], ascending: the embedding of each point.
        points: float32 [M, 2], 0..1; the longer side of their extent is 1.
        method: `PCA`, or `t-SNE` with the version of scikit-learn.
        note: one sentence on what a reader should know about it; may be empty.
    """

    rows: NDArray[np.int64]
    points: NDArray[np.float32]
    method: str
    note: str


def build_map(
    vectors: NDArray[np.floating[Any]], *, max_points: int = MAX_POINTS, seed: int = 0
) -> PictureMap:
    """Arrange embeddings on a plane, by t-SNE if scikit-learn is installed, otherwise by PCA.

    Van der Maaten and Hinton, "Visualizing Data using t-SNE", 2008, on the first 50 principal
    components, initialized with the first two. Distances between distant groups mean nothing.

    Args:
        vectors: [N, D], unit length.
        max_points: of more embeddings, a random sample of this size is shown.
        seed: of the sample and of t-SNE.
    """
    import numpy as np

    rows = np.arange(len(vectors))
    notes = []
    if len(rows) > max_points:
        rows = np.sort(np.random.default_rng(seed).choice(len(rows), max_points, replace=False))
        notes.append(f"{max_points:,} of {len(vectors):,}, sampled at random.")
    components = _principal_components(np.asarray(vectors[rows], np.float32))
    method, points = "PCA", components[:, :2]
    if len(rows) >= _MIN_TSNE_POINTS:
        try:
            from sklearn.manifold import TSNE
            from threadpoolctl import threadpool_limits  # scikit-learn brings it
        except ImportError:
            notes.append(f"For t-SNE, which separates groups better: {PIP_LINE}")
        else:
            method = f"t-SNE (scikit-learn {version('scikit-learn')})"
            perplexity = min(PERPLEXITY, (len(rows) - 1) / 3)
            layout = TSNE(init="pca", perplexity=perplexity, random_state=seed)
            with threadpool_limits(limits=1):  # OpenMP's threads wait for each other on busy cores
                points = layout.fit_transform(components)
    return PictureMap(rows, _fit(points), method, " ".join(notes))


def _principal_components(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Project onto the first principal components: [N, 2 to 50], for any N and D."""
    import numpy as np

    centred = vectors - vectors.mean(axis=0) if len(vectors) else vectors
    values, directions = np.linalg.eigh(centred.T @ centred)
    first = directions[:, np.argsort(-values)[:_PCA_DIMENSIONS]]
    first *= np.where(first[np.abs(first).argmax(axis=0), np.arange(first.shape[1])] < 0, -1, 1)
    missing = max(0, 2 - first.shape[1])
    projected: NDArray[np.float32] = np.pad(centred @ first, ((0, 0), (0, missing)))
    return projected


def _fit(points: NDArray[np.float32]) -> NDArray[np.float32]:
    import numpy as np

    if not len(points):
        return np.empty((0, 2), np.float32)
    low, high = points.min(axis=0), points.max(axis=0)
    span = max(float((high - low).max()), 1e-12)
    fitted: NDArray[np.float32] = ((points - (low + high) / 2) / span + 0.5).astype(np.float32)
    return fitted
