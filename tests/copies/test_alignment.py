from __future__ import annotations

import numpy as np
from PIL import Image

from lookalike.copies.alignment import (
    MAX_CORRESPONDENCES,
    MIN_INLIERS,
    View,
    align,
    pair_features,
)
from lookalike.copies.fingerprint import fingerprint
from lookalike.copies.geometry import transform_points
from lookalike.decode import from_image

from ..conftest import busy

SIZE = (480, 360)


def view(image: Image.Image, *, max_points: int = 400) -> View:
    return View.of(fingerprint(from_image(image), max_points=max_points))


def test_features_are_paired_with_those_at_the_same_place() -> None:
    query, target = view(busy(1, SIZE)), view(busy(1, SIZE).resize((240, 180)))
    pairs = pair_features(query.vectors, target)
    assert MIN_INLIERS < len(pairs.query) <= MAX_CORRESPONDENCES
    assert len(pairs.query) == len(pairs.target) == len(set(pairs.query.tolist()))
    places = query.fingerprint.points[pairs.query, :2] / 2
    distances = np.linalg.norm(places - target.fingerprint.points[pairs.target, :2], axis=1)
    assert (distances < 4).mean() > 0.9


def test_a_feature_without_a_rival_is_not_paired() -> None:
    query = view(busy(1, SIZE))
    for count in (0, 1):
        assert len(pair_features(query.vectors, view(busy(1, SIZE), max_points=count)).query) == 0
    assert len(pair_features(query.vectors[:0], query).query) == 0


def test_the_transform_maps_the_inliers_onto_each_other() -> None:
    query, target = view(busy(2, SIZE).crop((100, 60, 400, 300))), view(busy(2, SIZE))
    transform, inliers = align(query, target)
    assert transform is not None
    assert len(inliers.query) >= MIN_INLIERS
    mapped = transform_points(transform, query.fingerprint.points[inliers.query, :2])
    offsets = mapped - target.fingerprint.points[inliers.target, :2]
    assert np.linalg.norm(offsets, axis=1).max() < 8
    assert np.abs(transform_points(transform, np.zeros((1, 2))) - [100, 60]).max() < 3


def test_unrelated_pictures_have_no_transform() -> None:
    transform, inliers = align(view(busy(3, SIZE)), view(Image.new("RGB", SIZE, "white")))
    assert transform is None
    assert len(inliers.query) == len(inliers.target) == 0
