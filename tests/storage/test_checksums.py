from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from lookalike.errors import GalleryFormatError
from lookalike.storage.check import check_table
from lookalike.storage.checksums import check_files, read_checksums
from lookalike.storage.place import open_place
from lookalike.storage.table import Table

SCHEMA = pa.schema([("path", pa.string()), ("n", pa.int32())])


def table_of(folder: Path, *numbers: int) -> Table:
    table = Table(folder / "t.lance", SCHEMA)
    for number in numbers:
        table.write({"path": [f"/{number}"], "n": [number]}, replace=False)
    return table


def test_each_commit_records_what_its_version_needs(tmp_path: Path) -> None:
    table = table_of(tmp_path, 1, 2)
    table.delete(["/1"])
    table.drop_old_versions()
    known = read_checksums(tmp_path / "t.lance")
    assert known
    assert known.version == table.version()
    assert all(one.checksum for one in known.needed.values())
    folders = sorted({name.split("/")[0] for name in known.needed})
    assert folders == ["_versions", "data"]  # the deleted row was alone in its file
    assert check_table(table).damaged == {}


def test_a_table_that_is_gone_is_damage_unless_it_was_deleted_on_purpose(tmp_path: Path) -> None:
    table_of(tmp_path, 1)
    shutil.rmtree(tmp_path / "t.lance")
    with pytest.raises(GalleryFormatError, match="is gone"):
        Table(tmp_path / "t.lance", SCHEMA).count()
    table = Table(tmp_path / "t.lance", SCHEMA)
    assert set(check_table(table).damaged.values()) == {"is gone"}
    open_place(tmp_path).delete("t.lance")
    assert table_of(tmp_path).count() == 0
    assert check_table(table_of(tmp_path, 7)).damaged == {}


def test_a_writer_of_an_earlier_version_harms_nothing(tmp_path: Path) -> None:
    """It keeps no checksums, and deletes files of which there are some."""
    table = table_of(tmp_path, 1, 2)
    record = tmp_path / "checksums" / "t.lance.json"
    before = record.read_bytes()
    table.overwrite(pa.table({"path": ["/3"], "n": [3]}, schema=SCHEMA).to_batches())
    table.drop_old_versions()
    record.write_bytes(before)
    check_files(tmp_path / "t.lance")
    assert table_of(tmp_path).count() == 1
    found = check_table(table)
    assert (found.damaged, found.unrecorded) == ({}, 1)
    assert check_table(table).unrecorded == 0
