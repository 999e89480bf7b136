"""Feature lists: export a gallery's rows to one Parquet file, and import them."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..copies import unpack
from ..errors import FeatureListError, GalleryFormatError, StorageError
from ..sources import CONTENT_HASH_BYTES, is_absolute_anywhere, metadata_from_json
from ..storage import PROPERTY_COLUMNS, Record, from_text, property_fields, to_properties
from ..types import UNKNOWN, Properties, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from ..storage import EncoderCard, Store

ROWS_PER_GROUP = 4_096  # rows in memory at a time
UNIT_LENGTH_TOLERANCE = 0.01
MAX_PROPERTIES = {"bit_depth": 32, "latitude": 90, "longitude": 180}
_OPTIONAL = ("size", "mtime_ns", "fingerprint", "metadata", *PROPERTY_COLUMNS)
_REQUIRED = ("path", "content_hash", "width", "height", "vector", "encoder")


def encoder_id(card: EncoderCard) -> str:
    """Return the value of the column `encoder`: the encoder's name and weights."""
    return f"{card.name}:{card.sha256}"


def write_features(
    path: Path, store: Store, card: EncoderCard, *, on_rows: Callable[[int, int], None]
) -> int:
    """Write all rows; return their number. The file appears when it is complete.

    Raises:
        StorageError: the file can't be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(card.dimensions)
    partial = path.with_name(path.name + ".part")
    count, total = 0, store.pictures.count()
    try:
        with pq.ParquetWriter(partial, schema) as writer:
            for batch in store.pictures.scan(store.pictures.schema.names):
                rows = {name: batch.column(name) for name in batch.schema.names}
                contents = rows["content_hash"].to_pylist()
                prints = store.fingerprints.get(contents)
                hashes = [value.hex() for value in contents]
                vectors = rows["vector"].cast(schema.field("vector").type)
                encoder = pa.repeat(encoder_id(card), len(hashes))
                rows |= {"content_hash": hashes, "vector": vectors, "encoder": encoder}
                rows |= {"fingerprint": [prints.get(value) for value in contents]}
                for field in schema:  # tables of an older lookalike have fewer columns
                    rows.setdefault(field.name, pa.nulls(len(hashes), field.type))
                writer.write_table(pa.table(rows, schema=schema), row_group_size=ROWS_PER_GROUP)
                count += len(hashes)
                on_rows(count, total)
        os.replace(partial, path)
    except OSError as error:
        with contextlib.suppress(OSError):  # a file is where a folder should be, a name is too long
            partial.unlink(missing_ok=True)
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise StorageError(f"{path} can't be written ({reason}); choose another folder.") from error
    return count


def read_features(path: Path, card: EncoderCard) -> Iterator[list[Record]]:
    """Read a feature list in batches, and check every row.

    Raises:
        FeatureListError: it is not a feature list, or its vectors are from another encoder.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        names = file.schema_arrow.names
        missing = [name for name in _REQUIRED if name not in names]
        if missing:
            raise FeatureListError(
                f"{path} has no column {', '.join(missing)}; use a file from `lookalike export`, "
                "or one with the same columns."
            )
        columns = [*_REQUIRED, *(name for name in _OPTIONAL if name in names)]
        schema = pa.schema([_schema(card.dimensions).field(name) for name in columns])
        first = 1
        for batch in file.iter_batches(ROWS_PER_GROUP, columns=columns):
            yield _records(batch.select(columns).cast(schema), card, first)
            first += len(batch)
    except (
        OSError,
        pa.ArrowException,
        GalleryFormatError,
        LookupError,
        TypeError,
        ValueError,
        OverflowError,
    ) as error:
        raise FeatureListError(
            f"{path} is not a feature list ({str(error)[:200]}); use a file from "
            "`lookalike export`."
        ) from error


def import_features(
    path: Path, store: Store, card: EncoderCard, *, total: int, on_rows: Callable[[int, int], None]
) -> int:
    """Commit the rows of a feature list, replacing rows of the same path; return how many paths.

    Args:
        path: the list, already checked with `read_features`.
        store: of the gallery that imports it.
        card: of the gallery's encoder.
        total: the number of rows, for `on_rows`.
        on_rows: called with the number of rows imported so far, and the total.
    """
    count, paths = 0, set[str]()
    for batch in read_features(path, card):
        # Of several rows with one path the last one counts, also across batches.
        records = list({record.source.path: record for record in batch}.values())
        stored = store.fingerprints.existing({record.content_hash for record in records})
        records_to_add = [
            replace(record, fingerprint=None) if record.content_hash in stored else record
            for record in records
        ]
        store.add(records_to_add, replace=True)
        store.refusals.delete([record.source.path for record in records])
        paths.update(record.source.path for record in records)
        count += len(batch)
        on_rows(count, total)
    store.optimize()
    return len(paths)


def _schema(dimensions: int) -> pa.Schema:
    import pyarrow as pa

    return pa.schema(
        [
            ("path", pa.string()),
            ("content_hash", pa.string()),
            ("width", pa.int32()),
            ("height", pa.int32()),
            ("vector", pa.list_(pa.float32(), dimensions)),
            ("encoder", pa.string()),
            ("size", pa.int64()),
            ("mtime_ns", pa.int64()),
            ("fingerprint", pa.binary()),
            ("metadata", pa.string()),
            *property_fields(),
        ]
    )


def _records(batch: pa.RecordBatch, card: EncoderCard, first: int) -> list[Record]:
    """Check and convert rows; `first` is the number of the first one, from 1."""
    import numpy as np

    for name in _REQUIRED:
        _require(batch.column(name).is_valid().to_numpy(zero_copy_only=False), first, name)
    others = set(batch.column("encoder").to_pylist()) - {encoder_id(card)}
    if others:
        raise FeatureListError(
            f"Its vectors are from the encoder {others.pop()!r}, but this gallery's are from "
            f"{encoder_id(card)!r}; index the pictures instead."
        )
    values = batch.column("vector").flatten()
    has_values = values.is_valid().to_numpy(zero_copy_only=False)
    _require(has_values.reshape(len(batch), -1).all(1), first, "vector")
    flat = values.to_numpy(zero_copy_only=False).reshape(len(batch), card.dimensions)
    lengths = np.linalg.norm(flat, axis=1)
    is_unit = np.abs(lengths - 1) < UNIT_LENGTH_TOLERANCE  # NaN fails, too
    if not is_unit.all():
        raise ValueError(f"row {first + int(np.argmin(is_unit)):,}: its vector's length is not 1")
    records = []
    rows = zip(batch.drop_columns(["vector"]).to_pylist(), flat, strict=True)
    for number, (row, vector) in enumerate(rows, first):
        try:
            records.append(_record(row, vector))
        except GalleryFormatError as error:
            raise ValueError(f"row {number:,}: its fingerprint is damaged") from error
        except (LookupError, TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"row {number:,}: {error}") from error
    return records


def _require(is_there: NDArray[np.bool_], first: int, name: str) -> None:
    if not is_there.all():
        raise ValueError(f"row {first + int(is_there.argmin()):,}: it has no {name}")


def _record(row: dict[str, Any], vector: NDArray[np.float32]) -> Record:
    import numpy as np

    content = bytes.fromhex(row["content_hash"])
    sides = (row["width"], row["height"])
    if len(content) != CONTENT_HASH_BYTES or min(sides) < 1:
        raise ValueError(f"the row of {row['path']!r} has no usable content_hash or size")
    if not is_absolute_anywhere(from_text(row["path"])):
        raise ValueError(f"the path {row['path']!r} is not absolute")
    metadata, has_nulls = row.get("metadata"), False
    if metadata:
        values, has_nulls = metadata_from_json(metadata)
        if not isinstance(values, dict):
            raise ValueError(f"the metadata of {row['path']!r} are not a JSON object")
        if has_nulls:
            metadata = json.dumps(values, ensure_ascii=False)
    source = Source(
        from_text(row["path"]),
        UNKNOWN if row.get("size") is None else row["size"],
        UNKNOWN if row.get("mtime_ns") is None else row["mtime_ns"],
        metadata or None,
        has_nulls=has_nulls,
    )
    fingerprint = row.get("fingerprint")
    if fingerprint is not None:
        unpack(fingerprint)  # raises an error if it is not one
    properties = to_properties({**dict.fromkeys(PROPERTY_COLUMNS), **row})
    if properties:
        _check_properties(properties)
    row_vector = vector.astype(np.float16)
    return Record(source, content, *sides, row_vector, fingerprint, properties)


def _check_properties(properties: Properties) -> None:
    """Check what a stranger's list says of a file.

    Raises:
        ValueError: it is impossible.
        TypeError: a value is missing.
    """
    least = min(properties.pages, properties.frames, properties.bit_depth)
    values = {name: getattr(properties, name) or 0 for name in MAX_PROPERTIES}
    if least < 1 or not all(abs(values[name]) <= most for name, most in MAX_PROPERTIES.items()):
        raise ValueError(f"impossible properties: {properties}")  # NaN, too
    if properties.taken:
        datetime.fromisoformat(properties.taken)
