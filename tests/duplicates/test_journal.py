from __future__ import annotations

import os
from pathlib import Path

import pytest

from lookalike.duplicates import journal as module
from lookalike.duplicates.journal import BACK, FILE_NAME, MOVED, STARTED, Journal, Move
from lookalike.errors import StorageError

A, B = b"a" * 16, b"b" * 16


def move(run: str, name: str) -> Move:
    path = os.path.abspath(f"/p/{name}.png")
    return Move(f"{run}-{name}", run, path, A, os.path.abspath("/p/kept.png"), B, None, "sha")


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin_run()
    first = move(journal.run, "caf\udce9")  # a name that is not UTF-8
    journal.start(first)
    assert Journal(tmp_path).moves() == [first]
    assert Journal(tmp_path).unfinished() == [first]
    journal.finish(first, MOVED, "/trash/1.png")
    journal.end_runs()
    read = Journal(tmp_path)
    (moved,) = read.moves()
    assert (moved.state, moved.trashed, moved.path) == (MOVED, "/trash/1.png", first.path)
    assert read.unfinished() == []
    assert read.last_run() == [moved]
    read.begin_run()
    assert read.run != journal.run
    failed = move(read.run, "failed")
    read.start(failed)
    read.finish(failed, BACK)
    assert read.last_run() == [moved]  # nothing was moved since
    read.finish(moved, BACK)
    assert [one.state for one in Journal(tmp_path).last_run()] == [BACK]


def test_a_torn_line_costs_only_itself(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.start(move("r", "1"))
    with (tmp_path / FILE_NAME).open("a") as file:
        file.write('{"id": "r-1", "state": "mo')
    journal.start(move("r", "2"))
    read = Journal(tmp_path).moves()
    assert [(one.id, one.state) for one in read] == [("r-1", STARTED), ("r-2", STARTED)]


def test_the_oldest_moves_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_MOVES", 10)
    journal = Journal(tmp_path)
    for n in range(11):
        one = move(f"run {n // 4}", str(n))
        journal.start(one)
        journal.finish(one, MOVED)
    journal.end_runs()
    journal.begin_run()
    for read in (journal, Journal(tmp_path)):
        assert [one.id for one in read.moves()] == [f"run {n // 4}-{n}" for n in range(6, 11)]
        assert read.unfinished() == []
    assert os.listdir(tmp_path) == [FILE_NAME]


def test_a_journal_that_can_not_be_used_is_an_error(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(StorageError, match="The journal"):
        Journal(tmp_path)
    (tmp_path / FILE_NAME).rmdir()
    journal = Journal(tmp_path)
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(StorageError, match="so no file is moved"):
        journal.start(move("r", "1"))
