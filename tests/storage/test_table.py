from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pytest

from lookalike.errors import GalleryFormatError, StorageError
from lookalike.storage.sql import from_text, to_text, under_filter
from lookalike.storage.table import Table, batched, storage_errors

SCHEMA = pa.schema([("path", pa.string()), ("n", pa.int32())])


@pytest.mark.parametrize("path", ["/a/b.jpg", "/caf\udce9's/\udcff.jpg", "C:\\x\\\ud83d.jpg", ""])
def test_any_path_fits_a_text_column(path: str) -> None:
    to_text(path).encode("utf-8")
    assert from_text(to_text(path)) == path


def test_two_readers_of_a_table_see_what_a_third_writes(tmp_path: Path) -> None:
    tables = [Table(tmp_path / "t.lance", SCHEMA) for _ in range(3)]
    assert [table.count() for table in tables] == [0, 0, 0]
    for n in range(3):
        tables[0].write({"path": [f"/{n}"], "n": [n]}, replace=False)
        assert [table.count() for table in tables] == [n + 1] * 3
    tables[1].write({"path": ["/1", "/9"], "n": [7, 9]}, replace=True)
    rows = [row for batch in tables[2].scan(["path", "n"]) for row in batch.to_pylist()]
    assert {row["path"]: row["n"] for row in rows} == {"/0": 0, "/1": 7, "/2": 2, "/9": 9}
    below = tables[0].scan(["path"], under_filter(os.sep))
    assert sum(map(len, below)) == 4


def test_an_error_of_lance_becomes_one_sentence() -> None:
    message = "LanceError(IO): No space left, /src/lance/writer.rs:190:9"
    with pytest.raises(StorageError) as caught, storage_errors():
        raise OSError(message)
    assert str(caught.value).endswith("(LanceError(IO): No space left).")
    for error in (OSError(28, "No space left on device"), OSError("... (os error 13)")):
        with pytest.raises(StorageError, match="disk has space"), storage_errors():
            raise error
    for error in (pa.ArrowInvalid("gone"), ValueError("bad"), FileNotFoundError(2, "not found")):
        with pytest.raises(GalleryFormatError, match="lookalike check"), storage_errors():
            raise error
    with pytest.raises(KeyError), storage_errors():
        raise KeyError


def test_batches_have_at_most_their_size() -> None:
    assert list(batched(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(batched([], 2)) == []


def test_rows_are_taken_by_position_in_the_given_order(tmp_path: Path) -> None:
    table = Table(tmp_path / "t.lance", SCHEMA)
    assert table.take([], ["n"]).num_rows == table.take([3], ["n"]).num_rows == 0
    for n in range(3):
        table.write({"path": [f"/{n}", f"/{n}x"], "n": [n, 10 + n]}, replace=False)
    assert table.take([5, 0, 2], ["n"])["n"].to_pylist() == [12, 0, 1]
    assert table.take([], ["n"]).column_names == ["n"]


def test_all_rows_are_replaced(tmp_path: Path) -> None:
    table, reader = (Table(tmp_path / "t.lance", SCHEMA) for _ in range(2))
    table.write({"path": ["/a", "/b", "/c"], "n": [1, 2, 3]}, replace=False)
    assert reader.count() == 3
    batches = (batch.slice(1) for batch in table.scan(["path", "n"]))
    table.overwrite(batches)  # of rows that it is made of
    assert reader.take([0, 1], ["path"])["path"].to_pylist() == ["/b", "/c"]
    table.overwrite([])
    assert (table.count(), reader.count()) == (0, 0)
    table.write({"path": ["/d"], "n": [4]}, replace=False)
    assert reader.take([0], ["n"])["n"].to_pylist() == [4]


def test_columns_that_an_earlier_version_did_not_write_are_null(tmp_path: Path) -> None:
    earlier = Table(tmp_path / "t.lance", pa.schema([SCHEMA.field("path")]))
    table = Table(tmp_path / "t.lance", SCHEMA)
    assert table.add_missing_columns() is None
    assert not (tmp_path / "t.lance").exists()
    earlier.write({"path": ["/a"]}, replace=False)
    assert table.take([0], ["path", "n"]).to_pylist() == [{"path": "/a"}]
    assert table.add_missing_columns()
    assert table.take([0], ["path", "n"]).to_pylist() == [{"path": "/a", "n": None}]
    version = table.version()
    table.add_missing_columns()
    assert table.version() == version
