from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from lookalike.copies.colours import match_colours

from .drawn import letter, photo

SIZE = (240, 180)


def matched(query: Image.Image, target: Image.Image) -> tuple[float, float, float]:
    """Return the mean error of the matched colours, the noise, and how far they were mapped."""
    pixels = [np.asarray(image.convert("RGB"), np.float32) for image in (query, target)]
    everywhere = np.ones(pixels[0].shape[:2], bool)
    both, noise, shift = match_colours(*pixels, everywhere, everywhere)
    return float(np.abs(both[0] - both[1]).mean()), noise, shift


@pytest.mark.parametrize("turned", [False, True])
def test_filters_are_no_differences(turned: bool) -> None:
    picture = photo("elephant/image_0001", SIZE)
    for edited in (
        picture.point(lambda level: 40 + level // 2),
        ImageOps.invert(picture),
        ImageOps.grayscale(picture),
        Image.blend(picture, Image.new("RGB", SIZE, "orange"), 0.4),
    ):
        pair = (picture, edited) if turned else (edited, picture)
        error, _, shift = matched(*pair)
        assert error < 3
        assert shift > 5


def test_equal_pictures_stay_as_they_are() -> None:
    picture = photo("butterfly/image_0010", SIZE)
    error, noise, shift = matched(picture, picture)
    assert error < 0.1
    assert shift < 0.1
    assert noise == 4


def test_a_colour_that_few_pixels_have_is_kept() -> None:
    """Else the orange word of a grey letter would be taken for a grey one."""
    page = letter(1).convert("L").convert("RGB")
    ImageDraw.Draw(page).rectangle((20, 60, 44, 66), fill=(208, 135, 0))
    pixels = np.asarray(page, np.float32)
    everywhere = np.ones(pixels.shape[:2], bool)
    both, _, _ = match_colours(pixels, pixels, everywhere, everywhere)
    assert np.abs(both[0] - both[1])[60:66, 20:44].max() < 2


def test_light_that_falls_off_is_no_difference() -> None:
    picture = photo("elephant/image_0001", SIZE)
    light = np.linspace(1, 0.5, SIZE[0])[None, :, None]
    dark = Image.fromarray((np.asarray(picture) * light).astype(np.uint8))
    assert np.abs(np.asarray(dark, float) - np.asarray(picture)).mean() > 25
    error, _, _ = matched(dark, picture)
    assert error < 6


def test_what_is_trusted_tells_the_colours() -> None:
    picture = photo("elephant/image_0001", SIZE)
    query = np.asarray(picture.point(lambda level: 40 + level // 2), np.float32)
    target = np.asarray(picture, np.float32).copy()
    trusted = np.zeros(target.shape[:2], bool)
    trusted[:, :80] = True
    target[:, 80:] = (250, 240, 20)  # something else
    both, noise, _ = match_colours(query, target, np.ones_like(trusted), trusted)
    assert np.abs(both[0] - both[1])[:, :80].mean() < 4
    assert noise < 8
