"""Two fingerprints to a Match, or to nothing where neither picture holds what the other shows.

Features that look alike are paired; pairs that agree on one similarity transform are gathered, each
pair being a hypothesis (Philbin et al., "Object Retrieval with Large Vocabularies and Fast Spatial
Matching", 2007); OpenCV's USAC (MAGSAC++, Barath et al. 2020) then fits an affine transform or a
homography to them. Geometry alone is fooled by another photo of the same flat thing, so at last the
pixels are laid over each other and compared.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..types import Match
from .descriptors import basis
from .fingerprint import PIXELS, Fingerprint, mirrored, negative
from .geometry import MIDDLE, frame_corners, overlaps, resizing, transform_points
from .threads import product

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Points = NDArray[Any]  # float [N, 2] or more
    Transform = NDArray[Any]  # float [3, 3]

RATIO = 0.88  # of the distances to the nearest and to the second feature (Lowe 2004)
APART = 0.02  # of the longer side: nearer features are one and the same
TOLERANCE = 0.015  # of the longer side: how far from its place a feature may lie
MAX_PAIRS = 160
SCALE_TOLERANCE = 1.7  # times as large or small
ANGLE_TOLERANCE = 0.5  # radians
LEAST_INLIERS = 6
FIRST_POINTS, LEAST_OF_FIRST = 250, 4  # of the query, and how many of them must agree to go on
HOMOGRAPHY_FROM = 16  # inliers; of fewer an affine transform is all that can be told
FITTED_POINTS = 4  # that a homography goes through whatever they are
MOST_STRETCHED = 3.0  # times in one direction what it is in the other
WINDOW = 9  # thumbnail pixels that are correlated
BLANK = 4.0  # mean product of deviations in a window, in squared levels: less shows nothing
_WHOLLY, _HALF, _TINY = 0.99, 0.5, 1e-6
_LEAST, _MOST = 0.03, 1.02  # so that neither a perfect fit nor perfect agreement is beyond measure
_BIAS, _OF_RESIDUAL, _OF_AGREEMENT = -4.169, -3.391, -2.939  # training/confidence.py


class View(NamedTuple):
    """A fingerprint, and its descriptors as float32 [N, 32] of unit length."""

    print: Fingerprint
    vectors: NDArray[np.float32]
    flipped: bool = False

    @classmethod
    def of(cls, fingerprint: Fingerprint, *, flipped: bool = False) -> View:
        """Make the vectors; `flipped` where it is a mirror image."""
        values = basis().values(fingerprint.descriptors)
        return cls(fingerprint, values / np.linalg.norm(values, axis=1, keepdims=True), flipped)


class Pairs(NamedTuple):
    """Features that look alike: rows of query and target, [K] each, the surest first."""

    query: NDArray[np.intp]
    target: NDArray[np.intp]


class Verifier:
    """A query that is compared with one target after the other.

    Attributes:
        query: its fingerprint.
        views: it as it is, and as its mirror image.
    """

    def __init__(self, query: Fingerprint) -> None:
        """Take the query's fingerprint."""
        self.query = query
        self.views = View.of(query), View.of(mirrored(query), flipped=True)

    @functools.cached_property
    def negatives(self) -> tuple[View, View]:
        """The negatives of both."""
        plain, flipped = self.views
        return View.of(negative(plain.print)), View.of(negative(flipped.print), flipped=True)

    def match(self, target: Fingerprint, views: Sequence[View]) -> Match | None:
        """Find the transform from the query's pixels to the target's, and what speaks for it.

        Args:
            target: what the query may be a copy of, or the other way round.
            views: of the query, those to be tried.

        Returns:
            that of the view that fits best; None where no transform has `LEAST_INLIERS` features
            behind it.
        """
        view, transform, inliers = _best(views, View.of(target))
        if transform is None:
            return None
        residual = _residual(transform, view.print, target, inliers)
        agreement = compare_pixels(transform, view.print, target)
        if view.flipped:
            transform = transform @ np.array([[-1.0, 0, self.query.width], [0, 1, 0], [0, 0, 1]])
        query_overlap, target_overlap = overlaps(transform, self.query, target)
        places = self.query.points[inliers.query, :2], target.points[inliers.target, :2]
        return Match(
            transform=tuple(tuple(map(float, row)) for row in transform / transform[2, 2]),
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
    """Find how one picture lies in another, see `Verifier.match`.

    The query is tried as it is and as its mirror image, and where neither fits, as the negatives.
    """
    verifier = Verifier(query)
    return verifier.match(target, verifier.views) or verifier.match(target, verifier.negatives)


def confidence(residual: float, agreement: float) -> float:
    """Tell how likely it is that one picture was made from the other: 0..1.

    A logistic regression on pairs made of train pictures, see training/confidence.py.
    """
    logit = (
        _BIAS + _OF_RESIDUAL * np.log(residual + _LEAST) + _OF_AGREEMENT * np.log(_MOST - agreement)
    )
    return float(1 / (1 + np.exp(-logit)))


def inverse(match: Match) -> Match:
    """Turn a match round: how the target lies in the query."""
    transform = np.linalg.inv(np.array(match.transform))
    return replace(
        match,
        transform=tuple(tuple(map(float, row)) for row in transform / transform[2, 2]),
        query_overlap=match.target_overlap,
        target_overlap=match.query_overlap,
        points=np.roll(match.points, 2, axis=1),
    )


def pair_features(query: NDArray[np.float32], target: View) -> Pairs:
    """Pair every feature of the query with the target's most alike, if no other is as much."""
    if len(query) == 0 or len(target.vectors) < 2:  # noqa: PLR2004
        return Pairs(np.empty(0, np.intp), np.empty(0, np.intp))
    cosines = product(query, target.vectors.T)
    rows = np.arange(len(cosines))
    best = cosines.argmax(axis=1)
    nearest = cosines[rows, best]
    cosines[rows, best] = -1
    at = cosines.argmax(axis=1)
    second = cosines[rows, at]
    # What lies at the same place is the same feature in another direction or size: look on.
    places = target.print.points[:, :2]
    apart = APART * max(target.print.width, target.print.height)
    twins = rows
    while len(twins):
        way = places[best[twins]] - places[at]
        same = ((way**2).sum(axis=1) < apart**2) & (second[twins] > -1)
        twins = twins[same]
        cosines[twins, at[same]] = -1
        at = cosines[twins].argmax(axis=1)
        second[twins] = cosines[twins, at]
    distances = np.sqrt(np.maximum(2 - 2 * np.stack([nearest, second]), 1e-6))
    ratio = distances[0] / distances[1]
    sure = np.flatnonzero(ratio < RATIO)
    sure = sure[np.argsort(ratio[sure], kind="stable")][:MAX_PAIRS]
    return Pairs(sure, best[sure])


def compare_pixels(transform: Transform, query: Fingerprint, target: Fingerprint) -> float:
    """Lay the query's thumbnail over the target's and correlate what they share: 0..1.

    The correlation is taken in windows of a few pixels, so that light and colour of the whole do
    not count, and weighed by how much there is to see in each; of what is negative the size counts,
    as a negative is a copy.
    """
    import cv2

    below, above = target.thumbnail, query.thumbnail
    scale = _scale(_between(target, below) @ transform @ np.linalg.inv(_between(query, above)))
    below, above = _reduced(below, 1 / scale), _reduced(above, scale)  # to the coarser of both
    to = _between(target, below) @ transform @ np.linalg.inv(_between(query, above))
    to = MIDDLE @ to @ np.linalg.inv(MIDDLE)
    size = below.shape[1::-1]
    lifted = cv2.warpPerspective(above, to, size)
    mask = cv2.warpPerspective(np.ones(above.shape[:2], np.float32), to, size) > _WHOLLY
    one, other = lifted.astype(np.float32), below.astype(np.float32)
    window = (WINDOW, WINDOW)
    weight = cv2.boxFilter(mask.astype(np.float32), -1, window)

    def mean(values: NDArray[Any]) -> NDArray[Any]:
        return cv2.boxFilter(values * mask, -1, window) / np.maximum(weight, _TINY)

    of_one, of_other = mean(one), mean(other)
    together = mean(one * other) - of_one * of_other
    apart = np.maximum(mean(one**2) - of_one**2, 0) * np.maximum(mean(other**2) - of_other**2, 0)
    seen = mask & (weight > _HALF)
    total = np.sqrt(apart[seen]).sum()
    if total <= BLANK * seen.sum():
        return 0.0
    return float(abs(together[seen].sum()) / total)


def _residual(transform: Transform, query: Fingerprint, target: Fingerprint, at: Pairs) -> float:
    """Tell how far apart the features that agree come to lie, in pixels as they were found on.

    It is the root mean square; the coarser of the two pictures counts. As a transform goes through
    some points whatever they are, these do not count.
    """
    off = transform_points(transform, query.points[at.query, :2]) - target.points[at.target, :2]
    pixel = max(_pixel(target), _pixel(query) * _scale(transform))
    return float(np.sqrt((off**2).sum() / max(len(off) - FITTED_POINTS, 1)) / pixel)


def _pixel(fingerprint: Fingerprint) -> float:
    return float(np.sqrt(fingerprint.width * fingerprint.height / PIXELS))


def _between(fingerprint: Fingerprint, small: NDArray[np.uint8]) -> Transform:
    """Map a picture's pixels to those of a smaller one."""
    height, width = small.shape[:2]
    return resizing((fingerprint.width, fingerprint.height), (width, height))


def _scale(transform: Transform) -> float:
    """Tell how many times as long a way is after a transform, about."""
    matrix = transform[:2, :2] / transform[2, 2]
    return float(np.sqrt(abs(np.linalg.det(matrix))))


def _reduced(pixels: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """Make smaller; what would become larger stays as it is."""
    import cv2

    if scale >= 1:
        return pixels
    size = tuple(max(round(side * scale), 1) for side in pixels.shape[1::-1])
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def _best(views: Sequence[View], target: View) -> tuple[View, Transform | None, Pairs]:
    """Take the view that most features stand behind."""
    found = [(view, *_aligned(view, target)) for view in views]
    return max(found, key=lambda one: len(one[2].query))


def _aligned(of: View, to: View) -> tuple[Transform | None, Pairs]:
    """Find the transform that most pairs agree on, and those pairs."""
    query, target = of.print, to.print
    none = np.empty(0, np.intp)
    nothing = None, Pairs(none, none)
    tolerance = TOLERANCE * max(target.width, target.height)
    # Most candidates are none, which the features that come first tell at half the cost.
    for first, least in ((FIRST_POINTS, LEAST_OF_FIRST), (None, LEAST_INLIERS)):
        pairs = pair_features(of.vectors[:first], to)
        if len(pairs.query) < least:
            return nothing
        agreeing = _consensus(query.points[pairs.query], target.points[pairs.target], tolerance * 3)
        if len(agreeing) < least:
            return nothing
    pairs = Pairs(pairs.query[agreeing], pairs.target[agreeing])
    of_query, of_target = query.points[pairs.query, :2], target.points[pairs.target, :2]
    transform, inside = _fitted(of_query, of_target, tolerance, query)
    if transform is None:
        return nothing
    # Several features at one place are one witness.
    cells = np.round(of_target[inside] / (APART * max(target.width, target.height))).astype(int)
    _, one_of_each = np.unique(cells, axis=0, return_index=True)
    inside = inside[np.sort(one_of_each)]
    if len(inside) < LEAST_INLIERS:
        return nothing
    return transform, Pairs(pairs.query[inside], pairs.target[inside])


def _fitted(
    one: Points, other: Points, tolerance: float, query: Fingerprint
) -> tuple[Transform | None, NDArray[np.intp]]:
    """Fit a homography, or where that is too much, an affine transform; tell who agrees."""
    import cv2

    if len(one) >= HOMOGRAPHY_FROM:
        transform, mask = cv2.findHomography(one, other, cv2.USAC_MAGSAC, tolerance)
        if transform is not None and _plausible(np.asarray(transform, float), query):
            return np.asarray(transform, float), np.flatnonzero(mask)
    affine, mask = cv2.estimateAffine2D(
        one, other, method=cv2.USAC_MAGSAC, ransacReprojThreshold=tolerance
    )
    if affine is not None:
        transform = np.vstack([affine, [0, 0, 1]])
        if _plausible(transform, query):
            return transform, np.flatnonzero(mask)
    return None, np.empty(0, np.intp)


def _consensus(query: Points, target: Points, tolerance: float) -> NDArray[np.intp]:
    """Take each pair's similarity transform for a guess; give the pairs that the best explains."""
    x, y, radius, angle = query.T
    to_x, to_y, to_radius, to_angle = target.T
    scale, turn = to_radius / radius, to_angle - angle
    a, b = scale * np.cos(turn), scale * np.sin(turn)
    # Row k is guess k: (a, -b; b, a), and where it takes pair n, less where that is.
    off_x = np.stack([a, -b, to_x - a * x + b * y], axis=1) @ np.stack([x, y, np.ones_like(x)])
    off_y = np.stack([b, a, to_y - b * x - a * y], axis=1) @ np.stack([x, y, np.ones_like(x)])
    near = (off_x - to_x) ** 2 + (off_y - to_y) ** 2 < tolerance**2
    size = np.log(scale)
    near &= np.abs(size - size[:, None]) < np.log(SCALE_TOLERANCE)
    between = turn - turn[:, None]
    near &= np.cos(between) > np.cos(ANGLE_TOLERANCE)
    return np.flatnonzero(near[near.sum(axis=1).argmax()])


def _plausible(transform: Transform, query: Fingerprint) -> bool:
    """Tell whether it is done to pictures: not turned inside out, nor stretched to a line."""
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
    return bool(sides.max() < MOST_STRETCHED * sides.min())
