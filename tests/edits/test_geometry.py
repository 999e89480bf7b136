from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageOps

from lookalike.edits import geometry

from ..conftest import draw


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize(("strength", "share"), [(0.0, 0.7), (0.5, 0.45), (1.0, 0.2)])
def test_a_crop_is_a_part_with_the_stated_area(strength: float, share: float) -> None:
    image = draw(1, (400, 300))
    for seed in range(20):
        part = geometry.cropped(image, generator(seed), strength)
        assert part.width * part.height / (400 * 300) == pytest.approx(share, abs=0.01)
    pixels, whole = np.asarray(part), np.asarray(image)
    places = [
        (y, x)
        for y in range(301 - part.height)
        for x in range(401 - part.width)
        if (whole[y, x] == pixels[0, 0]).all()
    ]
    assert any((whole[y : y + part.height, x : x + part.width] == pixels).all() for y, x in places)


def test_mirrored_and_turned_are_exact() -> None:
    image = draw(2)
    mirrored = geometry.mirrored(image, generator(), 0.0)
    assert mirrored.tobytes() == ImageOps.mirror(image).tobytes()
    assert geometry.turned(image, generator(), 0.5).tobytes() == image.rotate(180).tobytes()
    quarters = {geometry.turned(image, generator(seed), 0.0).tobytes() for seed in range(10)}
    assert quarters == {image.rotate(a, expand=True).tobytes() for a in (90, 270)}
    flipped = {geometry.turned(image, generator(seed), 1.0).tobytes() for seed in range(10)}
    expected = {ImageOps.mirror(image).rotate(a, expand=True).tobytes() for a in (90, 270)}
    assert flipped == expected


@pytest.mark.parametrize("size", [(300, 300), (400, 100), (90, 300)])
def test_a_rotation_leaves_no_empty_corner(size: tuple[int, int]) -> None:
    white = Image.new("RGB", size, "white")
    for seed in range(10):
        turned = geometry.rotated(white, generator(seed), 1.0)
        assert turned.getextrema() == ((255, 255),) * 3
        assert turned.width / turned.height == pytest.approx(size[0] / size[1], rel=0.03)


def test_a_tilt_keeps_the_whole_picture_and_fills_the_corners() -> None:
    fills = set()
    for seed in range(20):
        tilted = geometry.tilted(Image.new("RGB", (200, 150), "red"), generator(seed), 1.0)
        fills.add(tilted.getpixel((0, 0)))
        red = (np.asarray(tilted) == (255, 0, 0)).all(axis=2).sum()
        assert red == pytest.approx(200 * 150, rel=0.03)
    assert fills == set(geometry._FILLS)


def test_a_stretch_keeps_the_area() -> None:
    for seed in range(10):
        copy = geometry.stretched(draw(3, (400, 300)), generator(seed), 1.0)
        ratio = copy.width / copy.height / (400 / 300)
        assert max(ratio, 1 / ratio) == pytest.approx(1.75, rel=0.02)
        assert copy.width * copy.height == pytest.approx(400 * 300, rel=0.02)


def test_small_keeps_a_least_size() -> None:
    assert geometry.small(draw(4, (500, 400)), generator(), 1.0).size == (100, 80)
    assert geometry.small(draw(4, (100, 50)), generator(), 1.0).size == (64, 32)
    assert geometry.small(draw(4, (50, 24)), generator(), 1.0).size == (50, 24)


def test_a_warp_moves_the_corners_to_the_given_points() -> None:
    image = Image.new("RGB", (100, 80), "white")
    corners = [(0.2, 0.1), (0.9, 0.2), (0.8, 0.9), (0.1, 0.8)]
    warped = geometry.warped(image, corners, fill=(255, 0, 0))
    for x, y in [(0.25, 0.2), (0.85, 0.25), (0.77, 0.83), (0.15, 0.75), (0.5, 0.5)]:
        assert warped.getpixel((int(x * 100), int(y * 80))) == (255, 255, 255)
    for x, y in [(0.1, 0.05), (0.97, 0.15), (0.9, 0.95), (0.03, 0.85)]:
        assert warped.getpixel((int(x * 100), int(y * 80))) == (255, 0, 0)


def test_a_warp_without_fill_has_no_empty_corner() -> None:
    square = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    image = draw(5)
    same = geometry.warped(image, square, fill=None)
    # The same corners give the same picture, up to rounding in Pillow's bilinear filter.
    assert max(high for _, high in ImageChops.difference(image, same).getextrema()) <= 1
    white = Image.new("RGB", (200, 100), "white")
    for seed in range(10):
        seen = geometry.perspective(white, generator(seed), 1.0)
        assert seen.getextrema() == ((255, 255),) * 3
