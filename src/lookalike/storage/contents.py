"""The contents of the table of pictures: files with the same bytes are one content."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from ..sources import check_id
from .failures import storage_errors
from .rows import PROPERTY_COLUMNS, to_entry
from .sql import from_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..types import Entry
    from .table import Table

FILE_COLUMNS = ("content_hash", "path", "size", "mtime_ns", "metadata")


def entries_of(pictures: Table, ids: Sequence[str]) -> list[Entry]:
    """Find pictures by their ids; see `Store.entries`."""
    for picture_id in ids:
        check_id(picture_id)
    columns = (*FILE_COLUMNS, "width", "height", *PROPERTY_COLUMNS)
    rows = _rows_of(pictures, list(dict.fromkeys(map(bytes.fromhex, ids))), columns)
    return [to_entry(content.hex(), files) for content, files in rows.items() if files]


def files_of(
    pictures: Table, contents: Sequence[bytes], where: str | None = None
) -> dict[bytes, list[dict[str, Any]]]:
    """Return the files of some contents, among those that a filter allows.

    Returns:
        for each content, dicts of `FILE_COLUMNS`; the metadata are JSON, and missing if an older
        lookalike made the table.

    Raises:
        StorageError: the table can't be read.
    """
    rows = _rows_of(pictures, contents, FILE_COLUMNS, where)
    for row in (row for files in rows.values() for row in files):
        row["path"] = from_text(row["path"])
    return rows


def count_contents(pictures: Table) -> int:
    """Count the contents.

    Raises:
        StorageError: the table can't be read.
    """
    import pyarrow.compute as pc

    dataset = pictures.dataset()
    if dataset is None:
        return 0
    with storage_errors():
        contents = dataset.to_table(columns=["content_hash"])["content_hash"]
    return int(pc.count_distinct(contents).as_py())


def _rows_of(
    pictures: Table, contents: Iterable[bytes], columns: Iterable[str], where: str | None = None
) -> dict[bytes, list[dict[str, Any]]]:
    """Read the rows of some contents, in the order of these."""
    contents, rows = list(contents), defaultdict[bytes, list[dict[str, Any]]](list)
    for batch in pictures.scan_contents(contents, list(columns), where):
        for row in batch.to_pylist():
            rows[row["content_hash"]].append(row)
    return {content: rows[content] for content in contents}
