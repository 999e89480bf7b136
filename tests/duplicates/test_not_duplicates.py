from __future__ import annotations

import itertools
import json
import random
from pathlib import Path

import pytest

from lookalike import Gallery, KeepRules
from lookalike.duplicates.not_duplicates import FILE_NAME, MAX_CONTENTS, Marks
from lookalike.errors import (
    ArgumentError,
    GalleryBusyError,
    GalleryFormatError,
    GalleryNotFoundError,
)
from lookalike.storage.lock import write_lock

from ..conftest import busy, fill

SIZE = (480, 360)


def content(k: int) -> bytes:
    return k.to_bytes(16, "big")


def pairs(marks: Marks, count: int) -> set[tuple[int, int]]:
    return {
        (a, b)
        for a, b in itertools.combinations(range(count), 2)
        if marks.have(content(a), content(b))
    }


def test_marks_are_exactly_what_was_added_and_not_forgotten() -> None:
    """Any order of additions and removals gives the same pairs as a set of pairs would."""
    rng = random.Random(3)
    marks, expected = Marks(), set[tuple[int, int]]()
    for _ in range(120):
        some = sorted(rng.sample(range(9), rng.choice([1, 2, 2, 3, 5])))
        both = set(itertools.combinations(some, 2))
        if rng.random() < 0.5 and len(some) > 1:
            marks, expected = marks.add(map(content, some)), expected | both
            continue
        gone = {p for p in expected if some[0] in p} if len(some) == 1 else both & expected
        if gone:
            marks, expected = marks.forget(list(map(content, some))), expected - gone
        else:
            with pytest.raises(ArgumentError, match="--list-not"):
                marks.forget(list(map(content, some)))
        assert pairs(marks, 9) == expected


def test_a_thousand_files_are_one_set() -> None:
    marks = Marks().add(map(content, range(1_000)))
    assert len(marks.sets) == 1
    assert marks.add(map(content, range(50))) is marks
    larger = marks.add(map(content, range(2_000)))
    assert [len(contents) for contents in larger.sets] == [2_000]
    assert not marks.have(content(1), content(1_001))
    assert not marks.have(content(1), content(1))  # files of the same bytes


def test_there_is_a_limit_and_a_least() -> None:
    full = Marks([frozenset(map(content, range(MAX_CONTENTS)))])
    with pytest.raises(ArgumentError, match="--forget-not"):
        full.add([content(MAX_CONTENTS), content(MAX_CONTENTS + 1)])
    with pytest.raises(ArgumentError, match="--forget-not"):
        full.forget(list(map(content, range(50))))  # fifty sets of nearly all
    for few in ([], [content(1)], [content(1), content(1)]):
        with pytest.raises(ArgumentError, match="at least two files of different content"):
            Marks().add(few)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three sizes of one picture, and a twin of the smallest."""
    folder = tmp_path / "p"
    folder.mkdir()
    for name, size in (("large", SIZE), ("middle", (400, 300)), ("small", (320, 240))):
        busy(1, SIZE).resize(size).save(folder / f"{name}.png")
    (folder / "twin.png").write_bytes((folder / "small.png").read_bytes())
    Gallery.open(tmp_path / "g").index(folder)
    return folder


def grouped(gallery: Gallery) -> list[list[str]]:
    groups = gallery.duplicates()
    files = [[group.kept, *(other.member for other in group.others)] for group in groups]
    return sorted(sorted(Path(one.path).stem for one in group) for group in files)


def test_marked_pictures_are_in_no_group_because_of_each_other(
    folder: Path, tmp_path: Path
) -> None:
    gallery = Gallery.open(tmp_path / "g")
    assert grouped(gallery) == [["large", "middle", "small", "twin"]]
    gallery.mark_not_duplicates(folder / "large.png", folder / "small.png")
    # The twin has the small one's content, so it leaves the star, too; both are a group.
    assert grouped(gallery) == [["large", "middle"], ["small", "twin"]]
    # The smaller ones are not pulled in by a third, once its star's original is marked.
    gallery.mark_not_duplicates(folder / "large.png", folder / "middle.png")
    assert grouped(gallery) == [["middle", "small", "twin"]]
    gallery.forget_not_duplicates(folder / "large.png")
    assert grouped(gallery) == [["large", "middle", "small", "twin"]]
    assert gallery.not_duplicates() == []


def test_marks_survive_moves_and_removal(folder: Path, tmp_path: Path) -> None:
    gallery = Gallery.open(tmp_path / "g")
    gallery.mark_not_duplicates(folder / "large.png", folder / "twin.png")
    (marked,) = gallery.not_duplicates()
    assert [picture.paths for picture in marked] == [
        (str(folder / "large.png"),),
        (str(folder / "small.png"), str(folder / "twin.png")),
    ]
    moved = folder.rename(tmp_path / "moved")
    gallery.index(moved)
    gallery.remove(folder)  # a root that is gone counts as offline
    assert grouped(gallery) == [["large", "middle"], ["small", "twin"]]
    gallery.remove(moved / "small.png", moved / "twin.png")
    (marked,) = gallery.not_duplicates()
    gone = next(picture for picture in marked if not picture.paths)
    gallery.index(moved)
    assert grouped(gallery) == [["large", "middle"], ["small", "twin"]]
    gallery.remove(moved / "small.png", moved / "twin.png")
    gallery.forget_not_duplicates(gone.id)  # a removed picture has no path
    assert gallery.not_duplicates() == []


def test_what_can_not_be_marked(folder: Path, tmp_path: Path) -> None:
    gallery = Gallery.open(tmp_path / "g")
    fill(tmp_path / "q", 1)
    for paths, said in (
        ((folder / "large.png",), "at least two files"),
        ((folder / "small.png", folder / "twin.png"), "of the same bytes are always"),
        ((folder / "large.png", tmp_path / "q" / "0000.jpg"), "0000.jpg is not in the gallery"),
        ((folder / "large.png", folder), "p is not in the gallery"),
        ((folder / "large.png", "f" * 32), "f is not in the gallery"),
    ):
        with pytest.raises(ArgumentError, match=said):
            gallery.mark_not_duplicates(*paths)
    with pytest.raises(ArgumentError, match="not marked"):
        gallery.forget_not_duplicates(folder / "large.png", folder / "small.png")
    assert not (tmp_path / "g" / FILE_NAME).exists()
    with write_lock(tmp_path / "g"), pytest.raises(GalleryBusyError):
        gallery.mark_not_duplicates(folder / "large.png", folder / "small.png")
    for name in ("mark_not_duplicates", "forget_not_duplicates", "not_duplicates"):
        with pytest.raises(GalleryNotFoundError):
            getattr(Gallery.open(tmp_path / "none"), name)()


@pytest.mark.parametrize(
    "sets",
    [
        7,
        "ab",
        [7],
        ["ab"],
        [[7]],
        [["zz"]],
        [["ab"]],
        {"a": 1},
        [["00" * 16] * 2, ["00" * 17]],
    ],
)
def test_a_damaged_file_is_named(folder: Path, tmp_path: Path, sets: object) -> None:
    path = tmp_path / "g" / FILE_NAME
    path.write_text(json.dumps({"format_version": 1, "sets": sets}))
    gallery = Gallery.open(tmp_path / "g")
    for read in (gallery.not_duplicates, gallery.duplicates):
        with pytest.raises(GalleryFormatError, match=f"{FILE_NAME} .*lookalike check"):
            read()


def test_rules_choose_between_real_files(folder: Path, tmp_path: Path) -> None:
    """Of the same bytes the preferred one is kept; a smaller picture is not, whatever is said."""
    gallery = Gallery.open(tmp_path / "g")
    rules = KeepRules(prefer=(str(folder / "twin.png"),), keep="path:*middle*")
    (group,) = gallery.duplicates(keep=rules)
    assert [Path(other.member.path).stem for other in group.others] == ["middle", "twin", "small"]
    (group,) = gallery.duplicates(kind="exact", keep=rules)
    assert (Path(group.kept.path).stem, group.why) == ("twin", "in a preferred folder")
