from __future__ import annotations

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


def test_segments_end_at_the_first_scan_or_at_damage() -> None:
    data = with_segments(saved(photo(), "JPEG"), segment(0xFE, b"note"), b"\xff\xff\xff")
    found = list(segments(data))
    assert found[0][0] == 0xFE
    assert data[found[0][1] : found[0][2]] == b"note"
    assert found[-1][0] == 0xDA
    for bad in (b"", b"\xff\xd8", b"\xff\xd8\xff", b"\xff\xd8\xff\xe0\0\0" * 9, b"\xff\xd8\0\0"):
        assert len(list(segments(bad))) < 20
