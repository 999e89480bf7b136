from __future__ import annotations

import numpy as np
import pytest

from lookalike.copies.geometry import frame_corners, transform_points
from lookalike.copies.pixels import luma
from lookalike.copies.registration import refine, robust_weights

from ..conftest import busy
from .drawn import photo

SIZE = (240, 180)


def off(warp: np.ndarray | None) -> float:
    """Return how far a transform moves the corners of the frame."""
    assert warp is not None
    corners = frame_corners(*SIZE)
    return float(np.abs(transform_points(warp, corners) - corners).max())


def everywhere(grey: np.ndarray) -> np.ndarray:
    return np.ones(grey.shape, bool)


def test_a_start_that_is_a_pixel_off_is_improved() -> None:
    grey = luma(np.asarray(photo("elephant/image_0001", SIZE)))
    start = np.array([[1.004, 0.002, -1.0], [-0.003, 0.997, 0.9], [0, 0, 1]])
    assert off(start) > 0.9
    assert off(refine(grey, grey, [start], everywhere(grey))) < 0.3
    assert (
        off(refine(0.6 * grey + 50, 255 - grey, [start], everywhere(grey))) < 0.3
    )  # in other levels


def test_what_is_trusted_leads_where_the_rest_is_another_picture() -> None:
    grey = luma(np.asarray(photo("elephant/image_0001", SIZE)))
    page = np.full_like(grey, 255)
    trusted = everywhere(grey) & False
    trusted[40:140, 60:180] = True
    page[40:140, 60:180] = grey[40:140, 60:180]
    start = np.array([[1, 0, -0.8], [0, 1, 0.7], [0, 0, 1]])
    assert off(refine(grey, page, [start], trusted)) < 0.3


def test_of_starts_that_are_as_good_the_first_is_taken() -> None:
    grey = luma(np.asarray(photo("elephant/image_0001", SIZE)))
    far = np.array([[1, 0, 6.0], [0, 1, 5.0], [0, 0, 1]])
    nearly = np.eye(3) + 1e-6
    assert refine(grey, grey, [np.eye(3), nearly], everywhere(grey)) is not None
    assert np.array_equal(refine(grey, grey, [np.eye(3), nearly, far], everywhere(grey)), np.eye(3))
    assert off(refine(grey, grey, [far, np.eye(3)], everywhere(grey))) < 0.01


def test_frames_apart_have_no_transform() -> None:
    grey = luma(np.asarray(busy(1, SIZE)))
    apart = np.array([[1, 0, 900.0], [0, 1, 0], [0, 0, 1]])
    assert refine(grey, grey, [apart], everywhere(grey)) is None


def test_weights_fall_with_the_error() -> None:
    errors = np.array([0, 1, 2, 3, 100], np.float32)
    weights, size = robust_weights(errors, 0.5)
    assert size == pytest.approx(3)
    assert (np.diff(weights) < 0).all()
    assert weights[0] == 1
    assert weights[-1] < 0.01
    assert robust_weights(np.zeros(5, np.float32), 4.0)[1] == 4
