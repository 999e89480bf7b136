"""What two pictures share, once one can be laid over the other: how much, and what differs in it.

A header that agrees says nothing about the text below it, so the whole overlap of both frames is
examined. Only where the frames do not coincide may a part of the overlap stand for all: a picture
was cropped before it was pasted into another. Then the part is the rectangle that agrees best.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..types import Look, Match
from .confidence import Evidence, confidence
from .differences import compare_windows, differences
from .geometry import overlaps, polygon_area, transform_points
from .overlay import detail, equally_sharp, largest, lay_over, luma, sample, within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .differences import Windows
    from .geometry import Points, Transform
    from .overlay import Floats, Overlay, Side

    Rectangle = tuple[int, int, int, int]  # left, top, right, bottom, in pixels of the grid

COINCIDING_OVERLAP = 0.8  # of both pictures; frames that share more coincide
SCROLLED_SCALE, SCROLLED_SHIFT = 0.01, 0.02  # of pictures of one size that are only moved
MIN_DIFFERING_SHARE = 0.12  # with less, the whole overlap stands
MAX_PART_SHARE = 0.1  # of a part, that may differ
MIN_PART = 0.25  # of what there is to see in the overlap
MIN_PART_AREA = 0.5  # of the overlap; a part that is so large may show less
MIN_PART_FEATURES = 8
MIN_AGREEING = 0.93  # of what agrees
MIN_SAMPLE_AGREEMENT = 0.8  # of two frames that are the same
MIN_SAMPLE_DETAIL_LEVELS, MIN_SAMPLE_DETAIL = 3.0, 0.01  # with less of the area, it is blank
BLOCK_PIXELS = 4  # side of the blocks that the rectangle is made of
PENALTY = 2.0  # for what differs in a rectangle, relative to what agrees
BEST, WORST = 0.25, 0.9  # quantiles of what there is to see
_EPSILON = 1e-6
COLOUR_LEVELS = 32  # that count as one, of each channel
LOOKED_AT_PIXELS = 3_000  # of all, where colours are compared
SMOOTH_PIXELS = 5  # of colours that are compared
SPREAD_CELLS = 8  # along the longer side of the shared area


class Alignment(NamedTuple):
    """A transform between two pictures, and the features that it was found by.

    Attributes:
        transform: 3 x 3, from the query's whole pixels to the target's.
        points: float32 [N, 4], features that agree with it: x and y in the query and the target.
        residual: RMS distance of these, in pixels at detection.
        query_points: float32 [K, 2], all features of the query.
        target_points: float32 [L, 2], all features of the target.
    """

    transform: Transform
    points: Points
    residual: float
    query_points: Points
    target_points: Points


def prove(query: Side, target: Side, alignment: Alignment) -> tuple[Match, Evidence | None]:
    """Examine the shared area of two pictures; no evidence if they share too few pixels."""
    transform = alignment.transform
    match = Match(
        transform=as_tuples(transform),
        inliers=len(alignment.points),
        residual=alignment.residual,
        agreement=0.0,
        confidence=0.0,
        query_overlap=0.0,
        target_overlap=0.0,
        flipped=bool(np.linalg.det(transform[:2, :2] / transform[2, 2]) < 0),
        points=np.asarray(alignment.points, np.float32),
    )
    overlay = lay_over(query, target, transform, alignment.points[:, 2:])
    if overlay is None:
        return match, None
    shared = overlaps(overlay.transform, query.size, target.size)
    windows = compare_windows(overlay)
    if windows.differ.any() and not _coincide(overlay.transform, query, target, shared):
        part = _agreeing_part(windows)
        if part and _stands_alone(part, windows, overlay, match):
            overlay = within(overlay, _without_edge(part, overlay))
            windows = compare_windows(overlay)
            shared = _part_overlaps(part, overlay, query, target)
    shown = equally_sharp(overlay)
    shown_windows = windows if shown is overlay else compare_windows(shown)
    look = _look(shown, shown_windows)
    evidence = _evidence(overlay, windows, alignment, look)
    return (
        replace(
            match,
            transform=as_tuples(overlay.transform),
            agreement=evidence.agreement,
            confidence=confidence(evidence),
            query_overlap=shared[0],
            target_overlap=shared[1],
            differences=differences(shown_windows, shown),
            look=look,
        ),
        evidence,
    )


def _evidence(overlay: Overlay, windows: Windows, alignment: Alignment, look: Look) -> Evidence:
    """Gather what an overlay tells, all over the windows' mask."""
    to_grid = np.linalg.inv(overlay.from_grid)
    height, width = windows.mask.shape

    def in_mask(points: Points, transform: Transform) -> NDArray[np.int64]:
        """Return the column and row of those points [N, 2] that the mask has: [M, 2]."""
        places = transform_points(transform, points.astype(float)).astype(int)
        places = places[((places >= 0) & (places < (width, height))).all(axis=1)]
        return np.asarray(places[windows.mask[places[:, 1], places[:, 0]]])

    agreeing = in_mask(alignment.points[:, 2:], to_grid)
    query_features = in_mask(alignment.query_points, to_grid @ alignment.transform)
    target_features = in_mask(alignment.target_points, to_grid)
    features = min(len(query_features), len(target_features))
    side = max(max(height, width) / SPREAD_CELLS, 1)
    rows, columns = np.indices((height, width)) / side
    cells = rows.astype(int) * SPREAD_CELLS + columns.astype(int)
    sums = np.bincount(cells.ravel(), windows.weights.ravel(), SPREAD_CELLS**2)
    has_feature = np.unique(cells[agreeing[:, 1], agreeing[:, 0]])
    best, worst = windows.quantiles((BEST, WORST))
    agrees = sample((windows.weights > 0) & ~windows.differ, LOOKED_AT_PIXELS)
    return Evidence(
        residual=alignment.residual,
        inliers=len(agreeing),
        inlier_share=len(agreeing) / max(features, 1),
        spread=float(sums[has_feature].sum() / max(sums.sum(), 1)),
        agreement=windows.agreement,
        share=windows.share,
        best_error=1 - best,
        worst_error=1 - worst,
        noise=overlay.noise,
        sharpness=min(look.sharpness, 1 / max(look.sharpness, _EPSILON)),
        blank=float(1 - np.count_nonzero(windows.weights) / max(windows.mask.sum(), 1)),
        area=float(windows.mask.sum()),
        replaced=windows.replaced,
        colours=min(_entropy(pixels, agrees) for pixels in (overlay.query, overlay.target)),
        colour_shift=look.colour_shift,
    )


def _entropy(pixels: Floats, places: NDArray[np.intp]) -> float:
    """Return the entropy of the colours at some places, in bits: 0..9."""
    red, green, blue = (pixels.reshape(-1, 3)[places] / COLOUR_LEVELS).astype(int).clip(0, 7).T
    counts = np.bincount(64 * red + 8 * green + blue)
    shares = counts[counts > 0] / max(counts.sum(), 1)
    return float(-(shares * np.log2(shares)).sum())


def differing_samples(query: Sequence[Side], target: Sequence[Side], transform: Transform) -> float:
    """Return the share of pages or frames that differ, of those that two files were sampled at.

    Each is compared with the one at the same place in the other file, and with its neighbours.
    """
    few, many = sorted((query, target), key=len)
    if few is target:
        transform = np.linalg.inv(transform)
    places = np.linspace(0, len(many) - 1, len(few)).round().astype(int)
    differ = [
        not any(_is_same(sample, other, transform) for other in many[max(place - 1, 0) : place + 2])
        for sample, place in zip(few, places.tolist(), strict=True)
    ]
    return sum(differ) / len(differ)


def _is_same(query: Side, target: Side, transform: Transform) -> bool:
    overlay = lay_over(query, target, transform)
    if overlay is None:
        return False
    is_blank = all(
        (detail(luma(pixels)) > MIN_SAMPLE_DETAIL_LEVELS)[overlay.mask].mean() < MIN_SAMPLE_DETAIL
        for pixels in (overlay.query, overlay.target)
    )
    return is_blank or compare_windows(overlay).agreement >= MIN_SAMPLE_AGREEMENT


def as_tuples(transform: Transform) -> tuple[tuple[float, ...], ...]:
    """Scale a transform so that its last number is 1."""
    return tuple(tuple(map(float, row)) for row in transform / transform[2, 2])


def _coincide(transform: Transform, query: Side, target: Side, shared: tuple[float, float]) -> bool:
    """Check whether both show the same frame, or pictures of one size that were scrolled."""
    if min(shared) >= COINCIDING_OVERLAP:
        return True
    if query.size != target.size:
        return False
    matrix = transform / transform[2, 2]
    is_moved = np.abs(matrix[:2, :2] - np.eye(2)).max() < SCROLLED_SCALE
    shifts = np.abs(matrix[:2, 2]) / query.size
    return bool(is_moved and shifts.min() < SCROLLED_SHIFT)


def _agreeing_part(windows: Windows) -> Rectangle | None:
    """Return the rectangle with most of what agrees, and least of what differs.

    The maximum-sum rectangle of Kadane's algorithm over all pairs of rows (Bentley, "Programming
    Pearls: Algorithm Design Techniques", 1984).
    """
    import cv2

    values = windows.weights * np.where(windows.differ, -PENALTY, 1)
    height, width = (-(-side // BLOCK_PIXELS) for side in values.shape)
    padded = np.zeros((height * BLOCK_PIXELS, width * BLOCK_PIXELS), np.float32)
    padded[: values.shape[0], : values.shape[1]] = values
    blocks = cv2.resize(padded, (width, height), interpolation=cv2.INTER_AREA)
    sums = np.vstack([np.zeros(width), np.cumsum(blocks, axis=0)])
    tops, bottoms = np.triu_indices(height + 1, 1)
    columns = sums[bottoms] - sums[tops]
    # Of each pair of rows: the sum that ends at a column, and where it starts.
    best, best_left, best_right = (
        np.zeros(len(tops)),
        np.zeros(len(tops), int),
        np.zeros(len(tops), int),
    )
    current, left = np.zeros(len(tops)), np.zeros(len(tops), int)
    for column in range(width):
        is_new = current <= 0
        left = np.where(is_new, column, left)
        current = np.where(is_new, 0, current) + columns[:, column]
        is_better = current > best
        best = np.where(is_better, current, best)
        best_left, best_right = (
            np.where(is_better, left, best_left),
            np.where(is_better, column + 1, best_right),
        )
    k = int(best.argmax())
    if best[k] <= 0:
        return None
    x0, y0, x1, y1 = (
        int(n) * BLOCK_PIXELS for n in (best_left[k], tops[k], best_right[k], bottoms[k])
    )
    return x0, y0, min(x1, values.shape[1]), min(y1, values.shape[0])


def _stands_alone(part: Rectangle, windows: Windows, overlay: Overlay, match: Match) -> bool:
    """Check that a part holds enough to prove a copy by itself, and nothing that contradicts.

    If little differs, it stands only if it holds nearly all that agrees: it leaves out a frame.
    """
    inside = windows.inside(part)
    kept, total = inside.weights.sum(), windows.weights.sum()
    is_large = kept >= MIN_PART * total or (
        inside.mask.sum() >= MIN_PART_AREA * windows.mask.sum()
    )
    holds_all = inside.agreeing >= MIN_AGREEING * windows.agreeing
    if not is_large or inside.share > MAX_PART_SHARE:
        return False
    if windows.share <= MIN_DIFFERING_SHARE and not holds_all:
        return False
    left, top, right, bottom = part
    grid = transform_points(np.linalg.inv(overlay.from_grid), match.points[:, 2:4].astype(float))
    is_inside = (grid >= (left, top)).all(axis=1) & (grid <= (right, bottom)).all(axis=1)
    return int(is_inside.sum()) >= MIN_PART_FEATURES


def _without_edge(part: Rectangle, overlay: Overlay) -> Rectangle:
    """Leave out where a window shows what is beyond a part, too."""
    height, width = overlay.mask.shape
    left, top, right, bottom = part
    return (
        left + BLOCK_PIXELS * (left > 0),
        top + BLOCK_PIXELS * (top > 0),
        right - BLOCK_PIXELS * (right < width),
        bottom - BLOCK_PIXELS * (bottom < height),
    )


def _part_overlaps(
    part: Rectangle, overlay: Overlay, query: Side, target: Side
) -> tuple[float, float]:
    """Return the share of the query and of the target that a part of the overlay is."""
    left, top, right, bottom = part
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], float)
    corners = transform_points(overlay.from_grid, corners)
    in_query = transform_points(np.linalg.inv(overlay.transform), corners)
    query_share = polygon_area(in_query) / (query.size[0] * query.size[1])
    return min(query_share, 1.0), min(
        polygon_area(corners) / (target.size[0] * target.size[1]), 1.0
    )


def _look(overlay: Overlay, windows: Windows) -> Look:
    """Compare colours and sharpness over what agrees, and detail over what differs."""
    agrees = windows.mask & ~windows.differ
    if not agrees.any():
        return Look()
    places = sample(agrees, LOOKED_AT_PIXELS)
    pictures = [_smooth(pixels, places) for pixels in (overlay.query, overlay.target)]
    saturations = [float((largest(p) + largest(-p)).mean()) for p in pictures]
    # Only one of them is in other colours than before.
    shift = max(
        float(np.abs(_smooth(matched, places) - pixels).mean())
        for matched, pixels in zip(overlay.matched, pictures, strict=True)
    )
    added = 0.0
    if windows.differ.any():
        above, below = (detail(luma(pixels)) for pixels in overlay.matched)
        more, less = float(above[windows.differ].mean()), float(below[windows.differ].mean())
        added = (more - less) / max(more + less, 1.0)
    return Look(
        saturation=(saturations[0] + 1) / (saturations[1] + 1),
        sharpness=overlay.sharpness,
        colour_shift=shift / 255,
        is_negative=_is_negative(overlay, agrees),
        added=added,
    )


def _smooth(pixels: Floats, places: NDArray[np.intp]) -> Floats:
    """Return colours without noise and fine detail, [N, 3]: they change when it is blurred."""
    import cv2

    smooth = cv2.blur(pixels, (SMOOTH_PIXELS, SMOOTH_PIXELS))
    return np.asarray(smooth.reshape(-1, 3)[places], np.float32)


def _is_negative(overlay: Overlay, agrees: NDArray[np.bool_]) -> bool:
    """Check whether dark and light are swapped."""
    query, target = luma(overlay.query)[agrees], luma(overlay.target)[agrees]
    return bool(((query - query.mean()) * (target - target.mean())).sum() < 0)
