from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

from lookalike.copies.fingerprint import fingerprint, stored_fingerprint
from lookalike.copies.geometry import frame_corners, transform_points
from lookalike.copies.packed import pack, unpack
from lookalike.copies.verify import confidence, inverse, verify
from lookalike.decode import from_image
from lookalike.types import Match
from tests.conftest import busy

SIZE = (480, 360)


def match(query: Image.Image, target: Image.Image) -> Match | None:
    return verify(fingerprint(from_image(query)), fingerprint(from_image(target)))


def matched(query: Image.Image, target: Image.Image) -> Match:
    result = match(query, target)
    assert result is not None
    return result


def test_a_picture_matches_itself() -> None:
    result = matched(busy(1, SIZE), busy(1, SIZE))
    assert np.allclose(result.transform, np.eye(3), atol=0.01)
    assert result.query_overlap == pytest.approx(1, abs=0.01)
    assert result.target_overlap == pytest.approx(1, abs=0.01)
    assert result.agreement > 0.99
    assert result.confidence > 0.99
    assert not result.flipped
    assert result.points.shape == (result.inliers, 4)


def test_a_crop_is_located_to_the_pixel() -> None:
    target = busy(2, SIZE)
    query = target.crop((200, 100, 440, 280)).resize((480, 360))
    result = matched(query, target)
    corners = transform_points(np.array(result.transform), frame_corners(480, 360))
    expected = [[200, 100], [440, 100], [440, 280], [200, 280]]
    assert np.abs(corners - expected).max() < 2
    assert result.target_overlap == pytest.approx(0.25, abs=0.02)
    assert result.query_overlap > 0.98


def test_the_inverse_match_is_that_of_the_swapped_pictures() -> None:
    target = busy(2, SIZE)
    query = target.crop((200, 100, 440, 280)).resize((480, 360))
    left, right = inverse(matched(query, target)), matched(target, query)
    corners = [
        transform_points(np.array(match.transform), frame_corners(*SIZE)) for match in (left, right)
    ]
    assert np.abs(corners[0] - corners[1]).max() < 8
    assert left.query_overlap == pytest.approx(right.query_overlap, abs=0.01)
    assert left.target_overlap == pytest.approx(right.target_overlap, abs=0.01)
    moved = transform_points(np.array(left.transform), left.points[:, :2])
    assert np.abs(moved - left.points[:, 2:]).max() < 20
    back = inverse(left)
    assert np.allclose(back.transform, matched(query, target).transform)
    assert np.array_equal(back.points, matched(query, target).points)


def test_a_mirrored_quarter_turn_is_recognized() -> None:
    target = busy(3, SIZE)
    query = ImageOps.mirror(target).rotate(90, expand=True)
    result = matched(query, target)
    assert result.flipped
    # The query's upper left corner is the target's upper left, its lower left the upper right.
    corners = transform_points(np.array(result.transform), frame_corners(*query.size))
    assert np.abs(corners[0] - [0, 0]).max() < 3
    assert np.abs(corners[3] - [480, 0]).max() < 3
    assert result.agreement > 0.95


def test_a_small_picture_on_a_page_is_located() -> None:
    target, page = busy(4, SIZE), busy(5, SIZE)
    page.paste(target.resize((240, 180)), (120, 90))
    result = matched(page, target)
    assert result.query_overlap == pytest.approx(0.25, abs=0.02)
    assert result.target_overlap > 0.97


def test_a_negative_is_a_copy() -> None:
    result = matched(ImageOps.invert(busy(6, SIZE)), busy(6, SIZE))
    assert result.agreement > 0.95
    assert not result.flipped


def test_different_pictures_do_not_match() -> None:
    for seed in range(10, 20):
        result = match(busy(seed, SIZE), busy(seed + 10, SIZE))
        assert result is None or result.confidence < 0.1
    blank = Image.new("RGB", SIZE, "white")
    assert match(blank, busy(1, SIZE)) is None
    assert match(busy(1, SIZE), blank) is None
    assert match(blank, blank) is None


def test_different_pixels_lower_the_agreement() -> None:
    # The same objects at the same places on another background, as in two frames of a film.
    things = busy(7, SIZE)
    mask = Image.new("L", SIZE, 0)
    for x in range(20, 460, 90):
        for y in range(20, 340, 90):
            mask.paste(255, (x, y, x + 40, y + 40))
    left = Image.composite(things, busy(8, SIZE), mask)
    right = Image.composite(things, busy(9, SIZE), mask)
    result, same = match(left, right), matched(left, left)
    assert result is not None
    assert result.agreement < 0.7 < same.agreement


def test_a_better_fit_has_a_higher_confidence() -> None:
    assert confidence(1.5, 0.4) < 0.05
    assert confidence(0.1, 0.95) > 0.98
    assert confidence(0.5, 0.5) < confidence(0.5, 0.9) < confidence(0.2, 0.9)
    for residual in (0.0, 0.3, 50.0):
        for agreement in (0.0, 0.5, 1.0):
            assert 0 <= confidence(residual, agreement) <= 1


def test_a_copy_has_a_small_residual() -> None:
    target = busy(2, SIZE)
    copy = matched(target.crop((0, 0, 400, 300)).resize((300, 225)), target)
    assert copy.residual < 0.4
    # A residual is in pixels at detection, whatever the size of the picture.
    large = matched(target.resize((1920, 1440)), target)
    assert large.residual < 0.4
    assert large.confidence > 0.95


def test_a_stored_fingerprint_proves_a_copy() -> None:
    target = from_image(busy(2, SIZE))
    query = from_image(ImageOps.mirror(busy(2, SIZE).crop((100, 60, 400, 300))))
    result = verify(fingerprint(query), unpack(pack(stored_fingerprint(target))))
    assert result is not None
    corners = transform_points(np.array(result.transform), frame_corners(300, 240))
    expected = [[400, 60], [100, 60], [100, 300], [400, 300]]
    assert np.abs(corners - expected).max() < 3
    assert result.flipped
    assert result.confidence > 0.95
