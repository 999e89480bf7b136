"""What a gallery has, in an order to look through: the newest first."""

from __future__ import annotations

import os
import threading
from collections import Counter, OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

from ..storage import from_text

if TYPE_CHECKING:
    from collections.abc import Hashable

    from ..storage import Store
    from ..types import Entry
    from .filters import Filter

MAX_ORDERS = 8  # kept, of 16 bytes a picture


class PicturePage(NamedTuple):
    """Some pictures out of an order of all.

    Attributes:
        entries: the pictures.
        total: how many there are in all.
        version: of the table they were read from.
    """

    entries: list[Entry]
    total: int
    version: int


class PictureOrder:
    """Orders and labels of a table's pictures, made once for each of its versions."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._made: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def shelf(self, store: Store, offset: int, top: int, where: Filter | None) -> PicturePage:
        """Give the pictures from `offset` on; `store` is frozen."""
        sql = where.sql() if where else None
        version = store.pictures.version()
        key = (store.table, version, sql)
        order = self._kept(key)
        if order is None:
            order = self._keep(key, _newest_first(store, sql))
        some = [content.hex() for content in order[offset : offset + top]]
        return PicturePage(store.entries(some), len(order), version)

    def labels(self, store: Store) -> list[tuple[str, int]]:
        """Count the files that each folder holds directly, by its name; the most first."""
        key = (store.table, store.pictures.version(), "labels")
        found: list[tuple[str, int]] | None = self._kept(key)
        if found is None:
            counts: Counter[str] = Counter()
            for batch in store.pictures.scan(["path"]):
                counts.update(os.path.dirname(path) for path in batch.column(0).to_pylist())
            names: Counter[str] = Counter()
            for folder, count in counts.items():
                names[from_text(os.path.basename(folder))] += count
            found = self._keep(key, sorted(names.items(), key=lambda one: (-one[1], one[0])))
        return found

    def _kept(self, key: Hashable) -> Any:
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
            return self._made.get(key)

    def _keep(self, key: Hashable, made: Any) -> Any:
        with self._lock:
            self._made[key] = made
            while len(self._made) > MAX_ORDERS:
                self._made.popitem(last=False)
        return made


def _newest_first(store: Store, sql: str | None) -> list[bytes]:
    """Order the contents by the last change of their files, each once."""
    import pyarrow as pa

    batches = list(store.pictures.scan(["content_hash", "mtime_ns", "path"], sql))
    if not batches:
        return []
    rows = pa.Table.from_batches(batches)
    ordered = rows.sort_by([("mtime_ns", "descending"), ("path", "ascending")])
    return list(dict.fromkeys(ordered.column("content_hash").to_pylist()))
