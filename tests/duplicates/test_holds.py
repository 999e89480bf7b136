from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from lookalike.duplicates.holds import lost_sidecar, what_is_lost
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


@pytest.mark.parametrize(
    ("files", "alone"),
    [
        ([], ""),
        (["b.xmp"], "b.xmp"),
        (["b.jpg.xmp"], "b.jpg.xmp"),
        (["b.AAE"], "b.AAE"),
        (["b.jpg.json"], "b.jpg.json"),
        (["b.mov"], "b.mov"),  # of a Live Photo
        (["a.xmp", "bb.xmp", "b.png", "b.jpg.png"], ""),
    ],
)
def test_a_file_beside_the_one_that_goes_belongs_to_it(
    tmp_path: Path, files: list[str], alone: str
) -> None:
    for name in files:
        (tmp_path / name).touch()
    lost = lost_sidecar(str(tmp_path / "a.jpg"), str(tmp_path / "b.jpg"))
    assert lost == (f"{alone} beside it belongs to it" if alone else "")


def test_a_file_beside_both_stays_with_the_kept_one(tmp_path: Path) -> None:
    (tmp_path / "a.xmp").touch()
    (tmp_path / "a.txt").mkdir()
    assert lost_sidecar(str(tmp_path / "a.jpg"), str(tmp_path / "a.png")) == ""
    (tmp_path / "a.png.xmp").touch()
    lost = lost_sidecar(str(tmp_path / "a.jpg"), str(tmp_path / "a.png"))
    assert lost == "a.png.xmp beside it belongs to it"
