from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lookalike import Gallery
from lookalike.errors import ArgumentError
from lookalike.evaluate.protocols import split_folder, split_folders

from ..conftest import fill, save


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Three labels of six pictures, numbered as in Caltech-101."""
    for start, label in ((0, "cat"), (6, "dog"), (12, "BACKGROUND_Google")):
        for n in range(1, 7):
            save(tmp_path / "set" / label / f"image_{n:04}.jpg", start + n)
    return tmp_path / "set"


def test_all_takes_every_picture(labelled: Path) -> None:
    split = split_folder(labelled, "all")
    assert split.leave_one_out
    assert len(split.queries) == 18
    assert split.gallery is split.queries


def test_test3_takes_every_third_without_the_background(labelled: Path) -> None:
    split = split_folder(labelled, "test3")
    assert [(Path(p.path).name, p.label) for p in split.queries] == [
        ("image_0003.jpg", "cat"),
        ("image_0006.jpg", "cat"),
        ("image_0003.jpg", "dog"),
        ("image_0006.jpg", "dog"),
    ]


def test_test3_of_caltech101(caltech101: Path) -> None:
    split = split_folder(caltech101, "test3")
    assert len(split.queries) == 2859
    assert len({picture.label for picture in split.queries}) == 101


def test_test3_needs_numbers(labelled: Path) -> None:
    save(labelled / "cat" / "tom.jpg", 30)
    with pytest.raises(ArgumentError, match=r"tom\.jpg has none\. Use --protocol all"):
        split_folder(labelled, "test3")
    assert len(split_folder(labelled, "all").queries) == 19
    shutil.rmtree(labelled)
    save(labelled / "cat" / "1.jpg", 1)
    with pytest.raises(ArgumentError, match="divisible by 3"):
        split_folder(labelled, "test3")


def test_two_folders(tmp_path: Path, labelled: Path) -> None:
    save(tmp_path / "asked" / "cat" / "x.jpg", 40)
    save(tmp_path / "asked" / "bird" / "y.jpg", 41)
    split = split_folders(tmp_path / "asked", labelled)
    assert [p.label for p in split.queries] == ["bird", "cat"]
    assert len(split.gallery) == 18
    assert not split.leave_one_out
    with pytest.raises(ArgumentError, match=r"contains 2 of the queries, such as .*y\.jpg; they"):
        split_folders(tmp_path / "asked", tmp_path)


def test_labels_that_leave_nothing_to_measure(tmp_path: Path, labelled: Path) -> None:
    fill(tmp_path / "one" / "cat", 3)
    with pytest.raises(ArgumentError, match="All pictures have the label 'cat'"):
        split_folder(tmp_path / "one", "all")
    for n in range(3):
        save(tmp_path / "each" / f"label {n}" / "1.jpg", n)
    with pytest.raises(ArgumentError, match="each label has one picture"):
        split_folder(tmp_path / "each", "all")
    with pytest.raises(ArgumentError, match="the two folders have different labels"):
        split_folders(tmp_path / "each", labelled)


def test_unknown_protocols_and_unlabelled_folders_are_refused(
    tmp_path: Path, labelled: Path
) -> None:
    with pytest.raises(ArgumentError, match="no protocol 'test4'; use one of: all, test3"):
        split_folder(labelled, "test4")
    gallery = Gallery.open(tmp_path / "gallery")
    gallery.index(labelled)
    with pytest.raises(ArgumentError, match="is a gallery, which has vectors but no labels"):
        split_folder(tmp_path / "gallery", "all")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArgumentError, match="has no pictures; choose a folder"):
        split_folder(tmp_path / "empty", "all")
