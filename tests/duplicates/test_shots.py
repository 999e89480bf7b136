from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from lookalike.duplicates.members import Member
from lookalike.duplicates.shots import are_one_shot, left_alone, parts_beside


def fill(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()


@pytest.mark.parametrize(
    ("picture", "beside", "parts"),
    [
        ("DSC_1.JPG", ["DSC_1.NEF"], ["DSC_1.NEF"]),
        ("dsc_1.jpg", ["DSC_1.CR3", "DSC_2.CR3"], ["DSC_1.CR3"]),
        ("IMG_1.HEIC", ["IMG_1.MOV", "IMG_1.JPG"], ["IMG_1.MOV"]),
        ("IMG_1.HEIC", ["IMG_1.AAE"], ["IMG_1.AAE"]),
        ("a.b.jpg", ["a.b.xmp", "a.xmp"], ["a.b.xmp"]),
        ("a.jpg", ["a.jpg.xmp", "a.png.xmp", "a.jpg.json"], ["a.jpg.json", "a.jpg.xmp"]),
        ("a.jpg", ["a.jpg.supplemental-metadata.json"], ["a.jpg.supplemental-metadata.json"]),
        ("a.jpg", ["a.DNG", "a.MP4", "a.xmp", "a.txt"], ["a.DNG", "a.MP4", "a.txt", "a.xmp"]),
        ("a.nef", ["a.jpg", "a.dng", "a.pdf", "a.xmp"], ["a.jpg", "a.xmp"]),
        ("a.jpg", ["a.png", "a.jpg.png", "a.pdf", "a", "ab.nef", "aa.xmp"], []),
        ("a", ["b.txt"], []),
    ],
)
def test_parts_have_the_name_of_the_picture(
    tmp_path: Path, picture: str, beside: list[str], parts: list[str]
) -> None:
    fill(tmp_path / "p", picture, *beside)
    fill(tmp_path / "elsewhere", "DSC_1.NEF", "a.nef")
    path = str(tmp_path / "p" / picture)
    assert parts_beside([path]) == ({path: tuple(parts)} if parts else {})


def test_each_folder_is_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed, scandir = [], os.scandir

    def listing(folder: str) -> Any:
        listed.append(folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", listing)
    fill(tmp_path / "a", *(f"{n}{ending}" for n in range(9) for ending in (".jpg", ".arw")))
    fill(tmp_path / "b", "0.jpg")
    (tmp_path / "b" / "0.xmp").mkdir()
    paths = [str(tmp_path / "a" / f"{n}.jpg") for n in range(9)] + [str(tmp_path / "b" / "0.jpg")]
    assert parts_beside(paths) == {path: (f"{n}.arw",) for n, path in enumerate(paths[:9])}
    assert sorted(listed) == [str(tmp_path / "a"), str(tmp_path / "b")]


def test_a_part_of_both_files_stays_with_the_kept_one() -> None:
    def file(path: str, *parts: str) -> Member:
        return Member(path, 1, 1, b"x" * 16, 40, 30, parts=parts)

    assert left_alone(file("/p/a.jpg"), file("/p/b.jpg")) == ""
    assert left_alone(file("/p/a.jpg", "a.nef"), file("/p/b.jpg")) == ""
    for kept in (file("/p/a.jpg"), file("/q/b.jpg", "b.nef")):
        assert left_alone(kept, file("/p/b.jpg", "b.nef")) == "b.nef beside it belongs to it"
    kept, other = file("/p/a.jpg", "a.nef", "a.xmp"), file("/p/a.png", "a.nef", "a.xmp")
    assert left_alone(kept, other) == ""
    other = file("/p/a.png", "a.nef", "a.png.xmp")
    assert left_alone(kept, other) == "a.png.xmp beside it belongs to it"


def test_what_cannot_be_listed_has_no_parts(tmp_path: Path) -> None:
    paths = [str(tmp_path / "gone" / "a.jpg"), "https://example.com/a.jpg"]
    assert parts_beside([*paths, str(tmp_path / "photos.zip!" / "a.jpg")]) == {}
    assert parts_beside([]) == {}


def test_a_raw_file_and_its_picture_are_one_shot() -> None:
    assert are_one_shot(["/p/DSC_1.NEF"], ["/p/dsc_1.jpg"])
    assert are_one_shot(["/x/a.jpg", "/p/DSC_1.JPG"], ["/y/b.nef", "/p/DSC_1.NEF"])
    assert not are_one_shot(["/p/DSC_1.NEF"], ["/p/DSC_2.JPG"])
    assert not are_one_shot(["/p/DSC_1.NEF"], ["/q/DSC_1.JPG"])
    assert not are_one_shot(["/p/IMG_1.HEIC"], ["/p/IMG_1.JPG"])
    assert not are_one_shot(["/p/DSC_1.NEF"], ["/p/DSC_1.DNG"])
    assert not are_one_shot([], [])
