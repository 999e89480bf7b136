"""Two pictures laid over each other: resampled to one grid, aligned, in the same colours.

The transform of `align` is good to about a pixel; `refine` improves it. Then the colours of one are
mapped to those of the other by a robust fit, so that what was done everywhere is no difference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .geometry import (
    TO_PIXEL_CENTRES,
    enlargement,
    frame_corners,
    scale_transform,
    transform_points,
)
from .registration import (
    COVERED,
    MAX_LEVELS,
    MIN_SHARED_PIXELS,
    UNTRUSTED,
    refine,
    robust_weights,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .geometry import Points, Transform

    Floats = NDArray[np.float32]

MAX_GRID_PIXELS = 100_000  # of an overlay, by default; thumbnails have fewer
MIN_NOISE_LEVELS = 4.0
SIMILARITY_PIXELS = 7  # side of a window
LEAST_SIMILARITY, LEAST_VARIANCE = 0.05, 25.0  # what hardly varies has little structure
SMOOTH_PIXELS = 3  # side of the windows whose colours are fitted: blur is not a change of colours
PLAIN_TERMS = 6  # of a colour map for even light
MIN_UNEVEN_LEVELS, MAX_UNEVEN_SHARE = 3.0, 0.85  # of the error, that uneven light must explain
MIN_DETAIL = 0.04  # of the contrast, from which detail tells how sharp a picture is
COARSE_PIXELS = 11  # side of the windows that detail is nothing in
MIN_SHARPNESS = 0.8  # with less, the sharper picture is blurred before both are compared
BLUR_SIGMAS = (0.5, 0.8, 1.2, 1.7, 2.4, 3.3)  # pixels
FITTED_PIXELS = 1_500  # a colour map is fitted to at most so many
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
SHIFT_TOLERANCE = 0.02  # of scale and turn, of transforms that may only be shifts
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
        sharpness: the query's detail relative to the target's; 1 is the same.
        transform: 3 x 3, from the query's whole pixels to the target's, refined.
        from_grid: 3 x 3, from the grid's pixels to the target's whole pixels.
    """

    query: Floats
    target: Floats
    matched: tuple[Floats, Floats]
    mask: NDArray[np.bool_]
    noise: float
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
        agreeing: [N, 2], places in the target that the transform was found by, if they are known.
            What is around them is registered first.
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
        trusted = _bounds(agreeing, target_scale, below.shape)
        starts = [*_whole_shifts(transform, agreeing.mean(axis=0, keepdims=True)), *starts]
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
    matched, noise = _match_colours(warped, beneath, mask, trusted[part])
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
    matched, noise = _match_colours(overlay.query, overlay.target, mask, mask)
    return replace(overlay, matched=matched, mask=mask, noise=noise)


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


def detail(grey: Floats) -> Floats:
    """Return the detail around each pixel of a grey picture: float32 [h, w], in levels.

    That of two to four pixels: finer detail is lost where a picture is moved by part of a pixel.
    """
    import cv2

    fine, coarse = (cv2.GaussianBlur(grey, (0, 0), sigma) for sigma in (0.8, 2.0))
    return np.asarray(np.abs(fine - coarse), np.float32)


def luma(pixels: NDArray[Any]) -> Floats:
    """Return the brightness of RGB pixels, uint8 or float32: float32 [h, w], 0..255."""
    import cv2

    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.float32)


def sample(mask: NDArray[np.bool_], count: int) -> NDArray[np.intp]:
    """Return where a mask is set, every so many, at most `count`: places in the flat mask."""
    places = np.flatnonzero(mask)
    return places[:: max(-(-len(places) // count), 1)]


def largest(values: NDArray[Any]) -> NDArray[Any]:
    """Return the largest of three channels, the last axis; NumPy's `max` is slow for so few."""
    return np.asarray(np.maximum(np.maximum(values[..., 0], values[..., 1]), values[..., 2]))


def _map_colours(pixels: Floats, colours: Floats) -> Floats:
    """Apply a colour map, with or without light, to RGB pixels: float32 [h, w, 3]."""
    light = None
    if len(colours) > PLAIN_TERMS:
        light = _light(pixels.shape, np.arange(pixels.shape[0] * pixels.shape[1]))
    return np.asarray(_terms(pixels.reshape(-1, 3), light) @ colours, np.float32).reshape(
        pixels.shape
    )


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


def _whole_shifts(transform: Transform, place: Points) -> list[Transform]:
    """Return the shift by whole pixels that a transform nearly is, perhaps after mirroring.

    What is cut out of a picture, or pasted into it, is often moved by whole pixels.

    Args:
        transform: from the query's pixels to the target's.
        place: of the target, [1, 2], that it maps best.
    """
    matrix = transform / transform[2, 2]
    turn = np.diag([np.sign(matrix[0, 0]), 1.0])
    if np.abs(matrix[:2, :2] - turn).max() > SHIFT_TOLERANCE:
        return []
    shift = np.eye(3)
    shift[:2, :2] = turn
    shift[:2, 2] = (place - transform_points(np.linalg.inv(transform), place) @ turn)[0].round()
    return [shift]


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


def _match_colours(
    query: Floats, target: Floats, mask: NDArray[np.bool_], trusted: NDArray[np.bool_]
) -> tuple[tuple[Floats, Floats], float]:
    """Fit the colours of one picture to those of the other, whichever works better.

    Black and white can be made from colours, but not the reverse. The fit starts where the
    structure agrees, as most of what two frames share may be another picture.

    Returns:
        both pictures, one of them in the other's colours, and the typical error in levels.
    """
    import cv2

    places = sample(mask, FITTED_PIXELS)
    likely = trusted.ravel()[places]
    likely |= not likely.any()
    similar = _similarity(luma(query), luma(target)).ravel()[places]
    similar = similar * np.where(likely, 1, UNTRUSTED)
    above, below = (
        np.asarray(cv2.blur(pixels, (SMOOTH_PIXELS, SMOOTH_PIXELS)), np.float32).reshape(-1, 3)[
            places
        ]
        for pixels in (query, target)
    )
    fits = [
        (*_fit(_terms(source), goal, similar, likely), maps_query)
        for source, goal, maps_query in ((above, below, True), (below, above, False))
    ]
    spread, colours, maps_query = min(fits, key=lambda fit: fit[0])
    if spread > MIN_UNEVEN_LEVELS:
        light = _light(mask.shape, places)
        source, goal = (above, below) if maps_query else (below, above)
        uneven, lit_colours = _fit(_terms(source, light), goal, similar, likely)
        if uneven < MAX_UNEVEN_SHARE * spread:
            colours = lit_colours
    matched = (
        (_map_colours(query, colours), target)
        if maps_query
        else (query, _map_colours(target, colours))
    )
    query, target = (pixels.reshape(-1, 3)[places] for pixels in matched)
    errors = largest(np.abs(query - target))
    return matched, robust_weights(errors, MIN_NOISE_LEVELS, likely)[1]


def _fit(
    terms: Floats, goal: Floats, weights: Floats, likely: NDArray[np.bool_]
) -> tuple[float, Floats]:
    """Fit a colour map robustly; return its mean error in levels, and the map, [T, 3].

    Colours that too few pixels tell of stay as they are.

    Args:
        terms: that it adds up, [N, T].
        goal: the colours that it should give, [N, 3].
        weights: to start with, [N].
        likely: bool [N], whose errors tell what is typical.
    """
    unchanged = np.eye(terms.shape[1], 3, dtype=np.float32)
    change = goal - terms @ unchanged
    for _ in range(3):
        weighted = terms.T * weights
        normal = weighted @ terms + np.eye(terms.shape[1], dtype=np.float32) * len(terms)
        colours = unchanged + np.linalg.solve(normal, weighted @ change)
        errors = largest(np.abs(goal - terms @ colours))
        weights, _ = robust_weights(errors, MIN_NOISE_LEVELS, likely)
    return float(np.minimum(errors, MAX_LEVELS).mean()), np.asarray(colours, np.float32)


def _similarity(query: Floats, target: Floats) -> Floats:
    """Return how well the structure around each pixel agrees, also as a negative: [h, w], 0..1.

    Args:
        query: brightness, [h, w].
        target: brightness, [h, w].
    """
    import cv2

    def mean(values: Floats) -> Floats:
        return np.asarray(cv2.blur(values, (SIMILARITY_PIXELS, SIMILARITY_PIXELS)), np.float32)

    above, below = mean(query), mean(target)
    variances = mean(query * query) - above**2, mean(target * target) - below**2
    deviations = np.sqrt(np.maximum(variances[0], 0) * np.maximum(variances[1], 0))
    correlations = np.abs(mean(query * target) - above * below) / (deviations + LEAST_VARIANCE)
    return np.asarray((correlations + LEAST_SIMILARITY) ** 2, np.float32)


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
        around = cv2.blur(detail, (SIMILARITY_PIXELS, SIMILARITY_PIXELS))
        return np.asarray(around[mask] / max(float(coarse[mask].std()), 1.0), np.float32)

    if not mask.any():
        return 1.0
    above, below = map(relative, details, pixels)
    telling = np.maximum(above, below) > MIN_DETAIL
    if not telling.any():
        return 1.0
    return float(np.median(above[telling] / np.maximum(below[telling], _LEAST)))


def _terms(colours: Floats, light: Floats | None = None) -> Floats:
    """Return what a colour map adds up: the channels, two squares, a constant: [N, 6].

    With light [N, 4], as of `_light`, its products with the brightness, too: [N, 10].
    """
    red, green, blue = colours.T
    grey = colours @ _LUMA
    squares = grey**2 / 255, (red**2 - blue**2) / 255
    terms = np.stack([red, green, blue, *squares, np.full_like(red, 64)], axis=1)
    return terms if light is None else np.hstack([terms, light * grey[:, None]])


def _light(shape: tuple[int, ...], places: NDArray[np.intp]) -> Floats:
    """Return how light may fall off to a side or to the corners, at places of a picture: [N, 4]."""
    rows, columns = np.divmod(places, shape[1])
    y, x = rows / shape[0] * 2 - 1, columns / shape[1] * 2 - 1
    return np.stack([x, y, x * x, y * y], axis=1).astype(np.float32)
