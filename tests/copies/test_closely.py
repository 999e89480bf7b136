from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from lookalike.copies.closely import look_closely
from lookalike.types import Match

from ..conftest import busy
from .drawn import covers, matched, photo, saved, side

SIZE = (900, 600)


def closely(query: Image.Image, target: Image.Image) -> Match:
    return look_closely(matched(query, target), side(query), side(target))


def form(*, digit: str = "7", tick: bool = False, name: str = "A. Berg") -> Image.Image:
    """Draw a form of small print, with what may change in it."""
    image = Image.new("RGB", SIZE, "white")
    pen = ImageDraw.Draw(image)
    text = ImageFont.load_default(20)
    for line in range(16):
        words = f"{line + 1}. Please enter all that applies to item {line * 37 % 100}"
        pen.text((40, 30 + 34 * line), words, "black", text)
        pen.rectangle((650, 32 + 34 * line, 670, 52 + 34 * line), outline="black", width=2)
    pen.text((740, 30), f"No. 48{digit}1", "black", text)
    pen.text((740, 500), name, "black", text)
    if tick:
        pen.line((653, 344, 659, 352, 669, 335), fill="black", width=3)
    return image


DIGIT, TICK, NAME = (770, 30, 70, 28), (650, 332, 25, 25), (735, 495, 90, 35)


@pytest.mark.parametrize("quality", [0, 80])
@pytest.mark.parametrize(
    ("changed", "place"),
    [
        (form(digit="1"), DIGIT),
        (form(tick=True), TICK),
        (form(name="J. Falk"), NAME),
    ],
)
def test_a_digit_a_tick_and_a_name_are_found(
    changed: Image.Image, place: tuple[float, ...], quality: int
) -> None:
    query, target = (saved(i, quality) if quality else i for i in (changed, form()))
    result = closely(query, target)
    assert 0 < result.differences.share < 0.02
    assert covers(result.differences.boxes, place)


def test_one_digit_is_found_in_a_smaller_copy() -> None:
    query = form(digit="1").resize((720, 480), Image.Resampling.LANCZOS)
    result = closely(saved(query, 85), form())
    assert covers(result.differences.boxes, DIGIT)
    (box, *_) = result.differences.boxes
    assert np.allclose(np.array(box.query) / 0.8, box.target, atol=2)


@pytest.mark.parametrize(
    "edit",
    [
        lambda image: saved(image, 60),
        lambda image: image.resize((600, 400), Image.Resampling.LANCZOS),
        lambda image: saved(image.resize((450, 300), Image.Resampling.BICUBIC), 80),
        lambda image: image.crop((0, 0, 899, 599)).reduce(2),
        lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        lambda image: image.point(lambda value: 20 + 0.85 * value),
    ],
)
@pytest.mark.parametrize("draw", [form, lambda: photo("dalmatian/image_0007", SIZE)])
def test_a_plain_copy_has_no_places(
    edit: Callable[[Image.Image], Image.Image], draw: Callable[[], Image.Image]
) -> None:
    """A picture that was enlarged before, too: the finer grids show nothing new."""
    original = draw()
    for query, target in ((edit(original), original), (original, edit(original))):
        result = closely(query, target)
        assert (result.differences.share, result.differences.boxes) == (0, ())


def test_grain_is_no_difference() -> None:
    rng = np.random.default_rng(1)
    original = photo("elephant/image_0001", SIZE)
    grain = rng.normal(0, 9, (*SIZE[::-1], 3))
    noisy = Image.fromarray((np.asarray(original) + grain).clip(0, 255).astype(np.uint8))
    for copy in (saved(noisy, 80), noisy.resize((450, 300), Image.Resampling.LANCZOS)):
        assert closely(copy, noisy).differences.boxes == ()


def test_what_verify_found_about_pages_stays() -> None:
    picture = busy(1, (300, 200))
    match = matched(picture, picture)
    match = replace(match, differences=replace(match.differences, pages=0.5))
    assert look_closely(match, side(picture), side(picture)).differences.pages == 0.5


def test_many_small_places_take_no_long_time() -> None:
    """A page of dots, half of which moved: each is looked at on its own."""
    pages = []
    for shift in (0, 12):
        page = photo("dalmatian/image_0007", SIZE)
        pen = ImageDraw.Draw(page)
        for k, (x, y) in enumerate((x, y) for y in range(10, 590, 24) for x in range(10, 880, 24)):
            left = x + shift * (k % 2)
            pen.rectangle((left, y, left + 4, y + 4), fill="black")
        pages.append(page)
    match = matched(pages[0], pages[0])
    started = time.process_time()
    found = look_closely(match, side(pages[0]), side(pages[1])).differences
    assert time.process_time() - started < 4
    assert found.share > 0.01
