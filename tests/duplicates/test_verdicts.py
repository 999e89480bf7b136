from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from lookalike.duplicates import verdicts
from lookalike.duplicates.verdicts import FILE_NAME, FOLDER, RULES_VERSION, VerdictCache

A, B = b"a" * 16, b"b" * 16


def test_what_one_process_found_another_knows(tmp_path: Path) -> None:
    one, other = VerdictCache(tmp_path), VerdictCache(tmp_path)
    one.put(A, B, "")
    one.put(B, A, "it has alpha")
    other.put(A, A, "")
    for cache in (one, other):  # neither undoes what the other wrote
        cache.save()
    read = VerdictCache(tmp_path)
    assert [read.get(A, B), read.get(B, A), read.get(A, A), read.get(B, B)] == [
        "",
        "it has alpha",
        "",
        None,
    ]
    assert os.listdir(tmp_path / FOLDER) == [FILE_NAME]
    old = os.umask(0o022)
    os.umask(old)
    assert (tmp_path / FOLDER / FILE_NAME).stat().st_mode & 0o777 == 0o666 & ~old


def test_the_oldest_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "MAX_PAIRS", 3)
    cache = VerdictCache(tmp_path)
    for n in range(5):
        cache.put(bytes([n]) * 16, A, "x" * 10_000)
    cache.save()
    read = VerdictCache(tmp_path)
    assert [read.get(bytes([n]) * 16, A) is not None for n in range(5)] == [False] * 2 + [True] * 3
    assert len(read.get(bytes([4]) * 16, A) or "") == verdicts.MAX_REASON_CHARACTERS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "[" * 100_000,
        '{"rules": 1}',
        '{"rules": 1, "lost": []}',
        json.dumps({"rules": RULES_VERSION, "lost": {A.hex() + B.hex(): 5}}),
        json.dumps({"rules": RULES_VERSION, "lost": {A.hex() + B.hex(): "x" * 501}}),
        json.dumps({"rules": RULES_VERSION, "lost": {"short": ""}}),
        json.dumps({"rules": RULES_VERSION + 1, "lost": {A.hex() + B.hex(): ""}}),
        "\udcff",
    ],
)
def test_a_hostile_cache_counts_for_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / FOLDER / FILE_NAME
    path.parent.mkdir()
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    cache = VerdictCache(tmp_path)
    assert cache.get(A, B) is None
    cache.put(A, B, "")
    cache.save()
    assert VerdictCache(tmp_path).get(A, B) == ""


def test_a_huge_cache_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = VerdictCache(tmp_path)
    cache.put(A, B, "")
    cache.save()
    monkeypatch.setattr(verdicts, "MAX_FILE_BYTES", 20)
    assert VerdictCache(tmp_path).get(A, B) is None


def test_without_a_place_to_write_it_is_done_without(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("a file")
    cache = VerdictCache(tmp_path)
    cache.put(A, B, "")
    cache.save()
    assert cache.get(A, B) == ""
