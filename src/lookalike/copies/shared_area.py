"""What two pictures share: one laid over the other, and the part of the overlap that counts.

A header that agrees says nothing about the text below it, so the whole overlap of both frames is
examined. Only where the frames do not coincide may a part of the overlap stand for all: a picture
was cropped before it was pasted into another. Then the part is the rectangle that agrees best.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .differences import compare_windows
from .geometry import overlaps, polygon_area, transform_points
from .overlay import MAX_GRID_PIXELS, lay_over, within

if TYPE_CHECKING:
    from .differences import Windows
    from .geometry import Points, Transform
    from .overlay import Overlay, Side

    Rectangle = tuple[int, int, int, int]  # left, top, right, bottom, in pixels of the grid

COINCIDING_OVERLAP = 0.8  # of both pictures; frames that share more coincide
SCROLLED_SCALE, SCROLLED_SHIFT = 0.01, 0.02  # of pictures of one size that are only moved
MIN_DIFFERING_SHARE = 0.12  # with less, the whole overlap stands
MAX_PART_SHARE = 0.1  # of a part, that may differ
MIN_PART = 0.25  # of what there is to see in the overlap
MIN_PART_AREA = 0.5  # of the overlap; a part that is so large may show less
MIN_PART_FEATURES = 8
MIN_AGREEING = 0.93  # of what agrees
BLOCK_PIXELS = 4  # side of the blocks that the rectangle is made of
PENALTY = 2.0  # for what differs in a rectangle, relative to what agrees


class SharedArea(NamedTuple):
    """What both pictures show.

    Attributes:
        overlay: of both; its mask is what they share.
        windows: of the overlay, compared.
        query_overlap: the share of the query's area, 0..1.
        target_overlap: the share of the target's area, 0..1.
    """

    overlay: Overlay
    windows: Windows
    query_overlap: float
    target_overlap: float


def shared_area(
    query: Side,
    target: Side,
    transform: Transform,
    points: Points,
    *,
    max_pixels: int = MAX_GRID_PIXELS,
) -> SharedArea | None:
    """Find what two pictures share; None if it is too little.

    Args:
        query: a picture.
        target: another.
        transform: 3 x 3, from the query's whole pixels to the target's.
        points: [N, 4], features that agree with it: x and y in the query and the target.
        max_pixels: of the grid that the whole target has.
    """
    overlay = lay_over(query, target, transform, points, max_pixels=max_pixels)
    if overlay is None:
        return None
    shares = overlaps(overlay.transform, query.size, target.size)
    windows = compare_windows(overlay)
    if windows.differ.any() and not _coincide(overlay.transform, query, target, shares):
        part = _agreeing_part(windows)
        if part and _stands_alone(part, windows, overlay, points):
            overlay = within(overlay, _without_edge(part, overlay))
            windows = compare_windows(overlay)
            shares = _part_overlaps(part, overlay, query, target)
    return SharedArea(overlay, windows, *shares)


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


def _stands_alone(part: Rectangle, windows: Windows, overlay: Overlay, points: Points) -> bool:
    """Check that a part holds enough to prove a copy by itself, and nothing that contradicts.

    If little differs, it stands only if it holds nearly all that agrees: it leaves out a frame.
    """
    inside = windows.inside(part)
    kept, total = inside.weights.sum(), windows.weights.sum()
    is_large = kept >= MIN_PART * total or (inside.mask.sum() >= MIN_PART_AREA * windows.mask.sum())
    holds_all = inside.agreeing >= MIN_AGREEING * windows.agreeing
    if not is_large or inside.share > MAX_PART_SHARE:
        return False
    if windows.share <= MIN_DIFFERING_SHARE and not holds_all:
        return False
    left, top, right, bottom = part
    grid = transform_points(np.linalg.inv(overlay.from_grid), points[:, 2:].astype(float))
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
