"""What goes from a gallery: rows whose file is deleted, and what no row needs any more."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from ..sources import CONTENT_HASH_BYTES, map_ahead
from .sql import batched

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from .store import Store
    from .table import Table

THUMBNAILS = "thumbnails"  # the folder in which a server keeps them, by content
FILES_PER_THREAD = 64  # checked in one call
_THUMBNAIL = re.compile(rf"([0-9a-f]{{{2 * CONTENT_HASH_BYTES}}})-\d+\.webp")


def erase_removed(store: Store, cache: Path) -> None:
    """Delete what no row needs: fingerprints and thumbnails, from the disk as well.

    Only fragments of tables with such rows are rewritten. What readers still read stays until the
    next time.

    Args:
        store: locked by the caller.
        cache: the folder that has the thumbnails.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    used = _contents(store.pictures)
    thumbnails = _thumbnails(cache)
    ids = pa.array([*thumbnails], pa.binary(CONTENT_HASH_BYTES))
    for content in pc.filter(ids, pc.invert(pc.is_in(ids, used))).to_pylist():
        for path in thumbnails[content]:
            Path(path).unlink(missing_ok=True)
    stored = _contents(store.fingerprints.table)
    unused = pc.filter(stored, pc.invert(pc.is_in(stored, used))).to_pylist()
    if unused:
        store.fingerprints.remove(unused)
    for table in (store.pictures, store.refusals):
        table.erase_deleted()
    store.drop_old_versions()


def _contents(table: Table) -> pa.Array:
    import pyarrow as pa

    columns = [batch.column(0) for batch in table.scan(["content_hash"])]
    return pa.concat_arrays(columns or [pa.array([], pa.binary(CONTENT_HASH_BYTES))])


def _thumbnails(cache: Path) -> dict[bytes, list[str]]:
    """List the stored thumbnails by their contents."""
    found = defaultdict[bytes, list[str]](list)
    for folder, _, names in os.walk(cache / THUMBNAILS):  # in half of the time of `Path.glob`
        for name in names:
            if match := _THUMBNAIL.fullmatch(name):
                found[bytes.fromhex(match[1])].append(os.path.join(folder, name))
    return found


def deleted_files(
    store: Store, is_deleted: Callable[[str], bool], on_rows: Callable[[int, int], None]
) -> list[str]:
    """List the rows whose file is deleted; call `on_rows` with checked and all rows."""
    rows, checked, deleted = store.pictures.count(), 0, list[str]()

    def check(paths: list[str]) -> tuple[int, list[str]]:
        return len(paths), list(filter(is_deleted, paths))

    # In many threads, for each check may be a request to another machine.
    batches = batched(store.paths(store.pictures), FILES_PER_THREAD)
    for count, found in map_ahead(check, batches):
        checked += count
        deleted += found
        on_rows(checked, rows)
    return deleted
