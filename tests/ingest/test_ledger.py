from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lookalike.ingest.ledger import Claims, Ledger, Outcome
from lookalike.ingest.seen import SeenFiles
from lookalike.sources.content import TRY_AGAIN
from lookalike.storage.store import Store
from lookalike.types import Record, Source

ONE, TWO = b"1" * 16, b"2" * 16


class Books:
    """A ledger over a table of its own, with the claims that its outcomes need."""

    def __init__(self, folder: Path, lost: tuple[str, ...] = ()) -> None:
        self.store = Store(folder, "pictures.lance", 4)
        known = SeenFiles(self.store)
        self.claims = Claims(known)
        self.ledger = Ledger(self.store, known, self.claims, lambda path: path in lost)

    def encoded(self, path: str, content: bytes) -> Outcome:
        source = Source(path, 1, 1)
        assert self.claims.claim(content, path)
        return Outcome(
            source, content, Record(source, content, 4, 3, np.array([1, 0, 0, 0], np.float16))
        )

    def paths(self) -> set[str]:
        return set(self.store.paths(self.store.pictures))


def same(path: str, content: bytes) -> Outcome:
    return Outcome(Source(path, 1, 1), content)


def refused(path: str, content: bytes | None = None, mtime_ns: int = 1) -> Outcome:
    return Outcome(Source(path, 1, mtime_ns), content, reason="damaged")


@pytest.fixture
def books(tmp_path: Path) -> Books:
    return Books(tmp_path)


def test_a_file_of_the_same_bytes_may_come_before_within_or_after(books: Books) -> None:
    outcome = books.encoded("/a", ONE)
    assert not books.claims.claim(ONE, "/x")
    books.ledger.take([same("/before", ONE), outcome, same("/within", ONE)])
    books.ledger.commit()
    books.ledger.take([same("/after", ONE)])
    assert not books.claims.claim(ONE, "/x")
    books.ledger.commit()
    assert books.paths() == {"/a", "/before", "/within", "/after"}
    assert (books.ledger.added, books.ledger.copied, books.ledger.through) == (4, 3, 4)


def test_who_waits_for_a_refused_content_is_refused(books: Books) -> None:
    assert books.claims.claim(ONE, "/x")
    books.ledger.take([same("/before", ONE), refused("/a", ONE), same("/after", ONE)])
    books.ledger.commit()
    assert {r.path for r in books.store.refused()} == {"/before", "/a", "/after"}
    assert books.claims.claim(ONE, "/x")  # a later one is free to try


def test_a_row_goes_with_its_content_not_with_its_disk(tmp_path: Path) -> None:
    books = Books(tmp_path)
    books.ledger.take([books.encoded("/a", ONE), books.encoded("/b", TWO)])
    books.ledger.commit()
    books = Books(tmp_path)
    books.ledger.take([refused("/a"), refused("/b", mtime_ns=TRY_AGAIN)])
    books.ledger.commit()
    assert books.paths() == {"/b"}


def test_each_lost_row_gives_its_place_to_one_file(tmp_path: Path) -> None:
    books = Books(tmp_path)
    books.ledger.take([books.encoded("/old", ONE), same("/kept", ONE)])
    books.ledger.commit()
    books = Books(tmp_path, lost=("/old",))
    books.ledger.take([same("/new", ONE), same("/newer", ONE), same("/kept", ONE)])
    books.ledger.commit()
    assert books.paths() == {"/new", "/newer", "/kept"}
    assert (books.ledger.moved, books.ledger.added, books.ledger.updated) == (1, 1, 1)


def test_a_batch_is_written_once_even_if_writing_is_interrupted(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Store.add

    def interrupted(self: Store, *arguments: object, **options: object) -> None:
        real(self, *arguments, **options)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    books.ledger.take([books.encoded("/a", ONE)])
    monkeypatch.setattr(Store, "add", interrupted)
    with pytest.raises(KeyboardInterrupt):
        books.ledger.commit()
    monkeypatch.undo()
    books.ledger.commit()
    assert books.store.pictures.count() == 1
