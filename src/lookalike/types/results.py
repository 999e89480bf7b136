"""Matches and hits: how pictures relate, and what a search found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COPY_KINDS = frozenset({"exact", "copy"})  # the kinds of hits that show the query itself


@dataclass(frozen=True, slots=True)
class Box:
    """A place where two pictures differ.

    Attributes:
        query: x, y, width and height in the query, in pixels of the whole picture.
        target: x, y, width and height in the target, in pixels of the whole picture.

    Example:
        >>> from PIL import Image
        >>> from lookalike.search import compare
        >>> edited = Image.open("query.jpg")
        >>> edited.paste("white", (200, 20, 230, 50))
        >>> (box,) = compare(edited, "query.jpg").match.differences.boxes
        >>> all(abs(a - b) < 15 for a, b in zip(box.query, (200, 20, 30, 30)))
        True
    """

    query: tuple[float, float, float, float]
    target: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Differences:
    """Where two pictures differ, over the area that both show.

    Attributes:
        share: of what there is to see in that area (texture, edges, colour), the part that
            differs, 0..1.
        boxes: the places that differ, the most different first; none if `share` is 0.
        pages: of the other pages or frames that both files hold, the share that differs, 0..1.

    Example:
        >>> from PIL import Image
        >>> from lookalike.search import compare
        >>> half = Image.open("query.jpg").reduce(2)
        >>> compare(half, "query.jpg").match.differences
        Differences(share=0.0, boxes=(), pages=0.0)
    """

    share: float = 0.0
    boxes: tuple[Box, ...] = ()
    pages: float = 0.0


@dataclass(frozen=True, slots=True)
class Look:
    """How the query looks all over, compared with the target.

    Attributes:
        saturation: how colourful it is, relative to the target; 0 for black and white.
        sharpness: how much fine detail it has, relative to the target; below 1 it is blurred.
        colour_shift: how far its colours are from the target's, 0..1.
        is_negative: whether dark and light are swapped.
        added: whether the places that differ show more in the query (above 0) or in the target
            (below 0), -1..1.

    Example:
        >>> from PIL import Image
        >>> from lookalike.search import compare
        >>> grey = Image.open("query.jpg").convert("L")
        >>> compare(grey, "query.jpg").match.look.saturation < 0.1
        True
    """

    saturation: float = 1.0
    sharpness: float = 1.0
    colour_shift: float = 0.0
    is_negative: bool = False
    added: float = 0.0


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
        differences: where the two differ.
        look: how the query's colours and sharpness differ from the target's.

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
    differences: Differences = Differences()
    look: Look = Look()

    def as_json(self) -> dict[str, Any]:
        """Return everything but the points as JSON values."""
        values = {name: getattr(self, name) for name in self.__slots__ if name != "points"}
        return {**values, "differences": asdict(self.differences), "look": asdict(self.look)}


@dataclass(frozen=True, slots=True)
class Place:
    """A file of a picture; files with the same bytes are one picture.

    Attributes:
        path: absolute path, or address of another source.
        size: bytes; -1 if unknown.
        mtime_ns: time of the last change, nanoseconds since the epoch; -1 if unknown.

    Example:
        >>> from lookalike import Gallery
        >>> hit = Gallery.open("gallery").search("photos/sunflower/image_0001.jpg")[0]
        >>> [place.path for place in hit.places]
        ['...photos/sunflower/image_0001.jpg']
    """

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A picture that a search found; files with the same bytes are one hit.

    Attributes:
        rank: from 1.
        path: the best of its places: one that the filter allows; the query's own file if that is
            one; a file before a member of an archive, both before a URL; the first by name.
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
        places: all its files, the best first; those that the filter does not allow come last.

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
    places: tuple[Place, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON values; `match` and `metadata` only if there is one."""
        skipped = {"match", "metadata"} if self.metadata is None else {"match"}
        values = {name: getattr(self, name) for name in self.__slots__ if name not in skipped}
        values["places"] = [asdict(place) for place in self.places]
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
