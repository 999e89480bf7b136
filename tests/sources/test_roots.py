from __future__ import annotations

import os
from pathlib import Path

import pytest

from lookalike.errors import ArgumentError, OfflineError
from lookalike.sources import roots


def test_a_path_is_under_a_root_by_whole_names() -> None:
    a = os.path.abspath("a")
    assert roots.is_under(a, a)
    assert roots.is_under(os.path.join(a, "b"), a)
    assert not roots.is_under(a + "b", a)
    assert roots.is_under(a, os.path.abspath(os.sep))


def test_paths_that_cannot_be_reached_are_offline(tmp_path: Path) -> None:
    empty, missing, file = tmp_path / "empty", tmp_path / "missing", tmp_path / "file.jpg"
    empty.mkdir()
    file.write_text("x")
    paths = [str(empty), str(missing), str(file), str(tmp_path)]
    assert roots.split_online(paths, ()) == (
        [str(empty), str(file), str(tmp_path)],
        [str(missing)],
    )
    known = roots.split_online(paths, (str(empty),))  # it had pictures: its disk is missing
    assert known == ([str(file), str(tmp_path)], [str(empty), str(missing)])


def test_a_path_that_is_not_there_is_mistyped_unless_it_is_below_a_known_place(
    tmp_path: Path,
) -> None:
    away = str(tmp_path / "away")
    roots.require_known([tmp_path, away, away + "/below", "https://example.org/a.jpg"], [away])
    roots.require_known([tmp_path / "photos" / "x.jpg"], [str(tmp_path / "photos" / "list.csv")])
    for path in (tmp_path / "Picturs", away + "s", tmp_path / "no.zip!/a.jpg"):
        with pytest.raises(ArgumentError, match="does not exist; check the path"):
            roots.require_known([path], [away])


def test_a_single_files_folder_becomes_a_root(tmp_path: Path) -> None:
    file = tmp_path / "a" / "x.jpg"
    file.parent.mkdir()
    file.write_text("x")
    assert roots.merge_roots((), [str(file)]) == (str(file.parent),)
    assert roots.merge_roots((str(tmp_path),), [str(file), str(tmp_path)]) == (str(tmp_path),)


def test_a_root_covers_those_below_unless_on_another_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    a.mkdir()
    b.mkdir()
    assert roots.merge_roots((str(a), str(b)), [str(tmp_path)]) == (str(tmp_path),)
    assert roots.merge_roots((str(tmp_path),), [str(a), str(b)]) == (str(tmp_path),)
    gone = str(tmp_path / "gone")  # nobody can tell its disk: it stays
    assert roots.merge_roots((gone,), [str(tmp_path)]) == (gone, str(tmp_path))
    monkeypatch.setattr(roots, "_same_disk", lambda *paths: str(b) not in paths)
    both = (str(b), str(tmp_path))
    assert roots.merge_roots((str(a), str(b)), [str(tmp_path)]) == both
    assert set(roots.merge_roots((str(tmp_path),), [str(a), str(b)])) == set(both)


def test_a_file_is_gone_only_when_its_nearest_root_is_online(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    (tmp_path / "here.jpg").write_text("x")
    lost = roots.DeletionCheck([str(tmp_path), str(disk)])
    assert lost(str(tmp_path / "gone.jpg"))
    assert not lost(str(tmp_path / "here.jpg"))
    assert not lost(str(disk / "gone.jpg"))  # the disk's folder is empty: it is unmounted
    assert not lost(str(tmp_path.parent / "gone.jpg"))  # under no root
    with pytest.raises(OfflineError, match="lookalike remove"):
        roots.require_online([str(tmp_path), str(disk)])
    (disk / "other.jpg").write_text("x")
    assert roots.DeletionCheck([str(tmp_path), str(disk)])(str(disk / "gone.jpg"))
