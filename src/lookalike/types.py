"""The values that travel between the stations, all frozen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

UNKNOWN = -1  # a size or time that a feature list does not state: the next `index` looks again
PROVED = frozenset({"exact", "copy"})  # kinds of hits that are the picture itself


@dataclass(frozen=True, slots=True)
class Source:
    """A file that may be a picture, as the listing saw it.

    Attributes:
        path: an address, see `sources.addresses`; what is not UTF-8 are surrogates (PEP 383).
        size: bytes.
        mtime_ns: time of the last change, ns since the epoch; see `content.tagged_mtime_ns`.
        metadata: what a list or archive says of the picture, an object of JSON; None without.
        at: where a member's bytes begin in its (unpacked) tar; -1 where not known.
        private: whether a URL may lead into a private network.
        objection: why it must not be read; empty where it may.
    """

    path: str
    size: int
    mtime_ns: int
    metadata: str | None = field(default=None, compare=False)
    at: int = field(default=-1, compare=False)
    private: bool = field(default=False, compare=False)
    objection: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture, upright and in sRGB.

    Attributes:
        pixels: uint8 [H, W, 3], RGB; may be smaller than the file's picture (reduced decoding).
        width: pixels of the whole picture as it is to be seen (after EXIF orientation).
        height: likewise.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Record:
    """One row of the gallery.

    Attributes:
        source: the file.
        content_hash: the first 16 bytes of the SHA-256 of the file's bytes.
        width: pixels, upright.
        height: pixels, upright.
        vector: float16 [D], unit length up to rounding.
        fingerprint: packed, see `fingerprints.packed`; None where it was not made, or is stored.
    """

    source: Source
    content_hash: bytes
    width: int
    height: int
    vector: NDArray[np.float16]
    fingerprint: bytes | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that could not be used, and why.

    Attributes:
        path: absolute path.
        reason: one clause, such as `truncated: the file ends before the picture does`.
    """

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A picture of the gallery: one content, and the files that have it.

    Attributes:
        id: its content hash, 32 hexadecimal digits.
        paths: absolute, in order.
        width: pixels, upright.
        height: likewise.
        size: bytes of each file; -1 where not known.
        mtime_ns: time of the last change of the file changed last, nanoseconds since the epoch.
        metadata: what a list or archive says of it; None without.
    """

    id: str
    paths: tuple[str, ...]
    width: int
    height: int
    size: int
    mtime_ns: int
    metadata: Mapping[str, Any] | None = field(default=None, hash=False)


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer of a search.

    Attributes:
        rank: from 1.
        path: absolute path.
        score: cosine of the two vectors, -1..1.
        width: pixels, upright.
        height: pixels, upright.
        kind: `exact` (the same bytes or pixels), `copy` (proved to be made one from the other),
            `near` (another picture of the same thing or scene), `similar`.
        match: how the query lies in it; None for `similar`.
        id: its content hash, 32 hexadecimal digits.
        size: bytes of the file.
        mtime_ns: time of the file's last change, nanoseconds since the epoch.
        metadata: what a list or archive says of it; None without.
    """

    rank: int
    path: str
    score: float
    width: int
    height: int
    kind: str = "similar"
    match: Match | None = None
    id: str = ""
    size: int = 0
    mtime_ns: int = 0
    metadata: Mapping[str, Any] | None = field(default=None, hash=False)

    def as_json(self) -> dict[str, Any]:
        """Give everything as JSON values; `match` and `metadata` only where there is one."""
        values = {name: getattr(self, name) for name in self.__slots__ if name != "match"}
        if self.metadata is None:
            del values["metadata"]
        return {**values, "match": self.match.as_json()} if self.match else values


@dataclass(frozen=True, slots=True)
class SearchResult(Sequence[Hit]):
    """The hits of one search, best first; a sequence of `Hit`.

    Attributes:
        hits: best first.
        query: the query's path, or what kind of object it was, or the text.
        took_ms: milliseconds from the query to the last hit; a process's first loads the weights.
        version: of the table of pictures, all of which the hits come from.
    """

    hits: tuple[Hit, ...]
    query: str
    took_ms: float
    version: int = 0

    @property
    def copies(self) -> tuple[Hit, ...]:
        """The hits that are this picture, as it is or edited."""
        return tuple(hit for hit in self.hits if hit.kind in PROVED)

    @property
    def similar(self) -> tuple[Hit, ...]:
        """The other hits, which look like it."""
        return tuple(hit for hit in self.hits if hit.kind not in PROVED)

    def __len__(self) -> int:
        return len(self.hits)

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    @overload
    def __getitem__(self, index: int) -> Hit: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Hit, ...]: ...
    def __getitem__(self, index: int | slice) -> Hit | tuple[Hit, ...]:
        return self.hits[index]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingest is.

    Attributes:
        listed: files seen by the listing so far.
        listing: whether the listing still runs, so that `todo` may grow.
        todo: files that are new or changed.
        done: of those, how many are through (added or refused).
        refused: of those, how many could not be used.
        seconds: since the start.
        optimizing: whether all is through, and the search index is brought up to date.
    """

    listed: int
    listing: bool
    todo: int
    done: int
    refused: int
    seconds: float
    optimizing: bool = False


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What one run of `index` did; the counts are files.

    Attributes:
        added: new rows.
        updated: rows whose file had changed.
        moved: rows that kept their vector and got a new path.
        copied: of `added` and `updated`, how many took their vector from a file of the same bytes.
        unchanged: files that cost one stat.
        refused: files that could not be used in this run; `Gallery.refused` has the reasons.
        skipped: files of other kinds (text, video, ...).
        offline: roots that could not be reached; their rows stay.
        seconds: wall time.
    """

    added: int = 0
    updated: int = 0
    moved: int = 0
    copied: int = 0
    unchanged: int = 0
    refused: int = 0
    skipped: int = 0
    offline: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Root:
    """A folder whose pictures are in the gallery.

    Attributes:
        path: absolute path.
        online: whether it can be read now.
        reason: why it is offline; empty when it is online.
    """

    path: str
    online: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Info:
    """The state of a gallery.

    Attributes:
        gallery: its folder.
        pictures: rows.
        fingerprints: of so many contents there is what proves copies.
        refused: files that could not be used.
        roots: the folders indexed.
        encoder: name, weights sha256, dimensions and preprocessing.
        index: kind (`none` or Lance's name), indexed and unindexed rows.
        bytes_on_disk: of the whole folder.
    """

    gallery: str
    pictures: int
    fingerprints: int
    refused: int
    roots: tuple[Root, ...]
    encoder: dict[str, Any]
    index: dict[str, Any]
    bytes_on_disk: int


@dataclass(frozen=True, slots=True)
class PruneReport:
    """What `prune` removed, or would remove.

    Attributes:
        removed: paths whose file is gone from a root that is online.
        offline: roots whose rows were left alone.
    """

    removed: tuple[str, ...]
    offline: tuple[Root, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Match:
    """How one picture lies in another, as the geometry proves it.

    Attributes:
        transform: 3 x 3, from the query's pixels to the target's; the last number is 1.
        inliers: features that agree on it, each at another place.
        residual: how far apart they come to lie, RMS, in pixels where the picture has 36,000.
        agreement: correlation of the pixels laid over each other, 0..1.
        confidence: how likely one picture was made from the other, 0..1.
        query_overlap: part of the query that lies in the target, 0..1.
        target_overlap: part of the target that the query shows, 0..1.
        flipped: whether it is a mirror image.
        points: float32 [inliers, 4]: x and y in the query, x and y in the target, in pixels.
    """

    transform: tuple[tuple[float, ...], ...]
    inliers: int
    residual: float
    agreement: float
    confidence: float
    query_overlap: float
    target_overlap: float
    flipped: bool
    points: NDArray[np.float32] = field(repr=False, compare=False)

    def as_json(self) -> dict[str, Any]:
        """Give all but the points as JSON."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "points"}


@dataclass(frozen=True, slots=True)
class Member:
    """A row of the gallery as the search for duplicates sees it.

    Attributes:
        path: absolute path.
        size: bytes.
        mtime_ns: time of the last change, nanoseconds since the epoch.
        content_hash: the first 16 bytes of the SHA-256 of the file's bytes.
        width, height: pixels, upright.
        names: under how many it is known to stand: hard links, links, other paths.
    """

    path: str
    size: int
    mtime_ns: int
    content_hash: bytes
    width: int
    height: int
    names: int = 1


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures of different bytes that show the same.

    Attributes:
        one, other: indexes of members; any one of a content stands for all of them.
        kind: `copy` (one was made from the other) or `near` (two pictures of the same thing).
        match: how `one` lies in `other`.
    """

    one: int
    other: int
    kind: str
    match: Match
