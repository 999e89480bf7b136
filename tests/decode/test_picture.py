from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from lookalike import decode
from lookalike.decode import picture as picture_module
from lookalike.errors import NotAPictureError, PictureError
from lookalike.types import Picture

from ..conftest import draw, soak

pillow_heif.register_heif_opener()
SIZE = (1200, 900)
FORMATS: list[tuple[str, dict[str, Any]]] = [
    ("JPEG", {"quality": 95}),
    ("JPEG", {"quality": 95, "progressive": True}),
    ("PNG", {}),
    ("WEBP", {"quality": 95}),
    ("GIF", {}),
    ("BMP", {}),
    ("TIFF", {}),
    ("TIFF", {"compression": "tiff_lzw"}),
    ("TIFF", {"compression": "jpeg", "quality": 95}),
    ("AVIF", {"quality": 95}),
    ("HEIF", {"quality": 95}),
    ("JPEG2000", {}),
]


def scene() -> Image.Image:
    """Make a smooth picture without symmetry, so that every turn and colour shows."""
    ramps = [Image.linear_gradient("L"), Image.radial_gradient("L"), Image.new("L", (256, 256), 90)]
    ramps[0] = ramps[0].rotate(30)
    return Image.merge("RGB", [ramp.resize(SIZE, Image.Resampling.BICUBIC) for ramp in ramps])


def saved(image: Image.Image, name: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def difference(picture: Picture, expected: Image.Image) -> float:
    small = (120, 90) if expected.width > expected.height else (90, 120)
    found = np.asarray(Image.fromarray(picture.pixels).resize(small), np.int16)
    return float(np.abs(found - np.asarray(expected.convert("RGB").resize(small))).mean())


@pytest.mark.parametrize(("name", "options"), FORMATS)
def test_every_format_is_known_by_content_and_decoded(name: str, options: dict[str, Any]) -> None:
    data = saved(scene(), name, **options)
    assert decode.sniff(data[: decode.HEAD_BYTES]) == name
    picture = decode.decode(data)
    assert (picture.width, picture.height) == SIZE
    assert picture.pixels.dtype == np.uint8
    assert min(picture.pixels.shape[:2]) >= decode.MIN_SIDE_PIXELS
    assert max(picture.pixels.shape[:2]) <= 4 * decode.MIN_SIDE_PIXELS
    assert difference(picture, scene()) < (3 if name == "GIF" else 1.5)


def test_the_largest_picture_of_an_ico_counts() -> None:
    picture = decode.decode(saved(scene(), "ICO", sizes=[(16, 12), (256, 192)]))
    assert (picture.width, picture.height) == (256, 192)
    assert difference(picture, scene()) < 2


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(name: str, orientation: int) -> None:
    turned = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = scene().transpose(turned[orientation]) if orientation in turned else scene()
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = decode.decode(saved(stored, name, exif=exif.tobytes()))
    assert (picture.width, picture.height) == SIZE
    assert difference(picture, scene()) < 2


def test_the_first_picture_of_an_animation_counts() -> None:
    frames = [scene(), draw(1, SIZE), draw(2, SIZE)]
    for name in ("GIF", "PNG", "WEBP", "TIFF", "AVIF"):
        data = saved(frames[0], name, save_all=True, append_images=frames[1:])
        assert difference(decode.decode(data), scene()) < 3, name


def test_grey_of_16_bits_keeps_its_range() -> None:
    grey = scene().convert("L")
    wide = Image.fromarray(np.asarray(grey, np.uint16) * 257)
    for name in ("TIFF", "PNG"):
        assert difference(decode.decode(saved(wide, name)), grey) < 1.5, name


def test_floating_point_and_32_bits_are_stretched() -> None:
    grey = scene().convert("L")
    floats = Image.fromarray(np.asarray(grey, np.float32) / 255 - 0.5)
    ints = Image.fromarray(np.asarray(grey, np.int32) * 1_000_000)
    low, high = grey.getextrema()
    stretched = grey.point(lambda value: (value - low) * 255 / (high - low))
    for image in (floats, ints):
        assert difference(decode.decode(saved(image, "TIFF")), stretched) < 1.5


@pytest.mark.parametrize("name", ["JPEG", "TIFF"])
def test_cmyk(name: str) -> None:
    data = saved(scene().convert("CMYK"), name, **({"quality": 95} if name == "JPEG" else {}))
    assert difference(decode.decode(data), scene()) < 1.5


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGBA", "YCbCr", "LAB", "I;16", "F"])
def test_every_mode_of_a_pil_image_gives_rgb(mode: str) -> None:
    image = Image.new("I;16", (40, 30), 999) if mode == "I;16" else scene().convert(mode)
    assert decode.from_image(image).pixels.shape[2] == 3


def test_transparent_pixels_become_white() -> None:
    image = scene()
    image.putalpha(Image.new("L", SIZE, 128))
    expected = Image.blend(Image.new("RGB", SIZE, "white"), scene(), 128 / 255)
    assert difference(decode.decode(saved(image, "PNG")), expected) < 1.5
    clear = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    assert decode.decode(saved(clear, "WEBP", lossless=True)).pixels.min() == 255
    palette = scene().quantize(16)
    black = Image.new("P", (64, 64), 0)
    black.putpalette(palette.getpalette() or [])
    assert decode.decode(saved(black, "PNG", transparency=0)).pixels.min() == 255
    grey = Image.new("L", (64, 64), 7)
    assert decode.decode(saved(grey, "PNG", transparency=7)).pixels.min() == 255


def test_colour_profiles_become_srgb() -> None:
    """Colours stay the same when written in another space with its profile."""
    # sRGB with exchanged red and green primaries: a profile that can't be passed over unnoticed.
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    red, green = srgb.find(b"rXYZ"), srgb.find(b"gXYZ")
    swapped = bytearray(srgb)
    swapped[red : red + 4], swapped[green : green + 4] = b"gXYZ", b"rXYZ"
    r, g, b = scene().split()
    data = saved(Image.merge("RGB", (g, r, b)), "PNG", icc_profile=bytes(swapped))
    assert difference(decode.decode(data), scene()) < 3
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    data = saved(scene(), "PNG", icc_profile=lab)  # a profile of another colour model is ignored
    assert difference(decode.decode(data), scene()) < 1.5
    data = saved(scene(), "PNG", icc_profile=b"\0" * 500)
    assert difference(decode.decode(data), scene()) < 1.5


def test_jpegs_are_decoded_at_reduced_size(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []
    finish = picture_module.to_picture
    monkeypatch.setattr(
        picture_module,
        "to_picture",
        lambda image, *a: loaded.append(image.size) or finish(image, *a),
    )
    for name in ("JPEG", "JPEG2000"):
        picture = decode.decode(saved(scene().resize((4000, 3000)), name))
        assert (picture.width, picture.height) == (4000, 3000)
    assert loaded == [(1000, 750), (1000, 750)]


def test_jpeg_2000_with_too_few_levels() -> None:
    data = saved(scene().resize((4000, 3000)), "JPEG2000", num_resolutions=1)
    assert difference(decode.decode(data), scene()) < 1.5


@pytest.mark.parametrize(("name", "options"), FORMATS)
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_truncated_files_are_refused(name: str, options: dict[str, Any], share: float) -> None:
    data = saved(draw(3, SIZE), name, **options)
    with pytest.raises(PictureError, match=f"^(truncated: the {name} ends|damaged {name}: .)"):
        decode.decode(data[: int(len(data) * share)])


@pytest.mark.parametrize(("name", "options"), FORMATS)
def test_damaged_bytes_are_refused_or_decoded(name: str, options: dict[str, Any]) -> None:
    data = saved(draw(4, (200, 150)), name, **options)
    rng = np.random.default_rng(0)
    outcomes = set()
    for _ in range(soak(60, 2_000)):
        damaged = np.frombuffer(data, np.uint8).copy()
        damaged[rng.integers(12, len(data), 8)] = rng.integers(0, 256, 8)
        try:
            outcomes.add(decode.decode(damaged.tobytes()).pixels.ndim)
        except PictureError as error:
            outcomes.add(str(error)[:0])
    assert outcomes <= {3, ""}


def png_header(width: int, height: int) -> bytes:
    """Make a PNG that claims a size and holds almost nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("width", "height", "reason"),
    [
        (60_000, 60_000, "too large: 60000 x 60000 is over 200 megapixels"),
        (20_001, 10_000, "too large"),
        (100_000, 1, "too narrow: 100000 x 1 is over 100 to 1"),
        (1, 101, "too narrow"),
        (20_000, 10_000, "truncated"),  # 200 megapixels are welcome, were they there
    ],
)
def test_limits_of_size(width: int, height: int, reason: str) -> None:
    with pytest.raises(PictureError, match=reason):
        decode.decode(png_header(width, height))


def test_a_progressive_jpeg_cannot_take_hours() -> None:
    data = saved(Image.new("RGB", (8000, 8000)), "JPEG", progressive=True)
    scan = data[data.rindex(b"\xff\xda") : -2]
    with pytest.raises(PictureError, match="too much work: 1010 scans of 8000 x 8000"):
        decode.decode(data[:-2] + scan * 1000 + data[-2:])


def test_absurd_exif_does_not_lose_the_picture() -> None:
    for exif in (
        b"Exif\0\0" + b"\xff" * 4000,
        b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01\x03\0\xff\xff\xff\xff" * 900,
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x63\0\0\0\0\0\0\0",  # turned by 99
    ):
        picture = decode.decode(saved(scene(), "JPEG", quality=95, exif=exif))
        assert (picture.width, picture.height) == SIZE
        assert difference(picture, scene()) < 1.5


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"%PDF-1.7",
        b"BM is how this text begins, no bitmap at all",
        b"\0" * 100,
        b"\0\0\0\x20ftypisom\0\0\0\0isommp42" + b"\0" * 20,
    ],
)
def test_other_files_are_no_pictures(data: bytes) -> None:
    with pytest.raises(NotAPictureError):
        decode.decode(data)


def test_postscript_is_not_handed_to_ghostscript() -> None:
    with pytest.raises(NotAPictureError):
        decode.decode(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n")


def test_limits_hold_for_pil_images() -> None:
    with pytest.raises(PictureError, match="too narrow"):
        decode.from_image(Image.new("L", (1000, 1)))
