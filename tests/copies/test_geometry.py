from __future__ import annotations

import numpy as np
import pytest

from lookalike.copies.geometry import clip_to_picture, enlargement, frame_corners, overlaps


def test_outlines_are_clipped_to_the_frame() -> None:
    assert len(clip_to_picture(frame_corners(10, 10) + 100, 50, 50)) == 0
    half = clip_to_picture(frame_corners(10, 10) - [5, 0], 50, 50)
    assert half.min(axis=0).tolist() == [0, 0]
    assert half.max(axis=0).tolist() == [5, 10]


def test_an_enlargement_is_the_mean_of_both_sides() -> None:
    assert enlargement(np.diag([2.0, 8, 1])) == pytest.approx(4)
    assert enlargement(np.array([[0, -3.0, 7], [3, 0, 1], [0, 0, 1]])) == pytest.approx(3)
    assert enlargement(np.diag([-2.0, 2, 2])) == pytest.approx(1)


def test_overlaps_are_shares_of_each_picture() -> None:
    shift = np.array([[1.0, 0, 50], [0, 1, 0], [0, 0, 1]])
    assert overlaps(shift, (100, 80), (100, 80)) == pytest.approx((0.5, 0.5))
    assert overlaps(np.eye(3), (100, 80), (200, 80)) == pytest.approx((1, 0.5))
    assert overlaps(3 * shift, (100, 80), (50, 80)) == (0, 0)
