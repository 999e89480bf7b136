"""The values that the packages exchange, all frozen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

UNKNOWN = -1  # a size or time that a feature list does not state; the next `index` finds it out
COPY_KINDS = frozenset({"exact", "copy"})  # the kinds of hits that show the query itself


@dataclass(frozen=True, slots=True)
class Source:
    """A file that may be a picture, as it was listed.

    Attributes:
        path: an address, see `sources.addresses`; other bytes than UTF-8 as surrogates (PEP 383).
        size: bytes.
        mtime_ns: time of the last change, ns since the epoch; see `content.tagged_mtime_ns`.
        metadata: a JSON object that a list or archive states about the picture; None without.
        at: where a member's bytes begin in its (unpacked) tar; -1 if unknown.
        private: whether a URL may lead into a private network.
        objection: why it must not be read; empty if it may.
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
        width: pixels of the whole picture, after EXIF orientation.
        height: pixels of the whole picture, after EXIF orientation.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that could not be used, and why.

    Attributes:
        path: absolute path.
        reason: one clause, such as `truncated: the file ends before the picture does`.

    Example:
        >>> from lookalike import Gallery
        >>> gallery = Gallery.open("gallery")
        >>> [(refusal.path, refusal.reason) for refusal in gallery.refused()]
        []
    """

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A picture of the gallery: one content, and all files that have it.

    Attributes:
        id: the content hash, 32 hexadecimal digits.
        paths: absolute, sorted.
        width: pixels, upright.
        height: pixels, upright.
        size: bytes of each file; -1 if unknown.
        mtime_ns: time of the latest change of any file, nanoseconds since the epoch.
        metadata: what a list or archive states about it; None without.

    Example:
        >>> from lookalike import Gallery
        >>> Gallery.open("gallery").browse(top=1).entries[0].paths
        ('...photos...jpg',)
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
    """A picture that a search found.

    Attributes:
        rank: from 1.
        path: absolute path.
        score: cosine of the two vectors, -1..1.
        width: pixels, upright.
        height: pixels, upright.
        kind: `exact` (equal bytes or pixels), `copy` (verified: one was made from the other),
            `near` (another picture of the same thing or scene) or `similar`.
        match: how the query lies over it; None for `similar`.
        id: the content hash, 32 hexadecimal digits.
        size: bytes of the file.
        mtime_ns: time of the file's last change, nanoseconds since the epoch.
        metadata: what a list or archive states about it; None without.

    Example:
        >>> from lookalike import Gallery
        >>> Gallery.open("gallery").search("photos/sunflower/image_0001.jpg")[0].kind
        'exact'
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
        """Return everything as JSON values; `match` and `metadata` only if there is one."""
        skipped = {"match", "metadata"} if self.metadata is None else {"match"}
        values = {name: getattr(self, name) for name in self.__slots__ if name not in skipped}
        return {**values, "match": self.match.as_json()} if self.match else values


@dataclass(frozen=True, slots=True)
class SearchResult(Sequence[Hit]):
    """The hits of one search, best first; a sequence of `Hit`.

    Attributes:
        hits: best first.
        query: the query's path, or the kind of object it was, or the text.
        took_ms: milliseconds from the query to the last hit; the first search loads the weights.
        version: of the table of pictures that the hits come from.

    Example:
        >>> from lookalike import Gallery
        >>> result = Gallery.open("gallery").search("photos/sunflower/image_0001.jpg", top=4)
        >>> len(result), len(result.copies), len(result.similar)
        (4, 1, 3)
    """

    hits: tuple[Hit, ...]
    query: str
    took_ms: float
    version: int = 0

    @property
    def copies(self) -> tuple[Hit, ...]:
        """The hits that show the query itself, unchanged or edited."""
        return tuple(hit for hit in self.hits if hit.kind in COPY_KINDS)

    @property
    def similar(self) -> tuple[Hit, ...]:
        """The other hits, which look like the query."""
        return tuple(hit for hit in self.hits if hit.kind not in COPY_KINDS)

    def __len__(self) -> int:
        return len(self.hits)

    @overload
    def __getitem__(self, index: int) -> Hit: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Hit, ...]: ...
    def __getitem__(self, index: int | slice) -> Hit | tuple[Hit, ...]:
        return self.hits[index]


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of an ingest.

    Attributes:
        listed: files listed so far.
        listing: whether the listing is still running, so that `todo` may grow.
        todo: files that are new or changed.
        done: how many of those are added or refused.
        refused: how many of those could not be used.
        seconds: since the start.
        optimizing: whether all files are done, and the search index is being updated.

    Example:
        >>> from lookalike import Gallery
        >>> steps = []
        >>> _ = Gallery.open("new gallery").index("photos", on_progress=steps.append)
        >>> steps[-1].done, steps[-1].todo
        (30, 30)
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
    """The result of one `index`; the counts are files.

    Attributes:
        added: new rows.
        updated: rows whose file had changed.
        moved: rows that kept their vector under a new path.
        copied: how many of `added` and `updated` share the vector of a file with the same bytes.
        unchanged: files that needed no reading.
        refused: files that could not be used in this run; `Gallery.refused` has the reasons.
        skipped: files of other kinds (text, video, ...).
        offline: roots that could not be reached; their rows stay.
        seconds: wall time.

    Example:
        >>> from lookalike import Gallery
        >>> Gallery.open("gallery").index("photos").unchanged
        30
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
    """An indexed folder, object store, archive or list.

    Attributes:
        path: absolute path.
        online: whether it can be read now.
        reason: why it is offline; empty if it is online.
    """

    path: str
    online: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Info:
    """The status of a gallery.

    Attributes:
        gallery: its folder.
        pictures: rows.
        fingerprints: the contents whose copies can be detected.
        refused: files that could not be used.
        roots: the indexed folders.
        encoder: name, weights sha256, dimensions and preprocessing.
        index: kind (`none` or Lance's name), indexed and unindexed rows.
        bytes_on_disk: of the whole folder.

    Example:
        >>> from lookalike import Gallery
        >>> Gallery.open("gallery").info().pictures
        30
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
        removed: paths whose file is gone, while its root is online.
        offline: roots whose rows were left alone.

    Example:
        >>> from pathlib import Path
        >>> from lookalike import Gallery
        >>> Path("photos/leopards/image_0002.jpg").unlink()
        >>> Gallery.open("gallery").prune(dry_run=True).removed
        ('...image_0002.jpg',)
    """

    removed: tuple[str, ...]
    offline: tuple[Root, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Match:
    """How the query lies over another picture, the target, and the evidence for it.

    Attributes:
        transform: 3 x 3, from the query's pixels to the target's; the last number is 1.
        inliers: pairs of features that agree with it, each at a place of its own.
        residual: RMS distance of these pairs, in pixels of the picture resized to 36,000 pixels.
        agreement: correlation of the overlapping pixels, 0..1.
        confidence: the probability that one picture was made from the other, 0..1.
        query_overlap: the share of the query that the target shows, 0..1.
        target_overlap: the share of the target that the query shows, 0..1.
        flipped: whether one is a mirror image of the other.
        points: float32 [inliers, 4]: x and y in the query, x and y in the target, in pixels.

    Example:
        >>> from lookalike import Gallery
        >>> hit = Gallery.open("gallery").search("photos/sunflower/image_0001.jpg")[0]
        >>> hit.match.flipped, round(hit.match.query_overlap, 1)
        (False, 1.0)
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
        """Return everything but the points as JSON values."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "points"}
