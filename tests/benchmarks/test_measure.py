from __future__ import annotations

import os
from pathlib import Path

from benchmarks.measure import bytes_on_disk, percentile, process_tree


def test_a_percentile_is_a_value_of_the_list() -> None:
    assert percentile([3, 1, 2], 50) == 2
    assert percentile(list(range(200, 0, -1)), 99) == 199


def test_bytes_on_disk_counts_subfolders(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(bytes(5))
    (tmp_path / "c").write_bytes(bytes(3))
    assert bytes_on_disk(tmp_path) == 8


def test_a_process_tree_begins_with_its_root() -> None:
    assert process_tree(os.getpid())[0] == os.getpid()
