from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lookalike.duplicates.holds import what_is_lost
from lookalike.errors import PictureError

from ..conftest import busy

SIZE = (240, 180)


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def test_the_same_bytes_hold_the_same() -> None:
    assert what_is_lost(b"whatever", b"whatever") == ""


def test_a_damaged_file_is_an_error() -> None:
    good = saved(busy(1, SIZE), "PNG")
    for pair in ((good, good[: len(good) // 2]), (good[: len(good) // 2], good)):
        with pytest.raises(PictureError):
            what_is_lost(*pair)


def text(**entries: str) -> PngInfo:
    chunks = PngInfo()
    for name, value in entries.items():
        chunks.add_itxt(name, value)
    return chunks


def test_what_people_wrote_must_be_in_the_kept_file() -> None:
    picture = busy(1, SIZE)
    plain = saved(picture, "PNG", compress_level=1)
    noted = saved(picture, "PNG", pnginfo=text(Comment="our garden", seed="42", Software="x"))
    assert what_is_lost(noted, plain) == ""
    assert what_is_lost(plain, noted) == "the kept file does not have its comment, text seed"
    other = saved(picture, "PNG", pnginfo=text(Comment="our house", seed="42"))
    assert what_is_lost(noted, other) == "the kept file does not have its comment"
    only_by_software = saved(picture, "PNG", pnginfo=text(Software="y"))
    assert what_is_lost(plain, only_by_software) == ""
    many = saved(picture, "PNG", pnginfo=text(**dict.fromkeys("abcde", "x")))
    assert what_is_lost(plain, many) == (
        "the kept file does not have its text a, text b, text c and 2 more"
    )


def test_keywords_may_be_more_in_the_kept_file() -> None:
    xmp = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf='
        '"http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:subject><rdf:Bag>%s</rdf:Bag>'
        "</dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    one, both = (
        saved(busy(1, SIZE), "PNG", pnginfo=text(**{"XML:com.adobe.xmp": xmp % items}))
        for items in ("<rdf:li>cat</rdf:li>", "<rdf:li>ant</rdf:li><rdf:li>cat</rdf:li>")
    )
    assert what_is_lost(both, one) == ""
    assert what_is_lost(one, both) == "the kept file does not have its keywords"


def test_what_is_too_long_to_compare_stays() -> None:
    long = text(workflow="x" * 70_000)
    pair = (saved(busy(1, SIZE), "PNG", pnginfo=long, compress_level=n) for n in (1, 9))
    assert what_is_lost(*pair) == "more is written in it than can be compared"


def test_a_motion_photo_stays() -> None:
    """Its video is not compared."""
    still = saved(busy(1, SIZE), "JPEG")
    video = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0\0\0\x08moov" + bytes(2_000)
    reason = "it has a video, which the kept file may not have"
    assert what_is_lost(still, still + video) == reason
    assert what_is_lost(still + video, still) == ""
