"""The map of a gallery: a 2-D layout in which similar pictures are close together."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..storage import from_text, write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from ..gallery import Gallery

FILE = "map.npz"
MAX_POINTS = 100_000  # a larger gallery is sampled at random
SAMPLE = 3_000  # pictures for t-SNE, which takes about 17 s on one core
NEIGHBOURS = 4
TEMPERATURE = 0.02  # difference of cosines that divides a neighbour's weight by e
JITTER = 0.004  # of the map's side, so that similar pictures are not at the same point
BLOCK = 4_096
POINT = np.dtype([("id", "V16"), ("x", "<f4"), ("y", "<f4"), ("label", "<u4")])


@dataclass(frozen=True, slots=True)
class Map:
    """A map.

    Attributes:
        points: [N] of `POINT`: x and y are 0..1, `label` is an index of `labels`.
        labels: names of the folders that contain the pictures.
        version: of the gallery.
        method: name of the layout algorithm.
        note: what a reader should know, one or more sentences; may be empty.
    """

    points: NDArray[Any]
    labels: list[str]
    version: int
    method: str
    note: str


def make(gallery: Gallery, *, on_progress: Callable[[str, int, int], None]) -> dict[str, Any]:
    """Compute and store the map of a gallery.

    Returns:
        the number of points and the method.

    Raises:
        GalleryNotFoundError: the gallery is empty.
    """
    from ..report import build_map

    on_progress("Reading vectors", 0, 3)
    version = gallery.version()
    ids, vectors, labels, names = _read(gallery)
    rng = np.random.default_rng(0)
    notes = []
    if len(ids) > MAX_POINTS:
        chosen = np.sort(rng.choice(len(ids), MAX_POINTS, replace=False))
        notes.append(f"{MAX_POINTS:,} of {len(ids):,} pictures, chosen at random.")
        ids, vectors, labels = ids[chosen], vectors[chosen], labels[chosen]
    on_progress("Computing the layout", 1, 3)
    sample = np.arange(len(ids))
    if len(ids) > SAMPLE:
        sample = np.sort(rng.choice(len(ids), SAMPLE, replace=False))
        notes.append(f"{SAMPLE:,} are laid out; the others are next to the most similar of these.")
    layout = build_map(vectors[sample].astype(np.float32), max_points=SAMPLE)
    positions = np.empty((len(ids), 2), np.float32)
    on_progress("Placing pictures", 2, 3)
    if len(ids) > len(sample):
        positions[:] = interpolate(vectors, vectors[sample], layout.points)
        positions += rng.normal(0, JITTER, positions.shape).astype(np.float32)
        positions = positions.clip(0, 1)
    positions[sample] = layout.points
    points = np.empty(len(ids), POINT)
    points["id"] = ids
    points["x"], points["y"], points["label"] = positions[:, 0], positions[:, 1], labels
    note = " ".join(filter(None, [*notes, layout.note]))
    save(gallery.cache, Map(points, names, version, layout.method, note))
    return {"points": len(ids), "method": layout.method}


def interpolate(
    vectors: NDArray[np.floating[Any]],
    sample: NDArray[np.floating[Any]],
    points: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Place vectors at the weighted mean position of their nearest neighbours in a sample.

    Args:
        vectors: [N, D], unit length.
        sample: [M, D], unit length.
        points: [M, 2], positions of the sample.

    Returns:
        float32 [N, 2].
    """
    neighbours = min(NEIGHBOURS, len(sample))
    sample = sample.astype(np.float32)
    positions = np.empty((len(vectors), 2), np.float32)
    for start in range(0, len(vectors), BLOCK):
        cosines = vectors[start : start + BLOCK].astype(np.float32) @ sample.T
        nearest = np.argpartition(-cosines, neighbours - 1, axis=1)[:, :neighbours]
        best = np.take_along_axis(cosines, nearest, axis=1)
        weights = np.exp((best - best.max(axis=1, keepdims=True)) / TEMPERATURE)
        weights /= weights.sum(axis=1, keepdims=True)
        positions[start : start + BLOCK] = np.einsum("nk,nkd->nd", weights, points[nearest])
    return positions


def save(folder: Path, gallery_map: Map) -> None:
    """Store a map in one step."""
    out = io.BytesIO()
    np.savez(
        out,
        points=gallery_map.points.view(np.uint8),
        labels=np.array(gallery_map.labels, np.str_),
        version=np.int64(gallery_map.version),
        method=np.str_(gallery_map.method),
        note=np.str_(gallery_map.note),
    )
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / FILE, out.getvalue())


def load(folder: Path) -> Map | None:
    """Read the map; None if there is none."""
    try:
        with np.load(folder / FILE, allow_pickle=False) as file:
            return Map(
                np.frombuffer(file["points"].tobytes(), POINT),
                [str(name) for name in file["labels"]],
                int(file["version"]),
                str(file["method"]),
                str(file["note"]),
            )
    except (OSError, ValueError, KeyError):
        return None


def _read(
    gallery: Gallery,
) -> tuple[NDArray[Any], NDArray[np.float16], NDArray[np.uint32], list[str]]:
    """Read each content once: ids, vectors, label indexes, and the labels' names."""
    ids, parts, labels = list[bytes](), list[Any](), list[int]()
    label_indexes: dict[str, int] = {}
    seen = set[bytes]()
    for batch in gallery.rows(["content_hash", "path", "vector"]):
        contents, paths = (batch.column(column).to_pylist() for column in (0, 1))
        flat = batch.column("vector").flatten().to_numpy(zero_copy_only=False)
        new_rows = []
        for row, content in enumerate(contents):
            if content not in seen:
                seen.add(content)
                new_rows.append(row)
                ids.append(content)
                label = os.path.basename(os.path.dirname(from_text(paths[row])))
                labels.append(label_indexes.setdefault(label, len(label_indexes)))
        parts.append(flat.astype(np.float16).reshape(len(contents), -1)[new_rows])
    vectors = np.concatenate(parts) if parts else np.empty((0, 2), np.float16)
    return np.array(ids, "V16"), vectors, np.array(labels, np.uint32), [*label_indexes]
