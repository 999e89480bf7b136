from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from lookalike.duplicates import freedesktop_trash
from lookalike.duplicates.freedesktop_trash import find_in_trash, put_back
from lookalike.sources import content_hash

from .conftest import Home

DATA = b"the picture"
HASH = content_hash(DATA)


def trashed(trash: Path, name: str, path: Path | str, data: bytes = DATA) -> str:
    """Put a file into a trash by hand."""
    for folder in ("files", "info"):
        (trash / folder).mkdir(parents=True, exist_ok=True)
    (trash / "files" / name).write_bytes(data)
    (trash / "info" / f"{name}.trashinfo").write_text(f"[Trash Info]\nPath={path}\n")
    return str(trash / "files" / name)


def test_a_file_is_found_by_its_path_and_its_content(home: Home) -> None:
    path = str(home.folder / "a.png")
    trashed(home.trash, "a.png", path, b"another that was there")
    trashed(home.trash, "a 1.png", home.path / "q" / "a.png")
    ours = trashed(home.trash, "a.2.png", path)  # as GIO names it
    trashed(home.trash, "b.png", home.folder / "b.png")
    assert find_in_trash(path, HASH) == ours
    os.unlink(ours)
    assert find_in_trash(path, HASH) is None
    os.symlink(home.trash / "files" / "a 1.png", ours)
    assert find_in_trash(path, HASH) is None


def test_paths_may_be_relative_and_of_any_bytes(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = home.path / "data" / "p" / "a.png"
    ours = trashed(home.trash, "a.png", "p/a.png")  # relative to the trash's folder
    inside.parent.mkdir()
    assert find_in_trash(str(inside), HASH) == ours
    odd = trashed(home.trash, "x.png", f"{home.folder}/caf%E9%20100%25.png")
    os.rename(odd, os.path.join(os.path.dirname(odd), os.fsdecode(b"caf\xe9 100%.png")))
    note = home.trash / "info" / "x.png.trashinfo"
    note.rename(note.with_name(os.fsdecode(b"caf\xe9 100%.png.trashinfo")))
    found = find_in_trash(str(home.folder / os.fsdecode(b"caf\xe9 100%.png")), HASH)
    assert found
    for volume in (".Trash/0", f".Trash-{os.getuid()}"):
        monkeypatch.setattr(os.path, "ismount", lambda path: path == str(home.path))
        monkeypatch.setattr(os, "getuid", lambda: 0)
        ours = trashed(home.path / volume.replace(str(os.getuid()), "0"), "v.png", "p/v.png")
        assert find_in_trash(str(home.folder / "v.png"), HASH) == ours
        os.unlink(ours)


def test_nothing_is_overwritten(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    path = home.folder / "a.png"
    for can_link in (True, False):
        if not can_link:  # as on exFAT, and between disks

            def no_links(*_: object, **__: object) -> None:
                raise OSError(errno.EPERM, os.strerror(errno.EPERM))

            monkeypatch.setattr(freedesktop_trash.os, "link", no_links)
        ours = trashed(home.trash, "a.png", path)
        path.write_bytes(b"mine")
        with pytest.raises(FileExistsError):
            put_back(ours, str(path))
        assert path.read_bytes() == b"mine"
        path.unlink()
        os.utime(ours, ns=(5, 7))
        put_back(ours, str(path))
        assert (path.read_bytes(), path.stat().st_mtime_ns) == (DATA, 7)
        assert home.in_trash() == []
        assert home.files() == ["a.png"]


def test_a_copy_that_is_interrupted_leaves_no_part(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = trashed(home.trash, "a.png", home.folder / "a.png")

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(freedesktop_trash.os, "link", fail)
    monkeypatch.setattr(freedesktop_trash.shutil, "copystat", stop)
    with pytest.raises(KeyboardInterrupt):
        put_back(ours, str(home.folder / "a.png"))
    assert home.files() == []
    assert home.in_trash() == ["a.png"]


def test_hostile_notes_are_passed_over(home: Home) -> None:
    path = home.folder / "a.png"
    for n, note in enumerate((b"", b"Path=\n", b"\xff" * 100_000, b"Path=%00%zz\n", b"Path=..\n")):
        trashed(home.trash, f"a {n}.png", path)
        (home.trash / "info" / f"a {n}.png.trashinfo").write_bytes(note)
    (home.trash / "info" / "a 9.png.trashinfo").mkdir()
    assert find_in_trash(str(path), HASH) is None
