from __future__ import annotations

from pathlib import Path

import pytest

from lookalike import Gallery
from lookalike.errors import ArgumentError
from lookalike.storage.bucket import Bucket
from lookalike.storage.place import Folder, open_place, parse_place


def test_addresses_and_folders_are_distinguished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for address in ("s3://bucket/name", "gs://bucket/a/b/", "az://bucket/a-b_c.d"):
        assert str(parse_place(address)) == address.rstrip("/")
        assert isinstance(parse_place(address), Bucket)
    assert parse_place("g") == parse_place(tmp_path / "g") == tmp_path / "g"
    assert isinstance(parse_place("C:/pictures/g"), Path)  # a drive is no scheme
    assert isinstance(parse_place(r"C:\pictures\g"), Path)


@pytest.mark.parametrize(
    "text",
    ["s3:/b/g", "s3://", "s3://b/../c", "s3://b/a b", "s3://b/a?x=1", "http://h/g", "file:///g"],
)
def test_other_addresses_are_refused(text: str) -> None:
    with pytest.raises(ArgumentError, match="write it as s3://bucket/name"):
        Gallery.open(text)


def test_a_path_object_cannot_hold_an_address() -> None:
    with pytest.raises(ArgumentError, match="write it as s3://bucket/name"):
        Gallery.open(Path("s3://bucket/name"))


def test_a_folder_has_the_same_operations(tmp_path: Path) -> None:
    here = open_place(tmp_path / "g")
    assert isinstance(here, Folder)
    assert here.read("x") is None
    assert here.write("x", b"one", None) is None
    assert here.read("x") == (b"one", None)
    (tmp_path / "g" / "t.lance").mkdir()
    assert (here.tables(), here.size(), here.cache_folder()) == (["t.lance"], 3, tmp_path / "g")
    here.delete("t.lance")
    assert here.tables() == []
