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


def test_other_files_are_named_only_if_they_claim_to_be_pictures() -> None:
    video = b"\0\0\0\x20ftypisom\0\0\0\0isommp42" + b"\0" * 20
    for data in (video, b"%PDF-1.7\n", b"<svg xmlns='http://www.w3.org/2000/svg'/>"):
        check_supported(data[:32])
        with pytest.raises(UnsupportedFormatError, match="despite its name"):
            check_supported(data[:32], is_named_as_picture=True)
        with pytest.raises(NotAPictureError):
            decode(data)
