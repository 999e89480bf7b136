from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from lookalike.errors import ArgumentError
from lookalike.sources import LabelledPicture, list_labelled
from lookalike.types import Refusal

from ..conftest import fill, save


def test_a_files_folder_is_its_label(tmp_path: Path) -> None:
    cat = save(tmp_path / "animals" / "cat" / "1.jpg", 1)
    dog = save(tmp_path / "animals" / "dog" / "x" / "dog" / "2.png", 2)
    car = save(tmp_path / "car" / "3.jpg", 3)
    found = list_labelled(tmp_path)
    assert found == [
        LabelledPicture(str(cat), "cat"),
        LabelledPicture(str(dog), "dog"),
        LabelledPicture(str(car), "car"),
    ]
    assert list_labelled(os.path.relpath(tmp_path)) == found


def test_unlabelled_files_and_other_kinds_are_left_out(tmp_path: Path) -> None:
    kept = save(tmp_path / "a" / "1.jpg", 1)
    nameless = tmp_path / "a" / "2"
    nameless.write_bytes(kept.read_bytes())
    damaged = tmp_path / "b" / "3.jpg"
    damaged.parent.mkdir()
    damaged.write_text("x")
    save(tmp_path / "loose.jpg", 2)
    save(tmp_path / ".hidden" / "1.jpg", 2)
    save(tmp_path / "__MACOSX" / "1.jpg", 2)
    save(tmp_path / "a" / "._1.jpg", 2)
    (tmp_path / "a" / "notes.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    assert [picture.path for picture in list_labelled(tmp_path)] == [
        str(path) for path in (kept, nameless, damaged)
    ]


def test_pictures_are_sorted_by_path(tmp_path: Path) -> None:
    for name in ("b", "a", "a-b", "B"):
        fill(tmp_path / name, 2)
    paths = [picture.path for picture in list_labelled(tmp_path)]
    assert paths == sorted(paths)


def test_errors_show_the_layout(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"does not exist; choose a folder .*FOLDER/cat/1\.jpg"):
        list_labelled(tmp_path / "nothing")
    picture = save(tmp_path / "flat" / "1.jpg", 1)
    with pytest.raises(ArgumentError, match="is a file"):
        list_labelled(picture)
    with pytest.raises(ArgumentError, match=r"has pictures in no label folder.*FOLDER/cat/"):
        list_labelled(tmp_path / "flat")
    (tmp_path / "empty" / "label").mkdir(parents=True)
    with pytest.raises(ArgumentError, match="has no pictures"):
        list_labelled(tmp_path / "empty")


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="names there are Unicode")
def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(folder)
    with open(folder + b"/1.jpg", "wb") as file:
        file.write(save(tmp_path / "other" / "1.jpg", 1).read_bytes())
    assert [picture.label for picture in list_labelled(tmp_path)] == ["caf\udce9", "other"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_a_folder_that_cannot_be_listed_is_reported(tmp_path: Path) -> None:
    save(tmp_path / "a" / "1.jpg", 1)
    closed = tmp_path / "b"
    closed.mkdir()
    closed.chmod(0)
    told: list[Refusal] = []
    assert len(list_labelled(tmp_path, on_unreadable=told.append)) == 1
    assert [refusal.path for refusal in told] == [str(closed)]
