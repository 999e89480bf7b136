from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lookalike.decode import MAX_SAMPLES, decode, decode_frames
from lookalike.decode.sequence import MAX_COUNT, count_gif_frames

from .files import chunk, photo, saved, tiff

SIZE = (120, 90)
BLACK = Image.new("RGB", SIZE, "black")
FORMATS = ["GIF", "PNG", "WEBP", "AVIF", "TIFF", "HEIF"]


def several(name: str, images: list[Image.Image]) -> bytes:
    return saved(images[0], name, save_all=True, append_images=images[1:])


def distance(pixels: np.ndarray[Any, Any], image: Image.Image) -> float:
    other = np.asarray(image.resize(pixels.shape[1::-1], Image.Resampling.BOX)).astype(np.int16)
    return float(np.abs(pixels.astype(np.int16) - other).mean())


@pytest.mark.parametrize("name", FORMATS)
def test_pages_and_frames_are_counted_and_sampled(name: str) -> None:
    images = [photo(seed) for seed in range(1, 5)]
    picture = decode(several(name, images))
    found = picture.properties
    assert (found.pages, found.frames) == ((1, 4) if name in FORMATS[:4] else (4, 1))
    assert distance(picture.pixels, images[0]) < 8
    assert len(picture.samples) == 3
    for sample, image in zip(picture.samples, images[1:], strict=True):
        assert max(sample.shape[:2]) <= 128
        assert sample.dtype == np.uint8
        assert distance(sample, image) < 8


@pytest.mark.parametrize("name", FORMATS)
def test_a_frame_that_shows_something_stands_for_a_file(name: str) -> None:
    """A blank first frame, one that is hardly there, then the picture."""
    faint = Image.blend(BLACK, photo(1), 0.03)
    picture = decode(several(name, [BLACK, faint, photo(1), photo(2)]))
    assert distance(picture.pixels, photo(1)) < 8
    assert len(picture.samples) == 3
    assert distance(picture.samples[-1], photo(2)) < 8


def test_alpha_of_a_later_page_counts() -> None:
    clear = Image.new("RGBA", SIZE)
    assert decode(several("TIFF", [photo().convert("RGBA"), clear])).properties.has_alpha


def test_a_file_of_blank_frames_is_its_first() -> None:
    blank = [Image.new("RGB", SIZE, (level, 0, 0)) for level in (0, 90, 180)]
    assert decode(several("GIF", blank)).pixels.max() == 0


def test_samples_are_few_and_evenly_spread() -> None:
    levels = [Image.new("L", (40, 30), 12 * n) for n in range(21)]
    picture = decode(several("TIFF", [photo().convert("L"), *levels]))
    assert picture.properties.pages == 22
    assert len(picture.samples) == MAX_SAMPLES
    found = [int(sample.mean()) // 12 + 1 for sample in picture.samples]
    assert found == [round(step * 21 / 8) for step in range(1, 9)]


def test_a_damaged_later_page_is_left_out() -> None:
    for name in ("TIFF", "GIF", "PNG"):
        images = [photo(seed) for seed in range(1, 4)]
        data = bytearray(several(name, images))
        at = len(data) * 5 // 6
        data[at : at + 40] = b"\xff" * 40
        picture = decode(bytes(data))
        assert distance(picture.pixels, images[0]) < 8
        assert len(picture.samples) <= 2


def test_a_truncated_animation_has_the_frames_that_are_there() -> None:
    data = several("GIF", [photo(seed) for seed in range(1, 6)])
    assert count_gif_frames(data) == 5
    assert 1 <= count_gif_frames(data[: len(data) // 2]) <= 3
    assert decode(data[: len(data) * 3 // 5]).properties.frames < 5


def test_ten_thousand_frames_cost_a_fixed_budget() -> None:
    large = saved(Image.new("P", (2000, 1500)), "GIF")
    start = large.index(b"\x2c")
    frame = large[start:-1]
    data = large[:-1] + frame * (MAX_COUNT + 50)
    began = time.perf_counter()
    picture = decode(data + b"\x3b")
    assert picture.properties.frames == MAX_COUNT
    assert time.perf_counter() - began < 20


def test_a_claim_of_many_frames_is_not_believed() -> None:
    png = several("PNG", [photo(1), photo(2)])
    at = png.index(b"acTL")
    data = png[: at - 4] + chunk(b"acTL", b"\x7f\xff\xff\xff\0\0\0\0") + png[at + 16 :]
    assert decode(data).properties.frames == 2


def test_a_bomb_among_the_pages_is_left_out() -> None:
    bomb = {
        256: (4, [60_000]),
        257: (4, [60_000]),
        258: (3, [8]),
        259: (3, [1]),
        262: (3, [1]),
        273: (4, [8]),
        277: (3, [1]),
        278: (4, [60_000]),
        279: (4, [4]),
    }
    small = {**bomb, 256: (4, [30]), 257: (4, [20]), 278: (4, [20]), 279: (4, [600])}
    picture = decode(tiff([small, bomb, small]) + bytes(600))
    assert (picture.width, picture.properties.pages, len(picture.samples)) == (30, 3, 1)


def test_the_sizes_of_an_icon_are_its_pages() -> None:
    data = saved(photo(), "ICO", sizes=[(16, 12), (64, 48), (100, 75)])
    picture = decode(data)
    assert (picture.width, picture.properties.pages, len(picture.samples)) == (100, 3, 2)
    assert [frame.shape[1] for frame in decode_frames(data)] == [100, 64, 16]
