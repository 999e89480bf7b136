from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from lookalike.edits import quality

from ..conftest import draw


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def difference(first: Image.Image, second: Image.Image) -> float:
    return float(np.abs(np.asarray(first, float) - np.asarray(second, float)).mean())


def edges(image: Image.Image) -> float:
    return float(np.abs(np.diff(np.asarray(image.convert("L"), float), axis=1)).sum())


@pytest.mark.parametrize(
    "edit", [quality.low_quality, quality.blurred, quality.sharpened, quality.noisy]
)
def test_stronger_edits_change_the_picture_more(edit: Any) -> None:
    image = draw(1)
    differences = [difference(image, edit(image, generator(1), s)) for s in (0.0, 0.5, 1.0)]
    assert 0 < differences[0] < differences[1] < differences[2]
    assert edit(image, generator(), 1.0).size == image.size


def test_a_blur_scales_with_the_picture() -> None:
    small, large = draw(2, (160, 120)), draw(2, (160, 120)).resize((1600, 1200))
    shrunk = quality.blurred(large, generator(), 1.0).resize((160, 120))
    assert difference(shrunk, quality.blurred(small, generator(), 1.0)) < 2


def test_sharpening_raises_the_edges() -> None:
    image = draw(3)
    assert edges(quality.sharpened(image, generator(), 0.0)) > 1.05 * edges(image)


def test_noise_has_the_stated_strength_with_and_without_colour() -> None:
    image = Image.new("RGB", (200, 200), (128, 128, 128))
    coloured = set()
    for seed in range(8):
        noise = np.asarray(quality.noisy(image, generator(seed), 0.0), float) - 128
        assert noise.std() == pytest.approx(8, rel=0.1)
        coloured.add(bool(np.ptp(noise, axis=2).any()))
    assert coloured == {True, False}


def test_a_photograph_is_at_an_angle_in_uneven_light() -> None:
    white = Image.new("RGB", (200, 150), "white")
    for seed in range(5):
        photo = np.asarray(quality.photographed(white, generator(seed), 1.0), float).mean(axis=2)
        inside = photo[40:110, 50:150]
        assert photo.shape == (150, 200)
        blocks = inside.reshape(7, 10, 10, 10).mean(axis=(1, 3))
        assert np.ptp(blocks) > 10  # light falls off
        assert inside.mean() > photo[[0, 0, -1, -1], [0, -1, 0, -1]].mean() - 20  # the table shows
    light, strong = (
        difference(draw(4), quality.photographed(draw(4), generator(3), s)) for s in (0.0, 1.0)
    )
    assert light < strong


def test_waves_are_as_high_and_as_long_as_stated() -> None:
    waves = quality._waves(generator(1), (400, 300), 20.0)
    assert waves.shape == (300, 400)
    assert waves.max() == pytest.approx(10, abs=0.2)
    assert waves.min() == pytest.approx(-10, abs=0.2)
    # Compared with the plain formula at some points.
    random = generator(1)
    angle, length = random.uniform(0, np.pi), random.uniform(0.02, 0.06) * 300
    y, x = np.mgrid[0:300:37, 0:400:41]
    plain = 10 * np.sin(2 * np.pi / length * (x * np.cos(angle) + y * np.sin(angle)))
    assert waves[0:300:37, 0:400:41] == pytest.approx(plain, abs=0.05)
