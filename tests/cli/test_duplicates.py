"""The command `duplicates`, in real processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lookalike import Gallery
from lookalike.cli.main import app
from lookalike.duplicates import trash
from lookalike.storage import write_lock

from ..conftest import busy, run

SIZE = (480, 360)
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="the trash is found by XDG_DATA_HOME")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A picture, its twin, a smaller copy and a crop of it; another picture. And a trash."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    folder = tmp_path / "p"
    folder.mkdir()
    busy(1, SIZE).save(folder / "a.png")
    os.utime(folder / "a.png", (1, 1))
    (folder / "twin.png").write_bytes((folder / "a.png").read_bytes())
    busy(1, SIZE).resize((320, 240)).save(folder / "small.jpg", quality=85)
    busy(1, SIZE).crop((60, 60, 420, 330)).save(folder / "crop.png")
    busy(2, SIZE).save(folder / "b.png")
    Gallery.open(tmp_path / "g").index(folder)
    return folder


def test_groups_are_shown_with_reasons_and_bytes(folder: Path, tmp_path: Path) -> None:
    done = run("duplicates", gallery=tmp_path / "g")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"keep   {folder / 'a.png'}\t480 x 360, ")
    assert lines[0].endswith("\tthe largest: 480 x 360 pixels")
    assert lines[1].startswith(f"exact  {folder / 'twin.png'}\t480 x 360, ")
    assert lines[1].endswith("\tidentical bytes")
    assert lines[2].startswith(f"copy   {folder / 'small.jpg'}\t320 x 240, ")
    assert lines[2].endswith("\treduced to 67%")
    assert lines[3].endswith("\tcropped to 56%")
    names = ("twin.png", "small.jpg")  # a crop stays in any case
    freed = sum((folder / name).stat().st_size for name in names)
    assert f"1 group, 3 duplicates, at most {freed / 1e3:,.1f} kB to free; " in done.stderr
    answer = json.loads(run("duplicates", folder, "--json", gallery=tmp_path / "g").stdout)
    assert answer["bytes_freed"] == freed
    (group,) = answer["groups"]
    assert (group["kind"], group["kept"]["path"]) == ("copy", str(folder / "a.png"))
    assert [other["changes"] for other in group["others"]] == [
        [],
        ["reduced to 67%"],
        ["cropped to 56%"],
    ]
    exact = json.loads(
        run("duplicates", "--kind", "exact", "--json", gallery=tmp_path / "g").stdout
    )
    assert [len(group["others"]) for group in exact["groups"]] == [1]


@on_linux
def test_trash_shows_first_then_moves_and_forgets(folder: Path, tmp_path: Path) -> None:
    trash = tmp_path / "data" / "Trash" / "files"
    checked = run("duplicates", "--check", gallery=tmp_path / "g")
    shown = run("duplicates", "--trash", gallery=tmp_path / "g", stdin=subprocess.DEVNULL)
    assert shown.returncode == checked.returncode == 0, shown.stderr
    assert shown.stdout == checked.stdout
    assert f"goes   {folder / 'twin.png'}" in shown.stdout
    assert f"goes   {folder / 'small.jpg'}" in shown.stdout
    assert f"stays  {folder / 'crop.png'}" in shown.stdout
    assert "it is a crop of the original" in shown.stdout
    assert "Safe to move to the trash: 2 files (" in shown.stderr
    assert "add --yes" in shown.stderr
    assert not trash.exists()
    assert len(os.listdir(folder)) == 5
    done = run("duplicates", "--trash", "--yes", "--json", gallery=tmp_path / "g")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)["trash"]
    assert told["done"]
    assert told["moved"] == [str(folder / "twin.png"), str(folder / "small.jpg")]
    assert sorted(os.listdir(trash)) == ["small.jpg", "twin.png"]
    assert sorted(os.listdir(folder)) == ["a.png", "b.png", "crop.png"]
    gallery = Gallery.open(tmp_path / "g")
    assert gallery.info().files == 3
    assert gallery.prune(dry_run=True).removed == ()
    assert gallery.info().roots[0].path == str(folder)
    back = run("duplicates", "--undo", gallery=tmp_path / "g")
    assert back.returncode == 0, back.stderr
    assert back.stdout.splitlines() == [str(folder / "small.jpg"), str(folder / "twin.png")]
    assert "2 files brought back." in back.stderr
    assert gallery.info().files == 5
    again = run("duplicates", "--undo", "--json", gallery=tmp_path / "g")
    assert json.loads(again.stdout) == {"restored": [], "left": []}
    assert "There is nothing to bring back." in again.stderr


@on_linux
@pytest.mark.parametrize(("answer", "gone", "code"), [("y\n", 1, 0), ("n\n", 0, 0), ("\4", 0, 130)])
def test_on_a_terminal_it_asks(
    folder: Path, tmp_path: Path, answer: str, gone: int, code: int
) -> None:
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "lookalike", "duplicates", "--kind", "exact", "--trash"]
    process = subprocess.Popen(
        [*command, "--gallery", str(tmp_path / "g")],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    os.write(ours, answer.encode())
    _, said = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == code, said
    assert b"Move 1 file (" in said
    assert len(os.listdir(folder)) == 5 - gone


@on_linux
def test_a_file_that_can_not_be_moved_ends_with_1(folder: Path, tmp_path: Path) -> None:
    long = folder / ("b" * 246 + ".png")  # there is no room for `.trashinfo` in the name
    long.write_bytes((folder / "b.png").read_bytes())
    os.utime(folder / "b.png", (1, 1))
    Gallery.open(tmp_path / "g").index(folder)
    done = run("duplicates", "--kind", "exact", "--trash", "--yes", gallery=tmp_path / "g")
    assert done.returncode == 1
    assert f"{long}\tit can't be moved to the trash: File name too long" in done.stderr
    assert "1 file moved to the trash" in done.stderr
    assert long.exists()
    assert not (folder / "twin.png").exists()
    assert Gallery.open(tmp_path / "g").info().files == 5


def test_a_folder_seen_twice_and_one_that_is_away(folder: Path, tmp_path: Path) -> None:
    (folder / "hard.png").hardlink_to(folder / "b.png")
    (tmp_path / "link").symlink_to(folder)
    gallery = Gallery.open(tmp_path / "g")
    gallery.index(folder)
    gallery.index(tmp_path / "link")
    done = run("duplicates", "--kind", "exact", "--json", gallery=tmp_path / "g")
    (group,) = json.loads(done.stdout)["groups"]  # b.png has no duplicate, only names
    assert group["kept"]["path"] == str(folder / "a.png")
    assert [other["bytes_freed"] for other in group["others"]] == [0]
    folder.rename(tmp_path / "away")
    done = run("duplicates", "--kind", "exact", "--trash", "--yes", gallery=tmp_path / "g")
    assert (done.returncode, done.stdout) == (0, "")
    assert "No duplicates found." in done.stderr
    assert "Skipped 12 files, missing or changed since indexed" in done.stderr


def test_wrong_usage(folder: Path, tmp_path: Path) -> None:
    for options, said in (
        (["--kind", "near", "--trash"], "choose yourself"),
        (["--yes"], "add --trash"),
        (["--html", tmp_path / "none" / "x.html"], "is not a folder"),
        (["--kind", "same"], "no kind 'same'"),
        ([tmp_path / "elsewhere"], "no picture at or under"),
    ):
        done = run("duplicates", *options, gallery=tmp_path / "g")
        assert done.returncode == 2
        assert said in done.stderr


def test_ctrl_c_while_looking_touches_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("lookalike.duplicates.find.find_pairs", stopped)
    done = CliRunner().invoke(
        app, ["duplicates", "--trash", "--yes", "--gallery", str(tmp_path / "g")]
    )
    assert done.exit_code == 130
    assert "Stopped before any file was moved; run the same command" in done.stderr
    assert len(os.listdir(folder)) == 5


@on_linux
def test_ctrl_c_while_moving_says_how_to_go_on(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(path: str) -> None:
        if path == str(folder / "small.jpg"):
            raise KeyboardInterrupt
        send(path)

    send = trash._send_to_trash
    monkeypatch.setattr(trash, "_send_to_trash", stopped)
    done = CliRunner().invoke(
        app, ["duplicates", "--trash", "--yes", "--gallery", str(tmp_path / "g")]
    )
    assert done.exit_code == 130
    assert "Stopped; run the same command again to continue, or bring back" in done.stderr
    assert Gallery.open(tmp_path / "g").info().files == 4
    back = CliRunner().invoke(
        app, ["duplicates", "--undo", str(folder), "--gallery", str(tmp_path / "g")]
    )
    assert (back.exit_code, back.stdout) == (0, f"{folder / 'twin.png'}\n")


@on_linux
def test_what_can_not_come_back_ends_with_1(folder: Path, tmp_path: Path) -> None:
    assert run("duplicates", "--trash", "--yes", gallery=tmp_path / "g").returncode == 0
    shutil.rmtree(tmp_path / "data" / "Trash")
    done = run("duplicates", "--undo", gallery=tmp_path / "g")
    assert done.returncode == 1
    assert f"{folder / 'twin.png'}\tit is no longer in the trash" in done.stderr


@on_linux
def test_the_second_of_two_runs_says_so(folder: Path, tmp_path: Path) -> None:
    with write_lock(tmp_path / "g"):
        done = run("duplicates", "--trash", "--yes", gallery=tmp_path / "g")
    assert done.returncode == 1
    assert "Another lookalike is writing to" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(os.listdir(folder)) == 5


def test_the_page_and_hostile_names(folder: Path, tmp_path: Path) -> None:
    data = (folder / "b.png").read_bytes()
    hostile = ['<script>alert(1)<&".png', "gone\N{RIGHT-TO-LEFT OVERRIDE}gnp.jpg"]
    if sys.platform == "linux":
        hostile.append(os.fsdecode(b"caf\xe9\n.png"))
    for name in hostile:
        (folder / name).write_bytes(data)
    Gallery.open(tmp_path / "g").index(folder)
    page = tmp_path / "out.html"
    done = run("duplicates", "--html", page, gallery=tmp_path / "g", text=False)
    assert done.returncode == 0, done.stderr
    assert b"Page: " in done.stderr
    text = page.read_text("utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in text
    assert text.count('<img src="data:image/jpeg;base64,') == 4 + 1 + len(hostile)
