from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

from lookalike.edits import frames

from ..conftest import draw

RED, BLUE = (Image.new("RGB", (300, 200), colour) for colour in ("red", "blue"))


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def red_share(image: Image.Image) -> float:
    return float((np.asarray(image) == (255, 0, 0)).all(axis=2).mean())


@pytest.mark.parametrize(("strength", "share"), [(0.0, 0.85), (1.0, 0.52)])
def test_padding_keeps_the_stated_share(strength: float, share: float) -> None:
    fills = set()
    for seed in range(20):
        page = frames.padded(RED, generator(seed), strength)
        assert 300 * 200 / (page.width * page.height) == pytest.approx(share, abs=0.01)
        assert (page.width == 300) != (page.height == 200)
        middle = (page.width // 2, page.height // 2)
        assert page.getpixel(middle) == (255, 0, 0)
        fills.add(page.getpixel((0, 0)))
    assert fills == {
        (0, 0, 0),
        (255, 255, 255),
        (255, 0, 0),
    }  # the last is the picture itself, blurred


def test_a_border_surrounds_the_whole_picture() -> None:
    image = draw(1, (300, 200))
    framed = frames.bordered(image, generator(), 1.0)
    card, frame = round(200 * 0.13), round(200 * 0.07)
    assert framed.size == (300 + 2 * (card + frame), 200 + 2 * (card + frame))
    whole = framed.crop((card + frame, card + frame, card + frame + 300, card + frame + 200))
    assert whole.tobytes() == image.tobytes()


@pytest.mark.parametrize(("strength", "share"), [(0.0, 0.6), (0.5, 0.45), (1.0, 0.35)])
@pytest.mark.parametrize("size", [(300, 200), (100, 400), (150, 150)])
def test_pasted_covers_the_stated_area_of_the_other(
    strength: float, share: float, size: tuple[int, int]
) -> None:
    for seed in range(10):
        page = frames.pasted(RED, generator(seed), strength, [BLUE.resize(size)])
        assert red_share(page) == pytest.approx(share, abs=0.02)
        assert page.width * page.height == pytest.approx(300 * 200, rel=0.02)


def test_pasted_shows_the_whole_picture_on_the_other() -> None:
    image, other = draw(1, (300, 200)), draw(2, (300, 200))
    for seed in range(5):
        page = np.asarray(frames.pasted(image, generator(seed), 0.5, [other]), float)
        inner = image.resize(
            (round(300 * 0.45**0.5), round(200 * 0.45**0.5)), Image.Resampling.BICUBIC
        )
        expected = np.asarray(inner, float)[::8, ::8]
        height, width = inner.height, inner.width
        least = min(
            np.abs(page[y : y + height : 8, x : x + width : 8] - expected).mean()
            for y in range(page.shape[0] - height + 1)
            for x in range(page.shape[1] - width + 1)
        )
        assert least < 3


@pytest.mark.parametrize(("strength", "count"), [(0.0, 2), (0.5, 3), (1.0, 4)])
def test_a_collage_shows_the_picture_once_among_others(strength: float, count: int) -> None:
    for seed in range(8):
        page = frames.collage(RED, generator(seed), strength, [BLUE])
        assert red_share(page) == pytest.approx(1 / count, abs=0.03)
    others = frames.collage(RED, generator(), strength)  # generated ones
    assert red_share(others) == pytest.approx(1 / count, abs=0.03)


@pytest.mark.parametrize("size", [(300, 200), (200, 300), (600, 100), (100, 600)])
def test_a_screenshot_shows_the_whole_picture_between_bars(size: tuple[int, int]) -> None:
    image = Image.new("RGB", size, "red")
    shares = []
    for strength in (0.0, 0.5, 1.0):
        page = frames.screenshot(image, generator(1), strength)
        pixels = (np.asarray(page) == (255, 0, 0)).all(axis=2)
        rows, columns = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
        box = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
        assert pixels[box[1] : box[3], box[0] : box[2]].all()  # nothing covers it
        seen = (box[2] - box[0]) / (box[3] - box[1])
        assert seen == pytest.approx(size[0] / size[1], rel=0.1)
        assert box[1] > 0
        assert box[3] < page.height
        shares.append(pixels.mean())
    assert shares[0] > shares[2]


def test_screens_differ_in_shade_and_clock() -> None:
    pages = {frames.screenshot(RED, generator(seed), 0.5).tobytes() for seed in range(6)}
    assert len(pages) > 4
    shades = {frames.screenshot(RED, generator(seed), 0.5).getpixel((0, 0)) for seed in range(8)}
    assert len(shades) == 2


def test_the_other_picture_is_unchanged() -> None:
    other = draw(5)
    before = other.tobytes()
    for seed in range(6):
        frames.pasted(RED, generator(seed), 0.5, [other])
        frames.collage(RED, generator(seed), 0.5, [other])
    assert other.tobytes() == before
    assert ImageOps.mirror(other).tobytes() != before
