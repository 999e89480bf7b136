"""A picture's fingerprint: local features, a thumbnail and a hash, from which copies are proved.

OpenCV detects SIFT features (Lowe, "Distinctive Image Features from Scale-Invariant Keypoints",
2004); `DescriptorModel` compresses each descriptor from 128 numbers to 32 of four bits. The hash is
PDQ (Facebook, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm", 2019).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from . import thumbnail
from .descriptors import DIMENSIONS, LEVELS, descriptor_model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..types import Picture

DETECTION_PIXELS = 36_000  # every picture is resized to about so many before features are detected
STORED_FEATURES = 270  # of a picture in the gallery
QUERY_FEATURES = 400  # of a query, which is not stored
OVERSAMPLING = 1.25  # times as many are described, so that those chosen can be spread out
GRID_CELLS = 8  # per side; the strongest features of every cell come first
CONTRAST_THRESHOLD = 0.01  # SIFT's own is .04, too high for blurred and pale pictures
THUMBNAIL_PIXELS = 30_000
PDQ_SIDE_PIXELS = 512  # the hash's authors resize larger pictures to this, too
MAX_SAMPLES = 4
BYTE_BITS = 8
PIXELS_HASH_BYTES = 16
_MAX_ELONGATION = 8  # longer side of a panorama, in sides of the square with as many pixels


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The part of a picture that `verify` compares.

    Attributes:
        width: pixels of the whole picture, upright.
        height: pixels of the whole picture, upright.
        points: float32 [N, 4]: x, y, radius, in pixels of the whole picture, and angle, in radians.
        descriptors: uint8 [N, 32], 0..15.
        thumbnail_data: the thumbnail as an array, or as WebP.
        pdq: uint8 [32], the PDQ hash.
        pdq_quality: 0..100; below 50 the hash says little.
        pixels_hash: the first 16 bytes of the SHA-256 of all pixels; empty if they were decoded at
            a reduced size, or are not all that the file holds.
        sample_data: other pages or frames, at most `MAX_SAMPLES`, as arrays, or as WebP.
    """

    width: int
    height: int
    points: NDArray[np.float32]
    descriptors: NDArray[np.uint8]
    thumbnail_data: NDArray[np.uint8] | bytes
    pdq: NDArray[np.uint8]
    pdq_quality: int
    pixels_hash: bytes
    sample_data: Sequence[NDArray[np.uint8] | bytes] = ()

    @property
    def thumbnail(self) -> NDArray[np.uint8]:
        """The whole picture, of about `THUMBNAIL_PIXELS`: uint8 [h, w, 3].

        Raises:
            GalleryFormatError: the stored thumbnail is damaged.
        """
        return _decoded(self.thumbnail_data)

    @property
    def samples(self) -> list[NDArray[np.uint8]]:
        """Other pages or frames, in order, spread over the file: uint8 [h, w, 3] each.

        Raises:
            GalleryFormatError: a stored sample is damaged.
        """
        return [_decoded(data) for data in self.sample_data]


def _decoded(data: NDArray[np.uint8] | bytes) -> NDArray[np.uint8]:
    return thumbnail.decode(data) if isinstance(data, bytes) else data


def fingerprint(picture: Picture, *, max_points: int = QUERY_FEATURES) -> Fingerprint:
    """Make the fingerprint of a decoded picture, the strongest features of every region first.

    Args:
        picture: of any size.
        max_points: the most features to keep. A picture without texture has none.

    Example:
        >>> from pathlib import Path
        >>> from lookalike.decode import decode
        >>> fingerprint(decode(Path("query.jpg").read_bytes())).descriptors.shape
        (..., 32)
    """
    grey, keypoints, sift = detect_sift(picture, max_features=int(OVERSAMPLING * max_points))
    if sift is None:
        points, descriptors = np.empty((0, 4), np.float32), np.empty((0, DIMENSIONS), np.uint8)
    else:
        points = np.array([(*p.pt, p.size / 2, np.deg2rad(p.angle)) for p in keypoints], np.float32)
        points[:, :2] += 0.5  # OpenCV counts from the centre of the first pixel
        strengths = np.array([p.response for p in keypoints])
        chosen = _spread_order(points, strengths, grey.shape)[:max_points]
        points, descriptors = points[chosen], descriptor_model().encode(sift[chosen])
    scale_x, scale_y = picture.width / grey.shape[1], picture.height / grey.shape[0]
    points *= np.array([scale_x, scale_y, (scale_x * scale_y) ** 0.5, 1], np.float32)
    pdq, quality = _pdq_hash(picture.pixels)
    return Fingerprint(
        picture.width,
        picture.height,
        points,
        descriptors,
        _resize(picture.pixels, THUMBNAIL_PIXELS),
        pdq,
        quality,
        _hash_pixels(picture),
        picture.samples[:: -(-len(picture.samples) // MAX_SAMPLES) or 1],
    )


def stored_fingerprint(picture: Picture) -> Fingerprint:
    """Make the fingerprint that a gallery stores, with fewer features than a query's."""
    return fingerprint(picture, max_points=STORED_FEATURES)


def detect_sift(
    picture: Picture, *, max_features: int = 0
) -> tuple[NDArray[np.uint8], Any, NDArray[np.float32] | None]:
    """Detect the strongest SIFT features, or all.

    Returns:
        the resized grey picture, the keypoints in it, and their descriptors, float32 [N, 128];
        None if there are none.
    """
    import cv2

    grey = cv2.cvtColor(_resize(picture.pixels, DETECTION_PIXELS), cv2.COLOR_RGB2GRAY)
    detector = cv2.SIFT.create(
        nfeatures=max_features, contrastThreshold=CONTRAST_THRESHOLD, enable_precise_upscale=True
    )
    keypoints, sift = detector.detectAndCompute(grey, None)
    # OpenCV returns None without features, although its type stubs deny it.
    descriptors = None if sift is None else np.asarray(sift, np.float32)
    return np.asarray(grey, np.uint8), keypoints, descriptors


def mirror(fingerprint: Fingerprint) -> Fingerprint:
    """Return the fingerprint of the mirror image (left for right), as to its features.

    Pixels and hashes stay those of the picture itself.
    """
    x, y, radius, angle = fingerprint.points.T
    return replace(
        fingerprint,
        points=np.stack([fingerprint.width - x, y, radius, np.float32(np.pi) - angle], axis=1),
        descriptors=_flip_signs(fingerprint.descriptors, descriptor_model().mirrored),
    )


def negate(fingerprint: Fingerprint) -> Fingerprint:
    """Return the fingerprint of the negative, as to its features: each points the other way.

    Pixels and hashes stay those of the picture itself.
    """
    return replace(
        fingerprint,
        points=fingerprint.points + np.array([0, 0, 0, np.pi], np.float32),
        descriptors=_flip_signs(fingerprint.descriptors, descriptor_model().negative),
    )


def _flip_signs(descriptors: NDArray[np.uint8], dimensions: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Change the sign of some dimensions; the levels are symmetric about zero."""
    return np.where(dimensions, np.uint8(LEVELS - 1) - descriptors, descriptors)


def _resize(pixels: NDArray[Any], count: int) -> NDArray[np.uint8]:
    """Resize a picture, up or down, to about `count` pixels."""
    import cv2

    height, width = pixels.shape[:2]
    side = count**0.5
    scale = min(side / (height * width) ** 0.5, _MAX_ELONGATION * side / max(height, width))
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, size, interpolation=interpolation), np.uint8)


def _hash_pixels(picture: Picture) -> bytes:
    holds, size = picture.properties, (picture.height, picture.width)
    is_all = picture.pixels.shape[:2] == size and not holds.has_alpha
    if not is_all or max(holds.pages, holds.frames) > 1 or holds.bit_depth > BYTE_BITS:
        return b""
    digest = hashlib.sha256(f"{size} ".encode())
    digest.update(np.ascontiguousarray(picture.pixels).data)
    return digest.digest()[:PIXELS_HASH_BYTES]


def _pdq_hash(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], int]:
    import cv2
    import pdqhash

    height, width = pixels.shape[:2]
    size = min(width, PDQ_SIDE_PIXELS), min(height, PDQ_SIDE_PIXELS)
    if size != (width, height):
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    bits, quality = pdqhash.compute(np.ascontiguousarray(pixels))
    return np.packbits(bits), int(quality)


def _spread_order(
    points: NDArray[np.float32], strengths: NDArray[np.float64], shape: tuple[int, ...]
) -> NDArray[np.intp]:
    """Order points: the strongest of each cell, then the second strongest, and so on."""
    columns = (points[:, 0] * GRID_CELLS / shape[1]).astype(int)
    rows = (points[:, 1] * GRID_CELLS / shape[0]).astype(int)
    cells = rows * GRID_CELLS + columns
    by_cell = np.lexsort((-strengths, cells))
    starts = np.searchsorted(cells[by_cell], cells[by_cell])
    rank_in_cell = np.empty(len(points), int)
    rank_in_cell[by_cell] = np.arange(len(points)) - starts
    return np.lexsort((-strengths, rank_in_cell))
