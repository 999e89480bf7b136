from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike.copies.descriptors import (
    DIMENSIONS,
    LEVELS,
    VOCABULARY_SIZE,
    descriptor_model,
    root_sift,
)

from ..conftest import busy


def sift(seed: int) -> NDArray[np.float32]:
    grey = cv2.cvtColor(np.asarray(busy(seed, (600, 400))), cv2.COLOR_RGB2GRAY)
    _, descriptors = cv2.SIFT.create(nfeatures=600).detectAndCompute(grey, None)
    return descriptors


def test_codes_preserve_distances() -> None:
    raw = sift(1)
    codes = descriptor_model().encode(raw)
    assert codes.shape == (len(raw), DIMENSIONS)
    assert set(np.unique(codes)) == set(range(LEVELS))
    original, decoded = root_sift(raw) - descriptor_model().mean, descriptor_model().decode(codes)
    left, right = original[:-1], original[1:]
    exact = np.linalg.norm(left - right, axis=1)
    coded = np.linalg.norm(decoded[:-1] - decoded[1:], axis=1)
    assert np.corrcoef(exact, coded)[0, 1] > 0.9


def test_root_sift_has_unit_length() -> None:
    assert np.linalg.norm(root_sift(sift(1)), axis=1) == pytest.approx(1, abs=1e-5)
    assert (root_sift(np.zeros((2, 128))) == 0).all()


def test_the_packaged_model_is_as_documented() -> None:
    model = descriptor_model()
    assert np.allclose(model.components.T @ model.components, np.eye(DIMENSIONS), atol=1e-4)
    assert np.allclose(model.rotation.T @ model.rotation, np.eye(DIMENSIONS), atol=1e-4)
    assert (model.steps > 0).all()
    assert model.centres.shape == (2, 512, DIMENSIONS // 2)
    for signs in (model.mirrored, model.negative):
        assert signs.shape == (DIMENSIONS,)
        assert 0 < signs.sum() < DIMENSIONS


def test_levels_are_symmetric_about_zero() -> None:
    codes = np.random.default_rng(0).integers(0, LEVELS, (100, DIMENSIONS), np.uint8)
    values = descriptor_model().decode(codes)
    assert np.allclose(descriptor_model().decode(np.uint8(LEVELS - 1) - codes), -values)
    assert np.allclose(np.abs(values).min(axis=0), descriptor_model().steps / 2)


def test_a_word_is_the_nearest_centre_of_each_half() -> None:
    codes = descriptor_model().encode(sift(2))[:50]
    words = descriptor_model().words(codes)
    turned = descriptor_model().decode(codes) @ descriptor_model().rotation
    for n, half in enumerate(np.split(turned, 2, axis=1)):
        away = np.linalg.norm(half[:, None] - descriptor_model().centres[n], axis=2)
        mine = away[np.arange(50), words // 512 if n == 0 else words % 512]
        assert np.allclose(mine, away.min(axis=1), atol=1e-3)
    assert words.max() < VOCABULARY_SIZE
    assert len(np.unique(words)) > 25  # different words
    assert descriptor_model().words(codes[:0]).shape == (0,)
