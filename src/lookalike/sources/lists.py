"""Lists of pictures: addresses in a column of a Parquet or CSV file, or in lines of text.

All other columns are kept as the pictures' metadata. A list may come from a stranger: only a local
list may name local files, and a remote one only its own bucket and the public web.
"""

from __future__ import annotations

import csv
import functools
import io
import itertools
import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError, PictureError
from ..types import Refusal, Source
from .addresses import WEB, absolute, is_absolute, scheme_of, split_bucket, split_member
from .content import MAX_METADATA_BYTES
from .metadata import metadata_from_json
from .prefetch import map_ahead
from .temporary_files import CopyReader, StreamCopy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COLUMNS = ("path", "url", "image_url", "image", "file", "file_name", "filename", "uri", "key")
ROWS_AT_ONCE = 1_024
MAX_LINE_CHARACTERS = 2**20
MAX_REPORTED_ROWS = 1_000  # unusable rows reported one by one; then only their number


def walk(
    source: Source,
    chunks: Callable[[], Iterator[bytes]],
    *,
    stat: Callable[[str], Source],
    column: str | None,
    on_unreadable: Callable[[Refusal], None],
) -> Iterator[Source]:
    """List the pictures that a list names, in its order; an unusable row is only reported.

    Args:
        source: the list.
        chunks: opens it as a stream.
        stat: returns the size and time of one address; several threads call it.
        column: the column that holds the addresses; None for the first of `COLUMNS` in the list.
        on_unreadable: called with every row that can't be used.

    Raises:
        ArgumentError: there is no such column.
        PictureError: not a list, or damaged; the rows before the damage were returned.
        OSError: it can't be read.
    """
    unusable = 0
    rows = enumerate(_rows(source, chunks, column), 1)
    for number, result in map_ahead(functools.partial(_source_or_reason, source.path, stat), rows):
        if isinstance(result, Source):
            yield result
            continue
        unusable += 1
        if unusable <= MAX_REPORTED_ROWS:
            on_unreadable(Refusal(f"{source.path}!/{number}", result))
    if unusable > MAX_REPORTED_ROWS:
        more = f"{unusable - MAX_REPORTED_ROWS:,} more rows can't be used"
        on_unreadable(Refusal(f"{source.path}!/more", more))


def resolve(text: str, list_address: str) -> str:
    """Return the absolute address of a row; a relative one is relative to the list.

    Raises:
        PictureError: the list may not name this address.
        ArgumentError: it is not an address.
    """
    text = text.strip()
    if not text or "\0" in text:
        raise PictureError("the address is empty")
    home = scheme_of(list_address)
    if text.lower().startswith("file:"):
        text = absolute(text)
    if not is_absolute(text):
        folder = list_address.rpartition("/")[0] if home else os.path.dirname(list_address)
        if home and ".." in text.replace("\\", "/").split("/"):
            raise PictureError("its path points outside the list's folder")
        text = f"{folder}/{text}" if home else os.path.join(folder, text)
    address = absolute(text)
    scheme = scheme_of(address)
    if home and not scheme:
        raise PictureError("a remote list may not name files of this machine")
    is_own = (scheme, split_bucket(address)[0]) == (home, split_bucket(list_address)[0])
    if home and scheme not in WEB and not is_own:
        raise PictureError("a remote list may not name another bucket")
    return address


def _source_or_reason(
    list_address: str, stat: Callable[[str], Source], row: tuple[int, dict[str, Any]]
) -> tuple[int, Source | str]:
    number, values = row
    try:
        address = resolve(str(values[""] or ""), list_address)
        text, has_nulls = _as_json({name: value for name, value in values.items() if name})
        if not split_member(address)[1]:
            return number, replace(stat(address), metadata=text, has_nulls=has_nulls)
    except FileNotFoundError:
        return number, f"{str(values[''])[:300]} does not exist"
    except OSError as error:
        return number, f"{str(values[''])[:300]}: {error.strerror or error}"
    except (PictureError, ArgumentError) as error:
        return number, str(error)
    return number, "a list may name an archive, but not its members"


def _rows(
    source: Source, chunks: Callable[[], Iterator[bytes]], column: str | None
) -> Iterator[dict[str, Any]]:
    """Read the rows; the key of each row's address is the empty string."""
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
        key = _column(reader.fieldnames or (), column, source.path)
        for row in reader:
            rest = {k: v for k, v in row.items() if k and k != key and isinstance(v, str) and v}
            yield {**rest, "": row[key]}
    except csv.Error as error:
        raise PictureError(f"not a CSV file: {error}") from error


def _lines(pieces: Iterator[bytes]) -> Iterator[str]:
    rest = b""
    encoding = "utf-8-sig"
    for piece in pieces:
        rest += piece
        *lines, rest = rest.split(b"\n")
        for line in lines:
            yield line.decode(encoding, "surrogateescape") + "\n"
            encoding = "utf-8"
        if len(rest) > MAX_LINE_CHARACTERS:
            raise PictureError("not a list: a line is too long")
    if rest:
        yield rest.decode(encoding, "surrogateescape")


def _parquet_rows(
    source: Source, chunks: Callable[[], Iterator[bytes]], column: str | None
) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        is_on_disk = not scheme_of(source.path)
        with pq.ParquetFile(
            source.path if is_on_disk else io.BufferedReader(CopyReader(StreamCopy(chunks)))
        ) as f:
            key = _column(f.schema_arrow.names, column, source.path)
            # Columns of vectors or pictures are no metadata, and may be large.
            names = [field.name for field in f.schema_arrow if _is_plain(field.type)]
            columns = list(dict.fromkeys([key, *names]))
            for batch in f.iter_batches(ROWS_AT_ONCE, columns=columns):
                for row in batch.to_pylist():
                    yield {"": row.pop(key), **{k: v for k, v in row.items() if v is not None}}
    except pa.ArrowException as error:
        raise PictureError(f"not a Parquet file: {str(error)[:200]}") from error


def _is_plain(kind: Any) -> bool:
    import pyarrow as pa

    kinds = pa.types
    return not (kinds.is_binary(kind) or kinds.is_large_binary(kind) or kinds.is_nested(kind)) or (
        kinds.is_list(kind) and kinds.is_string(kind.value_type)
    )


def _column(names: Any, column: str | None, path: str) -> str:
    lower = {str(name).strip().lower(): str(name) for name in names}
    for name in [column.lower()] if column else COLUMNS:
        if name in lower:
            return lower[name]
    missing = f"no column {column}" if column else f"none of the columns {', '.join(COLUMNS)}"
    existing = ", ".join(itertools.islice(map(str, names), 30))
    raise ArgumentError(
        f"{path} has {missing}; choose the column of addresses with --column, one of: {existing}."
    )


def _as_json(values: dict[str, Any]) -> tuple[str | None, bool]:
    """Write the metadata; tell whether numbers were taken as null."""
    if not values:
        return None, False
    plain = {k: _plain(v) for k, v in values.items()}
    plain, has_nulls = metadata_from_json(json.dumps(plain))
    text = json.dumps(plain, ensure_ascii=False)
    text = text.encode("utf-8", "replace").decode()  # JSON can't hold bytes that are not UTF-8
    if len(text.encode()) > MAX_METADATA_BYTES:
        raise PictureError(f"its metadata is over {MAX_METADATA_BYTES // 1024} KiB")
    return text, has_nulls


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
