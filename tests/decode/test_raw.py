from __future__ import annotations

import struct

import numpy as np
import pytest

from lookalike.decode import decode
from lookalike.decode.tiff import Tiff
from lookalike.errors import UnsupportedFormatError

from .files import photo, picture_tags, raw_tags, saved, tiff


def raw_file(make: bytes = b"NIKON CORPORATION", **changes: object) -> bytes:
    """A raw file as cameras write it: a thumbnail first, the sensor's data below it."""
    thumbnail = {**picture_tags(photo(size=(16, 12))), 254: (4, [1]), 271: (2, make + b"\0")}
    return tiff([thumbnail, raw_tags(**changes)], {0: [1]}) + bytes(1000)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (b"NIKON CORPORATION", "Nikon NEF"),
        (b"SONY", "Sony ARW"),
        (b"PENTAX Corporation", "Pentax PEF"),
        (b"Hasselblad", "Hasselblad 3FR"),
        (b"SAMSUNG", "Samsung SRW"),
        (b"EASTMAN KODAK COMPANY", "Kodak KDC"),
        (b"SEIKO EPSON CORP.", "Epson ERF"),
        (b"Mamiya-OP Co.,Ltd.", "Mamiya MEF"),
        (b"ACME", "ACME RAW"),
        (b"", "RAW"),
    ],
)
def test_raw_files_are_told_by_their_directories(make: bytes, name: str) -> None:
    with pytest.raises(UnsupportedFormatError, match=rf"a camera's raw file \({name}\)") as caught:
        decode(raw_file(make))
    assert caught.value.format == name.rsplit(maxsplit=1)[-1]


@pytest.mark.parametrize(
    "changes",
    [
        {"photometric": 34892},
        {"photometric": 2, "compression": 34713},
        {"photometric": 1, "compression": 65535},
        {"photometric": 1, "compression": 7},
    ],
)
def test_raw_by_photometry_or_compression(changes: dict[str, int]) -> None:
    with pytest.raises(UnsupportedFormatError):
        decode(raw_file(**changes))


def test_raw_in_the_chain_and_deeper_below() -> None:
    small = picture_tags(photo(size=(16, 12)))
    for data in (
        tiff([small, small, raw_tags()]),
        tiff([small, small, raw_tags()], {0: [1, 2]}),
        tiff([small, raw_tags(), small], {0: [2], 2: [1]}),
    ):
        with pytest.raises(UnsupportedFormatError):
            decode(data + bytes(1000))


def test_a_dng_of_an_ordinary_picture_is_raw() -> None:
    data = tiff([{**picture_tags(photo(size=(16, 12))), 50706: (1, [1, 4, 0, 0])}]) + bytes(1000)
    with pytest.raises(UnsupportedFormatError, match=r"\(DNG\)"):
        decode(data)


def test_cr2_and_iiq_by_their_headers() -> None:
    plain = raw_file(photometric=2)
    cr2 = plain[:4] + struct.pack("<I", 16) + b"CR\x02\0" + bytes(4)
    with pytest.raises(UnsupportedFormatError, match="Canon CR2"):
        decode(cr2 + plain[8:])
    with pytest.raises(UnsupportedFormatError, match="Phase One IIQ"):
        decode(plain[:8] + b"IIII\x00waR" + plain[8:])


def test_ordinary_tiffs_are_read() -> None:
    """With EXIF of a camera, several pages, a thumbnail, a pyramid, 16 bits."""
    exif = photo().getexif()
    exif[271], exif[50708] = "NIKON CORPORATION", "D1"
    assert decode(saved(photo(), "TIFF", exif=exif)).width == 120
    pages = saved(photo(), "TIFF", save_all=True, append_images=[photo(2), photo(3)])
    assert decode(pages).properties.pages == 3
    assert decode(saved(photo(), "TIFF", compression="jpeg")).width == 120


def test_a_thumbnail_in_front_does_not_stand_for_the_picture() -> None:
    full, small = photo(size=(80, 60)), photo(2, size=(16, 12))
    pixels = [np.asarray(small).tobytes(), np.asarray(full).tobytes()]
    tags = [{**picture_tags(small), 254: (4, [1])}, picture_tags(full)]
    start = len(tiff(tags))
    tags[0][273], tags[1][273] = (4, [start]), (4, [start + len(pixels[0])])
    for below in ({}, {0: [1]}):
        data = tiff(tags, below)
        shift = len(data) - start
        for one in tags:
            one[273] = (4, [one[273][1][0] + shift])
        data = tiff(tags, below) + b"".join(pixels)
        for one in tags:
            one[273] = (4, [one[273][1][0] - shift])
        picture = decode(data)
        assert (picture.width, picture.height, picture.properties.pages) == (80, 60, 1)
        assert np.array_equal(picture.pixels, np.asarray(full))


def test_a_pyramid_is_one_page() -> None:
    full = photo(size=(80, 60))
    tags = [picture_tags(full), {**picture_tags(photo(size=(16, 12))), 254: (4, [1])}]
    start = len(tiff(tags))
    tags[0][273] = tags[1][273] = (4, [start])
    picture = decode(tiff(tags) + np.asarray(full).tobytes())
    assert (picture.width, picture.properties.pages, picture.samples) == (80, 1, ())


def test_loops_and_absurd_directories_end() -> None:
    looped = bytearray(tiff([picture_tags(photo(size=(16, 12)))]) + bytes(1000))
    first = Tiff(bytes(looped)).first
    count = struct.unpack_from("<H", looped, first)[0]
    struct.pack_into("<I", looped, first + 2 + 12 * count, first)
    assert decode(bytes(looped)).properties.pages == 1
    many = tiff([{**picture_tags(photo(size=(16, 12))), 330: (4, list(range(8, 40_000)))}])
    decode(many + bytes(1000))
