"""Conversions between rows of the tables and records, entries and hits."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from ..copies import unpack_pdq
from ..sources import metadata_from_json
from ..types import Entry, Properties, Source
from .sql import from_text, to_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

PDQ_BYTES = 32
PROPERTY_COLUMNS = tuple(field.name for field in fields(Properties))
HAS_PROPERTIES = "pages"  # the column that is null if the file was not read for the others yet


@dataclass(frozen=True, slots=True)
class Record:
    """A row to be written to the gallery.

    Attributes:
        source: the file.
        content_hash: the first 16 bytes of the SHA-256 of the file's bytes.
        width: pixels, upright.
        height: pixels, upright.
        vector: float16 [D], unit length up to rounding; None if another row has it, which the
            writer of this one has to look up.
        fingerprint: see `copies.pack`; None if there is none, or it is already stored.
        properties: what the file holds; None if it was not read for them yet.
    """

    source: Source
    content_hash: bytes
    width: int
    height: int
    vector: NDArray[np.float16] | None
    fingerprint: bytes | None = None
    properties: Properties | None = None


@dataclass(frozen=True, slots=True)
class RefusalRecord:
    """A row of the refusals to be written.

    Attributes:
        source: the file.
        reason: why it can't be used; None if it is no picture, or an archive whose members are all
            known.
        format: the kind of file that this lookalike can't read, such as `NEF` or `PDF`; else empty.
    """

    source: Source
    reason: str | None = None
    format: str = ""


def count_formats(batches: Iterable[pa.RecordBatch]) -> dict[str, int]:
    """Count the kinds of files that can't be read, of batches with the format, most first."""
    kinds = Counter(
        name
        for batch in batches
        if "format" in batch.schema.names  # which an older lookalike did not write
        for name in batch.column("format").to_pylist()
    )
    return {name: count for name, count in kinds.most_common() if name}


def property_fields() -> list[pa.Field]:
    """Return the columns with what a file holds."""
    import pyarrow as pa

    types = {"str": pa.string(), "int": pa.int32(), "bool": pa.bool_(), "float": pa.float64()}
    return [
        pa.field(field.name, types[str(field.type).removesuffix(" | None")])
        for field in fields(Properties)
    ]


def picture_columns(records: Sequence[Record], dimensions: int) -> dict[str, Any]:
    """Return the columns of the table of pictures for records, which all have a vector."""
    import numpy as np
    import pyarrow as pa

    vectors = np.stack([np.asarray(record.vector, np.float16) for record in records])
    properties = [
        {name: getattr(record.properties, name, None) for name in PROPERTY_COLUMNS}
        for record in records
    ]
    return {
        **file_columns(record.source for record in records),
        "content_hash": [record.content_hash for record in records],
        "width": [record.width for record in records],
        "height": [record.height for record in records],
        "vector": pa.FixedSizeListArray.from_arrays(vectors.ravel(), dimensions),
        "metadata": [record.source.metadata for record in records],
        **{name: [values[name] for values in properties] for name in PROPERTY_COLUMNS},
    }


def to_records(batch: pa.RecordBatch) -> Iterator[Record]:
    """Convert a batch with all columns of the table of pictures to records."""
    import numpy as np

    vectors = batch.column("vector")
    flat = vectors.flatten().to_numpy(zero_copy_only=False).astype(np.float16)
    for row, vector in zip(
        batch.drop_columns(["vector"]).to_pylist(), flat.reshape(len(vectors), -1), strict=True
    ):
        source = Source(from_text(row["path"]), row["size"], row["mtime_ns"], row.get("metadata"))
        sides = row["width"], row["height"]
        yield Record(source, row["content_hash"], *sides, vector, properties=to_properties(row))


def to_properties(row: dict[str, Any]) -> Properties | None:
    """Return what a row's file holds; None if it was not read for that yet."""
    if row.get(HAS_PROPERTIES) is None:
        return None
    return Properties(**{name: row[name] for name in PROPERTY_COLUMNS})


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
        metadata_from_json(metadata)[0] if metadata else None,
        next(filter(None, map(to_properties, rows)), Properties()),
    )


def file_columns(sources: Iterable[Source]) -> dict[str, Any]:
    """Return the columns that identify files."""
    rows = [(to_text(source.path), source.size, source.mtime_ns) for source in sources]
    return dict(zip(("path", "size", "mtime_ns"), zip(*rows, strict=True), strict=True))


def scored_row(record: Record, query: NDArray[np.float32]) -> dict[str, Any]:
    """Return a stored record as `Store.nearest` does, with its score for a query's vector."""
    import numpy as np

    return {
        "path": record.source.path,
        "score": _cosine(np.asarray(record.vector, np.float32), query),
        "width": record.width,
        "height": record.height,
        "content_hash": record.content_hash,
    }


def _cosine(stored: NDArray[np.float32], query: NDArray[np.float32]) -> float:
    """Return the cosine of a query and a stored vector, no longer of unit length after rounding."""
    import numpy as np

    return float(stored @ query / max(np.linalg.norm(stored), np.finfo(np.float32).tiny))


def fingerprint_columns(fingerprints: Mapping[bytes, bytes]) -> dict[str, Any]:
    """Return the table's columns for packed fingerprints."""
    import numpy as np
    import pyarrow as pa

    hashes = np.frombuffer(b"".join(map(unpack_pdq, fingerprints.values())), np.uint8)
    pdq = pa.FixedSizeListArray.from_arrays(hashes, PDQ_BYTES)
    return {
        "content_hash": [*fingerprints],
        "pdq": pdq,
        "fingerprint": [*fingerprints.values()],
        "format": [data[0] for data in fingerprints.values()],
    }
