"""The map of a gallery: a sample laid out, all others put beside those that they look most like."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..storage import from_text
from .query_cache import write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from ..gallery import Gallery

FILE = "map.npz"
MAX_POINTS = 100_000  # of more pictures, so many are drawn at random
SAMPLE = 3_000  # what t-SNE lays out, in some 17 s on one core
NEIGHBOURS = 4
SHARPNESS = 0.02  # cosine by which a neighbour's say falls to a third
JITTER = 0.004  # of the map's side, so that what is alike does not lie in one point
BLOCK = 4_096
POINT = np.dtype([("id", "V16"), ("x", "<f4"), ("y", "<f4"), ("label", "<u4")])


@dataclass(frozen=True, slots=True)
class Map:
    """A layout.

    Attributes:
        points: [N] of `POINT`: x and y are 0..1, `label` counts into `labels`.
        labels: names of the folders that hold the pictures.
        version: of the table of pictures.
        method: how it was made.
        note: one sentence on what a reader should know; may be empty.
    """

    points: NDArray[Any]
    labels: list[str]
    version: int
    method: str
    note: str


def make(gallery: Gallery, *, on_progress: Callable[[str, int, int], None]) -> dict[str, Any]:
    """Lay a gallery out, and leave it for the server.

    Raises:
        GalleryNotFoundError: there is no gallery.
    """
    from ..report import build_map

    on_progress("Reading vectors", 0, 3)
    version = gallery.version()
    ids, vectors, labels, names = _read(gallery)
    rng = np.random.default_rng(0)
    notes = []
    if len(ids) > MAX_POINTS:
        some = np.sort(rng.choice(len(ids), MAX_POINTS, replace=False))
        notes.append(f"{MAX_POINTS:,} of {len(ids):,} pictures, drawn at random.")
        ids, vectors, labels = ids[some], vectors[some], labels[some]
    on_progress("Laying out", 1, 3)
    sample = np.arange(len(ids))
    if len(ids) > SAMPLE:
        sample = np.sort(rng.choice(len(ids), SAMPLE, replace=False))
        notes.append(f"{SAMPLE:,} are laid out, the others put beside those they look most like.")
    atlas = build_map(vectors[sample].astype(np.float32), max_points=SAMPLE)
    places = np.empty((len(ids), 2), np.float32)
    on_progress("Placing", 2, 3)
    if len(ids) > len(sample):
        places[:] = placed(vectors, vectors[sample], atlas.points)
        places += rng.normal(0, JITTER, places.shape).astype(np.float32)
        places = places.clip(0, 1)
    places[sample] = atlas.points
    points = np.empty(len(ids), POINT)
    points["id"] = ids
    points["x"], points["y"], points["label"] = places[:, 0], places[:, 1], labels
    note = " ".join(filter(None, [*notes, atlas.note]))
    save(gallery.cache, Map(points, names, version, atlas.method, note))
    return {"points": len(ids), "method": atlas.method}


def placed(
    vectors: NDArray[np.floating[Any]],
    sample: NDArray[np.floating[Any]],
    points: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Put vectors where those of a sample are that have the greatest cosine with them.

    Args:
        vectors: [N, D], unit length.
        sample: [M, D], likewise.
        points: [M, 2], where the sample is.

    Returns:
        float32 [N, 2].
    """
    many = min(NEIGHBOURS, len(sample))
    known = sample.astype(np.float32)
    found = np.empty((len(vectors), 2), np.float32)
    for start in range(0, len(vectors), BLOCK):
        cosines = vectors[start : start + BLOCK].astype(np.float32) @ known.T
        nearest = np.argpartition(-cosines, many - 1, axis=1)[:, :many]
        best = np.take_along_axis(cosines, nearest, axis=1)
        say = np.exp((best - best.max(axis=1, keepdims=True)) / SHARPNESS)
        say /= say.sum(axis=1, keepdims=True)
        found[start : start + BLOCK] = np.einsum("nk,nkd->nd", say, points[nearest])
    return found


def save(folder: Path, made: Map) -> None:
    """Put a map in place in one step."""
    out = io.BytesIO()
    np.savez(
        out,
        points=made.points.view(np.uint8),
        labels=np.array(made.labels, np.str_),
        version=np.int64(made.version),
        method=np.str_(made.method),
        note=np.str_(made.note),
    )
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / FILE, out.getvalue())


def load(folder: Path) -> Map | None:
    """Read the map; None where there is none."""
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
    """Read all contents, each once: ids, vectors, label numbers, and the labels' names."""
    ids, parts, labels = list[bytes](), list[Any](), list[int]()
    numbers: dict[str, int] = {}
    seen = set[bytes]()
    for batch in gallery.rows(["content_hash", "path", "vector"]):
        contents, paths = (batch.column(k).to_pylist() for k in (0, 1))
        flat = batch.column("vector").flatten().to_numpy(zero_copy_only=False)
        kept = []
        for row, content in enumerate(contents):
            if content not in seen:
                seen.add(content)
                kept.append(row)
                ids.append(content)
                label = os.path.basename(os.path.dirname(from_text(paths[row])))
                labels.append(numbers.setdefault(label, len(numbers)))
        parts.append(flat.astype(np.float16).reshape(len(contents), -1)[kept])
    vectors = np.concatenate(parts) if parts else np.empty((0, 2), np.float16)
    return np.array(ids, "V16"), vectors, np.array(labels, np.uint32), [*numbers]
