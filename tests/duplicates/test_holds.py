from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

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
