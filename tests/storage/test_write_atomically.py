from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from lookalike.storage import write_atomically


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
@pytest.mark.parametrize("durable", [True, False])
def test_a_file_has_the_rights_that_the_umask_gives(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "new" / "x.json"
    before = os.umask(0o027)
    try:
        write_atomically(path, b"one", durable=durable)
        path.chmod(0o600)
        write_atomically(path, b"two", durable=durable)  # as the owner's next run does
    finally:
        os.umask(before)
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o750


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "folder" / "below").mkdir(parents=True)
    with pytest.raises(OSError, match="folder"):
        write_atomically(tmp_path / "folder", b"a file can't replace a folder")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_name_of_the_greatest_length_can_be_written(tmp_path: Path) -> None:
    write_atomically(tmp_path / ("x" * 255), b"x")
    assert len(os.listdir(tmp_path)) == 1
