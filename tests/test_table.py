from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pytest

from lookalike.errors import StorageError
from lookalike.table import Table, batched, from_text, storage, to_text, under_filter

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


def test_what_lance_complains_of_is_one_sentence() -> None:
    message = "LanceError(IO): No space left, /src/lance/writer.rs:190:9"
    with pytest.raises(StorageError) as caught, storage():
        raise OSError(message)
    assert str(caught.value).endswith("(LanceError(IO): No space left).")
    with pytest.raises(StorageError), storage():
        raise pa.ArrowInvalid("gone")
    with pytest.raises(KeyError), storage():
        raise KeyError


def test_batches_are_whole() -> None:
    assert list(batched(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(batched([], 2)) == []
