from __future__ import annotations

import io
import struct
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from lookalike.decode import decode, decode_frames, inspect
from lookalike.errors import PictureError, UnsupportedFormatError

from .files import numbers_tiff, photo, saved, tiff

RGB = np.asarray(photo())
GREY = np.asarray(photo().convert("L"))
NUMBERS: list[tuple[Any, float]] = [
    (np.float32, 1 / 255),
    (np.float64, 1 / 255),
    (np.uint32, 2**24),
    (np.int32, 2**23),
    (np.int16, 100),
]


def stretched(picture: np.ndarray) -> np.ndarray:
    low, high = int(picture.min()), int(picture.max())
    return (picture.astype(np.float64) - low) * 255 / (high - low)


def off(pixels: np.ndarray, expected: np.ndarray) -> float:
    expected = expected if expected.ndim == 3 else np.repeat(expected[..., None], 3, axis=2)
    return float(np.abs(pixels - expected.astype(np.float64)).mean())


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("dtype", "scale"), NUMBERS)
@pytest.mark.parametrize("picture", [GREY, RGB])
def test_floats_and_32_bits(order: str, dtype: Any, scale: float, picture: np.ndarray) -> None:
    values = (picture * np.float64(scale)).astype(np.dtype(dtype).newbyteorder(order))
    data = numbers_tiff(values, 1 if picture.ndim == 2 else 2)
    expected = picture * (100 / 257) if dtype is np.int16 else stretched(picture)
    assert off(decode(data).pixels, expected) < 1
    (frame,) = decode_frames(data)
    assert off(frame / 257, expected) < 1
    if dtype is np.int16:
        return
    details = inspect(data)
    assert details.properties.bit_depth == 32
    low, high = map(float, details.metadata["range"].split())
    assert (low, high) == pytest.approx((values.min(), values.max()), rel=1e-6)


def test_numbers_that_are_not_finite() -> None:
    values = (RGB / 255).astype(np.float32)
    values[0, 0], values[0, 1] = np.nan, np.inf
    assert off(decode(numbers_tiff(values, 2)).pixels[1:], stretched(RGB)[1:]) < 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_page_of_floats_is_turned_upright(orientation: int) -> None:
    data = numbers_tiff((RGB / 255).astype(np.float32), 2, t274=(3, [orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = decode(saved(photo(), "PNG", exif=exif)).pixels
    picture = decode(data)
    assert off(picture.pixels, stretched(upright)) < 1
    assert (picture.height, picture.width) == upright.shape[:2]
    (frame,) = decode_frames(data)
    assert off(frame / 257, stretched(upright)) < 1


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
def test_lab(bits: int, compression: str | None) -> None:
    """Signed colours, in the upper byte of 16 bits; of 8 bits Pillow reads them."""
    lab = np.asarray(photo().convert("LAB"))
    if compression and bits == 16:
        done, blob = cv2.imencode(".tif", (lab.astype(np.uint16) << 8)[..., ::-1])
        assert done
        data = blob.tobytes().replace(
            b"\x06\x01\x03\0\x01\0\0\0\x02", b"\x06\x01\x03\0\x01\0\0\0\x08"
        )
    else:
        data = numbers_tiff(lab if bits == 8 else lab.astype(np.uint16) << 8, 8)
    assert off(decode(data).pixels, RGB) < 3
    assert decode(data).properties.bit_depth == bits


def test_planes_of_16_bits() -> None:
    planes = np.moveaxis(RGB.astype(np.uint16) * 257 // 2, 2, 0)
    tags: dict[str, Any] = {"t284": (3, [2]), "t258": (3, [16] * 3), "t277": (3, [3])}
    tags |= {"t257": (4, [90]), "t278": (4, [90]), "t339": (3, [1] * 3)}
    size = 90 * 120 * 2
    tags |= {"t273": (4, [0, size, 2 * size]), "t279": (4, [size] * 3)}
    data = numbers_tiff(planes.reshape(-1, 120), 2, **tags)
    assert off(decode(data).pixels, RGB // 2) < 1


def webp_tiff(image: Image.Image, rows: int = 40, side: int = 0) -> bytes:
    """Each strip or tile is a WebP."""
    width, height = image.size
    across, step = (side, side) if side else (width, rows)
    parts = []
    for top in range(0, height, step):
        for left in range(0, width, across):
            bottom = top + step if side else min(top + step, height)
            part = image.crop((left, top, left + across, bottom))
            parts.append(saved(part, "WEBP", lossless=True))
    tags: dict[int, tuple[int, Any]] = {
        256: (4, [width]), 257: (4, [height]), 258: (3, [8] * 3), 259: (3, [50001]), 262: (3, [2]), 277: (3, [3]),
    }  # fmt: skip
    starts, counts = (324, 325) if side else (273, 279)
    tags |= {322: (4, [side]), 323: (4, [side])} if side else {278: (4, [rows])}
    tags |= {starts: (4, [0] * len(parts)), counts: (4, [len(part) for part in parts])}
    at = len(tiff([tags]))
    tags[starts] = (4, [at + sum(map(len, parts[:number])) for number in range(len(parts))])
    return tiff([tags]) + b"".join(parts)


@pytest.mark.parametrize(("rows", "side"), [(90, 0), (40, 0), (0, 32)])
def test_webp_in_tiff(rows: int, side: int) -> None:
    data = webp_tiff(photo(), rows, side)
    assert np.array_equal(decode(data).pixels, RGB)
    (frame,) = decode_frames(data)
    assert np.array_equal(frame, RGB)
    with pytest.raises(PictureError, match="TIFF"):
        decode(data[: len(data) * 2 // 3])


def test_a_tile_of_webp_can_not_be_a_bomb() -> None:
    wide = webp_tiff(photo(size=(240, 180)), 180)
    says = struct.pack("<HHII", 256, 4, 1, 240), struct.pack("<HHII", 256, 4, 1, 120)
    with pytest.raises(PictureError, match="a tile is larger than it says"):
        decode(wide.replace(*says))


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (numbers_tiff((RGB / 255).astype(np.float16), 2), "3 channels of 16 bits"),
        (numbers_tiff(np.dstack([GREY, GREY]).astype(np.uint16) * 257, 1, t338=(3, [2])), "2 channels"),
        (numbers_tiff(RGB, 2, t259=(3, [34712])), "unknown compression: JPEG 2000"),
    ],
)  # fmt: skip
def test_other_kinds_are_named(data: bytes, what: str) -> None:
    with pytest.raises(UnsupportedFormatError, match=f"a kind of TIFF .*{what}"):
        decode(data)


def test_pages_of_several_kinds() -> None:
    """Bytes, floats and Lab, each of them the first, a later one, and one that is shown again."""
    floats = numbers_tiff((RGB / 255).astype(np.float32), 2)
    pages = [saved(photo(2), "TIFF"), floats, saved(photo(3), "TIFF")]
    data = joined(pages)
    frames = list(decode_frames(data))
    assert [frame.dtype for frame in frames] == [np.uint8, np.uint16, np.uint8]
    assert off(frames[1] / 257, stretched(RGB)) < 1
    assert np.array_equal(frames[2], np.asarray(photo(3)))
    picture = decode(data)
    assert (picture.properties.pages, len(picture.samples)) == (3, 2)
    assert np.array_equal(decode(joined(pages[1:])).pixels, decode(floats).pixels)


def test_floats_that_are_cut_short_are_refused() -> None:
    data = numbers_tiff((RGB / 255).astype(np.float32), 2)
    with pytest.raises(PictureError, match="damaged TIFF: its pixels can't be decoded"):
        decode(data[: len(data) // 2])


def joined(pages: list[bytes]) -> bytes:
    from PIL.TiffImagePlugin import AppendingTiffWriter

    file = io.BytesIO()
    with AppendingTiffWriter(file) as writer:
        for page in pages:
            writer.write(page)
            writer.newFrame()
    return file.getvalue()
