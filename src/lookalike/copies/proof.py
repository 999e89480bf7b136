"""What two pictures share, once one can be laid over the other: how much, and what differs in it.

A header that agrees says nothing about the text below it, so the whole overlap of both frames is
examined. Only where the frames do not coincide may a part of the overlap stand for all: a picture
was cropped before it was pasted into another. Then the part is the rectangle that agrees best.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..types import Look, Match
from .differences import compare_windows, detail, differences
from .geometry import overlaps, polygon_area, transform_points
from .overlay import lay_over, luma

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .differences import Windows
    from .geometry import Points, Transform
    from .overlay import Overlay, Side

    Rectangle = tuple[int, int, int, int]  # left, top, right, bottom, in pixels of the grid

COINCIDING_OVERLAP = 0.8  # of both pictures; frames that share more coincide
SCROLLED_SCALE, SCROLLED_SHIFT = 0.01, 0.02  # of pictures of one size that are only moved
MIN_DIFFERING_SHARE = 0.12  # with less, the whole overlap stands
MAX_PART_SHARE = 0.1  # of a part, that may differ
MIN_PART = 0.25  # of what there is to see in the overlap
MIN_PART_FEATURES = 8
MIN_PART_SPREAD = 0.2  # of the part's area, that the features in it span
MIN_SAMPLE_AGREEMENT = 0.8  # of two frames that are the same
MIN_SAMPLE_WEIGHT = 0.01  # of the windows; with fewer to see, both are blank
BLOCK_PIXELS = 4  # side of the blocks that the rectangle is made of
PENALTY = 2.0  # for what differs in a rectangle, relative to what agrees
_MIN_RESIDUAL, _MAX_AGREEMENT = 0.03, 1.02  # keep the logarithms of a perfect match finite
_BIAS, _RESIDUAL_WEIGHT, _AGREEMENT_WEIGHT = -4.169, -3.391, -2.939  # training/confidence.py


def prove(
    query: Side, target: Side, transform: Transform, points: Points, residual: float
) -> Match:
    """Examine the shared area of two pictures.

    Args:
        query: a picture.
        target: another.
        transform: 3 x 3, from the query's whole pixels to the target's.
        points: float32 [N, 4], features that agree with it: x and y in the query and the target.
        residual: RMS distance of these features, in pixels at detection.
    """
    match = Match(
        transform=as_tuples(transform),
        inliers=len(points),
        residual=residual,
        agreement=0.0,
        confidence=0.0,
        query_overlap=0.0,
        target_overlap=0.0,
        flipped=bool(np.linalg.det(transform[:2, :2] / transform[2, 2]) < 0),
        points=np.asarray(points, np.float32),
    )
    overlay = lay_over(query, target, transform)
    if overlay is None:
        return match
    shared = overlaps(overlay.transform, query.size, target.size)
    windows = compare_windows(overlay)
    if windows.share > MIN_DIFFERING_SHARE and not _coincide(
        overlay.transform, query, target, shared
    ):
        part = _agreeing_part(windows)
        if part and _stands_alone(part, windows, overlay, match):
            windows = windows.inside(part)
            shared = _part_overlaps(part, overlay, query, target)
    agreement = windows.agreement
    return replace(
        match,
        transform=as_tuples(overlay.transform),
        agreement=agreement,
        confidence=confidence(residual, agreement),
        query_overlap=shared[0],
        target_overlap=shared[1],
        differences=differences(windows, overlay),
        look=_look(overlay, windows),
    )


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
    windows = compare_windows(overlay)
    is_blank = windows.weights.sum() < MIN_SAMPLE_WEIGHT * windows.mask.sum()
    return is_blank or windows.agreement >= MIN_SAMPLE_AGREEMENT


def confidence(residual: float, agreement: float) -> float:
    """Estimate the probability that one picture was made from the other: 0..1.

    A logistic regression, fitted to pairs of training pictures by training/confidence.py.
    """
    logit = (
        _BIAS
        + _RESIDUAL_WEIGHT * np.log(residual + _MIN_RESIDUAL)
        + _AGREEMENT_WEIGHT * np.log(_MAX_AGREEMENT - agreement)
    )
    return float(1 / (1 + np.exp(-logit)))


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
    """Check that a part holds enough to prove a copy by itself, and nothing that contradicts."""
    inside = windows.inside(part)
    if inside.weights.sum() < MIN_PART * windows.weights.sum() or inside.share > MAX_PART_SHARE:
        return False
    left, top, right, bottom = part
    grid = transform_points(np.linalg.inv(overlay.from_grid), match.points[:, 2:4].astype(float))
    is_inside = (grid >= (left, top)).all(axis=1) & (grid <= (right, bottom)).all(axis=1)
    grid = grid[is_inside]
    if len(grid) < MIN_PART_FEATURES:
        return False
    span = np.prod(grid.max(axis=0) - grid.min(axis=0))
    return bool(span >= MIN_PART_SPREAD * (right - left) * (bottom - top))


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
    query, target = overlay.query, overlay.target
    saturations = [float(np.ptp(pixels[agrees], axis=1).mean()) for pixels in (query, target)]
    above, below = (detail(luma(pixels)) for pixels in overlay.matched)
    mapped = 0 if overlay.matched[0] is not query else 1
    shift = np.abs(overlay.matched[mapped] - (query, target)[mapped])[agrees].mean() / 255
    added = 0.0
    if windows.differ.any():
        more, less = float(above[windows.differ].mean()), float(below[windows.differ].mean())
        added = (more - less) / max(more + less, 1.0)
    return Look(
        saturation=(saturations[0] + 1) / (saturations[1] + 1),
        sharpness=float((above[agrees].mean() + 0.5) / (below[agrees].mean() + 0.5)),
        colour_shift=float(shift),
        is_negative=_is_negative(overlay, agrees),
        added=added,
    )


def _is_negative(overlay: Overlay, agrees: NDArray[np.bool_]) -> bool:
    """Check whether dark and light are swapped."""
    query, target = luma(overlay.query)[agrees], luma(overlay.target)[agrees]
    return bool(((query - query.mean()) * (target - target.mean())).sum() < 0)
