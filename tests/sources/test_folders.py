from __future__ import annotations

import hashlib
import io
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from lookalike import sources
from lookalike.errors import ArgumentError, NotAPictureError, PictureError
from lookalike.sources import content
from lookalike.types import Refusal, Source

from ..conftest import save

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX file types and names")


def names(root: Path, **options: Any) -> list[str]:
    return [os.path.relpath(s.path, root) for s in sources.walk(str(root), **options)]


def touch(path: Path, data: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_walk_is_sorted_with_sizes_and_times(tmp_path: Path) -> None:
    for name in ("b/2.jpg", "a/1.jpg", "b/1.jpg", "z.jpg", "a.jpg"):
        touch(tmp_path / name, b"abc")
    os.utime(tmp_path / "z.jpg", ns=(0, 12345))
    expected = ["a.jpg", "z.jpg", "a/1.jpg", "b/1.jpg", "b/2.jpg"]
    assert names(tmp_path) == [name.replace("/", os.sep) for name in expected]
    assert Source(str(tmp_path / "z.jpg"), 3, 12300 if os.name == "nt" else 12345) in sources.walk(
        str(tmp_path)
    )


def test_walk_lists_a_single_file_and_nothing_for_a_missing_one(tmp_path: Path) -> None:
    path = touch(tmp_path / "x.jpg")
    assert [s.path for s in sources.walk(str(path))] == [str(path)]
    assert list(sources.walk(str(tmp_path / "none"))) == []


def test_walk_leaves_out_folders_of_the_system(tmp_path: Path) -> None:
    for folder in (".git", "@eaDir", "node_modules", "__MACOSX", ".hidden", "kept"):
        touch(tmp_path / folder / "x.jpg")
    for name in ("._x.jpg", ".x.jpg", "x.jpg"):
        touch(tmp_path / name)
    assert names(tmp_path) == ["x.jpg", os.path.join("kept", "x.jpg")]
    assert names(tmp_path, include_hidden=True) == [
        ".x.jpg",
        "x.jpg",
        os.path.join(".hidden", "x.jpg"),
        os.path.join("kept", "x.jpg"),
    ]
    # Asked for by name, such a folder is what the user wants.
    assert names(tmp_path / "node_modules") == ["x.jpg"]


def test_walk_excludes_by_name_and_by_path(tmp_path: Path) -> None:
    for name in ("a/thumb_1.jpg", "a/1.jpg", "cache/2.jpg", "b/c/3.jpg", "b/d/4.jpg"):
        touch(tmp_path / name)
    kept = names(tmp_path, exclude=["thumb_*", "cache", "b/c/*"])
    assert kept == [os.path.join("a", "1.jpg"), os.path.join("b", "d", "4.jpg")]
    assert names(tmp_path, skip=[str(tmp_path / "b"), str(tmp_path / "a")]) == [
        os.path.join("cache", "2.jpg")
    ]


@posix
def test_links_are_followed_once_and_loops_end(tmp_path: Path) -> None:
    touch(tmp_path / "root/z/1.jpg")
    touch(tmp_path / "elsewhere/2.jpg")
    (tmp_path / "root/a_link_inside").symlink_to(tmp_path / "root/z")
    (tmp_path / "root/z/up").symlink_to(tmp_path / "root")
    (tmp_path / "root/outside").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "root/outside_again").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/back").symlink_to(tmp_path / "root")
    (tmp_path / "root/self").symlink_to("self")
    (tmp_path / "root/file.jpg").symlink_to(tmp_path / "root/z/1.jpg")
    (tmp_path / "root/broken.jpg").symlink_to("nowhere.jpg")
    told: list[Refusal] = []
    found = names(tmp_path / "root", on_unreadable=told.append)
    assert found == ["file.jpg", "z/1.jpg", "outside/2.jpg"]
    assert told == [Refusal(str(tmp_path / "root/broken.jpg"), "the link is broken")]


@posix
def test_pipes_sockets_and_devices_are_not_listed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    touch(tmp_path / "x.jpg")
    assert names(tmp_path) == ["x.jpg"]
    assert list(sources.walk("/dev/null")) == []
    with pytest.raises(PictureError, match="not a regular file"):
        sources.read(Source(str(tmp_path / "pipe.jpg"), 0, 0))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_not_utf_8(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.jpg"
    with open(path, "wb") as file:
        file.write(save(tmp_path / "x.png", 1).read_bytes())
    (source,) = [s for s in sources.walk(str(tmp_path)) if s.path.endswith("\udce9.jpg")]
    assert os.fsencode(source.path) == path
    assert sources.read(source).startswith(b"\x89PNG")


@posix
def test_a_folder_that_cannot_be_listed_is_reported() -> None:
    with tempfile.TemporaryDirectory() as name:  # where another user may look, unlike tmp_path
        folder = Path(name)
        folder.chmod(0o755)
        touch(folder / "open/1.jpg")
        touch(folder / "closed/2.jpg")
        (folder / "closed").chmod(0)
        told: list[Refusal] = []
        superuser = os.geteuid() == 0  # whom no folder is closed to
        if superuser:
            os.seteuid(65534)
        try:
            assert names(folder, on_unreadable=told.append) == ["open/1.jpg"]
        finally:
            if superuser:
                os.seteuid(0)
            (folder / "closed").chmod(0o755)
        assert told == [
            Refusal(str(folder / "closed"), "the folder can't be listed: Permission denied")
        ]


def stated(path: Path) -> Source:
    source = sources.stat_source(str(path))
    assert source
    return source


def test_read_returns_the_bytes(tmp_path: Path) -> None:
    path = save(tmp_path / "x.jpg", 1)
    assert sources.read(stated(path)) == path.read_bytes()
    odd = path.rename(tmp_path / "no suffix")
    assert sources.read(stated(odd)) == odd.read_bytes()


def test_read_refuses_by_content_then_by_name(tmp_path: Path) -> None:
    for name, data, kind, reason in (
        ("notes.txt", b"hello", NotAPictureError, "not a picture"),
        ("empty", b"", NotAPictureError, "not a picture"),
        ("film.mp4", b"\0\0\0\x20ftypisom" + b"\0" * 64, NotAPictureError, "an MP4 video"),
        ("notes.jpg", b"hello", PictureError, "despite its name"),
        ("empty.HEIC", b"", PictureError, "the file is empty"),
    ):
        with pytest.raises(kind, match=reason) as caught:
            sources.read(stated(touch(tmp_path / name, data)))
        assert type(caught.value) is kind


@posix
def test_a_file_of_two_gigabytes_is_refused_at_once(tmp_path: Path) -> None:
    path = save(tmp_path / "huge.jpg", 1)
    os.truncate(path, 2_000_000_000)
    with pytest.raises(PictureError, match="too large: over 1024 MiB"):
        sources.read(stated(path))
    path = touch(tmp_path / "zeros.jpg", b"")
    os.truncate(path, 2_000_000_000)
    with pytest.raises(PictureError, match="not a picture, despite its name"):
        sources.read(stated(path))


def test_streams_are_read_to_their_end_and_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"x" * 3_000_000
    assert sources.read_stream(io.BytesIO(data)) == data
    monkeypatch.setattr(content, "MAX_FILE_BYTES", 2_999_999)
    with pytest.raises(PictureError, match="too large"):
        sources.read_stream(io.BytesIO(data))
    with pytest.raises(ArgumentError, match="binary mode"):
        sources.read_stream(io.StringIO("x"))  # type: ignore[arg-type]


def test_content_hash_is_the_beginning_of_sha256() -> None:
    assert sources.content_hash(b"abc") == hashlib.sha256(b"abc").digest()[:16]


def test_only_a_file_that_certainly_does_not_exist_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = touch(tmp_path / "x")
    assert not sources.is_gone(str(path))
    assert sources.is_gone(str(tmp_path / "y"))
    assert sources.is_gone(str(path / "below a file"))
    assert sources.is_gone("\0")

    def denied(_: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "stat", denied)
    assert not sources.is_gone(str(tmp_path / "y"))


def test_a_root_is_offline_when_missing_or_empty(tmp_path: Path) -> None:
    assert not sources.check_root(str(tmp_path)).online
    assert "unmounted" in sources.check_root(str(tmp_path)).reason
    assert not sources.check_root(str(tmp_path / "none")).online
    touch(tmp_path / "x")
    assert sources.check_root(str(tmp_path)).online
