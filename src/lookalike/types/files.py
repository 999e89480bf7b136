"""Files: as they are listed, decoded, refused and kept."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  the server reads the hints at run time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

UNKNOWN = -1  # a size or time that a feature list does not state; the next `index` finds it out


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
        has_nulls: whether numbers of `metadata` were taken as null, as JSON can't hold them.
    """

    path: str
    size: int
    mtime_ns: int
    metadata: str | None = field(default=None, compare=False)
    at: int = field(default=-1, compare=False)
    private: bool = field(default=False, compare=False)
    objection: str = field(default="", compare=False)
    has_nulls: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Properties:
    """What a file holds besides the pixels that stand for it.

    Attributes:
        pages: of a document, or pictures in a container; 1 for most files.
        frames: of an animation; 1 for a still picture.
        has_alpha: whether anything in it is transparent.
        bit_depth: bits of a channel that carry something: 8, or up to 32.
        has_video: whether a video is embedded, as in a motion photo.
        taken: when it was taken, as `2024-05-01T12:00:00` in local time, with an offset if the
            file has one; None if unknown.
        camera: maker and model, as `Canon EOS R6`; None if unknown.
        latitude: degrees north, -90..90; None if unknown.
        longitude: degrees east, -180..180; None if unknown.

    Example:
        >>> from pathlib import Path
        >>> from lookalike.decode import decode
        >>> decode(Path("query.jpg").read_bytes()).properties.frames
        1
    """

    pages: int = 1
    frames: int = 1
    has_alpha: bool = False
    bit_depth: int = 8
    has_video: bool = False
    taken: str | None = None
    camera: str | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture, upright and in sRGB.

    Attributes:
        pixels: uint8 [H, W, 3], RGB; may be smaller than the file's picture (reduced decoding).
        width: pixels of the whole picture, after EXIF orientation.
        height: pixels of the whole picture, after EXIF orientation.
        properties: what else the file holds.
        samples: other pages or frames, a few, spread over the file, in order: each uint8
            [h, w, 3], small.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int
    properties: Properties = Properties()
    samples: tuple[NDArray[np.uint8], ...] = field(default=(), repr=False, compare=False)


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
        properties: what each file holds; the defaults until an `index` has read it for them.

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
    properties: Properties = Properties()
