from __future__ import annotations

import numpy as np
import pytest

from lookalike.decode import inspect
from lookalike.decode.quality import jpeg_quality, subsampling

from .files import photo, saved


@pytest.mark.parametrize("quality", [1, 10, 35, 50, 60, 75, 85, 92, 95, 99, 100])
def test_the_quality_of_a_jpeg(quality: int) -> None:
    for image in (photo(), photo().convert("L")):
        assert inspect(saved(image, "JPEG", quality=quality)).quality == quality


def test_other_tables_have_a_quality_too() -> None:
    table = [8 + n // 4 for n in range(64)]
    quality = inspect(saved(photo(), "JPEG", qtables=[table, table])).quality
    assert quality is not None
    assert 70 <= quality <= 95


@pytest.mark.parametrize(("option", "name"), [(0, "4:4:4"), (1, "4:2:2"), (2, "4:2:0")])
def test_subsampling(option: int, name: str) -> None:
    assert inspect(saved(photo(), "JPEG", subsampling=option)).subsampling == name
    assert inspect(saved(photo().convert("L"), "JPEG")).subsampling is None


@pytest.mark.parametrize(
    ("name", "options", "is_lossless"),
    [
        ("JPEG", {"quality": 100}, False),
        ("PNG", {}, True),
        ("GIF", {}, True),
        ("BMP", {}, True),
        ("WEBP", {"lossless": True}, True),
        ("WEBP", {"quality": 90}, False),
        ("AVIF", {}, False),
        ("HEIF", {}, False),
        ("TIFF", {}, True),
        ("TIFF", {"compression": "tiff_lzw"}, True),
        ("TIFF", {"compression": "jpeg"}, False),
        ("JPEG2000", {}, True),
        ("JPEG2000", {"irreversible": True}, False),
    ],
)
def test_what_loses_something(name: str, options: dict[str, object], is_lossless: bool) -> None:
    details = inspect(saved(photo(), name, **options))
    assert (details.format, details.is_lossless) == (name, is_lossless)
    assert (details.quality is None) == (name != "JPEG")


@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 80}])
def test_animated_webp(options: dict[str, object]) -> None:
    data = saved(photo(1), "WEBP", save_all=True, append_images=[photo(2)], **options)
    assert inspect(data).is_lossless == ("lossless" in options)


def test_damaged_tables_are_no_error() -> None:
    data = saved(photo(), "JPEG")
    rng = np.random.default_rng(0)
    for _ in range(50):
        damaged = bytearray(data)
        for at in rng.integers(20, 200, 3):
            damaged[at] = int(rng.integers(0, 256))
        assert (jpeg_quality(bytes(damaged)) or 50) in range(1, 101)
        subsampling(bytes(damaged))
