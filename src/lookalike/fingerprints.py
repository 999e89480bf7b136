"""What proves a copy: the local features of a picture, and the whole of it in small.

Features are SIFT's (Lowe, "Distinctive Image Features from Scale-Invariant Keypoints", 2004) with
descriptors as RootSIFT (Arandjelovic and Zisserman, "Three Things Everyone Should Know to Improve
Object Retrieval", 2012), found by OpenCV.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .types import Picture

SIDE_PIXELS = 320  # the longer side that features are found on; SIFT doubles it once by itself
MAX_POINTS = 800
CELLS = 8  # a side is cut into, so that points lie all over the picture
CONTRAST = 0.01  # SIFT's threshold, below its own .04: blurred and pale pictures need points, too
THUMBNAIL_PIXELS = 64  # longer side
_BINS = (4, 4, 8)  # of a SIFT descriptor: rows, columns, directions


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What `verify` compares.

    Attributes:
        width: pixels of the whole picture, upright.
        height: likewise.
        points: float32 [N, 4]: x, y, radius, in pixels of the whole picture, and angle, in radians.
        descriptors: float32 [N, 128], unit length, no number below 0.
        thumbnail: uint8 [h, w, 3], RGB, the longer side `THUMBNAIL_PIXELS`.
    """

    width: int
    height: int
    points: NDArray[np.float32]
    descriptors: NDArray[np.float32]
    thumbnail: NDArray[np.uint8]


def fingerprint(picture: Picture, *, max_points: int = MAX_POINTS) -> Fingerprint:
    """Find up to `max_points` features, the strongest of every part of the picture first.

    A picture without any texture has none, and N is 0.
    """
    import cv2

    small = _reduced(picture.pixels, SIDE_PIXELS)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    found, raw = cv2.SIFT.create(
        contrastThreshold=CONTRAST, enable_precise_upscale=True
    ).detectAndCompute(grey, None)
    if raw is None:
        points, descriptors = np.empty((0, 4), np.float32), np.empty((0, 128), np.float32)
    else:
        points = np.array([(*p.pt, p.size / 2, np.deg2rad(p.angle)) for p in found], np.float32)
        points[:, :2] += 0.5  # OpenCV counts from the middle of the first pixel
        kept = _spread(points, np.array([p.response for p in found]), grey.shape)[:max_points]
        points, descriptors = points[kept], raw[kept]
        descriptors = np.sqrt(descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1))
    across, down = picture.width / grey.shape[1], picture.height / grey.shape[0]
    points *= np.array([across, down, (across * down) ** 0.5, 1], np.float32)
    thumbnail = _reduced(small, THUMBNAIL_PIXELS)
    return Fingerprint(picture.width, picture.height, points, descriptors, thumbnail)


def mirrored(fingerprint: Fingerprint) -> Fingerprint:
    """Give the fingerprint that the mirror image (left for right) has, without looking at it.

    Along its own direction a mirrored feature has its rows turned about and its directions negated.
    """
    bins = fingerprint.descriptors.reshape(-1, *_BINS)
    turned = np.roll(bins[:, ::-1, :, ::-1], 1, axis=3)
    x, y, radius, angle = fingerprint.points.T
    return replace(
        fingerprint,
        points=np.stack([fingerprint.width - x, y, radius, np.float32(np.pi) - angle], axis=1),
        descriptors=turned.reshape(fingerprint.descriptors.shape),
        thumbnail=np.ascontiguousarray(fingerprint.thumbnail[:, ::-1]),
    )


def negative(fingerprint: Fingerprint) -> Fingerprint:
    """Give the fingerprint that the negative has: every feature points the other way."""
    bins = fingerprint.descriptors.reshape(-1, *_BINS)
    points = fingerprint.points + np.array([0, 0, 0, np.pi], np.float32)
    return replace(
        fingerprint,
        points=points,
        descriptors=bins[:, ::-1, ::-1].reshape(fingerprint.descriptors.shape),
        thumbnail=255 - fingerprint.thumbnail,
    )


def _reduced(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Bring the longer side to `side`, smaller pictures enlarged."""
    import cv2

    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, size, interpolation=how), np.uint8)


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
