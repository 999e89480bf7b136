"""Rows of the table of pictures, and what they stand for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..types import Entry, Record, Source
from .sql import from_text, to_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray


def to_records(batch: pa.RecordBatch) -> Iterator[Record]:
    """Turn a batch with all columns of the table of pictures into records."""
    import numpy as np

    vectors = batch.column("vector")
    flat = vectors.flatten().to_numpy(zero_copy_only=False).astype(np.float16)
    for row, vector in zip(
        batch.drop_columns(["vector"]).to_pylist(), flat.reshape(len(vectors), -1), strict=True
    ):
        source = Source(from_text(row["path"]), row["size"], row["mtime_ns"], row.get("metadata"))
        yield Record(source, row["content_hash"], row["width"], row["height"], vector)


def to_entry(one: str, rows: list[dict[str, Any]]) -> Entry:
    """Make one picture of the rows of its files."""
    newest = max(rows, key=lambda row: row["mtime_ns"])
    paths = tuple(sorted(from_text(row["path"]) for row in rows))
    told = next((row["metadata"] for row in rows if row.get("metadata")), None)
    return Entry(
        one,
        paths,
        newest["width"],
        newest["height"],
        newest["size"],
        newest["mtime_ns"],
        json.loads(told) if told else None,
    )


def file_columns(sources: Iterable[Source]) -> dict[str, Any]:
    """Give the columns that say which files are meant."""
    rows = [(to_text(source.path), source.size, source.mtime_ns) for source in sources]
    return dict(zip(("path", "size", "mtime_ns"), zip(*rows, strict=True), strict=True))


def scored_row(record: Record, vector: NDArray[np.float32]) -> dict[str, Any]:
    """Write a record as `find` does."""
    import numpy as np

    return {
        "path": record.source.path,
        "score": _cosine(record.vector.astype(np.float32), vector),
        "width": record.width,
        "height": record.height,
        "content_hash": record.content_hash,
        "size": record.source.size,
        "mtime_ns": record.source.mtime_ns,
        "metadata": record.source.metadata,
    }


def _cosine(stored: NDArray[np.float32], asked: NDArray[np.float32]) -> float:
    """Compare with a stored vector, whose half precision has moved its length off one."""
    import numpy as np

    return float(stored @ asked / max(np.linalg.norm(stored), np.finfo(np.float32).tiny))
