"""What a gallery has already, at some 32 bytes a row, so that an ingest can skip it."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .table import to_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from .store import Store
    from .table import Table
    from .types import Source

MERGE_KEYS = 65_536
_POSITIONS = 32_768  # of a path's bytes, each with a factor of its own
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))  # Stafford's variant 13


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


@dataclass(frozen=True, slots=True)
class Contents:
    """Of what is known, the keys of the contents alone: `contents` and `fingerprinted`."""

    contents: Keys
    fingerprinted: Keys


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
        prints = store.prints.table.scan(["content_hash"]) if store.copies else ()
        self.fingerprinted = Keys(_content_keys(batch.column(0)) for batch in prints)
        rows = list(_keys(store.pictures, with_content=True))
        self.bare = Keys([])
        refusals = list(_keys(store.refusals, with_content=False))
        self.paths = Keys(keys[1] for keys in rows)
        self.refused = Keys(keys[1] for keys in refusals)
        if store.copies:
            whole = [self.fingerprinted.among(keys[2]) for keys in rows]
            self.bare = Keys(keys[2][~w] for keys, w in zip(rows, whole, strict=True))
            rows = [[k[w] for k in keys] for keys, w in zip(rows, whole, strict=True)]
        self._stamps = Keys(keys[0] for keys in rows + refusals)
        self.contents = Keys(keys[2] for keys in rows)

    def unseen(self, sources: Sequence[Source]) -> list[Source]:
        """Pick the files that are new, or changed since they were indexed or refused.

        A file is given once, also when it is listed again.
        """
        paths = path_keys([source.path for source in sources])
        sizes = np.fromiter((source.size for source in sources), np.int64, len(sources))
        times = np.fromiter((source.mtime_ns for source in sources), np.int64, len(sources))
        unseen = []
        for source, stamp in zip(sources, _stamps(paths, sizes, times).tolist(), strict=True):
            if stamp not in self._stamps:
                self._stamps.add(stamp)
                unseen.append(source)
        return unseen


def path_key(path: str) -> int:
    """Give a path's key; it holds within this process only."""
    return int(path_keys([path])[0])


def path_keys(paths: Sequence[str]) -> NDArray[np.int64]:
    """Give the keys of many paths, [N]."""
    import pyarrow as pa

    return _text_keys(pa.array(map(to_text, paths), pa.string()))


def content_key(content: bytes) -> int:
    """Give a content hash's key: its first eight bytes."""
    return int.from_bytes(content[:8], "little", signed=True)


def _keys(table: Table, *, with_content: bool) -> Iterable[list[NDArray[np.int64]]]:
    columns = ["path", "size", "mtime_ns"]
    for batch in table.scan([*columns, "content_hash"] if with_content else columns):
        path, size, time, *content = batch.columns
        paths = _text_keys(path)
        keys = [_stamps(paths, size.to_numpy(), time.to_numpy()), paths]
        yield [*keys, *map(_content_keys, content)]


def _text_keys(texts: pa.StringArray) -> NDArray[np.int64]:
    """Hash texts, all at once: a sum of the bytes, times a random number for each position.

    Two texts have the same key with a chance of 2^-57 at most (multilinear hashing, Carter and
    Wegman 1979; the factors' lowest bits are worth less, which costs seven).
    """
    _, ends, data = texts.buffers()
    ends = np.frombuffer(ends, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    lengths = np.diff(ends)
    text = np.frombuffer(data or b"", np.uint8)[ends[0] : ends[-1]]
    starts = np.cumsum(lengths) - lengths
    positions = np.arange(len(text), dtype=np.int32) - np.repeat(starts, lengths)
    products = _factors()[positions % _POSITIONS]
    products *= text.astype(np.uint64) + np.uint64(1)
    sums = np.zeros(len(texts), np.uint64)
    if len(text):
        sums[lengths > 0] = np.add.reduceat(products, starts[lengths > 0])
    return sums.view(np.int64)


@functools.cache
def _factors() -> NDArray[np.uint64]:
    return np.frombuffer(os.urandom(8 * _POSITIONS), np.uint64)


def _stamps(
    paths: NDArray[np.int64], sizes: NDArray[np.int64], times: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Mix the keys of paths with the files' sizes and times, [N] each."""
    mixed = _mixed(times.view(np.uint64))
    for more in (sizes, paths):
        mixed = _mixed(more.view(np.uint64) + mixed)
    return mixed.view(np.int64)


def _mixed(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    keys = (keys ^ (keys >> np.uint64(30))) * _MIX[0]
    keys = (keys ^ (keys >> np.uint64(27))) * _MIX[1]
    return keys ^ (keys >> np.uint64(31))


def _content_keys(contents: pa.FixedSizeBinaryArray) -> NDArray[np.int64]:
    width = contents.type.byte_width
    data = np.frombuffer(contents.buffers()[1] or b"", np.uint8)[contents.offset * width :]
    rows = data[: len(contents) * width].reshape(-1, width)
    return np.ascontiguousarray(rows[:, :8]).view("<i8").ravel()
