from __future__ import annotations

import numpy as np
from PIL import Image

from lookalike.edits import overlay

from ..conftest import draw


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def covered(image: Image.Image, copy: Image.Image) -> float:
    """Return the share of pixels that differ."""
    return float((np.asarray(image) != np.asarray(copy)).any(axis=2).mean())


def test_bars_hold_text_and_the_picture_stays_complete() -> None:
    image = draw(1, (300, 200))
    heights = set()
    for seed in range(12):
        page = overlay.captioned(image, generator(seed), 1.0)
        heights.add(page.height)
        assert page.width == 300
        if page.height == 200:  # text on the picture
            assert 0.005 < covered(image, page) < 0.4
            continue
        assert page.crop((0, 48, 300, 248)).tobytes() == image.tobytes()
        for box in ((0, 0, 300, 48), (0, 248, 300, 296)):
            dark, light = page.crop(box).convert("L").getextrema()
            assert dark < 60  # ink
            assert light > 200  # and its background, or vice versa
    assert heights == {200, 296}


def test_a_light_caption_is_one_bar() -> None:
    heights = {
        overlay.captioned(draw(1, (300, 200)), generator(seed), 0.0).height for seed in range(12)
    }
    assert heights == {200, 220}


def test_captions_fit_the_width() -> None:
    for seed in range(20):
        page = overlay.captioned(Image.new("RGB", (200, 200), "red"), generator(seed), 0.5)
        if page.height == 200:
            continue
        bars = np.asarray(page.convert("L"), int)[:34]
        ground = bars[0, 0]
        assert (np.abs(bars[:, [0, 1, -2, -1]] - ground) < 100).all()


def test_a_watermark_is_translucent() -> None:
    image = draw(2, (300, 200))
    shares = []
    for strength in (0.0, 0.5, 1.0):
        of = [covered(image, overlay.watermarked(image, generator(s), strength)) for s in range(8)]
        assert min(of) > 0.002
        shares.append(np.mean(of))
    assert shares[0] < shares[1]
    assert shares[0] < shares[2] < 0.4
    black = Image.new("RGB", (300, 200))
    marks = [overlay.watermarked(black, generator(s), 1.0).getextrema()[0][1] for s in range(12)]
    assert max(marks) < 230


def test_stronger_stickers_cover_more() -> None:
    image = draw(3, (300, 200))
    light, strong = (
        np.mean([covered(image, overlay.sticker(image, generator(s), k)) for s in range(10)])
        for k in (0.0, 1.0)
    )
    assert 0.01 < light < 0.1
    assert 2 * light < strong < 0.4
    # A single one stays in a corner.
    alone = np.asarray(overlay.sticker(image, generator(), 0.0))
    assert (alone[75:125, 100:200] == np.asarray(image)[75:125, 100:200]).all()


def test_badges_are_drawn_once_and_never_changed() -> None:
    badge = overlay._badge(0, overlay._BADGES[0])
    before = badge.tobytes()
    overlay.sticker(draw(4), generator(), 1.0)
    assert overlay._badge(0, overlay._BADGES[0]) is badge
    assert badge.tobytes() == before
