from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from lookalike.dataset import archive
from lookalike.errors import DataSetError

from .conftest import FOLDER, TAR, jpeg, packed, pictures, tar_of, zip_of

GOOD = {f"{FOLDER}/ant/1.jpg": b"good"}


def unpack(tmp_path: Path, content: bytes) -> int:
    path = tmp_path / "inside" / "tiny-3.zip"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return archive.unpack(path, TAR, FOLDER, path.parent / "out", on_progress=lambda *_: None)


def refused(tmp_path: Path, content: bytes, match: str) -> None:
    """Check that the archive is refused, and that it leaves nothing anywhere."""
    (tmp_path / "target").write_text("mine")
    with pytest.raises(DataSetError, match=match):
        unpack(tmp_path, content)
    assert {p.name for p in tmp_path.rglob("*")} == {"inside", "tiny-3.zip", "target"}
    assert (tmp_path / "target").read_text() == "mine"


def member(name: str, **values: Any) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for key, value in values.items():
        setattr(info, key, value)
    return info


def test_only_pictures_in_the_folder_are_unpacked(tmp_path: Path) -> None:
    assert unpack(tmp_path, packed()) == 12
    out = tmp_path / "inside" / "out"
    result = {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()}
    assert result == pictures()


def test_progress_counts_bytes_of_the_archive(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(packed())
    states: list[tuple[str, int, int]] = []
    archive.unpack(
        tmp_path / "a.zip",
        TAR,
        FOLDER,
        tmp_path / "out",
        on_progress=lambda *state: states.append(state),
    )
    assert [done for _, done, _ in states] == sorted(done for _, done, _ in states)
    assert states[-1][1] == states[-1][2]


def test_names_that_begin_with_a_dot(tmp_path: Path) -> None:
    members = {f"./{FOLDER}/ant/1.jpg": jpeg(1), f"./{FOLDER}/ant/._1.jpg": b"macOS metadata"}
    assert unpack(tmp_path, zip_of({TAR: tar_of(members)})) == 1
    assert [p.name for p in (tmp_path / "inside" / "out" / "ant").iterdir()] == ["1.jpg"]


@pytest.mark.parametrize(
    "name",
    [
        "../target",
        "../../target",
        f"{FOLDER}/../../target",
        f"{FOLDER}/ant/../../../target.jpg",
        "/target.jpg",
        "//target.jpg",
        f"{FOLDER}//1.jpg",
        "..\\target.jpg",
        f"{FOLDER}\\..\\target.jpg",
        "C:\\target.jpg",
        "C:target.jpg",
        f"{FOLDER}/ant/1.jpg.",
        f"{FOLDER}/.. /1.jpg",
        f"{FOLDER}/ant/\x1b[2J.jpg",
        "/".join([FOLDER, *"abcdefghijklmnop", "1.jpg"]),
    ],
)
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    refused(tmp_path, zip_of({TAR: tar_of({**GOOD, name: b"evil"})}), "leads out of the archive")
    refused(tmp_path, zip_of({name: b"evil", TAR: tar_of(GOOD)}), "leads out of the archive")


@pytest.mark.parametrize("kind", ["SYMTYPE", "LNKTYPE", "CHRTYPE", "BLKTYPE", "FIFOTYPE"])
@pytest.mark.parametrize("name", [f"{FOLDER}/ant/2.jpg", "elsewhere"])
def test_links_and_devices_are_refused(tmp_path: Path, kind: str, name: str) -> None:
    for to in ("../../../target", str(tmp_path / "target"), f"{FOLDER}/ant/1.jpg"):
        evil = member(name, type=getattr(tarfile, kind), linkname=to, devmajor=1, devminor=3)
        content = tar_of([(member(f"{FOLDER}/ant/1.jpg"), b"good"), (evil, b"")])
        refused(tmp_path, zip_of({TAR: content}), "is not a regular file")


def test_a_file_below_a_link_is_refused(tmp_path: Path) -> None:
    link = member(f"{FOLDER}/ant", type=tarfile.SYMTYPE, linkname=str(tmp_path))
    content = tar_of([(link, b""), (member(f"{FOLDER}/ant/target"), b"evil")])
    refused(tmp_path, zip_of({TAR: content}), "is not a regular file")


def test_sparse_files_are_refused(tmp_path: Path) -> None:
    old = member(f"{FOLDER}/ant/2.jpg", type=tarfile.GNUTYPE_SPARSE)
    refused(tmp_path, zip_of({TAR: tar_of([(old, b"")])}), "is not a regular file")
    new = member(f"{FOLDER}/ant/2.jpg")
    new.pax_headers = {"GNU.sparse.map": "0,1", "GNU.sparse.size": str(2**50)}
    refused(tmp_path, zip_of({TAR: tar_of([(new, b"x")])}), "is not a regular file")


def test_duplicate_names_are_refused(tmp_path: Path) -> None:
    name = f"{FOLDER}/ant/1.jpg"
    twice = tar_of([(member(name), b"one"), (member(name), b"two")])
    refused(tmp_path, zip_of({TAR: twice}), "File exists")
    below = tar_of([(member(name), b"one"), (member(f"{name}/2.jpg"), b"two")])
    refused(tmp_path, zip_of({TAR: below}), "exists|[Nn]ot a directory")


def test_archive_bombs_are_refused(tmp_path: Path) -> None:
    zeros = bytes(20_000_000)
    picture = tar_of({**GOOD, f"{FOLDER}/ant/2.jpg": zeros})
    refused(tmp_path, zip_of({TAR: picture}), "would unpack to over")
    skipped = tar_of({"elsewhere": zeros, **GOOD})
    refused(tmp_path, zip_of({TAR: skipped}), "would unpack to over")
    refused(tmp_path, zip_of({TAR: zeros}), "would unpack to over")
    after_the_end = gzip.compress(gzip.decompress(tar_of(GOOD)) + zeros)
    refused(tmp_path, zip_of({TAR: after_the_end}), "would unpack to over")
    header = member(f"{FOLDER}/ant/2.jpg")
    header.pax_headers = {"comment": "x" * 2_000_000}
    refused(tmp_path, zip_of({TAR: tar_of([(header, b"")])}), "header of over")


def test_deeply_nested_headers_are_refused(tmp_path: Path) -> None:
    nested = member("x", type=tarfile.XHDTYPE).tobuf()
    content = gzip.compress(nested * 3_000 + bytes(1024))
    refused(tmp_path, zip_of({TAR: content}), "can't be unpacked safely")


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBERS", 20)
    many = tar_of({f"elsewhere/{n}": b"" for n in range(21)})
    refused(tmp_path, zip_of({TAR: many}), "over 20 members")
    several = {f"elsewhere/{n}": b"" for n in range(21)}
    refused(tmp_path, zip_of({**several, TAR: tar_of(GOOD)}), "over 20 members")


def test_overlapping_members_are_refused(tmp_path: Path) -> None:
    header = bytearray(member(f"{FOLDER}/ant/1.jpg").tobuf())
    header[124:136] = b"\xff" * 10 + b"\xfc\x00"  # a size of -1024, in base 256
    check = sum(header[:148]) + 8 * 32 + sum(header[156:])
    header[148:156] = b"%06o\0 " % check
    content = gzip.compress(bytes(header) + bytes(2048))
    refused(tmp_path, zip_of({TAR: content}), "can't be unpacked safely")


@pytest.mark.parametrize("length", [0, 1, 100, 700, -100, -1])
def test_damaged_archives_are_refused(tmp_path: Path, length: int) -> None:
    whole = packed()
    refused(tmp_path, whole[:length], "can't be unpacked safely")
    inner = tar_of({**GOOD, f"{FOLDER}/ant/2.jpg": jpeg(2)})
    refused(tmp_path, zip_of({TAR: inner[:length]}), "can't be unpacked safely")
    refused(tmp_path, zip_of({TAR: b"\0" * 1000}), "can't be unpacked safely")


def test_a_flipped_bit_is_refused(tmp_path: Path) -> None:
    content = bytearray(zip_of({TAR: tar_of({f"{FOLDER}/ant/2.jpg": jpeg(2)})}))
    content[1_000] ^= 1
    refused(tmp_path, bytes(content), "can't be unpacked safely")


def test_missing_encrypted_or_unsupported_members_are_refused(tmp_path: Path) -> None:
    refused(tmp_path, zip_of({"other.tar.gz": tar_of(GOOD)}), "no item named")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_BZIP2) as outer:
        outer.writestr(TAR, tar_of(GOOD))
    refused(tmp_path, buffer.getvalue(), "unsupported way")
    locked = bytearray(zip_of({TAR: tar_of(GOOD)}))
    locked[6] |= 1
    locked[locked.rindex(b"PK\x01\x02") + 8] |= 1
    refused(tmp_path, bytes(locked), "encrypted")
    astray = bytearray(zip_of({TAR: tar_of(GOOD)}))
    astray[-6:-2] = (2**31).to_bytes(4, "little")  # where its directory is said to begin
    refused(tmp_path, bytes(astray), "can't be unpacked safely")


def test_an_error_of_the_disk_is_not_an_error_of_the_archive(tmp_path: Path) -> None:
    long = "x" * 300 + ".jpg"  # longer than file systems take
    with pytest.raises(OSError, match="too long"):
        unpack(tmp_path, zip_of({TAR: tar_of({**GOOD, f"{FOLDER}/ant/{long}": b""})}))
    assert not (tmp_path / "inside" / "out").exists()
