from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from lookalike import Gallery
from lookalike.duplicates.members import Member, members_on_disk
from lookalike.duplicates.pairs import Pair
from lookalike.errors import ArgumentError, GalleryNotFoundError
from lookalike.sources.content import content_hash
from lookalike.types import Match

MATCH = Match(
    ((1.0, 0, 0), (0, 1.0, 0), (0, 0, 1.0)),
    20,
    0.2,
    1,
    1,
    1,
    1,
    False,
    np.zeros((20, 4), np.float32),
)


def file(path: Path, data: bytes = b"x") -> Member:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_bytes(data)
    status = path.stat()
    content = content_hash(path.read_bytes())
    return Member(str(path), status.st_size, status.st_mtime_ns, content, 40, 30)


def test_a_file_with_several_names_is_one_member(tmp_path: Path) -> None:
    real = file(tmp_path / "real" / "a.jpg")
    os.link(real.path, tmp_path / "real" / "hard.jpg")
    (tmp_path / "link.jpg").symlink_to(real.path)
    (tmp_path / "folder").symlink_to(tmp_path / "real")
    others = [tmp_path / "real" / "hard.jpg", tmp_path / "link.jpg", tmp_path / "folder" / "a.jpg"]
    members = [file(other) for other in others] + [real]
    left, _ = members_on_disk(members, [])
    assert [(one.path, one.names) for one in left] == [(real.path, 4)]
    # A link to a file that is not in the gallery is none: neither kept nor moved.
    copy = file(tmp_path / "copy.jpg")
    left, _ = members_on_disk([members[1], copy], [])
    assert [(one.path, one.names) for one in left] == [(copy.path, 1)]
    assert members_on_disk([copy], []) == ([], [])


def test_files_that_are_gone_changed_or_in_a_trash_are_left_out(tmp_path: Path) -> None:
    gone, changed = file(tmp_path / "gone.jpg"), file(tmp_path / "changed.jpg")
    offline = file(tmp_path / "disk" / "x.jpg")
    trashed = [
        file(tmp_path / ".Trash-1000" / "x.jpg"),
        file(tmp_path / "Trash" / "files" / "x.jpg"),
    ]
    there, mine = file(tmp_path / "there.jpg"), file(tmp_path / "Trash" / "mine.jpg")
    unknown = Member(str(tmp_path / "there too.jpg"), -1, -1, there.content_hash, 40, 30)
    Path(unknown.path).write_bytes(b"x")
    Path(gone.path).unlink()
    Path(changed.path).write_bytes(b"something else")
    (tmp_path / "disk").rename(tmp_path / "unmounted")
    left_out = list[str]()
    members = [gone, changed, offline, *trashed, there, mine, unknown]
    left, _ = members_on_disk(members, [], on_left_out=left_out.append)
    assert [one.path for one in left] == [there.path, mine.path, unknown.path]
    assert left[2].size == 1
    assert left_out == [gone.path, changed.path, offline.path]


def test_a_pair_stands_for_every_file_of_its_contents(tmp_path: Path) -> None:
    gone, same = file(tmp_path / "a.jpg"), file(tmp_path / "b.jpg")
    other, lost = file(tmp_path / "c.jpg", b"y"), file(tmp_path / "d.jpg", b"z")
    Path(gone.path).unlink()
    Path(lost.path).unlink()
    members = [gone, same, other, lost]
    left, pairs = members_on_disk(members, [Pair(0, 2, "copy", MATCH), Pair(2, 3, "copy", MATCH)])
    assert [one.path for one in left] == [same.path, other.path]
    assert [(pair.query, pair.target) for pair in pairs] == [(0, 1)]


def test_a_member_names_the_other_parts_of_its_shot(tmp_path: Path) -> None:
    jpeg, copy = file(tmp_path / "p" / "DSC_1.JPG"), file(tmp_path / "copy" / "DSC_1.JPG")
    (tmp_path / "p" / "DSC_1.NEF").write_bytes(b"raw")
    left, _ = members_on_disk([jpeg, copy], [])
    assert [(one.path, one.parts) for one in left] == [(jpeg.path, ("DSC_1.NEF",)), (copy.path, ())]


def test_a_raw_file_and_its_jpeg_are_no_pair(tmp_path: Path) -> None:
    jpeg, raw = file(tmp_path / "p" / "DSC_1.JPG"), file(tmp_path / "p" / "DSC_1.NEF", b"raw")
    edited, copy = file(tmp_path / "edited.jpg", b"e"), file(tmp_path / "backup" / "1.jpg")
    members = [jpeg, raw, edited, copy]
    pairs = [Pair(one, other, "copy", MATCH) for one, other in ((0, 1), (3, 1), (2, 0), (1, 2))]
    left, remaining = members_on_disk(members, pairs)
    assert [one.path for one in left] == [one.path for one in members]
    assert [(pair.query, pair.target) for pair in remaining] == [(2, 0), (1, 2)]


def test_duplicates_can_be_limited_to_paths(
    tmp_path: Path, gallery: Gallery, pictures: Path
) -> None:
    for name in ("a/again.jpg", "b/again.jpg"):
        (pictures / name).write_bytes((pictures / "a" / "0001.jpg").read_bytes())
    gallery.index(pictures)
    (found,) = gallery.duplicates(kind="exact")
    assert len(found.others) == 2
    (found,) = gallery.duplicates(pictures / "a", kind="exact")
    assert found.kept.path == str(pictures / "a" / "0001.jpg")
    assert [other.member.path for other in found.others] == [str(pictures / "a" / "again.jpg")]
    assert gallery.duplicates(pictures / "b", kind="exact") == []
    with pytest.raises(ArgumentError, match="no picture at or under"):
        gallery.duplicates(tmp_path / "elsewhere")
    with pytest.raises(ArgumentError, match="no kind 'same'"):
        gallery.duplicates(kind="same")
    gallery.remove(pictures)
    with pytest.raises(GalleryNotFoundError, match="no pictures yet"):
        gallery.duplicates()
