from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lookalike.decode import inspect
from lookalike.errors import PictureError

from .files import (
    XMP_HEAD,
    camera_exif,
    chunk,
    photo,
    saved,
    segment,
    with_chunks,
    with_segments,
    xmp,
)
from .test_iptc import WHOLE, resource

CAPTION = '>><dc:description><rdf:Alt><rdf:li xml:lang="x-default">A caption</rdf:li></rdf:Alt></dc:description>'
PACKET = xmp('xmp:Rating="4" xmp:CreatorTool="Editor"' + CAPTION[1:])


def metadata(data: bytes) -> dict[str, str]:
    return dict(inspect(data).metadata)


def test_a_plain_picture_has_none() -> None:
    for name in ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "AVIF", "HEIF", "JPEG2000", "ICO"):
        assert metadata(saved(photo(), name)) == {}, name


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF", "TIFF"])
def test_exif_and_xmp_of_every_format(name: str) -> None:
    options: dict[str, Any] = {"exif": camera_exif().tobytes()}
    if name == "PNG":
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", PACKET.decode())
        options["pnginfo"] = info
    elif name == "TIFF":
        options["tiffinfo"] = {700: PACKET}
        del options["exif"]
    else:
        options["xmp"] = PACKET
    found = metadata(saved(photo(), name, **options))
    assert found["rating"] == "4"
    assert found["description"] == "A caption"
    assert name == "TIFF" or found["taken"] == "2024-05-01T12:00:00"
    assert not any("Editor" in value or "Firmware" in value for value in found.values())


def test_one_fact_has_one_name_wherever_it_is() -> None:
    exif = camera_exif()
    exif[270], exif[18246] = "A caption", 4
    in_exif = saved(photo(), "JPEG", exif=exif)
    in_xmp = saved(photo(), "JPEG", exif=camera_exif(), xmp=PACKET)
    assert metadata(in_exif) == metadata(in_xmp)
    both = saved(photo(), "JPEG", exif=exif, xmp=PACKET)
    assert metadata(both) == metadata(in_xmp)


def test_texts_that_differ_are_all_kept() -> None:
    exif = Image.Exif()
    exif[270] = "Another caption"
    found = metadata(saved(photo(), "JPEG", exif=exif, xmp=PACKET))
    assert found["description"] == "A caption\nAnother caption"


def test_iptc_and_comments_of_a_jpeg() -> None:
    block = b"Photoshop 3.0\0" + resource(0x0404, WHOLE)
    data = with_segments(saved(photo(), "JPEG", comment=b"note"), segment(0xED, block))
    found = metadata(data)
    assert found == {
        "title": "Grüße",
        "keywords": "beach\nsea",
        "taken": "2024-05-01T12:00:00+02:00",
        "description": "A caption",
        "comment": "note",
    }


def test_a_long_xmp_packet_in_parts() -> None:
    packet = xmp('xmp:Label="Long"')
    guid = b"A" * 32
    parts = [
        segment(
            0xE1,
            b"http://ns.adobe.com/xmp/extension/\0"
            + guid
            + struct.pack(">II", len(packet), at)
            + packet[at : at + 300],
        )
        for at in range(0, len(packet), 300)
    ]
    main = segment(0xE1, XMP_HEAD + PACKET)
    found = metadata(with_segments(saved(photo(), "JPEG"), main, *reversed(parts)))
    assert (found["label"], found["rating"]) == ("Long", "4")


def test_comments_of_software_are_left_out() -> None:
    for text in (b"Created with GIMP", b"CREATOR: gd-jpeg v1.0 (using IJG JPEG v62), quality = 90"):
        assert metadata(saved(photo(), "JPEG", comment=text)) == {}


def test_text_chunks_of_png() -> None:
    info = PngInfo()
    info.add_text("Title", "holiday")
    info.add_text("parameters", "a cat, steps 20", zip=True)
    info.add_itxt("Author", "Jürgen", "de", "Autor")
    info.add_text("Software", "gnome-screenshot")
    info.add_text("date:modify", "2024-05-01")
    found = metadata(saved(photo(), "PNG", pnginfo=info))
    assert found == {"title": "holiday", "text parameters": "a cat, steps 20", "author": "Jürgen"}


def test_profiles_that_imagemagick_writes_as_text() -> None:
    info = PngInfo()
    for kind, body in (("iptc", resource(0x0404, WHOLE)), ("exif", camera_exif().tobytes())):
        info.add_text(
            f"Raw profile type {kind}", f"\n{kind}\n{len(body)}\n{body.hex()}\n", zip=True
        )
    found = metadata(saved(photo(), "PNG", pnginfo=info))
    assert found["keywords"] == "beach\nsea"
    assert found["camera"] == "Canon EOS R6"


def test_a_text_bomb_is_cut_or_refused() -> None:
    bomb = b"Comment\0\0" + zlib.compress(b"a" * 20_000_000, 9)
    with pytest.raises(PictureError):
        inspect(with_chunks(saved(photo(), "PNG"), chunk(b"zTXt", bomb)))
    long = b"Comment\0\0" + zlib.compress(b"a" * 900_000, 9)
    found = metadata(with_chunks(saved(photo(), "PNG"), chunk(b"zTXt", long)))
    assert len(found["comment"]) == 65_536


def test_comments_and_xmp_of_gif() -> None:
    gif = saved(photo(), "GIF", comment=b"a note " * 60)
    assert metadata(gif) == {"comment": ("a note " * 60).strip()}
    packet = PACKET + b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    at = gif.index(b"\x21\xfe")
    assert metadata(gif[:at] + b"\x21\xff\x0bXMP DataXMP" + packet + gif[at:])["rating"] == "4"


def test_iptc_of_tiff_and_metadata_of_jpeg_2000() -> None:
    assert metadata(saved(photo(), "TIFF", tiffinfo={33723: WHOLE}))["keywords"] == "beach\nsea"
    uuid = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
    box = struct.pack(">I", len(PACKET) + 24) + b"uuid" + uuid + PACKET
    assert metadata(saved(photo(), "JPEG2000") + box)["rating"] == "4"


def test_pictures_that_are_attached() -> None:
    jpeg = saved(photo(), "JPEG")
    gain_map = with_segments(
        saved(photo(2), "JPEG"), segment(0xE1, XMP_HEAD + xmp('hdrgm:Version="1.0"'))
    )
    found = metadata(jpeg + gain_map)
    assert set(found) == {"gain map"}
    other = saved(photo(3), "JPEG", exif=camera_exif())
    more = metadata(jpeg + gain_map + other)
    assert more["gain map"] == found["gain map"]
    assert set(more) == {"gain map", "auxiliary images"}
    assert (
        metadata(jpeg + other[:-9] + b"12345678\xff")["auxiliary images"]
        != more["auxiliary images"]
    )


def test_thumbnails_are_nothing() -> None:
    jpeg, thumbnail = saved(photo(), "JPEG"), saved(photo(size=(64, 48)), "JPEG")
    exif = b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0" + thumbnail
    assert metadata(with_segments(jpeg, segment(0xE1, exif))) == {}
    table = struct.pack("<IIIHH", 0x030000, len(jpeg), 0, 0, 0)
    size = 4 + 4 + 26 + 12 + 32  # the segment and its index
    start = len(jpeg) + size - (2 + 4 + 4)  # counted from the index
    table += struct.pack("<IIIHH", 0x010001, len(thumbnail), start, 0, 0)
    index = b"II*\0\x08\0\0\0" + struct.pack("<HHHIII", 1, 0xB002, 7, 32, 26, 0) + table
    body = b"MPF\0" + index
    data = with_segments(jpeg, segment(0xE2, body))
    at = len(data) - (data.index(b"MPF\0") + 4)
    body = body[: len(body) - 8] + struct.pack("<IHH", at, 0, 0)
    data = with_segments(jpeg, segment(0xE2, body))
    assert metadata(data + thumbnail) == {}
    assert "auxiliary images" in metadata(jpeg + thumbnail)


def test_depth_and_sound_of_samsung() -> None:
    tail = b"DualShot_DepthMap_1" + bytes(50) + b"SoundShot_000" + bytes(50) + b"SEFH\0\0\0\0SEFT"
    assert metadata(saved(photo(), "JPEG") + tail) == {"depth map": "present", "audio": "present"}


def test_auxiliary_images_of_avif() -> None:
    data = saved(photo(), "AVIF")
    for kind, name in (
        (b"urn:com:apple:photo:2020:aux:hdrgainmap", "gain map"),
        (b"urn:mpeg:mpegB:cicp:systems:auxiliary:depth", "depth map"),
    ):
        box = struct.pack(">I", len(kind) + 13) + b"auxC\0\0\0\0" + kind + b"\0"
        more = struct.pack(">I", len(box) + 8) + b"free" + box
        assert set(metadata(data + more)) == {name}


def test_the_range_of_numbers_of_32_bits() -> None:
    values = np.asarray(photo().convert("L")).astype(np.float32)
    ranges = [metadata(saved(Image.fromarray(values / by), "TIFF"))["range"] for by in (7, 70)]
    assert ranges[0] != ranges[1]


def test_values_are_bounded() -> None:
    info = PngInfo()
    for number in range(3000):
        info.add_text(f"key {number} " + "k" * 60, "v" * 100)
    assert len(metadata(saved(photo(), "PNG", pnginfo=info))) <= 1000


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "JPEG2000"])
def test_damaged_metadata_says_less_and_is_no_error(name: str) -> None:
    options = {"exif": camera_exif().tobytes()} if name in ("JPEG", "PNG", "WEBP", "TIFF") else {}
    if name in ("JPEG", "WEBP"):
        options["xmp"] = PACKET
    data = saved(photo(), name, **options)
    rng = np.random.default_rng(0)
    for _ in range(80):
        damaged = np.frombuffer(data, np.uint8).copy()
        damaged[rng.integers(12, min(len(data), 1500), 6)] = rng.integers(0, 256, 6)
        try:
            assert len(inspect(damaged.tobytes()).metadata) < 100
        except PictureError:
            continue
