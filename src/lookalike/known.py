"""What a gallery has already, at some 32 bytes a row, so that an ingest can skip it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .sources import TRY_AGAIN
from .sources.addresses import split_member
from .table import from_text
from .types import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from .store import Store
    from .table import Table

MERGE_KEYS = 65_536
_LISTED = "listed"  # with a path: came with metadata in this run; the first of a list count


class Keys:
    """A growing set of 64-bit keys at 8 bytes each.

    Two values of one key would be taken for the same; among 10^7 rows that has a chance of 10^-6.
    """

    def __init__(self, keys: Iterable[NDArray[np.int64]]) -> None:
        """Take arrays of keys in any order."""
        self._sorted = np.sort(np.concatenate([np.empty(0, np.int64), *keys]))
        self._recent: set[int] = set()

    def add(self, key: int) -> None:
        """Add one key."""
        self._recent.add(key)
        if len(self._recent) >= MERGE_KEYS:
            recent = np.fromiter(self._recent, np.int64, len(self._recent))
            self._sorted = np.sort(np.concatenate([self._sorted, recent]))
            self._recent = set()

    def among(self, keys: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell of each key, [N], whether it was there at the start."""
        return np.isin(keys, self._sorted)

    def __contains__(self, key: int) -> bool:
        """Tell whether a key was added."""
        if key in self._recent:
            return True
        # A key of numpy's own type: comparing with a Python int would convert the whole array.
        at = int(np.searchsorted(self._sorted, np.int64(key)))
        return at < len(self._sorted) and int(self._sorted[at]) == key


class Known:
    """The stamps, paths and contents in a gallery's tables when an ingest starts, kept up by it.

    Attributes:
        paths: keys of the rows' paths.
        refused: keys of the refusals' paths.
        contents: keys of the rows' content hashes.
        fingerprinted: keys of the content hashes that have a fingerprint.
        bare: keys of those that have rows, but lack it.
    """

    def __init__(self, store: Store) -> None:
        """Read the keys of all rows and refusals.

        Where the gallery keeps fingerprints, a row without one counts as not seen.
        """
        contents = store.prints.contents() if store.copies else ()
        self.fingerprinted = Keys(_array(map(content_key, some)) for some in contents)
        rows = list(_keys(store.pictures, with_content=True))
        self.bare = Keys([])
        refusals = list(_keys(store.refusals, with_content=False))
        self.paths = Keys(keys[1] for keys in rows)
        self.refused = Keys(keys[1] for keys in refusals)
        if store.copies:
            whole = [self.fingerprinted.among(keys[2]) for keys in rows]
            self.bare = Keys(keys[2][~w] for keys, w in zip(rows, whole, strict=True))
            rows = [
                [*(k[w] for k in keys[:3]), keys[3][w[keys[4]]]]
                for keys, w in zip(rows, whole, strict=True)
            ]
        self._refused_stamps = Keys(keys[0] for keys in refusals)
        told = [keys[3] for keys in rows]
        self._stamps = Keys([*(keys[0] for keys in rows + refusals), *told])
        self.contents = Keys(keys[2] for keys in rows)

    def unseen(self, sources: Sequence[Source]) -> list[Source]:
        """Pick the files that are new, or changed since they were indexed or refused.

        A file is given once, also when it is listed again. One that comes with other metadata than
        are known counts as changed; one that comes without any does not.
        """
        unseen = []
        for source in sources:
            plain = hash((source.path, source.size, source.mtime_ns))
            if source.metadata is None:
                is_seen = plain in self._stamps
            elif (listed := hash((source.path, _LISTED))) in self._stamps:
                is_seen = True
            else:
                self._stamps.add(listed)
                told = hash((source.path, source.size, source.mtime_ns, source.metadata))
                is_seen = told in self._stamps or plain in self._refused_stamps
            if not is_seen:
                self._stamps.add(plain)
                unseen.append(source)
        return unseen


def whole_archives(store: Store) -> set[Source]:
    """Give the archives whose members are all known, as `sources.walk` marks them."""
    columns = ["path", "size", "mtime_ns"]
    found = set()
    for batch in store.refusals.scan(columns, "reason IS NULL AND path LIKE '%!/'"):
        for path, size, mtime_ns in zip(*(c.to_pylist() for c in batch.columns), strict=True):
            found.add(Source(from_text(path), size, mtime_ns))
    return found


def forget_whole_archives(store: Store) -> None:
    """Let all archives be opened by the next `index`."""
    store.refusals.delete([archive.path for archive in whole_archives(store)])


def keep_whole_archives(store: Store, archives: Iterable[Source]) -> None:
    """Remember archives whose members are all known, but for those that must be tried again."""
    again: set[str] = set()
    for batch in store.refusals.scan(["path"], f"mtime_ns = {TRY_AGAIN}"):
        paths = map(from_text, batch.column(0).to_pylist())
        again.update(f"{split_member(path)[0]}!/" for path in paths)
    store.refuse([(archive, None) for archive in archives if archive.path not in again])


def path_key(path: str) -> int:
    """Give a path's key; it holds within this process only."""
    return hash(path)


def content_key(content: bytes) -> int:
    """Give a content hash's key: its first eight bytes."""
    return int.from_bytes(content[:8], "little", signed=True)


def _keys(table: Table, *, with_content: bool) -> Iterable[list[NDArray[np.int64]]]:
    """Give of each batch the keys of stamps and paths.

    Of pictures also those of contents, those of stamps with metadata, and which rows have some.
    """
    columns = ["path", "size", "mtime_ns"]
    more = ["content_hash", "metadata"] if with_content else []
    for batch in table.scan([*columns, *more]):
        paths = [from_text(path) for path in batch.column("path").to_pylist()]
        sizes, times = (batch.column(name).to_pylist() for name in columns[1:])
        files = list(zip(paths, sizes, times, strict=True))
        keys = [_array(hash(file) for file in files), _array(map(path_key, paths))]
        if with_content:
            contents = batch.column("content_hash").to_pylist()
            keys.append(_array(map(content_key, contents)))
            told = batch.column("metadata") if "metadata" in batch.schema.names else None
            texts = enumerate(told.to_pylist()) if told and told.null_count < len(told) else ()
            having = [(row, text) for row, text in texts if text is not None]
            keys.append(_array(hash((*files[row], text)) for row, text in having))
            keys.append(_array(row for row, _ in having))
        yield keys


def _array(keys: Iterable[int]) -> NDArray[np.int64]:
    return np.fromiter(keys, np.int64)
