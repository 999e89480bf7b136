"""What a gallery has already, at some 32 bytes a row, so that an ingest can skip it."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..sources import TRY_AGAIN, split_member
from ..storage import from_text, to_text
from ..types import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from ..storage import Store, Table

MERGE_KEYS = 65_536
_POSITIONS = 32_768  # of a path's bytes, each with a factor of its own
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))  # Stafford's variant 13
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


@dataclass(frozen=True, slots=True)
class Contents:
    """Of what is known, the keys of the contents alone: `contents` and `fingerprinted`."""

    contents: Keys
    fingerprinted: Keys


class SeenFiles:
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
        prints = store.fingerprints.table.scan(["content_hash"]) if store.copies else ()
        self.fingerprinted = Keys(_content_keys(batch.column(0)) for batch in prints)
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
        import pyarrow as pa

        paths = path_keys([source.path for source in sources])
        sizes = np.fromiter((source.size for source in sources), np.int64, len(sources))
        times = np.fromiter((source.mtime_ns for source in sources), np.int64, len(sources))
        told = {k: source.metadata for k, source in enumerate(sources) if source.metadata}
        texts = pa.array(told.values(), pa.string())
        of = np.fromiter(told, np.intp, len(told))
        plain = _stamps(paths, sizes, times)
        listed = dict(
            zip(
                told,
                _with(paths[of], pa.array([_LISTED] * len(of), pa.string())).tolist(),
                strict=True,
            )
        )
        stamps = dict(zip(told, _with(plain[of], texts).tolist(), strict=True))
        unseen = []
        for k, (source, stamp) in enumerate(zip(sources, plain.tolist(), strict=True)):
            if k not in told:
                is_seen = stamp in self._stamps
            elif listed[k] in self._stamps:
                is_seen = True
            else:
                self._stamps.add(listed[k])
                is_seen = stamps[k] in self._stamps or stamp in self._refused_stamps
            if not is_seen:
                self._stamps.add(stamp)
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
    return int(path_keys([path])[0])


def path_keys(paths: Sequence[str]) -> NDArray[np.int64]:
    """Give the keys of many paths, [N]."""
    import pyarrow as pa

    return _text_keys(pa.array(map(to_text, paths), pa.string()))


def content_key(content: bytes) -> int:
    """Give a content hash's key: its first eight bytes."""
    return int.from_bytes(content[:8], "little", signed=True)


def _keys(table: Table, *, with_content: bool) -> Iterable[list[NDArray[np.int64]]]:
    """Give of each batch the keys of stamps and paths.

    Of pictures also those of contents, those of stamps with metadata, and which rows have some.
    """
    import pyarrow as pa

    columns = ["path", "size", "mtime_ns"]
    more = ["content_hash", "metadata"] if with_content else []
    for batch in table.scan([*columns, *more]):
        path, size, time, *rest = batch.columns
        paths = _text_keys(path)
        keys = [_stamps(paths, size.to_numpy(), time.to_numpy()), paths]
        if with_content:
            told = rest[1] if len(rest) > 1 else pa.nulls(len(batch), pa.string())
            having = np.flatnonzero(told.is_valid().to_numpy(zero_copy_only=False))
            keys += [_content_keys(rest[0]), _with(keys[0][having], told.drop_null()), having]
        yield keys


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


def _with(keys: NDArray[np.int64], texts: pa.StringArray) -> NDArray[np.int64]:
    """Mix keys with those of texts, [N] each."""
    return _mixed(keys.view(np.uint64) + _text_keys(texts).view(np.uint64)).view(np.int64)


def _mixed(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    keys = (keys ^ (keys >> np.uint64(30))) * _MIX[0]
    keys = (keys ^ (keys >> np.uint64(27))) * _MIX[1]
    return keys ^ (keys >> np.uint64(31))


def _content_keys(contents: pa.FixedSizeBinaryArray) -> NDArray[np.int64]:
    width = contents.type.byte_width
    data = np.frombuffer(contents.buffers()[1] or b"", np.uint8)[contents.offset * width :]
    rows = data[: len(contents) * width].reshape(-1, width)
    return np.ascontiguousarray(rows[:, :8]).view("<i8").ravel()
