from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from lookalike.copies.fingerprint import fingerprint
from lookalike.copies.kind import kind_of
from lookalike.copies.verify import verify
from lookalike.decode import decode
from lookalike.duplicates.groups import Group, group_members
from lookalike.duplicates.members import Member
from lookalike.duplicates.pairs import Pair
from lookalike.duplicates.trash import looks_the_same, to_trash
from lookalike.sources.content import content_hash

from ..conftest import busy

SIZE = (480, 360)
pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the trash is found by XDG_DATA_HOME"
)


@pytest.fixture
def trash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The real trash's folder, below `tmp_path`; send2trash locates it on import."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for name in [name for name in sys.modules if name.startswith("send2trash")]:
        monkeypatch.delitem(sys.modules, name)
    return tmp_path / "data" / "Trash"


def saved(path: Path, picture: Image.Image, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, **options)
    return path


def grouped(*paths: Path) -> list[Group]:
    """Group files, every pair verified."""
    members, prints = [], []
    for path in paths:
        data, status = path.read_bytes(), path.stat()
        picture = decode(data)
        size = picture.width, picture.height
        members.append(
            Member(str(path), status.st_size, status.st_mtime_ns, content_hash(data), *size)
        )
        prints.append(fingerprint(picture))
    pairs = []
    for one in range(len(paths)):
        for other in range(one):
            match = verify(prints[one], prints[other])
            if match and kind_of(match) == "copy":
                pairs.append(Pair(one, other, "copy", match))
    return group_members(members, pairs)


def in_trash(trash: Path) -> list[str]:
    return sorted(os.listdir(trash / "files")) if trash.exists() else []


def test_copies_go_to_the_real_trash_and_the_original_stays(tmp_path: Path, trash: Path) -> None:
    original = saved(tmp_path / "p" / "a.png", busy(1, SIZE))
    small = saved(tmp_path / "p" / "b.jpg", busy(1, SIZE).resize((240, 180)), quality=85)
    twin = tmp_path / "p" / "\N{SNOWMAN} twin.png"
    twin.write_bytes(original.read_bytes())
    os.utime(original, (1, 1))
    groups = grouped(twin, original, small)
    assert groups[0].kept.path == str(original)
    data, freed = small.read_bytes(), small.stat().st_size + twin.stat().st_size
    planned = to_trash(groups, dry_run=True)
    assert (set(planned.moved), planned.left) == ({str(small), str(twin)}, ())
    assert in_trash(trash) == []
    calls = dict[str, str]()
    done = to_trash(groups, on_file=calls.__setitem__)
    assert done == planned
    assert done.bytes_freed == freed
    assert calls == {str(small): "", str(twin): ""}
    assert os.listdir(tmp_path / "p") == ["a.png"]
    assert in_trash(trash) == ["b.jpg", twin.name]
    assert (trash / "files" / "b.jpg").read_bytes() == data
    assert f"Path={small}\n" in (trash / "info" / "b.jpg.trashinfo").read_text()  # its way back
    # A second run reports that they are gone.
    again = to_trash(groups)
    assert again.moved == ()
    assert {refusal.reason for refusal in again.left} == {"No such file or directory"}


def test_crops_and_pasted_pictures_are_never_moved(tmp_path: Path, trash: Path) -> None:
    whole = saved(tmp_path / "p" / "whole.png", busy(2, SIZE))
    crop = saved(tmp_path / "p" / "crop.png", busy(2, SIZE).crop((60, 60, 420, 330)))
    page = Image.new("RGB", (900, 700), "white")
    page.paste(busy(2, SIZE).resize((360, 270)), (100, 80))
    pasted = saved(tmp_path / "p" / "page.png", page)
    (found,) = grouped(whole, crop, pasted)
    assert found.kept.path == str(whole)
    done = to_trash([found])
    assert (done.moved, done.bytes_freed) == ((), 0)
    assert {refusal.path: refusal.reason for refusal in done.left} == {
        str(crop): "it is a crop of the original",
        str(pasted): "it shows more than the original",
    }
    assert in_trash(trash) == []


def test_a_file_that_looks_different_stays(tmp_path: Path, trash: Path) -> None:
    """An older grey copy must not replace the coloured JPEG."""
    grey = saved(tmp_path / "p" / "grey.bmp", ImageOps.grayscale(busy(3, SIZE)))
    os.utime(grey, (1, 1))
    colour = saved(tmp_path / "p" / "colour.jpg", busy(3, SIZE), quality=80)
    (found,) = grouped(colour, grey)
    assert found.kept.path == str(grey)
    assert to_trash([found]).left[0].reason == "it looks different from the original"
    assert colour.exists()
    assert in_trash(trash) == []


def test_changed_gone_and_linked_files_stay(tmp_path: Path, trash: Path) -> None:
    original = saved(tmp_path / "p" / "a.png", busy(4, SIZE))
    copies = [tmp_path / "p" / name for name in ("changed.png", "gone.png", "same.png", "twin.png")]
    for copy in copies:
        copy.write_bytes(original.read_bytes())
    os.utime(original, (1, 1))
    groups = grouped(original, *copies)
    assert groups[0].kept.path == str(original)
    saved(copies[0], busy(5, SIZE))
    copies[1].unlink()
    copies[2].unlink()
    os.link(original, copies[2])
    done = to_trash(groups)
    assert done.moved == (str(copies[3]),)
    assert [refusal.reason for refusal in done.left] == [
        "the file has changed since it was indexed",
        "No such file or directory",
        "it is the same file as the original",
    ]
    assert in_trash(trash) == ["twin.png"]


@pytest.mark.parametrize("change", [Path.unlink, lambda path: saved(path, busy(7, SIZE))])
def test_nothing_is_moved_without_the_original(tmp_path: Path, trash: Path, change: Any) -> None:
    original = saved(tmp_path / "p" / "a.png", busy(6, SIZE))
    copy = saved(tmp_path / "p" / "b.jpg", busy(6, SIZE).resize((320, 240)), quality=90)
    groups = grouped(original, copy)
    change(original)
    (left,) = to_trash(groups).left
    assert left.reason.startswith("the original can't be checked: ")
    assert copy.exists()
    assert in_trash(trash) == []


def test_a_file_that_fails_does_not_stop_the_others(tmp_path: Path, trash: Path) -> None:
    original = saved(tmp_path / "p" / "a.png", busy(8, SIZE))
    long, free = tmp_path / "p" / ("b" * 246 + ".png"), tmp_path / "p" / "c.png"
    for copy in (long, free):
        copy.write_bytes(original.read_bytes())
    os.utime(original, (1, 1))
    done = to_trash(grouped(original, long, free))  # no room for `.trashinfo` in the name
    assert done.moved == (str(free),)
    assert done.left[0].reason == "it can't be moved to the trash: File name too long"
    assert long.exists()


def test_edits_that_look_the_same_and_edits_that_do_not(tmp_path: Path) -> None:
    original = busy(9, SIZE)
    captioned = original.copy()
    ImageDraw.Draw(captioned).rectangle((0, 320, 480, 360), "white")
    edits = {
        "small": (original.resize((200, 150)), True),
        "mirrored": (ImageOps.mirror(original), True),
        "turned": (original.transpose(Image.Transpose.ROTATE_90), True),
        "captioned": (captioned, False),
        "grey": (ImageOps.grayscale(original).convert("RGB"), False),
        "negative": (ImageOps.invert(original), False),
    }
    of = decode(saved(tmp_path / "o.png", original).read_bytes())
    for name, (edited, same) in edits.items():
        copy = decode(saved(tmp_path / f"{name}.jpg", edited, quality=60).read_bytes())
        match = verify(fingerprint(copy), fingerprint(of))
        assert match is not None
        assert looks_the_same(match, copy, of) == same, name
        shifted = replace(match, transform=((1.0, 0, 40.0), (0, 1.0, 0), (0, 0, 1.0)))
        assert not looks_the_same(shifted, copy, of), name
    assert np.asarray(of.pixels).shape == (360, 480, 3)
