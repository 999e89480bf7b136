"""Where two overlaid pictures agree and where they differ, over what there is to see in either.

Each pixel stands for the window around it. A window is informative by its contrast in the picture
that has more of it: blank paper is no evidence, and a thing that only one of them shows counts. It
differs if its structure does not correlate, or if its colours are far off once the overall colours
are matched. What edits do everywhere (blur, noise, halftone) lowers the correlation everywhere, so
the limit follows the typical window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..types import Box, Differences
from .geometry import transform_points
from .pixels import largest, luma

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .geometry import Transform
    from .overlay import Overlay
    from .pixels import Floats

WINDOW_PIXELS = 7  # side
MIN_CONTRAST_LEVELS, MAX_BLANK_LEVELS = 3.0, 16.0  # standard deviation; below (plus noise), blank
FULL_CONTRAST_LEVELS = 12.0  # above blank, from which a window counts in full
TYPICAL_MARGIN = 0.4  # below the typical correlation, a window differs
MIN_CORRELATION, MAX_CORRELATION = 0.2, 0.55  # limits of that limit
MIN_COLOUR_LEVELS, COLOUR_NOISES = 20.0, 3.5  # a mean colour that is off by more differs
EDGE_SHARE = 0.3  # of the contrast, that an edge moved by a pixel changes the mean colour by
SHIFT_SHARE = 0.5  # of what colours were changed by all over, that may be off in a place
MIN_PLACE_PIXELS = 16.0  # of a place that differs, each counted by its weight
PLACE_GAP = 0.02  # of the longer side; places that are closer are one
MAX_BOXES = 20
MIN_BOX_SIDE = 0.01  # of the longer side; a smaller box is hard to see
QUANTILES_OF = 3_000  # windows, of all
_EPSILON = 1e-6


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of an overlay.

    Attributes:
        weights: float32 [h, w], how much there is to see in either picture, 0..1.
        shown_by_both: float32 [h, w], how much there is to see in both, 0..1.
        correlations: float32 [h, w], of their structure, -1..1.
        differ: bool [h, w].
        mask: bool [h, w], where both pictures show something.
    """

    weights: Floats
    shown_by_both: Floats
    correlations: Floats
    differ: NDArray[np.bool_]
    mask: NDArray[np.bool_]

    @property
    def agreement(self) -> float:
        """The mean correlation, weighted by what there is to see: 0..1."""
        total = float(self.weights.sum())
        if total <= 0:
            return 0.0
        return float(max((self.weights * self.correlations).sum() / total, 0))

    @property
    def share(self) -> float:
        """The share of what there is to see that differs: 0..1."""
        return float(self.weights[self.differ].sum() / max(self.weights.sum(), _EPSILON))

    @property
    def replaced(self) -> float:
        """The share of what there is to see in both pictures that differs: 0..1."""
        total = float(self.shown_by_both.sum())
        return float(self.shown_by_both[self.differ].sum() / max(total, _EPSILON))

    @property
    def agreeing(self) -> float:
        """How much there is to see that agrees, in pixels."""
        return float(self.weights[~self.differ].sum())

    def quantiles(self, shares: Sequence[float]) -> tuple[float, ...]:
        """Return the correlations that these shares of what there is to see exceed, -1..1."""
        found = _weighted_quantiles(self.correlations, self.weights, shares)
        return tuple(map(float, found))

    def inside(self, part: tuple[int, int, int, int]) -> Windows:
        """Leave out all but a rectangle: left, top, right and bottom."""
        left, top, right, bottom = part
        is_inside = np.zeros(self.mask.shape, bool)
        is_inside[top:bottom, left:right] = True
        return Windows(
            self.weights * is_inside,
            self.shown_by_both * is_inside,
            self.correlations,
            self.differ & is_inside,
            self.mask & is_inside,
        )


def compare_windows(overlay: Overlay) -> Windows:
    """Compare an overlay window by window."""
    import cv2

    query, target = overlay.matched
    mask = overlay.mask.astype(np.float32)
    window = (WINDOW_PIXELS, WINDOW_PIXELS)
    cover = np.maximum(cv2.blur(mask, window), _EPSILON)

    def mean(values: NDArray[Any]) -> Floats:
        return np.asarray(cv2.blur(values * mask, window) / cover, np.float32)

    above, below = luma(query), luma(target)
    above_mean, below_mean = mean(above), mean(below)
    above_variance = np.maximum(mean(above * above) - above_mean**2, 0)
    below_variance = np.maximum(mean(below * below) - below_mean**2, 0)
    covariance = mean(above * below) - above_mean * below_mean
    correlations = covariance / (np.sqrt(above_variance * below_variance) + 1)
    contrast = np.sqrt(np.maximum(above_variance, below_variance))
    offsets = cv2.blur((query - target) * mask[..., None], window) / cover[..., None]
    colours = largest(np.abs(offsets))
    colour_limit = max(MIN_COLOUR_LEVELS, COLOUR_NOISES * overlay.noise)
    colour_limit += SHIFT_SHARE * overlay.colour_shift
    off_colour = colours > colour_limit + EDGE_SHARE * contrast
    seen = np.maximum(contrast, np.where(off_colour, colours, 0))
    blank = min(MIN_CONTRAST_LEVELS + overlay.noise, MAX_BLANK_LEVELS)
    weights, shown_by_both = (
        np.clip((levels - blank) / FULL_CONTRAST_LEVELS, 0, 1) * mask
        for levels in (seen, np.sqrt(np.minimum(above_variance, below_variance)))
    )
    limit = float(_weighted_quantiles(correlations, weights, [0.5])[0]) - TYPICAL_MARGIN
    uncorrelated = correlations < min(max(limit, MIN_CORRELATION), MAX_CORRELATION)
    differ = (uncorrelated | off_colour) & (weights > 0)
    differ = _without_specks(differ, weights)
    return Windows(weights, shown_by_both, correlations, differ, overlay.mask)


def _weighted_quantiles(
    values: Floats, weights: Floats, shares: Sequence[float]
) -> NDArray[np.float32]:
    """Return the values above which a share of the weight is: [S]; ones without any weight."""
    step = -(-values.size // QUANTILES_OF)
    values, weights = values.ravel()[::step], weights.ravel()[::step]
    order = np.argsort(-values)
    sums = np.cumsum(weights[order])
    if not len(sums) or sums[-1] <= 0:
        return np.ones(len(shares), np.float32)
    places = np.searchsorted(sums, np.array(shares) * sums[-1])
    return np.asarray(values[order[np.minimum(places, len(order) - 1)]], np.float32)


def _without_specks(differ: NDArray[np.bool_], weights: Floats) -> NDArray[np.bool_]:
    """Drop places that show less than `MIN_PLACE_PIXELS`."""
    import cv2

    count, labels = cv2.connectedComponents(differ.astype(np.uint8))
    is_place = np.bincount(labels.ravel(), weights.ravel(), count) >= MIN_PLACE_PIXELS
    is_place[0] = False
    return np.asarray(is_place[labels])


def find_boxes(
    differ: NDArray[np.bool_], weights: Floats, from_grid: Transform, transform: Transform
) -> tuple[Box, ...]:
    """Return the places that differ, those with most to see first.

    Args:
        differ: bool [h, w], on the grid of an overlay.
        weights: float32 [h, w], how much there is to see.
        from_grid: from the grid's pixels to the target's.
        transform: from the query's pixels to the target's.
    """
    import cv2

    gap = max(round(PLACE_GAP * max(differ.shape)), 1)
    grown = cv2.dilate(differ.astype(np.uint8), np.ones((2 * gap + 1, 2 * gap + 1), np.uint8))
    count, labels = cv2.connectedComponents(grown)
    labels = np.where(differ, labels, 0)
    sums = np.bincount(labels.ravel(), weights.ravel(), count)
    to_query = np.linalg.inv(transform)
    least = MIN_BOX_SIDE * max(differ.shape)
    boxes = []
    for label in np.argsort(-sums[1:])[:MAX_BOXES] + 1:
        rows, columns = np.nonzero(labels == label)
        left, right = _at_least(columns.min(), columns.max() + 1, least, differ.shape[1])
        top, bottom = _at_least(rows.min(), rows.max() + 1, least, differ.shape[0])
        corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], float)
        corners = transform_points(from_grid, corners)
        boxes.append(Box(_bounds(transform_points(to_query, corners)), _bounds(corners)))
    return tuple(boxes)


def _at_least(first: int, last: int, least: float, end: int) -> tuple[float, float]:
    """Widen a range of pixels around its middle, within 0..end."""
    margin = max((least - (last - first)) / 2, 0)
    return max(first - margin, 0), min(last + margin, end)


def differences(windows: Windows, overlay: Overlay) -> Differences:
    """Return what differs, with its places in whole pixels of both pictures."""
    if not windows.differ.any():
        return Differences()
    boxes = find_boxes(windows.differ, windows.weights, overlay.from_grid, overlay.transform)
    return Differences(windows.share, boxes)


def _bounds(corners: NDArray[Any]) -> tuple[float, float, float, float]:
    """Return x, y, width and height around points [N, 2], to a tenth of a pixel."""
    low, high = corners.min(axis=0), corners.max(axis=0)
    x, y, width, height = (round(float(value), 1) for value in (*low, *(high - low)))
    return x, y, width, height
