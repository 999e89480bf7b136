from __future__ import annotations

import io
import struct

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image

from lookalike.decode import decode, decode_frames, limits
from lookalike.errors import PictureError, UnsupportedFormatError

from .files import chunk, noise, photo, saved, with_chunks

SHAPE = (90, 120, 3)


def frames(data: bytes) -> list[np.ndarray]:
    return list(decode_frames(data))


def deep() -> np.ndarray:
    """A picture whose low bytes carry something."""
    return (np.asarray(photo()).astype(np.uint16) << 8) | noise(SHAPE, 256)


def encoded(values: np.ndarray, suffix: str, *options: int) -> bytes:
    done, data = cv2.imencode(suffix, values[..., [2, 1, 0, *range(3, values.shape[2])]], options)
    assert done
    return data.tobytes()


@pytest.mark.parametrize("name", ["PNG", "BMP", "TIFF", "WEBP"])
def test_every_pixel_at_full_size(name: str) -> None:
    large = photo(size=(1000, 920))
    options = {"lossless": True} if name == "WEBP" else {}
    (found,) = frames(saved(large, name, **options))
    assert np.array_equal(found, np.asarray(large))


@pytest.mark.parametrize("name", ["JPEG", "JPEG2000", "HEIF", "AVIF"])
def test_no_reduced_decoding(name: str) -> None:
    assert frames(saved(photo(size=(1000, 920)), name))[0].shape == (920, 1000, 3)


@pytest.mark.parametrize("name", ["GIF", "PNG", "WEBP", "AVIF", "TIFF", "HEIF"])
def test_all_pages_and_frames(name: str) -> None:
    images = [photo(seed) for seed in (1, 2, 3)]
    found = frames(saved(images[0], name, save_all=True, append_images=images[1:]))
    assert len(found) == 3
    for frame, image in zip(found, images, strict=True):
        assert frame.shape == SHAPE
        assert np.abs(frame.astype(np.int16) - np.asarray(image)).mean() < 10


def test_frames_are_composited() -> None:
    """The second frame only stores what changes."""
    first, second = photo(1), photo(1)
    second.paste("red", (10, 10, 30, 30))
    data = saved(first, "PNG", save_all=True, append_images=[second])
    assert np.array_equal(frames(data)[1], np.asarray(second))


def test_alpha_is_kept_where_it_is_not_opaque() -> None:
    image = photo().convert("RGBA")
    assert frames(saved(image, "PNG"))[0].shape == SHAPE
    image.putpixel((3, 4), (1, 2, 3, 77))
    found = frames(saved(image, "PNG"))[0]
    assert found.shape == (90, 120, 4)
    assert np.array_equal(found, np.asarray(image))


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jp2"])
def test_sixteen_bits(suffix: str) -> None:
    options = (cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, 1000) if suffix == ".jp2" else ()
    found = frames(encoded(deep(), suffix, *options))[0]
    assert found.dtype == np.uint16
    assert np.array_equal(found, deep())
    empty = deep() & 0xFF00
    if suffix != ".jp2":
        assert frames(encoded(empty, suffix))[0].dtype == np.uint8


def test_sixteen_bits_with_alpha_and_of_a_second_page() -> None:
    values = np.dstack([deep(), np.full(SHAPE[:2], 30_000, np.uint16)])
    found = frames(encoded(values, ".png"))[0]
    assert (found.dtype, found.shape) == (np.uint16, (90, 120, 4))
    done, data = cv2.imencodemulti(".tif", [deep(), deep()[::-1]])
    assert done
    assert np.array_equal(frames(data.tobytes())[1], deep()[::-1, :, ::-1])


def test_ten_bits() -> None:
    values = deep() & 0xFFC0
    file = io.BytesIO()
    pillow_heif.from_bytes("RGB;16", (120, 90), values.tobytes()).save(file, quality=95)
    heif = frames(file.getvalue())[0]
    avif = frames(encoded(values >> 6, ".avif", cv2.IMWRITE_AVIF_DEPTH, 10))[0]
    for found in (heif, avif):
        assert found.dtype == np.uint16
        assert np.abs(found.astype(np.int32) - values).mean() < 1000


def test_sixteen_bits_are_turned_upright_and_colour_managed() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    grey = Image.fromarray(deep()[..., 0])
    for name in ("PNG", "TIFF"):
        found = frames(saved(grey, name, exif=exif.tobytes()))[0]
        assert found.dtype == np.uint16
        assert np.array_equal(found[..., 0], np.rot90(deep()[..., 0], -1))
    from PIL import ImageCms

    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = profile.find(b"rXYZ"), profile.find(b"gXYZ")
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    import zlib

    swapped = with_chunks(
        encoded(deep(), ".png"), chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(profile)))
    )
    found = frames(swapped)[0]
    assert np.abs(found.astype(np.int32) - deep()[..., [1, 0, 2]]).max() < 3 * 257


def test_numbers_of_32_bits_keep_16() -> None:
    values = np.arange(90 * 120, dtype=np.float32).reshape(90, 120) / 3
    found = frames(saved(Image.fromarray(values), "TIFF"))[0]
    assert found.dtype == np.uint16
    assert len(np.unique(found)) == 90 * 120


def test_the_same_errors_as_decode() -> None:
    with pytest.raises(UnsupportedFormatError):
        frames(b"IIRO" + bytes(100))
    data = saved(photo(1), "TIFF", save_all=True, append_images=[photo(2)], compression="tiff_lzw")
    damaged = data[: len(data) * 3 // 5] + b"\xff" * (len(data) // 4) + data[len(data) * 17 // 20 :]
    decode(damaged)
    with pytest.raises(PictureError):
        frames(damaged)
    chain = b"II*\0\x08\0\0\0" + b"".join(
        struct.pack("<HI", 0, 14 + 6 * number) for number in range(20_000)
    )
    with pytest.raises(PictureError):
        frames(chain)


def test_two_large_files_can_be_read_in_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LARGE_PIXELS", 1000)
    large = saved(photo(), "PNG")
    pairs = list(zip(decode_frames(large), decode_frames(large), strict=True))
    assert len(pairs) == 1
