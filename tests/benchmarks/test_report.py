from __future__ import annotations

from benchmarks.report import NO_VALUE, markdown_table, median_and_range


def test_a_median_has_its_range_where_values_differ() -> None:
    assert median_and_range([], 1) == NO_VALUE
    assert median_and_range([1234.56], 1) == "1,234.6"
    assert median_and_range([3, 1, 2], 0) == "2 (1 to 3)"


def test_a_markdown_table() -> None:
    assert markdown_table(["a", "b"], [["1", 2]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
