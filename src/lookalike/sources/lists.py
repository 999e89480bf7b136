"""Lists of pictures: the addresses in one column of a Parquet or CSV file, or one a line of a text.

All other columns are kept as the pictures' metadata. A list may come from a stranger: it names
files of this machine only if it is one itself, and a list far away only what lies in its own
bucket, and the public web.
"""

from __future__ import annotations

import csv
import functools
import io
import itertools
import json
import math
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError, PictureError
from ..types import Refusal, Source
from .addresses import WEB, absolute, is_absolute, scheme_of, split_bucket, split_member
from .content import MAX_METADATA_BYTES
from .prefetch import map_ahead
from .temporary_files import CopyReader, StreamCopy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COLUMNS = ("path", "url", "image_url", "image", "file", "file_name", "filename", "uri", "key")
ROWS_AT_ONCE = 1_024
MAX_LINE_CHARACTERS = 2**20
MAX_TOLD_ROWS = 1_000  # rows that can't be used, one by one; then only how many


def walk(
    source: Source,
    chunks: Callable[[], Iterator[bytes]],
    *,
    stat: Callable[[str], Source],
    column: str | None,
    on_unreadable: Callable[[Refusal], None],
) -> Iterator[Source]:
    """List what a list names, in its order; a row that can't be used costs only itself.

    Args:
        source: the list.
        chunks: opens it as a stream.
        stat: looks at one address; several threads call it.
        column: which has the addresses; None for the first of `COLUMNS` that there is.
        on_unreadable: told of every row that can't be used.

    Raises:
        ArgumentError: there is no such column.
        PictureError: it is no list, or damaged; what stands before that was given.
        OSError: it can't be read.
    """
    told = 0
    numbered = enumerate(_rows(source, chunks, column), 1)
    for number, found in map_ahead(functools.partial(_looked_at, source.path, stat), numbered):
        if isinstance(found, Source):
            yield found
            continue
        told += 1
        if told <= MAX_TOLD_ROWS:
            on_unreadable(Refusal(f"{source.path}!/{number}", found))
    if told > MAX_TOLD_ROWS:
        more = f"{told - MAX_TOLD_ROWS:,} more rows can't be used"
        on_unreadable(Refusal(f"{source.path}!/more", more))


def resolve(text: str, list_address: str) -> str:
    """Give the address that a list means; a relative one is relative to the list.

    Raises:
        PictureError: the list must not name it.
        ArgumentError: it is no address.
    """
    text = text.strip()
    if not text or "\0" in text:
        raise PictureError("it names nothing")
    home = scheme_of(list_address)
    if text.lower().startswith("file:"):
        text = absolute(text)
    if not is_absolute(text):
        folder = list_address.rpartition("/")[0] if home else os.path.dirname(list_address)
        if home and ".." in text.replace("\\", "/").split("/"):
            raise PictureError("its path leads out of the list's folder")
        text = f"{folder}/{text}" if home else os.path.join(folder, text)
    found = absolute(text)
    scheme = scheme_of(found)
    if home and not scheme:
        raise PictureError("a list that lies elsewhere must not name files of this machine")
    is_own = (scheme, split_bucket(found)[0]) == (home, split_bucket(list_address)[0])
    if home and scheme not in WEB and not is_own:
        raise PictureError("a list that lies elsewhere must not name another bucket")
    return found


def _looked_at(
    list_address: str, stat: Callable[[str], Source], row: tuple[int, dict[str, Any]]
) -> tuple[int, Source | str]:
    number, values = row
    try:
        address = resolve(str(values[""] or ""), list_address)
        metadata = _as_json({name: value for name, value in values.items() if name})
        if not split_member(address)[1]:
            return number, replace(stat(address), metadata=metadata)
    except FileNotFoundError:
        return number, f"there is no {str(values[''])[:300]}"
    except OSError as error:
        return number, f"{str(values[''])[:300]}: {error.strerror or error}"
    except (PictureError, ArgumentError) as error:
        return number, str(error)
    return number, "name the archive itself, not its members"


def _rows(
    source: Source, chunks: Callable[[], Iterator[bytes]], column: str | None
) -> Iterator[dict[str, Any]]:
    """Give the rows; the address of each is named by nothing."""
    name = source.path.partition("?")[0].lower()
    if name.endswith(".parquet"):
        yield from _parquet_rows(source, chunks, column)
        return
    lines = _lines(chunks())
    if name.endswith(".txt"):
        for line in lines:
            if line.strip() and not line.lstrip().startswith("#"):
                yield {"": line}
        return
    try:
        reader = csv.DictReader(lines, delimiter="\t" if name.endswith(".tsv") else ",")
        which = _column(reader.fieldnames or (), column, source.path)
        for row in reader:
            rest = {k: v for k, v in row.items() if k and k != which and isinstance(v, str) and v}
            yield {**rest, "": row[which]}
    except csv.Error as error:
        raise PictureError(f"it is no CSV file: {error}") from error


def _lines(pieces: Iterator[bytes]) -> Iterator[str]:
    left = b""
    encoding = "utf-8-sig"
    for piece in pieces:
        left += piece
        *whole, left = left.split(b"\n")
        for line in whole:
            yield line.decode(encoding, "surrogateescape") + "\n"
            encoding = "utf-8"
        if len(left) > MAX_LINE_CHARACTERS:
            raise PictureError("it is no list: a line is too long")
    if left:
        yield left.decode(encoding, "surrogateescape")


def _parquet_rows(
    source: Source, chunks: Callable[[], Iterator[bytes]], column: str | None
) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        is_here = not scheme_of(source.path)
        with pq.ParquetFile(
            source.path if is_here else io.BufferedReader(CopyReader(StreamCopy(chunks)))
        ) as f:
            which = _column(f.schema_arrow.names, column, source.path)
            # Vectors and pictures by the row are no metadata, and may be large.
            names = [field.name for field in f.schema_arrow if _is_plain(field.type)]
            columns = list(dict.fromkeys([which, *names]))
            for batch in f.iter_batches(ROWS_AT_ONCE, columns=columns):
                for row in batch.to_pylist():
                    yield {"": row.pop(which), **{k: v for k, v in row.items() if v is not None}}
    except pa.ArrowException as error:
        raise PictureError(f"it is no Parquet file: {str(error)[:200]}") from error


def _is_plain(kind: Any) -> bool:
    import pyarrow as pa

    kinds = pa.types
    return not (kinds.is_binary(kind) or kinds.is_large_binary(kind) or kinds.is_nested(kind)) or (
        kinds.is_list(kind) and kinds.is_string(kind.value_type)
    )


def _column(names: Any, wanted: str | None, path: str) -> str:
    lower = {str(name).strip().lower(): str(name) for name in names}
    for name in [wanted.lower()] if wanted else COLUMNS:
        if name in lower:
            return lower[name]
    said = f"no column {wanted}" if wanted else f"none of the columns {', '.join(COLUMNS)}"
    raise ArgumentError(
        f"{path} has {said}; name the one that has the addresses with --column. It has: "
        f"{', '.join(itertools.islice(map(str, names), 30))}"
    )


def _as_json(values: dict[str, Any]) -> str | None:
    if not values:
        return None
    text = json.dumps({k: _plain(v) for k, v in values.items()}, ensure_ascii=False)
    text = text.encode("utf-8", "replace").decode()  # bytes that are not UTF-8 have no place in it
    if len(text.encode()) > MAX_METADATA_BYTES:
        raise PictureError(f"its metadata are over {MAX_METADATA_BYTES // 1024} KiB")
    return text


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, int, bool)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
