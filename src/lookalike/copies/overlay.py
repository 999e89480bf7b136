"""Two pictures laid over each other: resampled to one grid, aligned, in the same colours.

The transform of `align` is good to about a pixel; `refine` improves it. Then the colours of one are
mapped to those of the other by a robust fit, so that what was done everywhere is no difference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .colours import match_colours
from .geometry import (
    TO_PIXEL_CENTRES,
    enlargement,
    frame_corners,
    scale_transform,
    transform_points,
)
from .pixels import detail, luma
from .registration import COVERED, MIN_SHARED_PIXELS, refine

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .geometry import Points, Transform
    from .pixels import Floats

MAX_GRID_PIXELS = 100_000  # of an overlay, by default; thumbnails have fewer
MIN_DETAIL = 0.04  # of the contrast, from which detail tells how sharp a picture is
MIN_DETAIL_LEFT = 0.1  # with less, something was covered
AROUND_PIXELS = 7  # side of the windows that detail is measured in
COARSE_PIXELS = 11  # side of the windows that detail is nothing in
MIN_SHARPNESS = 0.8  # with less, the sharper picture is blurred before both are compared
BLUR_SIGMAS = (0.5, 0.8, 1.2, 1.7, 2.4, 3.3)  # pixels
TURN_TOLERANCE = 0.02  # of transforms that may only shift and scale
SNAP_SHARE = 0.05  # of the longer side; frames whose corners are closer are the same
_LEAST = 1e-3
_WHOLE = 0.01  # of a pixel; a smaller part is rounded away


class Side(NamedTuple):
    """A picture to be laid over another.

    Attributes:
        pixels: uint8 [h, w, 3], RGB, of any size.
        size: width and height of the whole picture.
    """

    pixels: NDArray[np.uint8]
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Overlay:
    """The shared area of two pictures on one grid, that of the coarser one.

    Attributes:
        query: float32 [h, w, 3], the query's pixels.
        target: float32 [h, w, 3], the target's pixels.
        matched: both, one of them in the other's colours.
        mask: bool [h, w], where both show something.
        noise: the typical difference of the matched colours, in levels of 255.
        colour_shift: how far the colours of one were mapped, on average, in levels.
        sharpness: the query's detail relative to the target's; 1 is the same.
        transform: 3 x 3, from the query's whole pixels to the target's, refined.
        from_grid: 3 x 3, from the grid's pixels to the target's whole pixels.
    """

    query: Floats
    target: Floats
    matched: tuple[Floats, Floats]
    mask: NDArray[np.bool_]
    noise: float
    colour_shift: float
    sharpness: float
    transform: Transform
    from_grid: Transform


def lay_over(
    query: Side,
    target: Side,
    transform: Transform,
    agreeing: Points | None = None,
    *,
    max_pixels: int = MAX_GRID_PIXELS,
) -> Overlay | None:
    """Lay the query over the target; None if they share too few pixels.

    Args:
        query: a picture.
        target: another.
        transform: 3 x 3, from the query's whole pixels to the target's.
        agreeing: [N, 4], x and y in the query and in the target, of the features that the transform
            was found by, if they are known. What lies between them is registered first.
        max_pixels: of the grid that the whole target has.
    """
    above, below, query_scale, target_scale = _common_grid(query, target, transform, max_pixels)

    def to_grid(transform: Transform) -> Transform:
        """Turn a transform between whole pixels into one between the centres of the grids'."""
        warp = target_scale @ transform @ np.linalg.inv(query_scale)
        return np.asarray(TO_PIXEL_CENTRES @ warp @ np.linalg.inv(TO_PIXEL_CENTRES))

    starts = [*_frame_transforms(query.size, target.size, transform), transform]
    trusted = np.ones(below.shape[:2], bool)
    if agreeing is not None:
        trusted = _bounds(agreeing[:, 2:], target_scale, below.shape)
        starts = [*_upright_transforms(transform, agreeing.astype(float)), *starts]
    refined = refine(luma(above), luma(below), [to_grid(start) for start in starts], trusted)
    if refined is None:
        return None
    size = below.shape[1::-1]
    cover = _cover(above.shape[:2], refined, size)
    rows, columns = np.nonzero(cover)
    if len(rows) < MIN_SHARED_PIXELS:
        return None
    top, left = rows.min(), columns.min()
    part = np.s_[top : rows.max() + 1, left : columns.max() + 1]
    mask = cover[part]
    warped = _warp(above, refined, size)[part]
    beneath = below[part].astype(np.float32)
    matched, noise, colour_shift = match_colours(warped, beneath, mask, trusted[part])
    # The query's detail is that before it is resampled.
    details = _warp(detail(luma(above)), refined, size)[part], detail(luma(beneath))
    sharpness = _sharpness(details, (warped, beneath), mask & trusted[part])
    to_whole = np.linalg.inv(target_scale)
    refined = np.linalg.inv(TO_PIXEL_CENTRES) @ refined @ TO_PIXEL_CENTRES
    return Overlay(
        warped,
        beneath,
        matched,
        mask,
        noise,
        colour_shift,
        sharpness,
        to_whole @ refined @ query_scale,
        to_whole @ np.array([[1.0, 0, left], [0, 1, top], [0, 0, 1]]),
    )


def _bounds(points: Points, scale: Transform, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return where a grid lies between the outermost of some points: bool [h, w]."""
    inside = np.zeros(shape[:2], bool)
    left, top = transform_points(scale, points.min(axis=0, keepdims=True).astype(float))[0]
    right, bottom = transform_points(scale, points.max(axis=0, keepdims=True).astype(float))[0]
    inside[max(int(top), 0) : math.ceil(bottom), max(int(left), 0) : math.ceil(right)] = True
    return inside


def within(overlay: Overlay, part: tuple[int, int, int, int]) -> Overlay:
    """Leave out all but a rectangle (left, top, right, bottom), and match the colours by it."""
    left, top, right, bottom = part
    mask = np.zeros_like(overlay.mask)
    mask[top:bottom, left:right] = overlay.mask[top:bottom, left:right]
    matched, noise, colour_shift = match_colours(overlay.query, overlay.target, mask, mask)
    return replace(overlay, matched=matched, mask=mask, noise=noise, colour_shift=colour_shift)


def equally_sharp(overlay: Overlay) -> Overlay:
    """Blur the sharper one of the matched pictures until both have the same detail."""
    import cv2

    sharpness = overlay.sharpness
    if MIN_SHARPNESS < sharpness < 1 / MIN_SHARPNESS:
        return overlay

    def mean_detail(pixels: Floats) -> float:
        return float(detail(luma(pixels))[overlay.mask].mean())

    query, target = overlay.matched
    sharper = target if sharpness < 1 else query
    goal = min(sharpness, 1 / sharpness) * mean_detail(sharper)
    blurred = [
        np.asarray(cv2.GaussianBlur(sharper, (0, 0), sigma), np.float32) for sigma in BLUR_SIGMAS
    ]
    best = min(blurred, key=lambda pixels: abs(mean_detail(pixels) - goal))
    return replace(overlay, matched=(query, best) if sharpness < 1 else (best, target))


def _cover(shape: tuple[int, ...], warp: Transform, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return where a warped picture covers the other, without that one's edge if it goes on there.

    At such an edge, a part of a pixel is enough to show what is beyond.
    """
    import cv2

    width, height = size
    with_margin = np.array([[1.0, 0, 1], [0, 1, 1], [0, 0, 1]]) @ warp
    cover = cv2.warpPerspective(np.ones(shape, np.float32), with_margin, (width + 2, height + 2))
    is_covered = np.asarray(cover > COVERED)
    beyond = is_covered.astype(np.uint8)
    beyond[1:-1, 1:-1] = 0
    near_beyond = cv2.dilate(beyond, np.ones((3, 3), np.uint8)) > 0
    return np.asarray((is_covered & ~near_beyond)[1:-1, 1:-1])


def _warp(values: NDArray[Any], warp: Transform, size: tuple[int, int]) -> Floats:
    import cv2

    return np.asarray(cv2.warpPerspective(values, warp, size), np.float32)


def _common_grid(
    query: Side, target: Side, transform: Transform, max_pixels: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], Transform, Transform]:
    """Reduce the finer picture to the coarser one's grid.

    Returns:
        the pixels of both, and the transforms to them from the whole pixels of each.
    """
    query_scale, target_scale = (
        scale_transform(side.size, (side.pixels.shape[1], side.pixels.shape[0]))
        for side in (query, target)
    )
    scale = enlargement(target_scale @ transform @ np.linalg.inv(query_scale))
    pixels = target.pixels.shape[0] * target.pixels.shape[1] * min(1 / scale**2, 1)
    # A thumbnail may be larger than its picture, but shows no more.
    shown = target.size[0] * target.size[1] * min(1 / enlargement(transform) ** 2, 1)
    finest = min((min(max_pixels, shown) / pixels) ** 0.5, 1.0)
    above, query_reduction = _reduce(query.pixels, min(scale, 1.0) * finest)
    below, target_reduction = _reduce(target.pixels, min(1 / scale, 1.0) * finest)
    return above, below, query_reduction @ query_scale, target_reduction @ target_scale


def _frame_transforms(
    query: tuple[int, int], target: tuple[int, int], transform: Transform
) -> list[Transform]:
    """Return the transforms that map frame to frame, if the given one nearly does.

    Re-saved and resized pictures are laid over each other so, better than features can tell. Those
    reduced by a whole number may lack, or have in excess, a part of the last row and column.
    """
    scales = [scale_transform(query, target)]
    fewer, more = sorted((query, target))
    factor = round(max(more) / max(fewer))
    if all(abs(large / factor - small) < 1 for large, small in zip(more, fewer, strict=True)):
        whole = np.diag([factor, factor, 1.0])
        scales.insert(0, whole if fewer is query else np.linalg.inv(whole))
    if np.linalg.det(transform[:2, :2] / transform[2, 2]) < 0:
        flip = np.array([[-1.0, 0, query[0]], [0, 1, 0], [0, 0, 1]])
        scales = [scale @ flip for scale in scales]
    corners = frame_corners(*query)
    offsets = transform_points(transform, corners) - transform_points(scales[-1], corners)
    return scales if np.abs(offsets).max() < SNAP_SHARE * max(target) else []


def _upright_transforms(transform: Transform, points: Points) -> list[Transform]:
    """Return the shift by whole pixels, and the shift with a scale, that a transform nearly is.

    What is cut out of a picture, or pasted into it, is seldom turned. It may be mirrored. A few
    features determine a shift and a scale better than they do a homography.

    Args:
        transform: from the query's pixels to the target's.
        points: [N, 4], x and y in the query and in the target, that it was found by.
    """
    matrix = transform[:2, :2] / transform[2, 2]
    turn = np.diag([np.sign(matrix[0, 0]), 1.0])
    if np.abs(matrix / enlargement(transform) - turn).max() > TURN_TOLERANCE:
        return []
    before, after = points[:, :2] @ turn, points[:, 2:]
    offsets = before - before.mean(axis=0)
    scale = float((offsets * after).sum() / max((offsets**2).sum(), _LEAST))

    def upright(scale: float) -> Transform:
        found = np.eye(3)
        found[:2, :2] = scale * turn
        found[:2, 2] = (after - scale * before).mean(axis=0)
        return found

    shift = upright(1.0)
    shift[:2, 2] = shift[:2, 2].round()
    return [shift, upright(scale)] if abs(scale - 1) < TURN_TOLERANCE else [upright(scale)]


def _reduce(pixels: NDArray[np.uint8], scale: float) -> tuple[NDArray[np.uint8], Transform]:
    """Resize by a factor below 1; a larger one changes nothing.

    The last row and column are repeated to a size that the factor divides well. Otherwise pixels
    would fall ever further from the grid.

    Returns:
        the pixels, and the transform to them.
    """
    import cv2

    if scale >= 1:
        return pixels, np.eye(3)
    width, height = (max(math.ceil(side * scale - _WHOLE), 1) for side in pixels.shape[1::-1])
    right = max(round(width / scale) - pixels.shape[1], 0)
    bottom = max(round(height / scale) - pixels.shape[0], 0)
    padded = cv2.copyMakeBorder(pixels, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
    reduced = cv2.resize(padded, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(reduced, np.uint8), scale_transform(padded.shape[1::-1], (width, height))


def _sharpness(
    details: tuple[Floats, Floats], pixels: tuple[Floats, Floats], mask: NDArray[np.bool_]
) -> float:
    """Return the detail of one picture relative to another's, in the middle of all places.

    Detail is relative to the contrast of what is coarse, which blur leaves.

    Args:
        details: of both, [h, w].
        pixels: of both, [h, w, 3].
        mask: bool [h, w], where to look.
    """
    import cv2

    def relative(detail: Floats, pixels: Floats) -> Floats:
        coarse = cv2.blur(luma(pixels), (COARSE_PIXELS, COARSE_PIXELS))
        around = cv2.blur(detail, (AROUND_PIXELS, AROUND_PIXELS))
        return np.asarray(around[mask] / max(float(coarse[mask].std()), 1.0), np.float32)

    if not mask.any():
        return 1.0
    above, below = map(relative, details, pixels)
    less, more = np.minimum(above, below), np.maximum(above, below)
    telling = (more > MIN_DETAIL) & (less > MIN_DETAIL_LEFT * more)
    if not telling.any():
        return 1.0
    return float(np.median(above[telling] / below[telling]))
