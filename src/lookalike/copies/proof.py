"""How sure it is that one picture was made from the other, what differs, and what was done."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..types import Look, Match
from .confidence import Evidence, confidence
from .differences import compare_windows, differences
from .geometry import transform_points
from .overlay import equally_sharp, lay_over
from .pixels import detail, largest, luma, sample
from .shared_area import shared_area

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .differences import Windows
    from .geometry import Points, Transform
    from .overlay import Overlay, Side
    from .pixels import Floats

MIN_SAMPLE_AGREEMENT = 0.8  # of two frames that are the same
MIN_SAMPLE_DETAIL_LEVELS, MIN_SAMPLE_DETAIL = 3.0, 0.01  # with less of the area, it is blank
BEST, WORST = 0.25, 0.9  # quantiles of what there is to see
_EPSILON = 1e-6
COLOUR_LEVELS = 32  # that count as one, of each channel
LOOKED_AT_PIXELS = 3_000  # of all, where colours are compared
SMOOTH_PIXELS = 11  # of colours that are compared
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
    shared = shared_area(query, target, transform, alignment.points)
    if shared is None:
        return match, None
    overlay, windows = shared.overlay, shared.windows
    shown = equally_sharp(overlay)
    shown_windows = windows if shown is overlay else compare_windows(shown)
    look = look_of(shown, shown_windows.differ)
    evidence = _evidence(overlay, windows, alignment, look)
    return (
        replace(
            match,
            transform=as_tuples(overlay.transform),
            agreement=evidence.agreement,
            confidence=confidence(evidence),
            query_overlap=shared.query_overlap,
            target_overlap=shared.target_overlap,
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


def look_of(overlay: Overlay, differ: NDArray[np.bool_]) -> Look:
    """Compare colours and sharpness over what agrees, and detail over what differs."""
    agrees = overlay.mask & ~differ
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
    if differ.any():
        above, below = (float(detail(luma(p))[differ].mean()) for p in overlay.matched)
        added = (above - below) / max(above + below, 1.0)
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
