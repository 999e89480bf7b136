"""What proves a copy: the local features of a picture, the whole of it in small, and a hash.

Features are SIFT's (Lowe, "Distinctive Image Features from Scale-Invariant Keypoints", 2004), found
by OpenCV; a descriptor is brought from 128 numbers to 32 of four bits, see `basis`. The hash is PDQ
(Facebook, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm", 2019).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from . import thumbnail
from .descriptors import DIMENSIONS, LEVELS, basis

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..types import Picture

PIXELS = 36_000  # that every picture is brought to before
STORED_POINTS = 270  # of a picture of the gallery
ASKED_POINTS = 400  # of a query, which is not stored
MORE = 1.25  # times as many of the strongest are described, for those kept to be spread
CELLS = 8  # a side is cut into, so that points lie all over the picture
CONTRAST = 0.01  # SIFT's threshold, below its own .04: blurred and pale pictures need points, too
THUMBNAIL_PIXELS = 10_000
PDQ_SIDE_PIXELS = 512  # the most that the hash is made from, as its authors do
PIXELS_HASH_BYTES = 16
_MOST_STRETCHED = 8  # a panorama's longer side, in units of the square's that has as many pixels


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What `verify` compares.

    Attributes:
        width: pixels of the whole picture, upright.
        height: likewise.
        points: float32 [N, 4]: x, y, radius, in pixels of the whole picture, and angle, in radians.
        descriptors: uint8 [N, 32], 0..15.
        small: the thumbnail as an array, or as WebP.
        pdq: uint8 [32], the PDQ hash.
        pdq_quality: 0..100; below 50 the hash says little.
        pixels_hash: 16 bytes of the SHA-256 of all decoded pixels.
    """

    width: int
    height: int
    points: NDArray[np.float32]
    descriptors: NDArray[np.uint8]
    small: NDArray[np.uint8] | bytes
    pdq: NDArray[np.uint8]
    pdq_quality: int
    pixels_hash: bytes

    @property
    def thumbnail(self) -> NDArray[np.uint8]:
        """The whole, grey, in about `THUMBNAIL_PIXELS`: uint8 [h, w].

        Raises:
            GalleryFormatError: it is stored, and damaged.
        """
        return thumbnail.decode(self.small) if isinstance(self.small, bytes) else self.small


def fingerprint(picture: Picture, *, max_points: int = ASKED_POINTS) -> Fingerprint:
    """Find features, the strongest of every part of the picture first.

    Args:
        picture: of any size.
        max_points: how many features are kept. A picture without any texture has none.
    """
    grey, found, raw = sift(picture, most=int(MORE * max_points))
    if raw is None:
        points, descriptors = np.empty((0, 4), np.float32), np.empty((0, DIMENSIONS), np.uint8)
    else:
        points = np.array([(*p.pt, p.size / 2, np.deg2rad(p.angle)) for p in found], np.float32)
        points[:, :2] += 0.5  # OpenCV counts from the middle of the first pixel
        kept = _spread(points, np.array([p.response for p in found]), grey.shape)[:max_points]
        points, descriptors = points[kept], basis().codes(raw[kept])
    across, down = picture.width / grey.shape[1], picture.height / grey.shape[0]
    points *= np.array([across, down, (across * down) ** 0.5, 1], np.float32)
    pdq, quality = _pdq(picture.pixels)
    return Fingerprint(
        picture.width,
        picture.height,
        points,
        descriptors,
        _resized(grey, THUMBNAIL_PIXELS),
        pdq,
        quality,
        _pixels_hash(picture),
    )


def stored_fingerprint(picture: Picture) -> Fingerprint:
    """Find what the gallery keeps: fewer features than of a query."""
    return fingerprint(picture, max_points=STORED_POINTS)


def sift(
    picture: Picture, *, most: int = 0
) -> tuple[NDArray[np.uint8], Any, NDArray[np.float32] | None]:
    """Find SIFT's features, the `most` strongest, or all.

    Returns:
        the grey picture of about so many pixels, the key points on it, and their descriptors,
        float32 [N, 128]; None without any.
    """
    import cv2

    grey = cv2.cvtColor(_resized(picture.pixels, PIXELS), cv2.COLOR_RGB2GRAY)
    finder = cv2.SIFT.create(
        nfeatures=most, contrastThreshold=CONTRAST, enable_precise_upscale=True
    )
    found, raw = finder.detectAndCompute(grey, None)
    # Without any feature OpenCV gives None, whatever its types say.
    descriptors = None if raw is None else np.asarray(raw, np.float32)
    return np.asarray(grey, np.uint8), found, descriptors


def mirrored(fingerprint: Fingerprint) -> Fingerprint:
    """Give the fingerprint that the mirror image (left for right) has, without looking at it.

    The hash stays the picture's own.
    """
    x, y, radius, angle = fingerprint.points.T
    return replace(
        fingerprint,
        points=np.stack([fingerprint.width - x, y, radius, np.float32(np.pi) - angle], axis=1),
        descriptors=_turned(fingerprint.descriptors, basis().mirrored),
        small=np.ascontiguousarray(fingerprint.thumbnail[:, ::-1]),
    )


def negative(fingerprint: Fingerprint) -> Fingerprint:
    """Give the fingerprint that the negative has: every feature points the other way.

    The hash stays the picture's own.
    """
    return replace(
        fingerprint,
        points=fingerprint.points + np.array([0, 0, 0, np.pi], np.float32),
        descriptors=_turned(fingerprint.descriptors, basis().negative),
        small=255 - fingerprint.thumbnail,
    )


def _turned(descriptors: NDArray[np.uint8], signs: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Change the sign of some dimensions; the levels lie evenly round zero."""
    return np.where(signs, np.uint8(LEVELS - 1) - descriptors, descriptors)


def _resized(pixels: NDArray[Any], count: int) -> NDArray[np.uint8]:
    """Bring a picture to about so many pixels, smaller ones enlarged."""
    import cv2

    height, width = pixels.shape[:2]
    side = count**0.5
    scale = min(side / (height * width) ** 0.5, _MOST_STRETCHED * side / max(height, width))
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, size, interpolation=how), np.uint8)


def _pixels_hash(picture: Picture) -> bytes:
    found = hashlib.sha256(f"{picture.width} {picture.height} {picture.pixels.shape}".encode())
    found.update(np.ascontiguousarray(picture.pixels).data)
    return found.digest()[:PIXELS_HASH_BYTES]


def _pdq(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], int]:
    import cv2
    import pdqhash

    height, width = pixels.shape[:2]
    size = min(width, PDQ_SIDE_PIXELS), min(height, PDQ_SIDE_PIXELS)
    if size != (width, height):
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    bits, quality = pdqhash.compute(np.ascontiguousarray(pixels))
    return np.packbits(bits), int(quality)


def _spread(
    points: NDArray[np.float32], strengths: NDArray[np.float64], shape: tuple[int, ...]
) -> NDArray[np.intp]:
    """Order points: the strongest of each cell, then all second ones, and so on."""
    columns = (points[:, 0] * CELLS / shape[1]).astype(int)
    rows = (points[:, 1] * CELLS / shape[0]).astype(int)
    cells = rows * CELLS + columns
    by_cell = np.lexsort((-strengths, cells))
    starts = np.searchsorted(cells[by_cell], cells[by_cell])
    place = np.empty(len(points), int)
    place[by_cell] = np.arange(len(points)) - starts
    return np.lexsort((-strengths, place))
