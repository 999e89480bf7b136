"""The trash of a gallery: real files, a real trash, real processes that are killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lookalike import Gallery
from lookalike.duplicates import Group, trash as module
from lookalike.duplicates.trash import TrashReport, UndoReport
from lookalike.errors import GalleryBusyError, StorageError
from lookalike.storage import write_lock

from ..conftest import busy
from .conftest import SIZE, Home

OTHER_DISK = Path("/dev/shm")


def checked(gallery: Gallery) -> list[Group]:
    return gallery.check_duplicates(gallery.duplicates())


def rows(gallery: Gallery) -> list[dict[str, Any]]:
    store = gallery._open_store(gallery._manifest())
    found = [
        row
        for batch in store.pictures.scan(store.pictures.schema.names)
        for row in batch.to_pylist()
    ]
    return sorted(found, key=lambda row: str(row["path"]))


def test_what_goes_is_moved_and_comes_back_with_its_row(home: Home) -> None:
    original = home.picture("a.png")
    twin = home.twin(original, "\N{SNOWMAN} twin.png")
    home.picture("other.png", 2)
    gallery = home.gallery
    before, data = rows(gallery), twin.read_bytes()
    groups = checked(gallery)
    stages = list[tuple[str, int, int]]()
    done = gallery.trash(groups, on_progress=lambda *values: stages.append(values))
    assert done == TrashReport((str(twin),), (), len(data))
    assert stages == [("Moving files", 1, 1)]
    assert home.files() == ["a.png", "other.png"]
    assert home.in_trash() == [twin.name]
    assert (home.trash / "files" / twin.name).read_bytes() == data
    assert [row["path"] for row in rows(gallery)] == [str(original), str(home.folder / "other.png")]
    assert gallery.trash(groups).left[0].reason == "it can't be checked: No such file or directory"
    assert gallery.undo_trash() == UndoReport((str(twin),), ())
    assert rows(gallery) == before  # the vector, too
    assert (twin.read_bytes(), home.in_trash()) == (data, [])
    assert gallery.index(home.folder).unchanged == 3
    assert gallery.undo_trash() == UndoReport((), ())  # once more is harmless


def test_only_what_was_found_to_go_is_moved(home: Home) -> None:
    twin = home.twin(home.picture("a.png"), "twin.png")
    gallery = home.gallery
    (left,) = gallery.trash(gallery.duplicates()).left
    assert left.reason == "it has not been checked yet"
    busy(1, SIZE).crop((60, 60, 420, 330)).save(home.folder / "crop.png")
    done = home.gallery.trash(checked(home.gallery), paths=[str(home.folder / "crop.png")])
    assert [one.reason for one in done.left] == ["it is a crop of the original"]
    assert done.moved == ()
    assert twin.exists()
    assert home.in_trash() == []


def test_both_files_must_be_what_they_were(home: Home) -> None:
    home.twin(home.picture("a.png"), "twin.png")
    gallery = home.gallery
    groups = checked(gallery)
    elsewhere = home.path / "elsewhere.png"
    for name, subject in (("a.png", "the kept file"), ("twin.png", "it")):
        path = home.folder / name
        data, status = path.read_bytes(), path.stat()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))  # with its size and time as before
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        (left,) = gallery.trash(groups).left
        assert left.reason == (
            f"{subject} can't be checked: the file has changed since it was indexed"
        )
        path.rename(elsewhere)
        (left,) = gallery.trash(groups).left
        assert left.reason == f"{subject} can't be checked: No such file or directory"
        elsewhere.write_bytes(data)
        path.symlink_to(elsewhere)
        (left,) = gallery.trash(groups).left
        assert left.reason == f"{subject} is a link"
        path.unlink()
        shutil.move(elsewhere, path)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert home.in_trash() == []
    assert gallery.trash(groups).moved


def test_a_sidecar_that_comes_after_the_check_counts(home: Home) -> None:
    twin = home.twin(home.picture("a.png"), "twin.png")
    gallery = home.gallery
    groups = checked(gallery)
    (home.folder / "twin.xmp").write_text("<x:xmpmeta/>")
    (left,) = gallery.trash(groups).left
    assert left.reason == "twin.xmp beside it belongs to it"
    assert twin.exists()


def test_the_same_file_by_another_path_stays(home: Home) -> None:
    original = home.picture("a.png")
    twin = home.twin(original, "twin.png")
    gallery = home.gallery
    groups = checked(gallery)
    twin.unlink()
    os.link(original, twin)
    os.utime(twin, (1, 1))
    (group,) = groups
    (other,) = group.others
    mtime_ns = original.stat().st_mtime_ns
    other = replace(other, member=replace(other.member, mtime_ns=mtime_ns))
    (left,) = gallery.trash([replace(group, others=(other,))]).left
    assert left.reason == "it is the same file as the kept one"


def test_a_file_comes_back_if_the_kept_one_went_with_it(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on two mounts of one disk, which no number of a file tells."""
    original = home.picture("a.png")
    twin = home.twin(original, "twin.png")
    gallery = home.gallery
    groups = checked(gallery)
    send = module._send_to_trash

    def send_both(path: str) -> None:
        send(path)
        original.unlink()

    monkeypatch.setattr(module, "_send_to_trash", send_both)
    (left,) = gallery.trash(groups).left
    assert left.reason == f"it is back from the trash: {original} is gone or has changed"
    assert home.files() == ["twin.png"]
    assert home.in_trash() == []
    assert twin.exists()
    assert len(rows(gallery)) == 2
    assert gallery.undo_trash() == UndoReport((), ())


def test_a_failed_move_leaves_the_file_and_no_note(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = home.picture("a.png")
    long = home.twin(original, "b" * 246 + ".png")  # no room for `.trashinfo` in the name
    free = home.twin(original, "c.png")
    gallery = home.gallery
    done = gallery.trash(checked(gallery))
    assert done.moved == (str(free),)
    assert [one.reason for one in done.left] == [
        "it can't be moved to the trash: File name too long"
    ]
    assert long.exists()
    assert home.in_trash() == ["c.png"]
    # Where the system says no after the note was written, as in a folder that is read-only.
    gallery.undo_trash()
    groups = checked(gallery)

    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("os.rename", refuse)
        assert gallery.trash(groups).moved == ()
    assert home.in_trash() == []
    assert free.exists()


def test_without_a_home_nothing_is_moved(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    twin = home.twin(home.picture("a.png"), "twin.png")
    gallery = home.gallery
    groups = checked(gallery)
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(home.path / "none"))
    monkeypatch.chdir(home.path)
    (left,) = gallery.trash(groups).left
    assert left.reason == "it can't be moved to the trash: No such file or directory"
    assert twin.exists()


def test_undo_never_overwrites_and_says_what_is_gone(home: Home) -> None:
    original = home.picture("a.png")
    twins = [home.twin(original, f"{name}/twin.png") for name in ("one", "two", "three", "four")]
    gallery = home.gallery
    assert len(gallery.trash(checked(gallery)).moved) == 4
    home.picture("one/twin.png", 3)  # something else is there now
    by_hand = next(
        path for path in (home.trash / "info").iterdir() if "two/twin" in path.read_text()
    )
    shutil.move(home.trash / "files" / by_hand.stem, twins[1])  # restored by hand
    by_hand.unlink()
    emptied = next(
        path for path in (home.trash / "info").iterdir() if "three/twin" in path.read_text()
    )
    (home.trash / "files" / emptied.stem).unlink()
    emptied.unlink()
    shutil.rmtree(home.folder / "four")  # an emptied folder that was deleted
    report = gallery.undo_trash()
    assert report.restored == (str(twins[3]), str(twins[1]))
    assert {one.path: one.reason for one in report.left} == {
        str(twins[2]): "it is no longer in the trash",
        str(twins[0]): "another file is where it was; move that away, then undo again",
    }
    paths = {row["path"] for row in rows(gallery)}
    assert {str(twins[1]), str(twins[3])} <= paths
    (home.folder / "one" / "twin.png").unlink()
    again = gallery.undo_trash()
    assert again.restored == (str(twins[0]),)
    assert [one.path for one in again.left] == [str(twins[2])]


def test_undo_by_paths_reaches_back_over_all_runs(home: Home) -> None:
    original = home.picture("a.png")
    first = home.twin(original, "one/first.png")
    gallery = home.gallery
    gallery.trash(checked(gallery))
    second, third = home.twin(original, "one/2.png"), home.twin(original, "two/3.png")
    gallery = home.gallery
    gallery.trash(checked(gallery))
    assert gallery.undo_trash(home.folder / "one").restored == (str(second), str(first))
    assert gallery.undo_trash().restored == (str(third),)  # what is left of the last run
    assert gallery.undo_trash() == UndoReport((), ())  # not the run before


def test_a_row_of_another_encoder_does_not_come_back(home: Home) -> None:
    twin = home.twin(home.picture("a.png"), "twin.png")
    gallery = home.gallery
    gallery.trash(checked(gallery))
    journal = home.gallery_folder / "trash.jsonl"
    sha256 = gallery.info().encoder["sha256"]
    journal.write_text(journal.read_text().replace(sha256, "0" * 64))
    assert gallery.undo_trash().restored == (str(twin),)
    assert len(rows(gallery)) == 1
    assert gallery.index(home.folder).copied == 1


@pytest.mark.skipif(not os.access(OTHER_DISK, os.W_OK), reason="there is no other disk")
def test_a_file_of_another_disk_comes_back(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the trash of that disk or, where it has none, of the home."""
    disk = OTHER_DISK / f"lookalike-{os.getpid()}"
    disk.mkdir()
    try:
        home.folder.rmdir()
        home.folder.symlink_to(disk)  # another disk, and a link in the path
        twin = home.twin(home.picture("a.png"), "twin.png")
        status, gallery = twin.stat(), home.gallery
        for fallback in (False, True):
            if fallback:
                shutil.rmtree(OTHER_DISK / f".Trash-{os.getuid()}")
                monkeypatch.setattr("send2trash.plat_other.get_dev", lambda _path: 1)
            assert gallery.trash(checked(gallery)).moved == (str(twin),)
            assert home.in_trash() == (["twin 1.png"] if fallback else [])
            assert not twin.exists()
            assert gallery.undo_trash().restored == (str(twin),)
            assert twin.stat().st_mtime_ns == status.st_mtime_ns
            assert home.in_trash() == []
        assert gallery.index(home.folder).unchanged == 2
    finally:
        shutil.rmtree(disk)
        shutil.rmtree(OTHER_DISK / f".Trash-{os.getuid()}", ignore_errors=True)


def test_one_run_at_a_time(home: Home) -> None:
    twin = home.twin(home.picture("a.png"), "twin.png")
    gallery = home.gallery
    groups = checked(gallery)
    with write_lock(home.gallery_folder):
        for act in (lambda: gallery.trash(groups), gallery.undo_trash):
            with pytest.raises(GalleryBusyError, match="Another lookalike is writing"):
                act()
    assert twin.exists()


def test_without_a_journal_nothing_is_moved(home: Home) -> None:
    twin = home.twin(home.picture("a.png"), "twin.png")
    gallery = home.gallery
    groups = checked(gallery)
    (home.gallery_folder / "trash.jsonl").mkdir()
    with pytest.raises(StorageError, match=r"so no file is moved; check the gallery's disk space"):
        gallery.trash(groups)
    assert twin.exists()
    assert home.in_trash() == []


# Kills the process at the n-th call of a function, or just after it.
_KILLED = """
import os, signal, sys
from lookalike import Gallery
from lookalike.duplicates import trash
gallery = Gallery.open(sys.argv[1])
name, after = sys.argv[2], sys.argv[3] == "after"
owner = trash.Journal if hasattr(trash.Journal, name) else trash
inner = getattr(owner, name)
def killed(*values, **options):
    if after:
        inner(*values, **options)
    os.kill(os.getpid(), signal.SIGKILL)
groups = gallery.check_duplicates(gallery.duplicates())
setattr(owner, name, killed)
gallery.undo_trash() if sys.argv[4:] else gallery.trash(groups)
"""


def killed(home: Home, name: str, when: str, *undo: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(home.gallery_folder), name, when, *undo],
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize(
    ("name", "when", "moved"),
    [
        ("start", "after", False),
        ("_send_to_trash", "after", True),
        ("finish", "before", True),
        ("finish", "after", True),
    ],
)
def test_a_killed_run_is_settled_by_the_next(
    home: Home, name: str, when: str, *, moved: bool
) -> None:
    twin = home.twin(home.picture("a.png"), "twin.png")
    gallery = home.gallery
    killed(home, name, when)
    assert twin.exists() != moved
    assert len(rows(gallery)) == 2
    gallery.trash([])
    assert len(rows(gallery)) == 2 - moved
    report = gallery.undo_trash()
    assert report == (UndoReport((str(twin),), ()) if moved else UndoReport((), ()))
    assert home.files() == ["a.png", "twin.png"]
    assert home.in_trash() == []
    assert len(rows(gallery)) == 2
    assert gallery.index(home.folder).unchanged == 2
    assert gallery.trash(checked(gallery)).moved == (str(twin),)


def test_a_killed_run_whose_kept_file_is_gone_brings_the_other_back(home: Home) -> None:
    original = home.picture("a.png")
    twin = home.twin(original, "twin.png")
    gallery = home.gallery
    killed(home, "_send_to_trash", "after")
    original.unlink()
    assert not twin.exists()
    gallery.trash([])
    assert home.files() == ["twin.png"]
    assert home.in_trash() == []


@pytest.mark.parametrize(("name", "when"), [("_bring_back", "after"), ("finish", "before")])
def test_a_killed_undo_can_be_run_again(home: Home, name: str, when: str) -> None:
    home.twin(home.picture("a.png"), "twin.png")
    gallery = home.gallery
    assert gallery.trash(checked(gallery)).moved
    killed(home, name, when, "undo")
    gallery.undo_trash()
    assert home.files() == ["a.png", "twin.png"]
    assert home.in_trash() == []
    assert len(rows(gallery)) == 2


def test_ctrl_c_loses_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    original = home.picture("a.png")
    twins = [home.twin(original, f"{n}.png") for n in range(3)]
    gallery = home.gallery
    groups = checked(gallery)
    send = module._send_to_trash
    sent = list[str]()

    def stop_after_two(path: str) -> None:
        send(path)
        sent.append(path)
        if len(sent) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(module, "_send_to_trash", stop_after_two)
    with pytest.raises(KeyboardInterrupt):
        gallery.trash(groups)
    assert len(rows(gallery)) == 2  # those that went are forgotten
    assert gallery.undo_trash().restored == (sent[1], sent[0])
    assert all(twin.exists() for twin in twins)
    assert len(rows(gallery)) == 4


def test_a_hostile_journal_moves_nothing(home: Home) -> None:
    twin = home.twin(home.picture("a.png"), "twin.png")
    gallery = home.gallery
    gallery.trash(checked(gallery))
    journal = home.gallery_folder / "trash.jsonl"
    good = journal.read_text()
    move = json.loads(good.splitlines()[0])
    victim = home.path / "victim.png"
    victim.write_bytes(b"mine")
    lines = [
        {**move, "id": "1", "path": str(victim), "state": "moved"},  # not what the trash says
        {**move, "id": "2", "path": "relative.png", "state": "moved"},
        {**move, "id": "3", "path": "s3://bucket/a.png", "state": "moved"},
        {**move, "id": "4", "content_hash": "zz", "state": "moved"},
        {**move, "id": "5", "row": [1], "state": "moved"},
        {**move, "id": ["6"], "state": "moved"},
        {"id": "7", "state": "moved"},
        {"ended": 5},
        [1],
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    journal.write_text(text + "[" * 100_000 + "\n\0\xff\n" + good + '{"id": "torn', "latin-1")
    assert gallery.undo_trash().restored == (str(twin),)
    assert victim.read_bytes() == b"mine"
    # A row that does not fit is not written.
    for row in (
        {"path": str(twin)},
        {**move["row"], "vector": "AAAA"},
        {**move["row"], "width": "wide"},
        {**move["row"], "size": 2**70},
    ):
        gallery.remove(twin)
        journal.write_text(json.dumps({**move, "row": row, "state": "moved"}) + "\n")
        assert gallery.undo_trash().restored == (str(twin),)
        assert len(rows(gallery)) == 1
