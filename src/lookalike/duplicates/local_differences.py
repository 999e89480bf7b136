"""Where two pictures of one size differ by more than compression and resizing can explain.

Both are compared at full resolution, in cells of 8 x 8 pixels. What counts is the largest
difference in a cell, not the mean over the picture: of brightness at four scales and of colour at
three. So a changed digit stands out, and grain that compression took away does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

CELL_PIXELS = 8
MARGIN_PIXELS = 8  # of the coarsest scale's blur
MAX_STRIP_ROWS = 256
REACH_CELLS = 2  # compression spreads an edge over its block, at most 16 pixels
# The greatest differences between a picture and its copies, in levels of 255: those of flat areas,
# and how many more for each level of contrast nearby. Each is of a window of 3 x 3 pixels; at each
# next scale the pixels are twice as large, and for colour they begin at twice the size. Copies at
# quality 70 stay below, at 95 far below: see benchmarks/copies/grainy.py.
LUMA_LIMITS = ((11.0, 0.06), (5.5, 0.036), (3.5, 0.026), (2.5, 0.026))
CHROMA_LIMITS = ((12.0, 0.2), (6.0, 0.07), (4.0, 0.035))
# Where copies are less compressed, the limits are lower: thrice what 99% of the cells of one
# contrast stay below, of those that differ at all.
USUAL_SHARE = 0.99
USUAL_FACTOR = 3.0
LEAST_FACTOR = 0.6
EXACT_LEVELS = 2.5  # between lossless pictures: colour profiles and 16 bits are rounded
MIN_CELLS = 500  # of one contrast, to know what is usual
_CONTRAST_BINS = 16
_STEPS = 4  # parts of a level that the maps are in
_FINE = 16  # parts of a level that differences are computed in


class Maps(NamedTuple):
    """What differs in each cell, uint8 [h, w].

    Attributes:
        luma: for each scale the largest difference of brightness, quarters of a level, at most 255.
        chroma: for each scale the largest difference of colour, likewise.
        contrast: darkest to brightest, or one colour to another, levels.
    """

    luma: list[NDArray[np.uint8]]
    chroma: list[NDArray[np.uint8]]
    contrast: NDArray[np.uint8]


def difference_maps(
    rows: Callable[[int, int], NDArray[np.uint8]], other: NDArray[np.uint8], *, max_rows: int
) -> Maps:
    """Compare two pictures strip by strip.

    Args:
        rows: gives the rows from one number to another of the first picture, uint8 [n, W, 3].
        other: the second picture, uint8 [H, W, 3].
        max_rows: of a strip.
    """
    height = len(other)
    strip_rows = max(min(max_rows, MAX_STRIP_ROWS) // CELL_PIXELS, 1) * CELL_PIXELS
    strips = []
    for top in range(0, height, strip_rows):
        above = MARGIN_PIXELS if top else 0
        bottom = min(top + strip_rows + MARGIN_PIXELS, height)
        maps = _strip(rows(top - above, bottom), other[top - above : bottom])
        first, count = above // CELL_PIXELS, strip_rows // CELL_PIXELS
        strips.append([m[first : first + count] for m in maps])
    joined = [np.concatenate(parts) for parts in zip(*strips, strict=True)]
    luma, chroma = joined[: len(LUMA_LIMITS)], joined[len(LUMA_LIMITS) : -1]
    return Maps(luma, chroma, joined[-1])


def excess(maps: Maps, *, is_exact: bool = False) -> NDArray[np.float32]:
    """Return by how many times the limit each cell differs, float32 [h, w].

    Args:
        maps: what differs.
        is_exact: neither picture is compressed with loss, so that only rounding is no difference.
    """
    import cv2

    window = np.ones((2 * REACH_CELLS + 1,) * 2, np.uint8)
    widened = np.asarray(cv2.dilate(maps.contrast, window), np.uint8)
    contrast = widened // np.uint8(256 // _CONTRAST_BINS)
    most = np.zeros(contrast.shape, np.float32)
    for found, limits in ((maps.luma, LUMA_LIMITS), (maps.chroma, CHROMA_LIMITS)):
        for differences, limit in zip(found, limits, strict=True):
            if is_exact:
                limits_of_bins = np.full(_CONTRAST_BINS, EXACT_LEVELS * _STEPS, np.float32)
            else:
                limits_of_bins = _limits(differences, contrast, *limit)
            np.maximum(most, differences / limits_of_bins[contrast], out=most)
    return most


def _limits(
    differences: NDArray[np.uint8], contrast: NDArray[np.uint8], flat: float, slope: float
) -> NDArray[np.float32]:
    """Return the limit for each bin of contrast, float32 [_CONTRAST_BINS], in steps."""
    bins = np.arange(_CONTRAST_BINS)
    most = _STEPS * (flat + slope * (bins + 0.5) * (256 / _CONTRAST_BINS))
    pairs = contrast.astype(np.int32) * 256 + differences
    counts = np.bincount(pairs.ravel(), minlength=_CONTRAST_BINS * 256).reshape(-1, 256)
    counts[:, 0] = 0  # a drawing has much that does not differ, and tells nothing of its edges
    cells = counts.sum(axis=1)
    below = np.cumsum(counts, axis=1) >= USUAL_SHARE * cells[:, None]
    usual = np.where(cells < MIN_CELLS, np.inf, USUAL_FACTOR * below.argmax(axis=1))
    return np.clip(usual, LEAST_FACTOR * most, most).astype(np.float32)


def find_places(
    is_different: NDArray[np.bool_], size: tuple[int, int]
) -> list[tuple[int, int, int, int]]:
    """Join neighbouring cells to boxes (x, y, width, height) in pixels, the largest first.

    Args:
        is_different: bool [h, w], cells.
        size: width and height of the picture, pixels.
    """
    import cv2

    joined = cv2.dilate(is_different.astype(np.uint8), np.ones((5, 5), np.uint8))
    count, labels = cv2.connectedComponents(joined)
    labels = np.where(is_different, np.asarray(labels, np.int32), 0)
    boxes = []
    rows, columns = np.nonzero(labels)
    of = labels[rows, columns].astype(np.intp)
    low = np.full((count, 2), 2**31 - 1, np.int64)
    high = np.zeros((count, 2), np.int64)
    for axis, places in enumerate((columns, rows)):
        np.minimum.at(low[:, axis], of, places * CELL_PIXELS)
        np.maximum.at(high[:, axis], of, (places + 1) * CELL_PIXELS)
    for (left, top), (right, bottom) in zip(low[1:].tolist(), high[1:].tolist(), strict=True):
        boxes.append((left, top, min(right, size[0]) - left, min(bottom, size[1]) - top))
    return sorted(boxes, key=lambda box: -box[2] * box[3])


def _strip(kept: NDArray[np.uint8], other: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    import cv2

    bottom, right = (-side % CELL_PIXELS for side in other.shape[:2])
    if bottom or right:
        mode = cv2.BORDER_REFLECT
        kept = np.asarray(cv2.copyMakeBorder(kept, 0, bottom, 0, right, mode), np.uint8)
        other = np.asarray(cv2.copyMakeBorder(other, 0, bottom, 0, right, mode), np.uint8)
    planes = list(zip(_planes(kept), _planes(other), strict=True))
    luma = _largest([_difference(*planes[0])], len(LUMA_LIMITS), CELL_PIXELS)
    chroma = [_difference(*pair) for pair in planes[1:]]
    colour = _largest(chroma, len(CHROMA_LIMITS), CELL_PIXELS // 2)
    ranges = [_range(planes[0][0], CELL_PIXELS)]
    ranges += [_range(plane, CELL_PIXELS // 2) for plane, _ in planes[1:]]
    return [*luma, *colour, np.max(ranges, axis=0)]


def _planes(rgb: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], ...]:
    """Return brightness, and at half the resolution redness and blueness; each uint8."""
    import cv2

    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    half = cv2.resize(rgb, (rgb.shape[1] // 2, rgb.shape[0] // 2), interpolation=cv2.INTER_AREA)
    _, red, blue = cv2.split(cv2.cvtColor(half, cv2.COLOR_RGB2YCrCb))
    return np.asarray(luma, np.uint8), np.asarray(red, np.uint8), np.asarray(blue, np.uint8)


def _difference(kept: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.int16]:
    import cv2

    return np.asarray(cv2.addWeighted(other, _FINE, kept, -_FINE, 0, dtype=cv2.CV_16S), np.int16)


def _largest(
    differences: list[NDArray[np.int16]], scales: int, cell: int
) -> list[NDArray[np.uint8]]:
    """Return for each scale the largest blurred difference in each cell, in steps."""
    import cv2

    found = []
    for scale in range(scales):
        side = cell >> scale
        steps = [
            cv2.convertScaleAbs(cv2.blur(d, (3, 3)), alpha=_STEPS / _FINE) for d in differences
        ]
        most = np.asarray(steps[0] if len(steps) == 1 else cv2.max(*steps), np.uint8)
        found.append(_cells(np.maximum, most, side))
        if scale < scales - 1:
            differences = [_halve(d) for d in differences]
    return found


def _halve(plane: NDArray[np.int16]) -> NDArray[np.int16]:
    import cv2

    size = plane.shape[1] // 2, plane.shape[0] // 2
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.int16)


def _range(plane: NDArray[np.uint8], cell: int) -> NDArray[np.uint8]:
    return _cells(np.maximum, plane, cell) - _cells(np.minimum, plane, cell)


def _cells(ufunc: np.ufunc, plane: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Reduce each cell of `side` x `side` pixels to one value."""
    height, width = plane.shape
    lines = ufunc.reduce(plane.reshape(height // side, side, width), axis=1)
    return np.asarray(ufunc.reduce(lines.reshape(height // side, width // side, side), axis=2))
