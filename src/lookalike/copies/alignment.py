"""Feature correspondences between two pictures, and the transform that most of them agree on.

Similar features are paired. Each pair proposes a similarity transform, and the pairs that agree
with the best proposal are kept (Philbin et al., "Object Retrieval with Large Vocabularies and Fast
Spatial Matching", 2007). OpenCV's USAC (MAGSAC++, Barath et al. 2020) then fits an affine transform
or a homography to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .descriptors import descriptor_model
from .geometry import frame_corners, transform_points
from .threads import matmul

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .fingerprint import Fingerprint
    from .geometry import Points, Transform

RATIO = 0.88  # of the distances to the nearest and the second nearest feature (Lowe 2004)
MIN_SEPARATION = 0.02  # of the longer side; features that are closer count as one
TOLERANCE = 0.015  # of the longer side, between a feature and where the transform maps it
MAX_CORRESPONDENCES = 160
SCALE_TOLERANCE = 1.7  # times as large or small
ANGLE_TOLERANCE = 0.5  # radians
MIN_INLIERS = 6
FIRST_FEATURES, MIN_FIRST_INLIERS = 250, 4  # a quick check that rejects most targets
MIN_HOMOGRAPHY_INLIERS = 16  # fewer determine no more than an affine transform
MAX_STRETCH = 3.0  # of one side of the frame, relative to another


class View(NamedTuple):
    """A fingerprint, and its descriptors as float32 [N, 32] of unit length."""

    fingerprint: Fingerprint
    vectors: NDArray[np.float32]
    flipped: bool = False

    @classmethod
    def of(cls, fingerprint: Fingerprint, *, flipped: bool = False) -> View:
        """Decode the descriptors; `flipped` marks a mirror image."""
        values = descriptor_model().decode(fingerprint.descriptors)
        return cls(fingerprint, values / np.linalg.norm(values, axis=1, keepdims=True), flipped)


class Correspondences(NamedTuple):
    """Pairs of similar features: rows of query and target, [K] each, the most distinctive first."""

    query: NDArray[np.intp]
    target: NDArray[np.intp]


_NO_ROWS = np.empty(0, np.intp)
_NO_CORRESPONDENCES = Correspondences(_NO_ROWS, _NO_ROWS)


def align(query_view: View, target_view: View) -> tuple[Transform | None, Correspondences]:
    """Find the transform that most correspondences agree on, and these inliers."""
    query, target = query_view.fingerprint, target_view.fingerprint
    longer_side = max(target.width, target.height)
    tolerance = TOLERANCE * longer_side
    # Most candidates are unrelated, which the first features show at half the cost.
    for count, min_inliers in ((FIRST_FEATURES, MIN_FIRST_INLIERS), (None, MIN_INLIERS)):
        pairs = pair_features(query_view.vectors[:count], target_view)
        if len(pairs.query) < min_inliers:
            return None, _NO_CORRESPONDENCES
        rows = _consensus(query.points[pairs.query], target.points[pairs.target], 3 * tolerance)
        if len(rows) < min_inliers:
            return None, _NO_CORRESPONDENCES
    pairs = Correspondences(pairs.query[rows], pairs.target[rows])
    query_points, target_points = query.points[pairs.query, :2], target.points[pairs.target, :2]
    transform, inliers = _fit(query_points, target_points, tolerance, query)
    if transform is None:
        return None, _NO_CORRESPONDENCES
    # Several features at one place are no more evidence than one.
    cells = np.round(target_points[inliers] / (MIN_SEPARATION * longer_side)).astype(int)
    _, first_of_cell = np.unique(cells, axis=0, return_index=True)
    inliers = inliers[np.sort(first_of_cell)]
    if len(inliers) < MIN_INLIERS:
        return None, _NO_CORRESPONDENCES
    return transform, Correspondences(pairs.query[inliers], pairs.target[inliers])


def pair_features(query: NDArray[np.float32], target: View) -> Correspondences:
    """Pair each query feature with the target's nearest, if it is clearly nearer than any other."""
    if min(len(query), len(target.vectors) - 1) < 1:  # the ratio needs a second nearest
        return _NO_CORRESPONDENCES
    cosines = matmul(query, target.vectors.T)
    rows = np.arange(len(cosines))
    best = cosines.argmax(axis=1)
    best_cosines = cosines[rows, best]
    cosines[rows, best] = -1
    second = cosines.argmax(axis=1)
    second_cosines = cosines[rows, second]
    # A second nearest at the same place is the same feature at another angle or size: skip it.
    places = target.fingerprint.points[:, :2]
    separation = MIN_SEPARATION * max(target.fingerprint.width, target.fingerprint.height)
    while len(rows):
        offsets = places[best[rows]] - places[second]
        same_place = ((offsets**2).sum(axis=1) < separation**2) & (second_cosines[rows] > -1)
        rows = rows[same_place]
        cosines[rows, second[same_place]] = -1
        second = cosines[rows].argmax(axis=1)
        second_cosines[rows] = cosines[rows, second]
    distances = np.sqrt(np.maximum(2 - 2 * np.stack([best_cosines, second_cosines]), 1e-6))
    ratios = distances[0] / distances[1]
    distinctive = np.flatnonzero(ratios < RATIO)
    distinctive = distinctive[np.argsort(ratios[distinctive], kind="stable")][:MAX_CORRESPONDENCES]
    return Correspondences(distinctive, best[distinctive])


def _consensus(query: Points, target: Points, tolerance: float) -> NDArray[np.intp]:
    """Return the pairs that agree with the similarity transform that the best pair proposes."""
    x, y, radius, angle = query.T
    target_x, target_y, target_radius, target_angle = target.T
    scale, turn = target_radius / radius, target_angle - angle
    a, b = scale * np.cos(turn), scale * np.sin(turn)
    # Row k is the proposal of pair k, (a, -b; b, a), applied to every pair's point.
    homogeneous = np.stack([x, y, np.ones_like(x)])
    mapped_x = np.stack([a, -b, target_x - a * x + b * y], axis=1) @ homogeneous
    mapped_y = np.stack([b, a, target_y - b * x - a * y], axis=1) @ homogeneous
    agree = (mapped_x - target_x) ** 2 + (mapped_y - target_y) ** 2 < tolerance**2
    log_scale = np.log(scale)
    agree &= np.abs(log_scale - log_scale[:, None]) < np.log(SCALE_TOLERANCE)
    agree &= np.cos(turn - turn[:, None]) > np.cos(ANGLE_TOLERANCE)
    return np.flatnonzero(agree[agree.sum(axis=1).argmax()])


def _fit(
    query_points: Points, target_points: Points, tolerance: float, query: Fingerprint
) -> tuple[Transform | None, NDArray[np.intp]]:
    """Fit a homography or, if that fails, an affine transform; return it and its inliers."""
    import cv2

    if len(query_points) >= MIN_HOMOGRAPHY_INLIERS:
        transform, mask = cv2.findHomography(
            query_points, target_points, cv2.USAC_MAGSAC, tolerance
        )
        if transform is not None and _is_plausible(np.asarray(transform, float), query):
            return np.asarray(transform, float), np.flatnonzero(mask)
    affine, mask = cv2.estimateAffine2D(
        query_points, target_points, method=cv2.USAC_MAGSAC, ransacReprojThreshold=tolerance
    )
    if affine is not None:
        transform = np.vstack([affine, [0, 0, 1]])
        if _is_plausible(transform, query):
            return transform, np.flatnonzero(mask)
    return None, _NO_ROWS


def _is_plausible(transform: Transform, query: Fingerprint) -> bool:
    """Check that a transform neither turns the frame inside out nor stretches it to a line."""
    import cv2

    corners = transform_points(transform, frame_corners(query.width, query.height)).astype(
        np.float32
    )
    if not np.isfinite(corners).all() or not cv2.isContourConvex(corners):
        return False
    if cv2.contourArea(corners, oriented=True) <= 0:
        return False
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1)
    sides /= np.array([query.height, query.width] * 2)
    return bool(sides.max() < MAX_STRETCH * sides.min())
