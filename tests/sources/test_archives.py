from __future__ import annotations

import io
import os
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from lookalike import Gallery, sources
from lookalike.errors import NotAPictureError, PictureError
from lookalike.sources import archives, folders, temporary_files
from lookalike.types import Refusal, Source

from ..conftest import save


@pytest.fixture
def jpeg(tmp_path: Path) -> bytes:
    return save(tmp_path / "one" / "x.jpg", 1).read_bytes()


def tar(path: Path, members: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as file:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), 1_700_000_000
            file.addfile(info, io.BytesIO(data))
    return path


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def listed(path: Path) -> tuple[dict[str, Source], list[Refusal]]:
    told: list[Refusal] = []
    found = sources.walk(str(path), on_unreadable=told.append)
    return {source.path.partition("!/")[2]: source for source in found}, told


@pytest.mark.parametrize(
    "name", ["a.zip", "a.cbz", "a.tar", "a.tar.gz", "a.TGZ", "a.tar.bz2", "a.tar.xz"]
)
def test_every_kind_is_listed_and_read(tmp_path: Path, jpeg: bytes, name: str) -> None:
    members = {"in/ü.jpg": jpeg, "b": jpeg, "c.txt": b"text", "d.zip": b"PK", "e.png": b"none"}
    if "zip" in name or "cbz" in name:
        zipped(tmp_path / name, members)
    else:
        modes = {"gz": "w:gz", "tgz": "w:gz", "bz2": "w:bz2", "xz": "w:xz"}
        tar(tmp_path / name, members, modes.get(name.lower().rpartition(".")[2], "w"))
    found, told = listed(tmp_path / name)
    assert list(found) == ["in/ü.jpg", "b", "e.png"]
    assert told == []
    for key in ("in/ü.jpg", "b"):
        assert sources.read(found[key]) == jpeg
        anew = sources.stat_source(found[key].path)
        assert anew == found[key]
        assert anew is not None
        assert sources.read(Source(anew.path, anew.size, anew.mtime_ns)) == jpeg
        assert not sources.is_gone(anew.path)
    with pytest.raises(PictureError, match="despite its name"):
        sources.read(found["e.png"])
    assert sources.stat_source(str(tmp_path / name) + "!/none.jpg") is None
    assert sources.is_gone(str(tmp_path / name) + "!/none.jpg")
    sources.release()


def test_a_file_that_is_no_picture_is_refused(tmp_path: Path) -> None:
    found, _ = listed(tar(tmp_path / "a.tar", {"readme": b"text"}))
    with pytest.raises(NotAPictureError):
        sources.read(found["readme"])


@pytest.mark.parametrize(
    "name", ["../x.jpg", "/etc/x.jpg", "C:\\x.jpg", "a/../../x.jpg", "..\\x.jpg", "c:x.jpg"]
)
def test_names_that_point_outside_are_refused(tmp_path: Path, jpeg: bytes, name: str) -> None:
    for path in (zipped(tmp_path / "a.zip", {name: jpeg}), tar(tmp_path / "a.tar", {name: jpeg})):
        ((_, source),) = listed(path)[0].items()
        assert "points outside" in source.objection
        with pytest.raises(PictureError, match="points outside"):
            sources.read(source)


def test_a_name_with_nul_is_refused(tmp_path: Path, jpeg: bytes) -> None:
    path = zipped(tmp_path / "a.zip", {"aXb.jpg": jpeg})
    path.write_bytes(path.read_bytes().replace(b"aXb.jpg", b"a\0b.jpg"))
    ((_, source),) = listed(path)[0].items()
    assert "\0" not in source.path
    assert source.objection


def test_a_second_member_of_the_same_name_is_refused(tmp_path: Path, jpeg: bytes) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as file:
        for data in (jpeg, jpeg + b"x"):
            info = tarfile.TarInfo("x.jpg")
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
    first, second = sources.walk(str(path))
    assert sources.read(first) == jpeg
    assert "same name" in second.objection
    assert second.path != first.path


def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, jpeg: bytes) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as file:
        for name, kind in (
            ("l.jpg", tarfile.SYMTYPE),
            ("h.jpg", tarfile.LNKTYPE),
            ("d.jpg", tarfile.CHRTYPE),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            file.addfile(info)
    found, _ = listed(tmp_path / "a.tar")
    assert len(found) == 3
    assert all("not followed" in source.objection for source in found.values())


def test_encrypted_members_are_refused(tmp_path: Path, jpeg: bytes) -> None:
    path = zipped(tmp_path / "a.zip", {"x.jpg": jpeg})
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)
    found, _ = listed(path)
    assert "encrypted" in found["x.jpg"].objection
    with pytest.raises(PictureError, match="encrypted"):
        sources.read(Source(found["x.jpg"].path, 1, 1))


def test_bombs_are_refused(tmp_path: Path) -> None:
    bomb = b"\xff\xd8\xff" + bytes(40 * 2**20)
    found, _ = listed(zipped(tmp_path / "a.zip", {"x.jpg": bomb}))
    assert "zip bomb" in found["x.jpg"].objection
    with pytest.raises(PictureError):
        sources.read(Source(found["x.jpg"].path, 1, 1))
    _, told = listed(tar(tmp_path / "a.tgz", {"x.jpg": bomb, "y.jpg": bomb}, "w:gz"))
    assert "bomb" in told[0].reason


def test_a_member_longer_than_declared_is_refused(tmp_path: Path, jpeg: bytes) -> None:
    path = zipped(tmp_path / "a.zip", {"x.jpg": jpeg + bytes(5000)})
    data = bytearray(path.read_bytes())
    struct.pack_into("<L", data, data.index(b"PK\1\2") + 24, len(jpeg))
    path.write_bytes(data)
    found, _ = listed(path)
    with pytest.raises(PictureError, match="damaged"):
        sources.read(found["x.jpg"])


def test_a_damaged_archive_is_reported_and_members_before_are_listed(
    tmp_path: Path, jpeg: bytes
) -> None:
    path = tar(tmp_path / "a.tar", {"a.jpg": jpeg, "b.jpg": jpeg})
    path.write_bytes(path.read_bytes()[: len(jpeg) + 1024 + 700])
    found, _ = listed(path)
    assert sources.read(found["a.jpg"]) == jpeg
    with pytest.raises(PictureError, match="ends before"):
        sources.read(found["b.jpg"])
    (tmp_path / "b.zip").write_bytes(b"no zip at all")
    assert "damaged" in listed(tmp_path / "b.zip")[1][0].reason
    (tmp_path / "c.tar.gz").write_bytes(b"no gzip at all")
    assert "damaged" in listed(tmp_path / "c.tar.gz")[1][0].reason


def test_a_long_header_is_not_read_into_memory(tmp_path: Path) -> None:
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 2**40
    (tmp_path / "a.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(10240))
    assert "too long" in listed(tmp_path / "a.tar")[1][0].reason


def test_a_webdatasets_files_become_metadata(tmp_path: Path, jpeg: bytes) -> None:
    members = {
        "0.jpg": jpeg,
        "0.txt": b"a ship",
        "0.json": b'{"licence": "CC0"}',
        "1.cls": b"7",
        "1.jpg": jpeg,
        "2.jpg": jpeg,
    }
    found, _ = listed(tar(tmp_path / "a.tar", members))
    told = [source.metadata for source in found.values()]
    assert told == ['{"txt": "a ship", "licence": "CC0"}', '{"cls": 7}', None]


def test_archives_in_folders_are_opened_only_with_the_option(tmp_path: Path, jpeg: bytes) -> None:
    (tmp_path / "in").mkdir()
    zipped(tmp_path / "in" / "a.zip", {"x.jpg": jpeg})
    (tmp_path / "in" / "y.jpg").write_bytes(jpeg)
    closed = [os.path.basename(s.path) for s in sources.walk(str(tmp_path / "in"))]
    assert closed == ["a.zip", "y.jpg"]
    opened = [s.path for s in sources.walk(str(tmp_path / "in"), open_archives=True)]
    assert opened == [str(tmp_path / "in" / "a.zip") + "!/x.jpg", str(tmp_path / "in" / "y.jpg")]


def test_a_compressed_archive_is_unpacked_once(
    tmp_path: Path, jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tar(tmp_path / "a.tgz", {f"{k}.jpg": jpeg + bytes([k]) for k in range(9)}, "w:gz")
    opened = []
    real = folders.chunks
    monkeypatch.setattr(folders, "chunks", lambda path: opened.append(path) or real(path))
    found, _ = listed(path)
    for k, source in reversed(list(enumerate(found.values()))):
        assert sources.read(source) == jpeg + bytes([k])
    assert len(opened) == 1
    sources.release()


def test_old_copies_make_room_for_new_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporary_files, "MAX_COPIES", 2)
    monkeypatch.setattr(temporary_files, "IDLE_SECONDS", 0.0)
    kept = temporary_files.CopyCache()
    made = [kept.get(k, lambda k=k: iter([bytes([k]) * 10])) for k in range(3)]  # type: ignore[misc]
    assert [copy.read(8, 5) for copy in made] == [b"\0\0", b"\1\1", b"\2\2"]
    assert kept.get(2, iter) is made[2]
    assert kept.get(0, lambda: iter([b"x"])) is not made[0]


def test_an_unchanged_archive_is_not_opened_again(
    tmp_path: Path, jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = zipped(tmp_path / "a.zip", {"x.jpg": jpeg, "y.png": b"broken"})
    gallery = Gallery.open(tmp_path / "gallery")
    assert gallery.index(path).added == 1
    assert [refusal.path for refusal in gallery.refused()] == [f"{path}!/y.png"]
    with monkeypatch.context() as patch:
        patch.setattr(archives, "members", None)
        report = gallery.index(path)
    assert (report.unchanged, report.added, report.refused) == (1, 0, 0)
    assert len(list(gallery.refused())) == 1
    zipped(path, {"x.jpg": jpeg, "z.jpg": save(tmp_path / "z.jpg", 2).read_bytes()})
    assert gallery.index(path).added == 1
    assert gallery.prune().removed == ()
    assert gallery.remove(path) == 2
    assert gallery.index(path).added == 2


def test_an_archive_is_gone_only_while_its_folder_exists(tmp_path: Path, jpeg: bytes) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "other.txt").write_bytes(b"x")
    path = zipped(tmp_path / "disk" / "a.zip", {"x.jpg": jpeg, "y.jpg": jpeg + b"y"})
    gallery = Gallery.open(tmp_path / "gallery")
    gallery.index(path)
    (tmp_path / "disk").rename(tmp_path / "gone")
    report = gallery.prune()
    assert report.removed == ()
    assert [root.path for root in report.offline] == [str(path)]
    (tmp_path / "gone").rename(tmp_path / "disk")
    zipped(path, {"x.jpg": jpeg})
    assert gallery.prune().removed == (f"{path}!/y.jpg",)
    path.unlink()
    assert gallery.prune().removed == (f"{path}!/x.jpg",)


def test_a_member_left_out_once_is_found_later(tmp_path: Path, jpeg: bytes) -> None:
    path = zipped(tmp_path / "a.zip", {"x.jpg": jpeg, "y.jpg": jpeg + b"y", "._z.jpg": b"z"})
    gallery = Gallery.open(tmp_path / "gallery")
    assert gallery.index(path, exclude=["y*"]).added == 1
    assert gallery.index(path).added == 1
    assert gallery.index(path).unchanged == 1


def test_a_removed_member_can_be_indexed_again(tmp_path: Path, jpeg: bytes) -> None:
    path = zipped(tmp_path / "a.zip", {"x.jpg": jpeg, "y.jpg": jpeg + b"y"})
    gallery = Gallery.open(tmp_path / "gallery")
    gallery.index(path)
    assert gallery.remove(f"{path}!/x.jpg") == 1
    assert gallery.index(path).added == 1


def test_members_get_fingerprints_when_copies_are_turned_on(tmp_path: Path, jpeg: bytes) -> None:
    path = zipped(tmp_path / "a.zip", {"x.jpg": jpeg})
    gallery = Gallery.open(tmp_path / "gallery")
    gallery.index(path, copies=False)
    assert gallery.info().fingerprints == 0
    gallery.index(path, copies=True)
    assert gallery.info().fingerprints == 1


def test_members_are_never_moved_to_the_trash(tmp_path: Path, jpeg: bytes) -> None:
    path = zipped(tmp_path / "a.zip", {"x.jpg": jpeg})
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "y.jpg").write_bytes(jpeg)
    gallery = Gallery.open(tmp_path / "gallery")
    gallery.index(path, tmp_path / "p")
    (group,) = gallery.duplicates()
    assert {group.kept.path, group.others[0].member.path} == {
        f"{path}!/x.jpg",
        str(tmp_path / "p" / "y.jpg"),
    }
    (checked,) = gallery.check_duplicates([group])
    assert "archive" in checked.others[0].stays
    assert gallery.trash([checked]).moved == ()
