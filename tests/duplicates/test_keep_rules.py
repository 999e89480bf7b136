from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from lookalike import Gallery, KeepRules
from lookalike.duplicates.keep_rules import FILE_NAME, MAX_FOLDERS
from lookalike.errors import (
    ArgumentError,
    GalleryBusyError,
    GalleryFormatError,
    GalleryNotFoundError,
)
from lookalike.storage.bucket import MAX_FILE_BYTES
from lookalike.storage.lock import write_lock

from ..conftest import fill
from .test_groups import member


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    fill(tmp_path / "p" / "a", 1)
    fill(tmp_path / "p" / "b", 1, start=1)
    gallery = Gallery.open(tmp_path / "g")
    gallery.index(tmp_path / "p")
    return gallery


def test_folders_become_absolute_and_appear_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rules = KeepRules(prefer=("a", str(tmp_path / "a"), "b/"), protect=("s3://bucket/c/",))
    assert rules.prefer == (str(tmp_path / "a"), str(tmp_path / "b"))
    assert rules.protect == ("s3://bucket/c",)
    assert rules.protects(member("x")) is False
    assert KeepRules(protect=("/p/x",)).protects(member("x/y"))
    assert not KeepRules(protect=("/p/x",)).protects(member("xy"))


@pytest.mark.parametrize("keep", ["best", "", "path:", "Oldest", "x" * 5_000])
def test_there_are_a_few_orders_only(keep: str) -> None:
    with pytest.raises(ArgumentError, match="use oldest, newest, largest or path:GLOB"):
        KeepRules(keep=keep)


def test_there_are_limits() -> None:
    KeepRules(prefer=tuple(f"/{k}" for k in range(MAX_FOLDERS - 1)))
    for rules in (
        {"prefer": [f"/{k}" for k in range(MAX_FOLDERS)]},
        {"keep": "path:" + "*" * 9_999},
    ):
        with pytest.raises(ArgumentError, match="name a folder above them"):
            KeepRules(**rules)


def test_rules_of_one_run_come_before_those_of_the_gallery() -> None:
    stored = KeepRules(("/a", "/b"), ("/c",), "oldest")
    assert KeepRules(("/b", "/d"), ("/e",)).added_to(stored) == KeepRules(
        ("/b", "/d", "/a"), ("/e", "/c"), "oldest"
    )
    assert KeepRules(keep="newest").added_to(stored).keep == "newest"


def test_a_gallery_keeps_rules(gallery: Gallery, tmp_path: Path) -> None:
    assert gallery.keep_rules() == KeepRules()
    rules = KeepRules((str(tmp_path / "p" / "a"),), (str(tmp_path / "p" / "b"),), "path:*.jpg")
    gallery.set_keep_rules(rules)
    assert Gallery.open(tmp_path / "g").keep_rules() == rules
    gallery.remove(tmp_path / "p" / "b")
    gallery.set_keep_rules(rules)  # its folder may be offline
    with pytest.raises(ArgumentError, match="no picture at or under"):
        gallery.set_keep_rules(KeepRules(protect=(str(tmp_path / "p" / "c"),)))
    with pytest.raises(ArgumentError, match="no picture at or under"):
        gallery.duplicates(keep=KeepRules(prefer=(str(tmp_path),), protect=("elsewhere",)))
    assert gallery.keep_rules() == rules
    with write_lock(tmp_path / "g"), pytest.raises(GalleryBusyError):
        gallery.set_keep_rules(KeepRules())
    gallery.set_keep_rules(KeepRules())
    assert gallery.keep_rules() == KeepRules()


def test_a_gallery_that_does_not_exist_keeps_none(tmp_path: Path) -> None:
    with pytest.raises(GalleryNotFoundError):
        Gallery.open(tmp_path / "none").set_keep_rules(KeepRules(keep="oldest"))
    assert Gallery.open(tmp_path / "none").keep_rules() == KeepRules()


@pytest.mark.skipif(os.name == "nt", reason="its names are Unicode")
def test_folders_need_not_be_unicode(gallery: Gallery, tmp_path: Path) -> None:
    folder = tmp_path / "p" / os.fsdecode(b"caf\xe9")
    fill(folder, 1, start=2)
    gallery.index(tmp_path / "p")
    gallery.set_keep_rules(KeepRules(protect=(str(folder),)))
    assert gallery.keep_rules().protect == (str(folder),)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "[" * 100_000,
        '{"format_version": 1, "prefer": "/a"}',
        '{"format_version": 1, "prefer": [1]}',
        '{"format_version": 1, "keep": 7}',
        '{"format_version": 1, "keep": "best"}',
        '{"format_version": "1"}',
        "\xff",
    ],
)
def test_a_damaged_file_is_named(gallery: Gallery, tmp_path: Path, text: str) -> None:
    (tmp_path / "g" / FILE_NAME).write_text(text, "latin-1")
    for read in (gallery.keep_rules, gallery.duplicates):
        with pytest.raises(GalleryFormatError, match=f"{FILE_NAME} .*lookalike check"):
            read()


def test_a_newer_and_a_huge_file(gallery: Gallery, tmp_path: Path) -> None:
    path = tmp_path / "g" / FILE_NAME
    path.write_text(json.dumps({"format_version": 2}))
    with pytest.raises(GalleryFormatError, match="newer lookalike"):
        gallery.keep_rules()
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(GalleryFormatError, match="larger than lookalike writes"):
        gallery.keep_rules()
