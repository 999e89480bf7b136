"""Conversions between rows of the table of pictures and records, entries and hits."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..types import Entry, Source
from .sql import from_text, to_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Record:
    """A row to be written to the gallery.

    Attributes:
        source: the file.
        content_hash: the first 16 bytes of the SHA-256 of the file's bytes.
        width: pixels, upright.
        height: pixels, upright.
        vector: float16 [D], unit length up to rounding.
        fingerprint: see `copies.pack`; None if there is none, or it is already stored.
    """

    source: Source
    content_hash: bytes
    width: int
    height: int
    vector: NDArray[np.float16]
    fingerprint: bytes | None = None


def to_records(batch: pa.RecordBatch) -> Iterator[Record]:
    """Convert a batch with all columns of the table of pictures to records."""
    import numpy as np

    vectors = batch.column("vector")
    flat = vectors.flatten().to_numpy(zero_copy_only=False).astype(np.float16)
    for row, vector in zip(
        batch.drop_columns(["vector"]).to_pylist(), flat.reshape(len(vectors), -1), strict=True
    ):
        source = Source(from_text(row["path"]), row["size"], row["mtime_ns"], row.get("metadata"))
        yield Record(source, row["content_hash"], row["width"], row["height"], vector)


def to_entry(picture_id: str, rows: list[dict[str, Any]]) -> Entry:
    """Combine the rows of all files of one picture."""
    newest = max(rows, key=lambda row: row["mtime_ns"])
    paths = tuple(sorted(from_text(row["path"]) for row in rows))
    metadata = next((row["metadata"] for row in rows if row.get("metadata")), None)
    return Entry(
        picture_id,
        paths,
        newest["width"],
        newest["height"],
        newest["size"],
        newest["mtime_ns"],
        json.loads(metadata) if metadata else None,
    )


def file_columns(sources: Iterable[Source]) -> dict[str, Any]:
    """Return the columns that identify files."""
    rows = [(to_text(source.path), source.size, source.mtime_ns) for source in sources]
    return dict(zip(("path", "size", "mtime_ns"), zip(*rows, strict=True), strict=True))


def scored_row(record: Record, query: NDArray[np.float32]) -> dict[str, Any]:
    """Return a record as `Store.nearest` does, with its score for a query's vector."""
    import numpy as np

    return {
        "path": record.source.path,
        "score": _cosine(record.vector.astype(np.float32), query),
        "width": record.width,
        "height": record.height,
        "content_hash": record.content_hash,
        "size": record.source.size,
        "mtime_ns": record.source.mtime_ns,
        "metadata": record.source.metadata,
    }


def _cosine(stored: NDArray[np.float32], query: NDArray[np.float32]) -> float:
    """Return the cosine of a query and a stored vector, no longer of unit length after rounding."""
    import numpy as np

    return float(stored @ query / max(np.linalg.norm(stored), np.finfo(np.float32).tiny))
