from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from lookalike.decode import decode
from lookalike.decode.properties import find_video

from .files import VIDEO, XMP_HEAD, photo, saved, segment, with_segments, xmp

MOTION = segment(0xE1, XMP_HEAD + xmp('GCamera:MotionPhoto="1">'))


def has_video(data: bytes) -> bool:
    return decode(data).properties.has_video


def test_videos_after_the_end_of_a_jpeg() -> None:
    jpeg = saved(photo(), "JPEG")
    assert has_video(jpeg + VIDEO)
    assert has_video(with_segments(jpeg, MOTION) + VIDEO)
    assert has_video(jpeg + b"MotionPhoto_Data" + VIDEO + b"SEFH\x6b\0\0\0\0\0\0\0SEFT")
    assert has_video(with_segments(jpeg, MOTION) + VIDEO + b"\xff\xd9")


def test_what_only_speaks_of_a_video_holds_none() -> None:
    jpeg = saved(photo(), "JPEG")
    assert not has_video(jpeg)
    assert not has_video(with_segments(jpeg, MOTION))
    assert not has_video(jpeg + b"the word ftyp, and more of it" * 9)
    assert not has_video(jpeg + b"\0" * 500)


@pytest.mark.parametrize("name", ["HEIF", "AVIF"])
def test_videos_in_heif(name: str) -> None:
    data = saved(photo(), name)
    assert not has_video(data)
    box = (len(VIDEO) + 8).to_bytes(4, "big") + b"mpvd" + VIDEO
    assert has_video(data + box)
    assert has_video(data + b"MotionPhoto_Data" + VIDEO)
    assert not has_video(data + (900).to_bytes(4, "big") + b"free" + bytes(892))
    track = (16).to_bytes(4, "big") + b"moov" + bytes(8)
    assert has_video(data + track) == (name == "HEIF")


def test_random_bytes_hold_no_video() -> None:
    rng = np.random.default_rng(0)
    data = rng.bytes(100_000).replace(b"ftyp", b"") + b"ftyp" + rng.bytes(100) + b"ftyp"
    assert find_video(data, 0) is None


def test_bits_that_carry_something() -> None:
    eight = np.asarray(photo().convert("L")).astype(np.uint16)
    noise = np.random.default_rng(0).integers(0, 256, eight.shape).astype(np.uint16)
    for low, depth in ((0, 8), (eight, 8), (noise, 16), (noise & 0xF0, 12)):
        for name in ("PNG", "TIFF"):
            image = Image.fromarray(((eight << 8) + low).astype(np.uint16))
            assert decode(saved(image, name)).properties.bit_depth == depth, (name, depth)


def test_numbers_of_32_bits() -> None:
    grey = np.asarray(photo().convert("L"))
    for values, depth in (
        (grey.astype(np.float32), 8),
        (grey.astype(np.float32) / 7, 32),
        (grey.astype(np.int32), 8),
        (grey.astype(np.int32) * 1_000_000, 32),
        (np.full((9, 9), np.nan, np.float32), 32),
    ):
        assert decode(saved(Image.fromarray(values), "TIFF")).properties.bit_depth == depth


def test_alpha_counts_only_where_something_is_transparent() -> None:
    opaque = photo().convert("RGBA")
    clear = opaque.copy()
    clear.putpixel((3, 3), (0, 0, 0, 254))
    for name, options in (("PNG", {}), ("WEBP", {"lossless": True}), ("TIFF", {})):
        assert not decode(saved(opaque, name, **options)).properties.has_alpha
        assert decode(saved(clear, name, **options)).properties.has_alpha
    palette = photo().quantize(16)
    assert not decode(saved(palette, "GIF")).properties.has_alpha
    assert decode(saved(palette, "GIF", transparency=palette.getpixel((0, 0)))).properties.has_alpha
