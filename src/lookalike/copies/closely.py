"""Small differences of two pictures that are at hand: a digit, a name, a tick.

The thumbnails of fingerprints show what a tenth of a line of text is. Here the pictures themselves
are laid over each other, once more at each of a few sizes. Of the difference in colour, what noise,
compression and resampling leave is subtracted: they follow the detail that is there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..types import Differences
from .differences import SHIFT_SHARE, Windows, compare_windows, find_boxes
from .geometry import TO_PIXEL_CENTRES
from .overlay import equally_sharp, lay_over
from .pixels import luma
from .proof import as_tuples, look_of
from .shared_area import shared_area

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..types import Match
    from .overlay import Overlay, Side
    from .pixels import Floats

COARSE_PIXELS, MIDDLE_PIXELS, FINE_PIXELS = 30_000, 300_000, 3_000_000
MIN_LEVELS = 14.0  # of 255; a smaller difference is none
DETAIL_SHARE = 0.35  # of the standard deviation around a pixel, that resampling may change
NOISES = 6.0  # times the typical difference, that noise may reach
PEAK = 1.5  # times the limit, that a place must reach somewhere
MIN_PLACE_PIXELS = 5
BLUR_SIGMA = 1.0  # pixels; hides what is finer
WINDOW_PIXELS = 9
WORD_GAP = 0.005  # of the longer side; parts of a word are closer
MAX_WORD_LENGTH = 12  # heights of a letter, to either side
MAX_LETTER = 0.03  # of the longer side; what is higher is no letter
INK_LEVELS = 20.0  # standard deviation around a pixel of a letter
MAX_BESIDE = 0.25  # of the rows above and below a line of text that may show something
MAX_COPY_SHARE = 0.2  # of what there is to see, that may differ in a copy
TIMES_CLOSER = 2.0  # times as much as the thumbnails showed
NEAR_CONFIDENCE = 0.5
_HALF, _LEAST = 0.5, 1e-4


def look_closely(match: Match, query: Side, target: Side) -> Match:
    """Add the small differences to a match, in pixels as fine as both pictures have.

    Args:
        match: of `verify`.
        query: the query, at any size.
        target: the target, at any size.
    """
    transform, points = np.array(match.transform), match.points
    shared = shared_area(query, target, transform, points, max_pixels=COARSE_PIXELS)
    fine = shared and shared.overlay
    for pixels in (MIDDLE_PIXELS, FINE_PIXELS):
        fine = fine and lay_over(query, target, fine.transform, points, max_pixels=pixels)
    if shared is None or fine is None:
        return match
    coarse = equally_sharp(shared.overlay)
    coarse_windows = compare_windows(coarse)
    windows = _enlarged(coarse_windows, coarse, fine)
    fine = equally_sharp(replace(fine, mask=windows.mask))
    small = _small_differences(fine)
    windows = replace(windows, differ=(windows.differ | small) & fine.mask)
    look, fine_look = look_of(coarse, coarse_windows.differ), look_of(fine, windows.differ)
    look = replace(look, sharpness=fine_look.sharpness, added=fine_look.added)
    if not windows.differ.any():
        return replace(match, look=look, differences=Differences(pages=match.differences.pages))
    ink = (np.maximum(*(_spread(luma(p)) for p in fine.matched)) > INK_LEVELS) & fine.mask
    words = _whole_words(windows.differ, ink)
    boxes = find_boxes(words, np.maximum(windows.weights, _LEAST), fine.from_grid, fine.transform)
    share = max(windows.share, _share_of(small, ink), _LEAST)
    confidence = match.confidence
    if share > max(MAX_COPY_SHARE, TIMES_CLOSER * coarse_windows.share):
        confidence = min(confidence, NEAR_CONFIDENCE)  # the thumbnails did not show how much
    return replace(
        match,
        transform=as_tuples(fine.transform),
        confidence=confidence,
        look=look,
        differences=Differences(share, boxes, match.differences.pages),
    )


def _share_of(places: NDArray[np.bool_], ink: NDArray[np.bool_]) -> float:
    """Return the share of the ink that is in or beside places that differ: 0..1."""
    import cv2

    window = np.ones((WINDOW_PIXELS, WINDOW_PIXELS), np.uint8)
    beside = cv2.dilate(places.astype(np.uint8), window) > 0
    return float((beside & ink).sum() / max(ink.sum(), 1))


def _whole_words(differ: NDArray[np.bool_], ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Extend places in a line of text to the words that they are part of: bool [h, w].

    A place is in a line of text if little is to see above it and below it.
    """
    import cv2

    height, width = differ.shape
    gap = max(round(WORD_GAP * max(differ.shape)), 1)
    grown = cv2.dilate(differ.astype(np.uint8), np.ones((gap, gap), np.uint8))
    words = differ.copy()
    statistics = np.asarray(cv2.connectedComponentsWithStats(grown)[2])
    for left, top, columns, rows, _ in statistics[1:].tolist():
        if rows > MAX_LETTER * max(differ.shape):
            continue
        reach = MAX_WORD_LENGTH * rows
        first, last = max(left - reach, 0), min(left + columns + reach, width)
        margin = max(rows // 5, 2)
        above = ink[max(top - margin, 0) : top, first:last]
        below = ink[top + rows : min(top + rows + margin, height), first:last]
        if max(above.mean() if above.size else 0, below.mean() if below.size else 0) > MAX_BESIDE:
            continue
        has_ink = np.asarray(ink[top : top + rows, first:last].any(axis=0), np.uint8)[None]
        kernel = np.ones((1, max(rows // 8, 2)), np.uint8)  # gaps between letters, not words
        joined = cv2.morphologyEx(has_ink, cv2.MORPH_CLOSE, kernel)
        _, found = cv2.connectedComponents(joined)
        labels = np.asarray(found, np.int64).ravel()
        own = np.unique(labels[left - first : left - first + columns])
        inside = np.flatnonzero(np.isin(labels, own[own > 0]))
        if len(inside):
            words[top : top + rows, first + inside.min() : first + inside.max() + 1] = True
    return words


def _enlarged(windows: Windows, coarse: Overlay, fine: Overlay) -> Windows:
    """Bring windows from one overlay's grid to another's, which is finer."""
    import cv2

    to_fine = TO_PIXEL_CENTRES @ np.linalg.inv(fine.from_grid) @ coarse.from_grid
    to_fine = to_fine @ np.linalg.inv(TO_PIXEL_CENTRES)
    size = fine.mask.shape[::-1]
    maps = (
        windows.weights,
        windows.shown_by_both,
        windows.correlations,
        windows.differ.astype(np.float32),
        windows.mask.astype(np.float32),
    )
    weights, shown_by_both, correlations, differ, covered = (
        np.asarray(cv2.warpPerspective(values, to_fine, size), np.float32) for values in maps
    )
    mask = fine.mask & (covered > _HALF)
    return Windows(weights * mask, shown_by_both * mask, correlations, differ > _HALF, mask)


def _small_differences(overlay: Overlay) -> NDArray[np.bool_]:
    """Return where the colours differ by more than noise and resampling explain: bool [h, w]."""
    import cv2

    query, target = overlay.matched
    offsets = cv2.GaussianBlur(np.abs(_blurred(query) - _blurred(target)).max(axis=2), (0, 0), 0.5)
    spread = np.maximum(_spread(luma(query)), _spread(luma(target)))
    offsets = np.where(overlay.mask, offsets, 0)
    typical = float(np.median(offsets[overlay.mask][::7]))
    limits = MIN_LEVELS + DETAIL_SHARE * spread + NOISES * typical
    limits += SHIFT_SHARE * overlay.colour_shift
    differ = (offsets > limits) & _eroded(overlay.mask)
    count, found = cv2.connectedComponents(differ.astype(np.uint8))
    labels = np.asarray(found, np.int64)
    peaks = np.zeros(count)
    np.maximum.at(peaks, labels[differ], (offsets / limits)[differ])
    areas = np.bincount(labels.ravel(), minlength=count)
    is_place = (peaks >= PEAK) & (areas >= MIN_PLACE_PIXELS)
    is_place[0] = False
    return np.asarray(is_place[labels])


def _blurred(pixels: Floats) -> Floats:
    import cv2

    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), BLUR_SIGMA), np.float32)


def _spread(grey: Floats) -> Floats:
    """Return the standard deviation around each pixel: float32 [h, w]."""
    import cv2

    window = (WINDOW_PIXELS, WINDOW_PIXELS)
    variance = cv2.blur(grey * grey, window) - cv2.blur(grey, window) ** 2
    return np.asarray(np.sqrt(np.maximum(variance, 0)), np.float32)


def _eroded(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Leave out the edge of a mask, where a warped picture is mixed with nothing."""
    import cv2

    return np.asarray(cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
