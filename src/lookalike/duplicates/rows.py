"""Rows of the gallery as JSON, so that the journal can give a file back its row with its vector."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from ..storage import batched, from_text, path_literal

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import pyarrow as pa

    from ..storage import Store

PATHS_PER_SCAN = 256


def read_rows(store: Store, paths: Collection[str]) -> dict[str, dict[str, Any]]:
    """Read the rows of files, by path: numbers and texts as they are, binary values in base64."""
    rows: dict[str, dict[str, Any]] = {}
    schema = store.pictures.schema
    for some in batched(paths, PATHS_PER_SCAN):
        where = f"path IN ({', '.join(map(path_literal, some))})"
        for batch in store.pictures.scan(schema.names, where):
            for row in batch.to_pylist():
                values = {name: _as_json(schema.field(name).type, v) for name, v in row.items()}
                rows[from_text(row["path"])] = values
    return rows


def known_paths(store: Store, paths: Collection[str]) -> list[str]:
    """Return those of the paths that have a row."""
    known = list[str]()
    for some in batched(paths, PATHS_PER_SCAN):
        where = f"path IN ({', '.join(map(path_literal, some))})"
        for batch in store.pictures.scan(["path"], where):
            known += map(from_text, batch.column(0).to_pylist())
    return known


def write_rows(store: Store, rows: Sequence[dict[str, Any]]) -> int:
    """Write rows of `read_rows` back; return how many.

    A row that does not fit the table, as after a change of encoder, is left to the next `index`.
    """
    fitting = list(filter(None, (_fitting(store.pictures.schema, row) for row in rows)))
    if fitting:
        names = store.pictures.schema.names
        columns = {name: [row[name] for row in fitting] for name in names}
        store.pictures.write(columns, replace=True)
    return len(fitting)


def _as_json(kind: pa.DataType, value: Any) -> Any:
    import numpy as np
    import pyarrow as pa

    if pa.types.is_fixed_size_list(kind) and value is not None:
        value = np.array(value, np.dtype(kind.value_type.to_pandas_dtype())).tobytes()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _fitting(schema: pa.Schema, row: dict[str, Any]) -> dict[str, Any] | None:
    """Return the values of a row for a table; None if they do not fit."""
    import pyarrow as pa

    try:
        values = {field.name: _from_json(field.type, row.get(field.name)) for field in schema}
        for field in schema:
            pa.array([values[field.name]], field.type)
    except (pa.ArrowException, ValueError, TypeError, OverflowError, binascii.Error):
        return None
    return values if all(values[name] is not None for name in ("path", "vector")) else None


def _from_json(kind: pa.DataType, value: Any) -> Any:
    import numpy as np
    import pyarrow as pa

    if value is None:
        return None
    if pa.types.is_fixed_size_list(kind):
        numbers = np.frombuffer(
            base64.b64decode(value, validate=True), np.dtype(kind.value_type.to_pandas_dtype())
        )
        if len(numbers) != kind.list_size or not np.isfinite(numbers).all():
            raise ValueError("a vector of another length, or with numbers that are not finite")
        return numbers
    is_binary = pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind)
    return base64.b64decode(value, validate=True) if is_binary else value
