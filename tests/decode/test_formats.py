from __future__ import annotations

import pytest

from lookalike.decode import check_supported, decode, sniff
from lookalike.errors import NotAPictureError, UnsupportedFormatError

RAW = [
    (b"FUJIFILMCCD-RAW 0201FF383501X-T3", "RAF"),
    (b"IIRO\x08\0\0\0", "ORF"),
    (b"IIRS\x08\0\0\0", "ORF"),
    (b"MMOR\0\0\0\x08", "ORF"),
    (b"IIU\0\x18\0\0\0", "RW2"),
    (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "CR3"),
    (b"II\x1a\0\0\0HEAPCCDR\x02\0\x01\0", "CRW"),
    (b"FOVb\0\0\x02\0", "X3F"),
    (b"\0MRM\0\0\0\0", "MRW"),
]


@pytest.mark.parametrize(("head", "name"), RAW)
def test_raw_files_are_named(head: bytes, name: str) -> None:
    data = head.ljust(200, b"\0")
    assert sniff(data[:32]) is None
    with pytest.raises(
        UnsupportedFormatError, match=rf"a camera's raw file \(\w+ {name}\)"
    ) as caught:
        decode(data)
    assert caught.value.format == name


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JXL"),
        (b"\xff\x0a\x7f\x80", "JXL"),
        (b"8BPS\0\x01\0\0", "PSD"),
        (b"8BPS\0\x02\0\0", "PSB"),
        (b"v/1\x01\x02\0\0\0", "EXR"),
        (b"qoif\0\0", "QOI"),
    ],
)
def test_pictures_of_other_kinds_are_named(head: bytes, name: str) -> None:
    with pytest.raises(
        UnsupportedFormatError, match="picture, which lookalike can't read yet"
    ) as caught:
        decode(head.ljust(200, b"\0"))
    assert caught.value.format == name


OTHERS = [
    (b"\0\0\0\x20ftypisom\0\0\0\0isommp42", "MP4", "an MP4 video"),
    (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "MOV", "a QuickTime video"),
    (b"\x1a\x45\xdf\xa3\x01\0\0\0", "MKV", "a Matroska or WebM video"),
    (b"RIFF\x10\0\0\0AVI LIST", "AVI", "an AVI video"),
    (b"%PDF-1.7\n", "PDF", "a PDF document"),
    (b"%!PS-Adobe-3.0 EPSF-3.0\n", "PS", "a PostScript document"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG", "an SVG drawing"),
    (
        b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- A drawing -->\n<!DOCTYPE svg>\n<svg width='9'/>",
        "SVG",
        "an SVG drawing",
    ),
]


@pytest.mark.parametrize(("head", "name", "words"), OTHERS)
def test_other_files_are_named(head: bytes, name: str, words: str) -> None:
    data = head.ljust(200, b"\0")
    with pytest.raises(NotAPictureError, match=f"^{words}, which lookalike can't read$") as told:
        decode(data)
    assert told.value.format == name
    with pytest.raises(UnsupportedFormatError, match=f"^{words}, despite its name$") as refused:
        check_supported(data, is_named_as_picture=True)
    assert refused.value.format == name


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"<?xml version='1.0'?><rss/>", b"<!-- x --><html><svg/></html>"]
)
def test_what_is_not_known_is_not_named(data: bytes) -> None:
    check_supported(data, is_named_as_picture=True)
    with pytest.raises(NotAPictureError) as caught:
        decode(data)
    assert not caught.value.format
