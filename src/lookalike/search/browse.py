"""Pages of a gallery's pictures, the newest first, and its labels."""

from __future__ import annotations

import os
import threading
from collections import Counter, OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

from ..storage import count_contents, from_text

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from ..storage import Store
    from ..types import Entry
    from .filters import Filter

MAX_CACHED = 8  # orders, lists of labels and counts; an order takes 16 bytes per picture


class PicturePage(NamedTuple):
    """A page of the pictures that `Gallery.browse` lists.

    Attributes:
        entries: the pictures of this page.
        total: the number of pictures on all pages.
        version: of the table of pictures.

    Example:
        >>> from lookalike import Gallery
        >>> page = Gallery.open("gallery").browse(top=5)
        >>> len(page.entries), page.total
        (5, 30)
    """

    entries: list[Entry]
    total: int
    version: int


class BrowseCache:
    """The order and the labels of a table's pictures, computed once per version."""

    def __init__(self) -> None:
        """Start empty."""
        self._cache: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def page(self, store: Store, offset: int, top: int, where: Filter | None) -> PicturePage:
        """Return `top` pictures from `offset` on; `store` is frozen."""
        sql = where.sql() if where else None
        version = store.pictures.version()
        key = (store.table, version, sql)
        order = self._cached(key, lambda: _newest_first(store, sql))
        contents = [content.hex() for content in order[offset : offset + top]]
        return PicturePage(store.entries(contents), len(order), version)

    def labels(self, store: Store) -> list[tuple[str, int]]:
        """Return each label and its number of files, the largest first; `store` is frozen.

        A label is the name of the folder that directly contains a file.
        """
        key = (store.table, store.pictures.version(), "labels")
        labels: list[tuple[str, int]] = self._cached(key, lambda: _count_labels(store))
        return labels

    def count(self, store: Store) -> int:
        """Return the number of pictures; `store` is frozen."""
        key = (store.table, store.pictures.version(), "count")
        count: int = self._cached(key, lambda: count_contents(store.pictures))
        return count

    def _cached(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
        value = compute()
        with self._lock:
            self._cache[key] = value
            while len(self._cache) > MAX_CACHED:
                self._cache.popitem(last=False)
        return value


def _count_labels(store: Store) -> list[tuple[str, int]]:
    by_folder: Counter[str] = Counter()
    for batch in store.pictures.scan(["path"]):
        by_folder.update(os.path.dirname(path) for path in batch.column(0).to_pylist())
    by_label: Counter[str] = Counter()
    for folder, count in by_folder.items():
        by_label[from_text(os.path.basename(folder))] += count
    return sorted(by_label.items(), key=lambda item: (-item[1], item[0]))


def _newest_first(store: Store, sql: str | None) -> list[bytes]:
    """Order the contents by the last change of their files, each content once."""
    import pyarrow as pa

    batches = list(store.pictures.scan(["content_hash", "mtime_ns", "path"], sql))
    if not batches:
        return []
    rows = pa.Table.from_batches(batches)
    ordered = rows.sort_by([("mtime_ns", "descending"), ("path", "ascending")])
    return list(dict.fromkeys(ordered.column("content_hash").to_pylist()))
