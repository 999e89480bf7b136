"""Two fingerprints to a Match, or to None where neither picture shows a part of the other.

Geometry asks where two pictures agree, and takes two letters of one letterhead for copies. So once
`align` finds a transform, one picture is laid over the other, and the whole shared area is asked
where they differ.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..types import Box
from .alignment import Correspondences, View, align
from .fingerprint import DETECTION_PIXELS, Fingerprint, mirror, negate
from .geometry import enlargement, transform_points
from .kind import NEAR_INLIERS
from .overlay import Side
from .proof import Alignment, as_tuples, differing_samples, prove

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..types import Match
    from .confidence import Evidence
    from .geometry import Transform

FITTED_POINTS = 4  # a homography passes through so many points exactly, whatever they are
MIN_FEW_INLIERS_SHARE = 0.08  # of the features in the overlap, if fewer than `NEAR_INLIERS` agree
_LEAST = 1e-3


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
    def _query_side(self) -> Side:
        return _side(self.query)

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
        return self.match_with_evidence(target, views)[0]

    def match_with_evidence(
        self, target: Fingerprint, views: Sequence[View]
    ) -> tuple[Match | None, Evidence | None]:
        """Return also what the confidence is estimated from; see `match`."""
        target_view = View.of(target)
        alignments = [(view, *align(view, target_view)) for view in views]
        view, transform, inliers = max(alignments, key=lambda found: len(found[2].query))
        if transform is None:
            return None, None
        residual = _residual(transform, view.fingerprint, target, inliers)
        if view.flipped:
            transform = transform @ np.array([[-1.0, 0, self.query.width], [0, 1, 0], [0, 0, 1]])
        points = self.query.points[:, :2], target.points[:, :2]
        agreeing = np.hstack([points[0][inliers.query], points[1][inliers.target]])
        alignment = Alignment(transform, agreeing, residual, *points)
        if _is_chance(alignment, self.query, target):
            return None, None
        match, evidence = prove(self._query_side, _side(target), alignment)
        if not (self.query.sample_data and target.sample_data):
            return match, evidence
        query_samples, target_samples = (
            [Side(sample, (picture.width, picture.height)) for sample in picture.samples]
            for picture in (self.query, target)
        )
        pages = differing_samples(query_samples, target_samples, np.array(match.transform))
        return replace(match, differences=replace(match.differences, pages=pages)), evidence


def _is_chance(alignment: Alignment, query: Fingerprint, target: Fingerprint) -> bool:
    """Check whether so few features agree, of those in the overlap, that it proves nothing."""
    if len(alignment.points) >= NEAR_INLIERS:
        return False
    transform = alignment.transform
    in_target = transform_points(transform, alignment.query_points)
    in_query = transform_points(np.linalg.inv(transform), alignment.target_points)
    features = min(
        int(((points >= 0) & (points <= (side.width, side.height))).all(axis=1).sum())
        for points, side in ((in_target, target), (in_query, query))
    )
    return len(alignment.points) < MIN_FEW_INLIERS_SHARE * features


def _side(fingerprint: Fingerprint) -> Side:
    return Side(fingerprint.thumbnail, (fingerprint.width, fingerprint.height))


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


def inverse(match: Match) -> Match:
    """Return the match with query and target swapped."""
    boxes = tuple(Box(box.target, box.query) for box in match.differences.boxes)
    look = match.look
    return replace(
        match,
        transform=as_tuples(np.linalg.inv(np.array(match.transform))),
        query_overlap=match.target_overlap,
        target_overlap=match.query_overlap,
        points=np.roll(match.points, 2, axis=1),
        differences=replace(match.differences, boxes=boxes),
        look=replace(
            look,
            saturation=1 / max(look.saturation, _LEAST),
            sharpness=1 / max(look.sharpness, _LEAST),
            added=-look.added,
        ),
    )


def _residual(
    transform: Transform, query: Fingerprint, target: Fingerprint, inliers: Correspondences
) -> float:
    """Return the RMS distance of the inliers, in pixels of the coarser picture at detection.

    The points that a transform passes through exactly, whatever they are, do not count.
    """
    mapped = transform_points(transform, query.points[inliers.query, :2])
    offsets = mapped - target.points[inliers.target, :2]
    pixel = max(_detection_pixel(target), _detection_pixel(query) * enlargement(transform))
    return float(np.sqrt((offsets**2).sum() / max(len(offsets) - FITTED_POINTS, 1)) / pixel)


def _detection_pixel(fingerprint: Fingerprint) -> float:
    return float(np.sqrt(fingerprint.width * fingerprint.height / DETECTION_PIXELS))
