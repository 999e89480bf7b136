"""What goes from a gallery: rows whose file is deleted, and what no row needs any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..sources import map_ahead
from .table import batched

if TYPE_CHECKING:
    from collections.abc import Callable

    from .store import Store

FILES_PER_THREAD = 64  # checked in one call


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
