"""Index of known files (about 32 bytes a row) that lets an ingest skip unchanged ones."""

from __future__ import annotations

import functools
import itertools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..decode import SUPPORTED_FORMATS
from ..sources import TRY_AGAIN, split_member
from ..storage import HAS_PROPERTIES, RefusalRecord, from_text, to_text
from ..types import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from ..storage import Store

MERGE_KEYS = 65_536
_POSITIONS = 32_768  # bytes of a path that have a factor of their own
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))  # Stafford's variant 13
_LISTED = "listed"  # mixed with a path: it came with metadata in this run; the first ones count


_COMPLETE_ARCHIVES = "reason IS NULL AND path LIKE '%!/'"
_FILE = ("path", "size", "mtime_ns")
_CONTENT = ("content_hash", "metadata", HAS_PROPERTIES)


class KeySet:
    """A growing set of 64-bit keys at 8 bytes each.

    Two values with the same key count as one; among 10^7 rows the chance of that is 10^-6.
    """

    def __init__(self, keys: Iterable[NDArray[np.int64]]) -> None:
        """Start with arrays of keys, in any order."""
        self._sorted = np.sort(np.concatenate([np.empty(0, np.int64), *keys]))
        self._recent: set[int] = set()

    def add(self, key: int) -> None:
        """Add one key."""
        self._recent.add(key)
        if len(self._recent) >= MERGE_KEYS:
            recent = np.fromiter(self._recent, np.int64, len(self._recent))
            self._sorted = np.sort(np.concatenate([self._sorted, recent]))
            self._recent = set()

    def contains_at_start(self, keys: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Check for each key, [N], whether the set had it at the start."""
        # `np.isin` would go through the whole set for each array.
        at = np.searchsorted(self._sorted[:-1], keys)
        return np.equal(self._sorted[at], keys) if len(self._sorted) else np.zeros(len(keys), bool)

    def without(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return those of the keys that the set did not have at the start."""
        return keys[~self.contains_at_start(keys)] if len(keys) else keys

    def __contains__(self, key: int) -> bool:
        """Check whether the set has a key."""
        if key in self._recent:
            return True
        # With a Python int, NumPy would convert the whole array.
        at = int(np.searchsorted(self._sorted, np.int64(key)))
        return at < len(self._sorted) and int(self._sorted[at]) == key


@dataclass(frozen=True, slots=True)
class ContentKeys:
    """The part of `SeenFiles` that is about contents: what a cluster's claims start from."""

    contents: KeySet
    incomplete: KeySet
    undescribed: KeySet
    fingerprinted: KeySet

    @classmethod
    def of(cls, seen: SeenFiles) -> ContentKeys:
        """Take the part of the known files."""
        return cls(seen.contents, seen.incomplete, seen.undescribed, seen.fingerprinted)


class _RowKeys(NamedTuple):
    """The keys of N rows.

    Attributes:
        stamps: [N].
        paths: [N].
        contents: [N].
        has_metadata: [N].
        metadata_stamps: of the rows with metadata, mixed with these.
        has_properties: [N], whether they tell what their files hold.
    """

    stamps: NDArray[np.int64]
    paths: NDArray[np.int64]
    contents: NDArray[np.int64]
    has_metadata: NDArray[np.bool_]
    metadata_stamps: NDArray[np.int64]
    has_properties: NDArray[np.bool_]

    def complete(self, fingerprinted: KeySet | None) -> NDArray[np.bool_]:
        """Check which rows lack nothing, [N]; fingerprints only where they are kept."""
        if fingerprinted is None:
            return self.has_properties
        return self.has_properties & fingerprinted.contains_at_start(self.contents)

    def all_stamps(self, kept: NDArray[np.bool_]) -> Iterator[NDArray[np.int64]]:
        """Return the stamps, without and with metadata, of the rows to keep, [N]."""
        yield self.stamps[kept]
        yield self.metadata_stamps[kept[self.has_metadata]]


class SeenFiles:
    """The stamps, paths and contents in a gallery's tables; an ingest starts from and updates them.

    A stamp is a path with the file's size and time.

    Attributes:
        paths: keys of the rows' paths.
        refused: keys of the refusals' paths.
        contents: keys of the content hashes with a row that lacks nothing.
        incomplete: keys of the other content hashes with rows.
        undescribed: of these, keys of those without a row that tells what they hold.
        fingerprinted: keys of the content hashes that have a fingerprint of the present format.
    """

    def __init__(self, store: Store) -> None:
        """Read the keys of all rows and refusals.

        Not seen are rows that do not tell what their file holds, rows without a fingerprint of the
        present format where the gallery keeps fingerprints, refusals by an earlier version, and
        refusals of a format that can be read by now.

        Args:
            store: whose tables have all columns, see `Store.add_missing_columns`.
        """
        prints = store.fingerprints.up_to_date_contents() if store.copies else ()
        self.fingerprinted = KeySet(map(_content_keys, prints))
        rows = [_row_keys(batch) for batch in store.pictures.scan([*_FILE, *_CONTENT])]
        refusals = [_refusal_keys(b) for b in store.refusals.scan([*_FILE, "format"])]
        self.paths = KeySet(keys.paths for keys in rows)
        self.refused = KeySet(paths for _, paths, _ in refusals)
        complete = [keys.complete(self.fingerprinted if store.copies else None) for keys in rows]
        pairs = list(zip(rows, complete, strict=True))
        self.contents = KeySet(keys.contents[kept] for keys, kept in pairs)
        self.incomplete = KeySet(
            self.contents.without(keys.contents[~kept]) for keys, kept in pairs
        )
        described = KeySet(keys.contents[keys.has_properties & ~kept] for keys, kept in pairs)
        self.undescribed = KeySet(
            described.without(self.contents.without(keys.contents[~keys.has_properties]))
            for keys in rows
        )
        self._refused_stamps = KeySet(stamps[is_final] for stamps, _, is_final in refusals)
        self._stamps = KeySet(
            [
                *itertools.chain.from_iterable(keys.all_stamps(kept) for keys, kept in pairs),
                *(stamps[is_final] for stamps, _, is_final in refusals),
            ]
        )

    def unseen(self, sources: Sequence[Source]) -> list[Source]:
        """Return the files that are new, or changed since they were indexed or refused.

        A file is returned once, even if it is listed again. A file with other metadata than before
        counts as changed; a file that comes without any does not.
        """
        import pyarrow as pa

        paths = path_keys([source.path for source in sources])
        sizes = np.fromiter((source.size for source in sources), np.int64, len(sources))
        times = np.fromiter((source.mtime_ns for source in sources), np.int64, len(sources))
        stamps = _stamps(paths, sizes, times)
        described = [k for k, source in enumerate(sources) if source.metadata]
        texts = pa.array([sources[k].metadata for k in described], pa.string())
        marks = pa.array([_LISTED] * len(described), pa.string())
        with_metadata = dict(zip(described, _with(stamps[described], texts).tolist(), strict=True))
        listed = dict(zip(described, _with(paths[described], marks).tolist(), strict=True))
        unseen = []
        for k, (source, stamp) in enumerate(zip(sources, stamps.tolist(), strict=True)):
            if k not in listed:
                is_seen = stamp in self._stamps
            elif listed[k] in self._stamps:
                is_seen = True
            else:
                self._stamps.add(listed[k])
                is_seen = with_metadata[k] in self._stamps or stamp in self._refused_stamps
            if not is_seen:
                self._stamps.add(stamp)
                unseen.append(source)
        return unseen


def complete_archives(store: Store) -> set[Source]:
    """List the archives whose members are all known, as `sources.walk` marks them.

    An earlier version may have known less of the members, and some may be readable by now.
    """
    archives = set()
    for batch in store.refusals.scan(_FILE, f"{_COMPLETE_ARCHIVES} AND format IS NOT NULL"):
        for path, size, mtime_ns in zip(*(c.to_pylist() for c in batch.columns), strict=True):
            archives.add(Source(from_text(path), size, mtime_ns))
    readable = ", ".join(f"'{name}'" for name in SUPPORTED_FORMATS)
    to_open = _archives_of_refusals(store, f"format IN ({readable})") if archives else ()
    return {archive for archive in archives if archive.path not in to_open}


def forget_complete_archives(store: Store) -> None:
    """Let the next `index` open all archives again."""
    for batch in list(store.refusals.scan(["path"], _COMPLETE_ARCHIVES)):
        store.refusals.delete(map(from_text, batch.column(0).to_pylist()))


def remember_complete_archives(store: Store, archives: Iterable[Source]) -> None:
    """Remember archives whose members are all known, except those to be tried again."""
    to_retry = _archives_of_refusals(store, f"mtime_ns = {TRY_AGAIN}")
    store.refuse([RefusalRecord(archive) for archive in archives if archive.path not in to_retry])


def _archives_of_refusals(store: Store, where: str) -> set[str]:
    """Return the paths, as `sources.walk` marks them, of the archives of some refused members."""
    archives: set[str] = set()
    for batch in store.refusals.scan(["path"], where):
        paths = map(from_text, batch.column(0).to_pylist())
        archives.update(f"{split_member(path)[0]}!/" for path in paths)
    return archives


def path_key(path: str) -> int:
    """Return a path's key, which holds within this process only."""
    return int(path_keys([path])[0])


def path_keys(paths: Sequence[str]) -> NDArray[np.int64]:
    """Return the keys of many paths, [N]."""
    import pyarrow as pa

    return _text_keys(pa.array(map(to_text, paths), pa.string()))


def content_key(content: bytes) -> int:
    """Return a content hash's key: its first eight bytes."""
    return int.from_bytes(content[:8], "little", signed=True)


def _refusal_keys(
    batch: pa.RecordBatch,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return the keys of the stamps and paths of refusals, and which are final, [N] each."""
    import pyarrow as pa
    import pyarrow.compute as pc

    formats = batch.column("format")
    readable = pc.is_in(formats, pa.array(SUPPORTED_FORMATS, pa.string()))
    is_final = pc.and_not(formats.is_valid(), readable)
    return *_file_keys(batch), is_final.to_numpy(zero_copy_only=False)


def _file_keys(batch: pa.RecordBatch) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the keys of the stamps and paths of a batch whose first columns are `_FILE`."""
    path, size, time = batch.columns[:3]
    paths = _text_keys(path)
    return _stamps(paths, size.to_numpy(), time.to_numpy()), paths


def _row_keys(batch: pa.RecordBatch) -> _RowKeys:
    stamps, paths = _file_keys(batch)
    metadata = batch.column("metadata")
    has_metadata = metadata.is_valid().to_numpy(zero_copy_only=False)
    return _RowKeys(
        stamps,
        paths,
        _content_keys(batch.column("content_hash")),
        has_metadata,
        _with(stamps[has_metadata], metadata.drop_null()),
        batch.column(HAS_PROPERTIES).is_valid().to_numpy(zero_copy_only=False),
    )


def _text_keys(texts: pa.StringArray) -> NDArray[np.int64]:
    """Hash texts all at once: each is the sum of its bytes times a random factor per position.

    Two texts have the same key with a chance of 2^-57 at most (multilinear hashing, Carter and
    Wegman 1979; the lowest bits of the factors count less, which costs seven).
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
