from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

from lookalike.decode import from_image
from lookalike.fingerprints import (
    CELLS,
    THUMBNAIL_PIXELS,
    Fingerprint,
    fingerprint,
    mirrored,
    negative,
)
from tests.conftest import busy


def of(image: Image.Image) -> Fingerprint:
    return fingerprint(from_image(image))


def test_points_lie_in_the_picture_and_all_over_it() -> None:
    image = busy(1, (600, 400))
    found = of(image)
    x, y, radius, angle = found.points.T
    assert found.points.shape == (len(x), 4)
    assert found.descriptors.shape == (len(x), 128)
    assert (x > 0).all()
    assert (x < 600).all()
    assert (y > 0).all()
    assert (y < 400).all()
    assert (radius > 0).all()
    assert (np.abs(angle) < 7).all()
    assert np.allclose(np.linalg.norm(found.descriptors, axis=1), 1, atol=1e-3)
    few = fingerprint(from_image(image), max_points=CELLS**2)
    assert len(few.points) == CELLS**2
    columns = {int(x * CELLS / 600) for x in few.points[:, 0]}
    assert columns == set(range(CELLS))  # not all where the contrast is greatest
    assert found.thumbnail.shape == (round(THUMBNAIL_PIXELS * 2 / 3), THUMBNAIL_PIXELS, 3)


@pytest.mark.parametrize(
    ("made", "really"), [(mirrored, ImageOps.mirror), (negative, ImageOps.invert)]
)
def test_views_are_what_looking_at_them_would_give(made: object, really: object) -> None:
    image = busy(2, (320, 240))
    expected, view = of(really(image)), made(of(image))  # type: ignore[operator]
    cosines = expected.descriptors @ view.descriptors.T
    best = cosines.argmax(axis=1)
    same = cosines.max(axis=1) > 0.99
    assert same.mean() > 0.85
    off = np.abs(expected.points[same] - view.points[best[same]])
    off[:, 3] = np.abs((off[:, 3] + np.pi) % (2 * np.pi) - np.pi)
    assert np.median(off, axis=0).max() < 0.05
    assert np.abs(expected.thumbnail.astype(int) - view.thumbnail).mean() < 1


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (90, 1), (300, 300)])
def test_a_picture_without_texture_has_no_points(size: tuple[int, int]) -> None:
    found = of(Image.new("RGB", size, "red"))
    assert found.points.shape == (0, 4)
    assert found.descriptors.shape == (0, 128)
    assert max(found.thumbnail.shape) == THUMBNAIL_PIXELS
    assert mirrored(found).points.shape == negative(found).points.shape == (0, 4)
