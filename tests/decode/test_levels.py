from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from lookalike.decode import decode, decode_frames, from_image, inspect, to_png
from lookalike.decode.levels import spread

from .files import chunk, numbers_tiff, photo, with_chunks

GREY = np.asarray(photo().convert("L"))
RGB = np.asarray(photo())
DEPTHS = [8, 10, 12]


def of_bits(values: np.ndarray, bits: int) -> np.ndarray:
    return (values.astype(np.uint32) * ((1 << bits) - 1) // 255).astype(np.uint16)


def off(pixels: np.ndarray, expected: np.ndarray) -> float:
    expected = expected if expected.ndim == 3 else np.repeat(expected[..., None], 3, axis=2)
    return float(np.abs(pixels.astype(np.int16) - expected).mean())


def png(values: np.ndarray) -> bytes:
    done, data = cv2.imencode(".png", values[..., ::-1] if values.ndim == 3 else values)
    assert done
    return data.tobytes()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [*DEPTHS, 16])
def test_white_is_zero_of_16_bits(order: str, bits: int) -> None:
    values = of_bits(255 - GREY, bits).astype(f"{order}u2")
    data = numbers_tiff(values, 0)
    assert off(decode(data).pixels, GREY) < 1
    (frame,) = decode_frames(data)
    assert off(frame // 257 if frame.dtype == np.uint16 else frame, GREY) < 1


@pytest.mark.parametrize("bits", DEPTHS)
@pytest.mark.parametrize("name", ["PNG", "TIFF"])
@pytest.mark.parametrize("picture", [GREY, RGB])
def test_few_bits_in_16_are_read_by_their_range(bits: int, name: str, picture: np.ndarray) -> None:
    values = of_bits(picture, bits)
    data = png(values) if name == "PNG" else numbers_tiff(values, 1 if picture.ndim == 2 else 2)
    found = decode(data)
    assert off(found.pixels, picture) < 1
    assert found.properties.bit_depth == (8 if bits == 8 else 16)
    (frame,) = decode_frames(data)
    assert frame.dtype == (np.uint8 if bits == 8 else np.uint16)
    assert off(frame // 257 if bits > 8 else frame, picture) < 1


def test_a_file_says_how_many_bits_it_uses() -> None:
    """Night: the file says that its bits are more than its light needs."""
    night = GREY // 32
    said = (
        with_chunks(png(of_bits(night, 12)), chunk(b"sBIT", b"\x0c")),
        numbers_tiff(of_bits(night, 12), 1, t281=(3, [4095])),
        numbers_tiff(of_bits(night, 16), 1, t281=(3, [65535])),
        with_chunks(png(of_bits(night, 16)), chunk(b"sBIT", b"\x10")),
    )
    for data in said:
        assert off(decode(data).pixels, night) < 1
    # By the standard, PNG keeps what it says in the upper bits.
    data = with_chunks(png(of_bits(RGB, 16)), chunk(b"sBIT", b"\x0a\x0a\x0a"))
    assert off(decode(data).pixels, RGB) < 1


@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize("picture", [GREY, RGB])
def test_bits_that_are_packed(bits: int, picture: np.ndarray) -> None:
    values = of_bits(picture, bits).reshape(len(picture), -1)
    text = ["".join(f"{value:0{bits}b}" for value in row) for row in values.tolist()]
    rows = b"".join(int(row, 2).to_bytes(len(row) // 8, "big") for row in text)
    packed = np.frombuffer(rows, np.uint8).reshape(len(picture), -1)
    channels = 1 if picture.ndim == 2 else 3
    for night in (1, 0):
        tags = {
            "t256": (4, [picture.shape[1]]),
            "t258": (3, [bits] * channels),
            "t277": (3, [channels]),
            "t339": (3, [1] * channels),
        }
        data = numbers_tiff(packed, 2 if channels == 3 else night, **tags)
        expected = picture if channels == 3 or night else 255 - picture
        assert off(decode(data).pixels, expected) < 1


@pytest.mark.parametrize("dtype", [np.uint16, np.int32])
@pytest.mark.parametrize("bits", [*DEPTHS, 16])
def test_pil_images_are_read_by_their_range(dtype: type, bits: int) -> None:
    image = Image.fromarray(of_bits(GREY, bits).astype(dtype))
    assert image.mode == ("I;16" if dtype is np.uint16 else "I")
    assert off(from_image(image).pixels, GREY) < 1
    assert off(decode(to_png(image)).pixels, GREY) < 1


def test_a_turned_page_of_dark_colours_is_turned_once() -> None:
    data = numbers_tiff(of_bits(RGB, 10), 2, t274=(3, [6]))
    assert off(decode(data).pixels, np.rot90(RGB, -1)) < 1


def test_alpha_stays_where_colours_are_spread() -> None:
    alpha = np.full(GREY.shape, 0xFFFF, np.uint16)
    alpha[:10] = 0
    values = np.dstack([of_bits(RGB, 10), alpha])
    done, data = cv2.imencode(".png", values[..., [2, 1, 0, 3]])
    assert done
    (frame,) = decode_frames(data.tobytes())
    assert off(frame[..., :3] // 257, RGB) < 1
    assert np.array_equal(frame[..., 3], alpha)


def test_spread_reaches_both_ends() -> None:
    for bits in range(8, 17):
        ends = np.array([0, (1 << bits) - 1], np.uint16)
        assert spread(ends, bits).tolist() == [0, 0xFFFF]


def test_sixteen_bits_that_are_used_stay_as_they_are() -> None:
    values = of_bits(GREY, 16)
    values[0, 0] = 4097
    assert inspect(png(values)).properties.bit_depth == 16
    (frame,) = decode_frames(png(values))
    assert np.array_equal(frame[..., 0], values)
