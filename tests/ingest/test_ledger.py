from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from lookalike.ingest import ledger
from lookalike.ingest.claims import ContentClaims
from lookalike.ingest.ledger import COMMIT_SECONDS, Ledger, Outcome
from lookalike.ingest.seen import SeenFiles
from lookalike.sources.content import TRY_AGAIN
from lookalike.storage import Record
from lookalike.storage.store import Store
from lookalike.types import Properties, Source

ONE, TWO = b"1" * 16, b"2" * 16
VECTOR = np.array([1, 0, 0, 0], np.float16)


class Ingest:
    """A ledger over a table of its own, with the claims that its outcomes need."""

    def __init__(self, folder: Path, lost: tuple[str, ...] = ()) -> None:
        self.store = Store(folder, "pictures.lance", 4)
        seen = SeenFiles(self.store)
        self.claims = ContentClaims(seen)
        self.ledger = Ledger(self.store, seen, self.claims, lambda path: path in lost)

    def encoded(self, path: str, content: bytes) -> Outcome:
        source = Source(path, 1, 1)
        assert self.claims.claim(content, path).granted
        return Outcome(source, content, Record(source, content, 4, 3, VECTOR))

    def described(self, path: str, content: bytes, metadata: str | None = None) -> Outcome:
        """Return what a worker makes of a content whose vector a row has."""
        assert self.claims.claim(content, path).has_vector
        source = Source(path, 1, 1, metadata)
        return Outcome(source, content, Record(source, content, 4, 3, None, None, Properties()))

    def records(self) -> dict[str, Record]:
        found = self.store.records_by_content([ONE, TWO])
        return {record.source.path: record for record in found}

    def paths(self) -> set[str]:
        return set(self.store.paths(self.store.pictures))


def same(path: str, content: bytes) -> Outcome:
    return Outcome(Source(path, 1, 1), content)


def refused(path: str, content: bytes | None = None, mtime_ns: int = 1) -> Outcome:
    return Outcome(Source(path, 1, mtime_ns), content, reason="damaged")


@pytest.fixture
def run(tmp_path: Path) -> Ingest:
    return Ingest(tmp_path)


def test_a_file_of_the_same_bytes_may_come_before_within_or_after(run: Ingest) -> None:
    outcome = run.encoded("/a", ONE)
    assert not run.claims.claim(ONE, "/x").granted
    run.ledger.add([same("/before", ONE), outcome, same("/within", ONE)])
    run.ledger.commit()
    run.ledger.add([same("/after", ONE)])
    assert not run.claims.claim(ONE, "/x").granted
    run.ledger.commit()
    assert run.paths() == {"/a", "/before", "/within", "/after"}
    assert (run.ledger.added, run.ledger.copied, run.ledger.done) == (4, 3, 4)


def test_who_waits_for_a_refused_content_is_refused(run: Ingest) -> None:
    assert run.claims.claim(ONE, "/x").granted
    run.ledger.add([same("/before", ONE), refused("/a", ONE), same("/after", ONE)])
    run.ledger.commit()
    assert {r.path for r in run.store.refused()} == {"/before", "/a", "/after"}
    assert run.claims.claim(ONE, "/x").granted  # a later one is free to try


def test_a_row_goes_with_its_content_not_with_its_disk(tmp_path: Path) -> None:
    run = Ingest(tmp_path)
    run.ledger.add([run.encoded("/a", ONE), run.encoded("/b", TWO)])
    run.ledger.commit()
    run = Ingest(tmp_path)
    run.ledger.add([refused("/a"), refused("/b", mtime_ns=TRY_AGAIN)])
    run.ledger.commit()
    assert run.paths() == {"/b"}


def test_each_lost_row_gives_its_place_to_one_file(tmp_path: Path) -> None:
    run = Ingest(tmp_path)
    run.ledger.add([run.encoded("/old", ONE), same("/kept", ONE)])
    run.ledger.commit()
    run = Ingest(tmp_path, lost=("/old",))
    run.ledger.add([same("/new", ONE), same("/newer", ONE), same("/kept", ONE)])
    run.ledger.commit()
    assert run.paths() == {"/new", "/newer", "/kept"}
    assert (run.ledger.moved, run.ledger.added, run.ledger.updated) == (1, 1, 1)


def test_commits_are_due_every_few_seconds_or_thousand_rows(
    run: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(monotonic=lambda: run.ledger._last_commit + clock.passed, passed=0.0)
    monkeypatch.setattr(ledger, "time", clock)
    run.ledger.add([run.encoded("/a", ONE)])
    for seconds, paths in [(0.0, set()), (COMMIT_SECONDS - 0.01, set()), (COMMIT_SECONDS, {"/a"})]:
        clock.passed = seconds
        run.ledger.commit_when_due()
        assert run.paths() == paths
    clock.passed = 0.0
    run.ledger.add([run.encoded("/b", TWO)])
    run.ledger.commit_when_due()
    assert run.paths() == {"/a"}
    monkeypatch.setattr(ledger, "COMMIT_ROWS", 1)
    run.ledger.commit_when_due()
    assert run.paths() == {"/a", "/b"}


def test_a_batch_is_written_once_even_if_writing_is_interrupted(
    run: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Store.add

    def interrupted(self: Store, *arguments: object, **options: object) -> None:
        real(self, *arguments, **options)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    run.ledger.add([run.encoded("/a", ONE)])
    monkeypatch.setattr(Store, "add", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.ledger.commit()
    monkeypatch.undo()
    run.ledger.commit()
    assert run.store.pictures.count() == 1


def test_a_content_with_rows_keeps_its_vector(tmp_path: Path) -> None:
    """And what is known of its files; also where it moved, or has new files of the same bytes."""
    run = Ingest(tmp_path)
    run.ledger.add([run.encoded("/a", ONE), same("/twin", ONE), run.encoded("/old", TWO)])
    run.ledger.commit()
    (old,) = (r for r in run.store.records_by_content([TWO]))
    stated = replace(old, source=replace(old.source, metadata='{"n": 1}'))
    run.store.add([stated], replace=True)
    run = Ingest(tmp_path, lost=("/old",))
    run.ledger.add([run.described("/a", ONE), same("/twin", ONE), same("/more", ONE)])
    run.ledger.add([run.described("/new", TWO)])
    run.ledger.commit()
    rows = run.records()
    assert {*rows} == {"/a", "/twin", "/more", "/new"}
    assert all((row.vector == VECTOR).all() for row in rows.values())
    assert {row.properties for row in rows.values()} == {Properties()}
    assert rows["/new"].source.metadata == '{"n": 1}'
    ledger = run.ledger
    assert (ledger.added, ledger.updated, ledger.moved, ledger.copied) == (1, 2, 1, 2)


def test_a_new_vector_replaces_that_of_the_row(tmp_path: Path) -> None:
    run = Ingest(tmp_path)
    run.ledger.add([run.encoded("/a", ONE), same("/offline", ONE)])
    run.ledger.commit()
    run = Ingest(tmp_path)
    outcome = run.described("/a", ONE)
    assert outcome.record
    record = replace(outcome.record, vector=VECTOR[::-1])
    run.ledger.add([replace(outcome, record=record)])
    run.ledger.commit()
    run.ledger.add([same("/later", ONE)])  # takes the newer one of both
    run.ledger.commit()
    vectors = {path: np.asarray(row.vector).tolist() for path, row in run.records().items()}
    assert vectors == {"/a": [0, 0, 0, 1], "/later": [0, 0, 0, 1], "/offline": [1, 0, 0, 0]}


def test_a_vector_that_is_gone_by_then_is_left_to_the_next_run(tmp_path: Path) -> None:
    run = Ingest(tmp_path)
    run.ledger.add([run.encoded("/a", ONE)])
    run.ledger.commit()
    run = Ingest(tmp_path)
    outcome = run.described("/b", ONE)
    run.ledger.add([run.encoded("/a", TWO)])
    run.ledger.commit()
    run.ledger.add([outcome])
    run.ledger.commit()
    assert run.paths() == {"/a"}
    assert SeenFiles(run.store).unseen([outcome.source]) == [outcome.source]


def test_an_unsupported_format_is_recorded_with_all_its_files(run: Ingest) -> None:
    assert run.claims.claim(ONE, "/a").granted
    outcome = replace(refused("/a", ONE), format="NEF")
    run.ledger.add([same("/before", ONE), outcome, same("/after", ONE), refused("/b")])
    run.ledger.commit()
    batches = run.store.refusals.scan(["path", "format"])
    formats = {row["path"]: row["format"] for batch in batches for row in batch.to_pylist()}
    assert formats == {"/before": "NEF", "/a": "NEF", "/after": "NEF", "/b": ""}
