"""Two fingerprints to a Match, or to None where neither picture shows a part of the other.

Geometry alone is fooled by another photo of the same flat thing. So once `align` finds a transform,
the overlapping pixels are compared as well.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..types import Match
from .alignment import Correspondences, View, align
from .fingerprint import DETECTION_PIXELS, Fingerprint, mirror, negate
from .geometry import TO_PIXEL_CENTRES, overlaps, scale_transform, transform_points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .geometry import Transform

FITTED_POINTS = 4  # a homography passes through so many points exactly, whatever they are
WINDOW_PIXELS = 9  # side of the thumbnail's windows whose correlation is taken
MIN_CONTRAST = 4.0  # mean product of deviations in a window, squared levels; below, it is blank
_FULL_COVER, _HALF_COVER, _EPSILON = 0.99, 0.5, 1e-6
_MIN_RESIDUAL, _MAX_AGREEMENT = 0.03, 1.02  # keep the logarithms of a perfect match finite
_BIAS, _RESIDUAL_WEIGHT, _AGREEMENT_WEIGHT = -4.169, -3.391, -2.939  # training/confidence.py


class Verifier:
    """Compares one query with many targets.

    Attributes:
        query: the query's fingerprint.
        views: the query as it is, and its mirror image.
    """

    def __init__(self, query: Fingerprint) -> None:
        """Prepare the query's views."""
        self.query = query
        self.views = View.of(query), View.of(mirror(query), flipped=True)

    @functools.cached_property
    def negatives(self) -> tuple[View, View]:
        """The negatives of both views."""
        plain, flipped = (view.fingerprint for view in self.views)
        return View.of(negate(plain)), View.of(negate(flipped), flipped=True)

    def match(self, target: Fingerprint, views: Sequence[View]) -> Match | None:
        """Find the transform from the query's pixels to the target's, and the evidence for it.

        Args:
            target: the other picture's fingerprint; either may be a copy of the other.
            views: the views of the query to try.

        Returns:
            the match of the view with the most inliers; None if there are fewer than `MIN_INLIERS`.
        """
        target_view = View.of(target)
        alignments = [(view, *align(view, target_view)) for view in views]
        view, transform, inliers = max(alignments, key=lambda found: len(found[2].query))
        if transform is None:
            return None
        residual = _residual(transform, view.fingerprint, target, inliers)
        agreement = compare_pixels(transform, view.fingerprint, target)
        if view.flipped:
            transform = transform @ np.array([[-1.0, 0, self.query.width], [0, 1, 0], [0, 0, 1]])
        query_overlap, target_overlap = overlaps(transform, self.query, target)
        places = self.query.points[inliers.query, :2], target.points[inliers.target, :2]
        return Match(
            transform=_as_tuples(transform),
            inliers=len(inliers.query),
            residual=residual,
            agreement=agreement,
            confidence=confidence(residual, agreement),
            query_overlap=query_overlap,
            target_overlap=target_overlap,
            flipped=view.flipped,
            points=np.hstack(places),
        )


def verify(query: Fingerprint, target: Fingerprint) -> Match | None:
    """Find how one picture appears in another, see `Verifier.match`.

    The query is compared as it is and mirrored. If neither matches, its negatives are compared.

    Example:
        >>> from PIL import Image, ImageOps
        >>> from lookalike.copies import fingerprint
        >>> from lookalike.decode import from_image
        >>> photo = Image.open("query.jpg")
        >>> copy = ImageOps.mirror(photo)
        >>> match = verify(fingerprint(from_image(copy)), fingerprint(from_image(photo)))
        >>> match.flipped, match.confidence > 0.9
        (True, True)
    """
    verifier = Verifier(query)
    return verifier.match(target, verifier.views) or verifier.match(target, verifier.negatives)


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


def inverse(match: Match) -> Match:
    """Return the match with query and target swapped."""
    return replace(
        match,
        transform=_as_tuples(np.linalg.inv(np.array(match.transform))),
        query_overlap=match.target_overlap,
        target_overlap=match.query_overlap,
        points=np.roll(match.points, 2, axis=1),
    )


def compare_pixels(transform: Transform, query: Fingerprint, target: Fingerprint) -> float:
    """Correlate the query's thumbnail, warped onto the target's, where they overlap: 0..1.

    The correlation is taken in small windows, so that overall light and colour do not count, and
    each window is weighted by its contrast. The absolute value is taken, as a negative is a copy.
    """
    import cv2

    below, above = target.thumbnail, query.thumbnail
    scale = _scale(_to_thumbnail(target, below) @ transform @ _from_thumbnail(query, above))
    below, above = _reduce(below, 1 / scale), _reduce(above, scale)  # to the coarser of both
    warp = _to_thumbnail(target, below) @ transform @ _from_thumbnail(query, above)
    warp = TO_PIXEL_CENTRES @ warp @ np.linalg.inv(TO_PIXEL_CENTRES)
    size = below.shape[1::-1]
    warped = cv2.warpPerspective(above, warp, size).astype(np.float32)
    cover = cv2.warpPerspective(np.ones(above.shape[:2], np.float32), warp, size)
    mask, below = cover > _FULL_COVER, below.astype(np.float32)
    window = (WINDOW_PIXELS, WINDOW_PIXELS)
    weight = cv2.boxFilter(mask.astype(np.float32), -1, window)

    def mean(values: NDArray[Any]) -> NDArray[Any]:
        return cv2.boxFilter(values * mask, -1, window) / np.maximum(weight, _EPSILON)

    warped_mean, below_mean = mean(warped), mean(below)
    covariance = mean(warped * below) - warped_mean * below_mean
    variances = np.maximum(mean(warped**2) - warped_mean**2, 0)
    variances = variances * np.maximum(mean(below**2) - below_mean**2, 0)
    shared = mask & (weight > _HALF_COVER)
    contrast = np.sqrt(variances[shared]).sum()
    if contrast <= MIN_CONTRAST * shared.sum():
        return 0.0
    return float(abs(covariance[shared].sum()) / contrast)


def _residual(
    transform: Transform, query: Fingerprint, target: Fingerprint, inliers: Correspondences
) -> float:
    """Return the RMS distance of the inliers, in pixels of the coarser picture at detection.

    The points that a transform passes through exactly, whatever they are, do not count.
    """
    mapped = transform_points(transform, query.points[inliers.query, :2])
    offsets = mapped - target.points[inliers.target, :2]
    pixel = max(_detection_pixel(target), _detection_pixel(query) * _scale(transform))
    return float(np.sqrt((offsets**2).sum() / max(len(offsets) - FITTED_POINTS, 1)) / pixel)


def _detection_pixel(fingerprint: Fingerprint) -> float:
    return float(np.sqrt(fingerprint.width * fingerprint.height / DETECTION_PIXELS))


def _to_thumbnail(fingerprint: Fingerprint, thumbnail: NDArray[Any]) -> Transform:
    height, width = thumbnail.shape[:2]
    return scale_transform((fingerprint.width, fingerprint.height), (width, height))


def _from_thumbnail(fingerprint: Fingerprint, thumbnail: NDArray[Any]) -> Transform:
    return np.asarray(np.linalg.inv(_to_thumbnail(fingerprint, thumbnail)))


def _scale(transform: Transform) -> float:
    """Return about how much a transform enlarges a length."""
    matrix = transform[:2, :2] / transform[2, 2]
    return float(np.sqrt(abs(np.linalg.det(matrix))))


def _reduce(pixels: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """Resize by a factor below 1; a larger one changes nothing."""
    import cv2

    if scale >= 1:
        return pixels
    size = tuple(max(round(side * scale), 1) for side in pixels.shape[1::-1])
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def _as_tuples(transform: Transform) -> tuple[tuple[float, ...], ...]:
    """Scale a transform so that its last number is 1."""
    return tuple(tuple(map(float, row)) for row in transform / transform[2, 2])
