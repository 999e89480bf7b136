from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

from lookalike.edits import colour

from ..conftest import draw


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def mean(image: Image.Image) -> np.ndarray:
    return np.asarray(image, float).mean(axis=(0, 1))


def spread(image: Image.Image) -> float:
    """Return the mean spread of the channels."""
    pixels = np.asarray(image, float)
    return float(np.ptp(pixels, axis=2).mean())


def test_brightened_goes_up_or_down_and_keeps_the_picture_visible() -> None:
    image = draw(1)
    changes = [
        (mean(colour.brightened(image, generator(k), 1.0)) - mean(image)).mean() for k in range(20)
    ]
    assert min(changes) < -10
    assert max(changes) > 10
    assert np.asarray(colour.brightened(image, generator(), 1.0)).std() > 15


def test_tinted_scales_the_channels_against_each_other() -> None:
    grey = Image.new("RGB", (50, 50), (100, 100, 100))
    for seed in range(10):
        light, strong = (np.sort(mean(colour.tinted(grey, generator(seed), s))) for s in (0.0, 1.0))
        assert light[[0, 2]] == pytest.approx([92, 108], abs=1)
        assert strong[[0, 2]] == pytest.approx([70, 130], abs=1)


def test_warm_is_warmer_and_darker_at_the_corners() -> None:
    warm = np.asarray(
        colour.warm(Image.new("RGB", (99, 99), (150, 150, 150)), generator(), 0.5), int
    )
    assert warm[50, 50, 0] > 150 > warm[50, 50, 2]
    assert (warm[0, 0] < warm[50, 50] - 15).all()
    black = colour.warm(Image.new("RGB", (9, 9)), generator(), 0.5)
    assert black.getpixel((4, 4)) > (10, 10, 10)  # faded


def test_grey_and_saturated_change_the_colours_only() -> None:
    image = draw(2)
    light, strong = (colour.grey(image, generator(), s) for s in (0.0, 1.0))
    assert spread(light) == pytest.approx(0.4 * spread(image), rel=0.05)
    assert spread(strong) == 0
    assert spread(colour.saturated(image, generator(), 1.0)) > 1.2 * spread(image)


def test_negative_inverts() -> None:
    image = Image.new("RGB", (8, 8), (200, 40, 40))
    red, green, blue = colour.negative(image, generator(), 0.0).getpixel((0, 0))
    assert red > green == blue  # of the same hue
    assert colour.negative(image, generator(), 0.5).tobytes() == ImageOps.invert(image).tobytes()
    assert spread(colour.negative(image, generator(), 1.0)) == 0
    dark = Image.new("RGB", (8, 8), (10, 10, 10))
    for strength in (0.0, 0.5, 1.0):
        assert mean(colour.negative(dark, generator(), strength)).min() > 240


def test_posterised_leaves_few_colours() -> None:
    noise = Image.fromarray(generator().integers(0, 256, (64, 64, 3), np.uint8))
    for seed in range(12):
        counts = [
            len(
                np.unique(
                    np.asarray(colour.posterised(noise, generator(seed), s)).reshape(-1, 3), axis=0
                )
            )
            for s in (0.0, 1.0)
        ]
        assert counts[1] <= 64
        assert counts[1] < counts[0]


def test_a_sketch_has_lines_where_the_picture_has_edges() -> None:
    image = Image.new("RGB", (100, 100), "white")
    image.paste("black", (30, 30, 70, 70))
    for seed in range(6):
        drawn = np.asarray(colour.sketched(image, generator(seed), 1.0), int)
        paper = drawn[5, 5]
        assert (np.abs(drawn[50, 30:33] - paper).max()) > 100  # at the edge
        assert (drawn[50, 50] == paper).all()  # nothing inside


def test_lit_multiplies_by_the_light_field() -> None:
    field = np.array([[1.0, 0.0]])
    lit = np.asarray(colour.lit(Image.new("RGB", (100, 10), (200, 100, 50)), field))
    assert (lit[5, 0] == (200, 100, 50)).all()
    assert (lit[5, 99] == 0).all()
