from __future__ import annotations

import base64

import numpy as np
import pytest

from lookalike.decode import decode, decode_frames
from lookalike.decode.jpeg import complete, segments
from lookalike.errors import PictureError

from .files import photo, saved, segment, with_segments


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
@pytest.mark.parametrize("size", [(120, 90), (1500, 1200)])
def test_a_jpeg_that_only_lacks_its_end_is_whole(
    options: dict[str, bool], size: tuple[int, int]
) -> None:
    data = saved(photo(size=size), "JPEG", **options)
    whole = decode(data)
    for cut in (1, 2):
        picture = decode(data[:-cut])
        assert np.array_equal(picture.pixels, whole.pixels)
        assert (picture.width, picture.height) == size
        assert picture.properties == whole.properties
    (frame,) = decode_frames(data[:-2])
    assert frame.shape[:2] == size[::-1]


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
def test_a_jpeg_that_lacks_data_is_refused(options: dict[str, bool]) -> None:
    data = saved(photo(), "JPEG", **options)
    last_scan = data.rindex(b"\xff\xda")
    cuts = [len(data) - gone for gone in (3, 4, 5, 10, 30, 100)]
    for cut in (*cuts, last_scan + 14, last_scan + 30, len(data) * 3 // 4):
        with pytest.raises(PictureError, match="truncated: the JPEG ends before the picture does"):
            decode(data[:cut])
    for cut in (last_scan, last_scan + 1, last_scan + 5):
        with pytest.raises(PictureError):
            decode(data[:cut])


def test_a_progressive_jpeg_without_its_last_scans_is_refused() -> None:
    data = saved(photo(), "JPEG", progressive=True)
    at = len(data)
    while (at := data.rfind(b"\xff\xda", 0, at)) > 0:
        assert complete(data[: data.rfind(b"\xff\xc4", 0, at)]) is None


KINDS: list[dict[str, bool]] = [{}, {"progressive": True}, {"restart_marker_rows": 1}]
TRAILERS = [
    bytes(5000),
    b"\xff" * 50,
    b"\xff\xd8\xff" + bytes(900),
    b"\xff\x02" + bytes(range(100)),
]
# Without an end before it, it may be data.
UNKNOWN = [b" \r\n" * 400, b"<p>504 Gateway Time-out</p>" * 40, bytes(range(256)) * 20]


@pytest.mark.parametrize("options", KINDS)
@pytest.mark.parametrize("trailer", TRAILERS + UNKNOWN)
def test_a_whole_jpeg_with_a_trailer_is_taken(options: dict[str, bool], trailer: bytes) -> None:
    data = saved(photo(), "JPEG", **options)
    whole = decode(data).pixels
    bodies = [data, data[:-2] + saved(photo(2, (40, 30)), "JPEG")]
    if trailer not in UNKNOWN:
        bodies.append(data[:-2])
    for body in bodies:
        assert np.array_equal(decode(body + trailer).pixels, whole)
        (frame,) = decode_frames(body + trailer)
        assert np.array_equal(frame, whole)


@pytest.mark.parametrize("options", KINDS)
@pytest.mark.parametrize("trailer", TRAILERS + UNKNOWN)
@pytest.mark.parametrize("gone", [12, 100, 1000])
def test_a_jpeg_that_was_cut_short_and_padded_is_refused(
    options: dict[str, bool], trailer: bytes, gone: int
) -> None:
    """Padding is decoded as if it were data, so the picture looks complete."""
    data = saved(photo(), "JPEG", **options)
    with pytest.raises(PictureError, match=r"^(truncated|damaged)"):
        decode(data[:-gone] + trailer)


def test_data_that_looks_like_padding_is_data() -> None:
    """The last rows of one colour are bytes of one value in the shortest code."""
    image = photo(size=(1200, 900))
    image.paste("white", (0, 100, 1200, 900))
    sizes = [(1200 - 16 * n, 900) for n in range(40)]
    cut = (saved(image.crop((0, 0, *size)), "JPEG", optimize=True)[:-2] for size in sizes)
    data = next(one for one in cut if one.endswith(bytes(100)))
    whole = decode(data + b"\xff\xd9").pixels
    assert np.array_equal(decode(data).pixels, whole)
    with pytest.raises(PictureError, match="truncated"):
        decode(data[:-50])


# The photo of 40 x 30 pixels; Pillow does not write such.
ARITHMETIC = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdB"
    "RkxOUlNSMj5aYVpQYEpRUk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09P"
    "T09PT09PT09PT09PT0//yQARCAAeACgDASIAAhEBAxEB/8wACgAQEAUBEBEF/9oADAMBAAIRAxEAPwDSG2MoTw/U79BlmgzR"
    "H+bDSULIbqlD2JbLxAoUOCrY07DhsltHiCxce531kI0DtmvRn3wiYiIIr+OWMPGFRuRv77IyQVJBKpfmqqA4bNtwnBxBRaax"
    "d5c9+8ZGHO3Om4u9BqrSSb8lTq2vKWyG9XPPihgFh6N2Rx+od5W2IZia0k0yS6wBb+nOdc72zyzNnjk+AbyVVRsvjR/eDmBS"
    "hukN9Chp4oKv7w6KQ61ONQvSlsDONnkrLg5jSJ8IxbqnJL/EvJft/wDRDLl/09AcyovMP6le/Yt8+LD/2Q=="
)


def test_arithmetic_codes_are_read() -> None:
    """All at once: the decoder can't stop in the middle of a code and wait for more."""
    expected = np.asarray(photo(size=(40, 30))).astype(np.int16)
    padded = with_segments(ARITHMETIC, *[segment(0xFE, bytes(65_000))] * 2)
    for data in (ARITHMETIC, padded):
        assert np.abs(decode(data).pixels - expected).mean() < 12
    with pytest.raises(PictureError):
        decode(ARITHMETIC[:300])


def test_segments_end_at_the_first_scan_or_at_damage() -> None:
    data = with_segments(saved(photo(), "JPEG"), segment(0xFE, b"note"), b"\xff\xff\xff")
    found = list(segments(data))
    assert found[0][0] == 0xFE
    assert data[found[0][1] : found[0][2]] == b"note"
    assert found[-1][0] == 0xDA
    for bad in (b"", b"\xff\xd8", b"\xff\xd8\xff", b"\xff\xd8\xff\xe0\0\0" * 9, b"\xff\xd8\0\0"):
        assert len(list(segments(bad))) < 20
