"""Which of real files is kept: from files on disk to groups."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from lookalike import Gallery, Group, KeepRules
from lookalike.duplicates import details as details_module

from ..conftest import busy

SIZE = (480, 360)


def camera_data() -> Image.Exif:
    exif = Image.Exif()
    exif[271], exif[272], exif[306] = "Canon", "EOS R6", "2024:05:01 12:00:00"
    return exif


def png_text(**texts: str) -> PngInfo:
    info = PngInfo()
    for key, text in texts.items():
        info.add_text(key, text)
    return info


def make_files(folder: Path) -> None:
    """Make files, for each case those of one picture, of which the kept one is never the oldest."""
    pillow_heif.register_heif_opener()

    def make(name: str, image: Image.Image, **options: Any) -> Path:
        image.save(folder / name, **options)
        return folder / name

    camera = make("camera.jpg", busy(1, SIZE), quality=88, exif=camera_data())
    make("camera_again.jpg", Image.open(camera).convert("RGB"), quality=99)
    phone = make("phone.heic", busy(2, SIZE), quality=75, exif=camera_data())
    exif = camera_data()  # the export keeps it
    make("phone_export.jpg", Image.open(phone).convert("RGB"), quality=97, exif=exif)
    make("screen.png", busy(3, SIZE))
    make("screen_export.jpg", busy(3, SIZE), quality=99)
    make("small.png", busy(4, SIZE))
    make("small_enlarged.png", busy(4, SIZE).resize((960, 720), Image.Resampling.BICUBIC))
    make("title.png", busy(5, SIZE), pnginfo=png_text(Title="holiday"))
    make("title_without.png", busy(5, SIZE))
    pages = [busy(seed, SIZE) for seed in range(6, 11)]
    tiff = {"save_all": True, "append_images": pages[1:], "compression": "tiff_deflate"}
    make("fax.tif", pages[0], **tiff)
    make("fax_first.png", pages[0].resize((960, 720), Image.Resampling.NEAREST))
    make("grey.jpg", busy(11, SIZE), quality=80)
    make("grey_without.png", ImageOps.grayscale(busy(11, SIZE)))
    make("q92.jpg", busy(12, SIZE), quality=92)
    make("q92_less.jpg", busy(12, SIZE), quality=70)
    wide = np.asarray(busy(13, SIZE).convert("L"), np.uint16) * 257
    wide ^= (
        np.arange(wide.size, dtype=np.uint16).reshape(wide.shape) % 256
    )  # what 8 bits can't keep
    make("deep.png", Image.fromarray(wide))
    make("deep_less.png", busy(13, SIZE).convert("L"))
    sizes = sorted(folder.iterdir(), key=lambda path: path.name, reverse=True)
    for age, path in enumerate(sizes):  # `camera_again.jpg` is older than `camera.jpg`
        os.utime(path, (1_000_000 + age, 1_000_000 + age))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept")
    (folder / "p").mkdir()
    make_files(folder / "p")
    Gallery.open(folder / "g").index(folder / "p")
    return folder


@pytest.fixture(scope="module")
def groups(place: Path) -> dict[str, Group]:
    found = Gallery.open(place / "g").duplicates()
    return {Path(group.kept.path).name: group for group in found}


@pytest.mark.parametrize(
    ("kept", "other", "why"),
    [
        ("camera.jpg", "camera_again.jpg", "it says more: camera, taken"),
        ("phone.heic", "phone_export.jpg", "of a format that cameras write: HEIF"),
        ("screen.png", "screen_export.jpg", "lossless: PNG"),
        ("small.png", "small_enlarged.png", "not enlarged, unlike one of 960 x 720 pixels"),
        ("title.png", "title_without.png", "it says more: title"),
        ("fax.tif", "fax_first.png", "the most pages: 5"),
        ("grey.jpg", "grey_without.png", "in colour; the next best is black and white"),
        ("q92.jpg", "q92_less.jpg", "the least compressed: JPEG quality 92; the next has 70"),
        ("deep.png", "deep_less.png", "the most bits per channel: 16"),
    ],
)
def test_of_real_files_the_better_one_is_kept(
    groups: dict[str, Group], kept: str, other: str, why: str
) -> None:
    group = groups[kept]
    assert [Path(one.member.path).name for one in group.others] == [other]
    assert group.why == why


def test_files_are_read_once_and_cached(
    place: Path, groups: dict[str, Group], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(details_module, "inspect_file", refuse)
    stages = list[str]()
    again = Gallery.open(place / "g").duplicates(on_progress=lambda stage, *_: stages.append(stage))
    assert {Path(group.kept.path).name: group for group in again} == groups
    assert "Reading files" not in stages


def test_only_files_of_groups_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    folder.mkdir()
    busy(1, SIZE).save(folder / "a.png")
    busy(1, SIZE).save(folder / "a.jpg")
    busy(2, SIZE).save(folder / "other.png")
    busy(3, SIZE).save(folder / "twin.png")
    shutil.copy(folder / "twin.png", folder / "twin2.png")
    gallery = Gallery.open(tmp_path / "g")
    gallery.index(folder)
    seen = list[tuple[str, int, int]]()
    gallery.duplicates(on_progress=lambda *values: seen.append(values))
    assert [values for values in seen if values[0] == "Reading files"] == [
        ("Reading files", 0, 2),
        ("Reading files", 2, 2),
    ]


def test_a_file_that_can_not_be_read_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "p"
    folder.mkdir()
    busy(1, SIZE).save(folder / "large.png", pnginfo=png_text(Title="holiday"))
    busy(1, SIZE).resize((400, 300)).save(folder / "small.png")
    gallery = Gallery.open(tmp_path / "g")
    gallery.index(folder)
    read = details_module.read

    def denied(source: Any) -> bytes:
        if source.path.endswith("large.png"):
            raise PermissionError(13, "Permission denied")
        return read(source)

    monkeypatch.setattr(details_module, "read", denied)
    (group,) = gallery.duplicates()
    assert (Path(group.kept.path).name, group.why) == (
        "small.png",
        "the only one that could be read",
    )
    monkeypatch.setattr(details_module, "read", read)
    (group,) = gallery.duplicates()  # what could not be read is tried again
    assert Path(group.kept.path).name == "large.png"


def test_protected_and_preferred_real_files(place: Path) -> None:
    gallery = Gallery.open(place / "g")
    rules = KeepRules(
        prefer=(str(place / "p" / "q92_less.jpg"),),
        protect=(str(place / "p" / "title_without.png"),),
    )
    groups = {Path(group.kept.path).name: group for group in gallery.duplicates(keep=rules)}
    assert groups["q92_less.jpg"].why == "in a preferred folder"
    (other,) = groups["title.png"].others  # the protected one says less
    assert (other.is_protected, other.stays) == (True, "it is in a protected folder")
