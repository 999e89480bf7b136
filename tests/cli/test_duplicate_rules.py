"""The options of `duplicates` that let people decide, in real processes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from lookalike import Gallery

from ..conftest import busy, run

SIZE = (480, 360)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twins in two folders, the older in `a`, and a smaller copy in a third."""
    folder = tmp_path / "p"
    for name in "abc":
        (folder / name).mkdir(parents=True)
    busy(1, SIZE).save(folder / "a" / "x.png")
    (folder / "b" / "x.png").write_bytes((folder / "a" / "x.png").read_bytes())
    os.utime(folder / "a" / "x.png", (1, 1))
    busy(1, SIZE).resize((320, 240)).save(folder / "c" / "small.jpg", quality=85)
    Gallery.open(tmp_path / "g").index(folder)
    return folder


def kept(folder: Path, *options: str | Path) -> str:
    """Return the folder of the file that is kept."""
    done = run("duplicates", *options, "--json", gallery=folder.parent / "g")
    assert done.returncode == 0, done.stderr
    (group,) = json.loads(done.stdout)["groups"]
    return Path(group["kept"]["path"]).parent.name


def shown(folder: Path, *options: str | Path) -> Any:
    done = run("duplicates", *options, gallery=folder.parent / "g")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if "--json" in options else done.stdout


def test_rules_of_one_run_and_remembered_ones(folder: Path) -> None:
    assert kept(folder) == "a"
    for options in (
        ["--prefer", folder / "b"],
        ["--protect", folder / "b"],
        ["--keep", "newest"],
        ["--keep", "path:*/b/*"],
        ["--prefer", folder / "c", "--prefer", folder / "b"],
    ):
        assert kept(folder, *options) == "b"
    assert kept(folder) == "a"
    assert shown(folder, "--rules") == "No rules: of each group, the best file is kept.\n"
    assert kept(folder, "--prefer", folder / "b", "--remember") == "b"
    assert kept(folder) == "b"
    assert kept(folder, "--protect", folder / "a") == "a"
    kept(folder, "--protect", folder / "c", "--keep", "largest", "--remember")
    lines = [f"prefer   {folder / 'b'}", f"protect  {folder / 'c'}", "keep     largest"]
    assert shown(folder, "--rules").splitlines() == lines
    assert shown(folder, "--rules", "--json") == {
        "prefer": [str(folder / "b")],
        "protect": [str(folder / "c")],
        "keep": "largest",
    }
    listed = shown(folder)
    assert "in a preferred folder" in listed
    assert shown(folder, "--forget-rules").startswith("No rules")
    assert kept(folder) == "a"


def test_marks_are_made_listed_and_undone(folder: Path) -> None:
    large, small = folder / "a" / "x.png", folder / "c" / "small.jpg"
    done = run("duplicates", "--not", large, small, gallery=folder.parent / "g")
    assert (done.returncode, done.stdout) == (0, "")
    assert "--list-not" in done.stderr
    assert str(small) not in shown(folder)
    assert shown(folder, "--list-not").splitlines() == [
        f"{large}\t{folder / 'b' / 'x.png'}",
        str(small),
        "",
    ]
    (pictures,) = shown(folder, "--list-not", "--json")["not_duplicates"]
    assert [picture["paths"] for picture in pictures][1] == [str(small)]
    assert shown(folder, "--forget-not", small, "--json") == {"not_duplicates": []}
    assert str(small) in shown(folder)
    shown(folder, "--not", large, small)
    (folder / "c" / "small.jpg").unlink()
    Gallery.open(folder.parent / "g").prune()
    assert "\tno longer in the gallery" in shown(folder, "--list-not")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--keep", "best"], "There is no order 'best' of files to keep; use oldest"),
        (["--prefer", "nowhere"], "nowhere; list its folders with: lookalike info"),
        (["--protect", "nowhere", "--remember"], "The gallery has no picture at or under"),
        (["--remember"], "--remember needs something to remember"),
        (["--rules", "--keep", "oldest"], "--rules does nothing else"),
        (["--not", "a", "b", "--trash"], "--not does nothing else"),
        (["--list-not", "--forget-not"], "--list-not does nothing else"),
        (["--list-not", "x.png"], "--list-not takes no PATH"),
        (["--not"], "Name at least two files of different content"),
        (["--not", "nowhere.png", "b.png"], "is not in the gallery; index it first"),
        (["--forget-not", "nowhere.png"], "is not in the gallery; index it first"),
    ],
)
def test_wrong_usage(folder: Path, options: list[str], said: str) -> None:
    done = run("duplicates", *options, gallery=folder.parent / "g")
    assert done.returncode == 2
    assert said in done.stderr
    assert Gallery.open(folder.parent / "g").keep_rules().as_json() == {
        "prefer": [],
        "protect": [],
        "keep": None,
    }
