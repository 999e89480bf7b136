from __future__ import annotations

import time

import pytest

from lookalike.decode import read_sidecar
from lookalike.decode.xmp import MAX_XMP_BYTES, read_xmp

from .files import xmp

BAG = "<rdf:Bag><rdf:li>sea</rdf:li><rdf:li>beach</rdf:li></rdf:Bag>"
TITLES = '<rdf:li xml:lang="x-default">Holiday</rdf:li><rdf:li xml:lang="de">Urlaub</rdf:li>'
REGIONS = """<mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:RegionList><rdf:Bag><rdf:li>
<rdf:Description mwg-rs:Name="Ann" mwg-rs:Type="Face"><mwg-rs:Area stArea:x="0.5" stArea:y="0.4"/>
</rdf:Description></rdf:li></rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>"""


@pytest.mark.parametrize(
    ("properties", "name", "value"),
    [
        ('xmp:Rating="5">', "rating", "5"),
        ("><xmp:Rating>5</xmp:Rating>", "rating", "5"),
        ('xmp:Label="Red">', "label", "Red"),
        (f"><dc:subject>{BAG}</dc:subject>", "keywords", "beach\nsea"),
        (
            f"><dc:title><rdf:Alt>{TITLES}</rdf:Alt></dc:title>",
            "title",
            "Holiday",
        ),
        ('exif:GPSLatitude="48,51.5N" exif:GPSLongitude="2,17.5W">', "longitude", "-2.29167"),
        (
            'exif:DateTimeOriginal="2024-05-01T12:00:00+02:00">',
            "taken",
            "2024-05-01T12:00:00+02:00",
        ),
        ('photoshop:DateCreated="2024-05-01">', "taken", "2024-05-01T00:00:00"),
        ('exif:ExposureTime="1/60">', "exposure time", "0.0166667"),
        ('tiff:Make="Canon" tiff:Model="EOS R6">', "camera", "Canon EOS R6"),
        ('photoshop:City="Paris">', "city", "Paris"),
    ],
)
def test_properties_have_the_names_of_exif_and_iptc(properties: str, name: str, value: str) -> None:
    assert read_xmp(xmp(properties))[name] == value


def test_regions_are_one_text_whatever_their_order() -> None:
    found = read_xmp(xmp(">" + REGIONS))["regions"]
    swapped = REGIONS.replace('stArea:x="0.5" stArea:y="0.4"', 'stArea:y="0.4" stArea:x="0.5"')
    assert "Ann" in found
    assert "0.4" in found
    assert read_xmp(xmp(">" + swapped))["regions"] == found


def test_what_software_writes_is_left_out() -> None:
    packet = xmp(
        'xmp:CreatorTool="Editor" xmpMM:DocumentID="1" xmp:ModifyDate="2024-05-01" xmp:Rating="0" '
        'tiff:Orientation="1" exif:PixelXDimension="4000" hdrgm:Version="1.0" '
        'GCamera:MotionPhoto="1" crs:Exposure2012="+1">'
    )
    assert read_xmp(packet) == {}
    assert read_sidecar(packet) == {"crs:Exposure2012": "+1"}


def test_other_encodings() -> None:
    text = xmp('xmp:Label="Grün">').decode().replace("\ufeff", "")
    assert read_sidecar(text.encode("utf-16")) == {"label": "Grün"}
    assert read_sidecar(b"\xef\xbb\xbf" + text.encode() + b"\0\0") == {"label": "Grün"}


def test_entities_are_refused() -> None:
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    body = xmp('xmp:Label="&a9;">').decode().partition("?>")[2]
    bomb = f'<!DOCTYPE x [<!ENTITY a0 "ha">{laughs}]>{body}'
    outside = f'<!DOCTYPE x [<!ENTITY a9 SYSTEM "file:///etc/passwd">]>{body}'
    for data in (bomb, outside):
        began = time.perf_counter()
        assert read_sidecar(data.encode()) == {}
        assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 100,
        b"<",
        b"\xff\xfe\xff",
        b"<a>" * 100_000,
        b"<rdf:RDF>",
        b'<?xml version="1.0" encoding="nonsense"?><a/>',
        b"<a>" + b" " * MAX_XMP_BYTES + b"</a>",
        b"<a>" + b"<b/>" * 200_000 + b"</a>",
    ],
)
def test_what_is_no_xmp_says_nothing(data: bytes) -> None:
    assert read_sidecar(data) == {}


def test_a_truncated_packet_says_what_is_there() -> None:
    whole = xmp('xmp:Rating="5">' + REGIONS)
    for length in range(0, len(whole), 7):
        assert isinstance(read_xmp(whole[:length]), dict)
