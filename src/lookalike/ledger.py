"""The books of one ingest: outcomes in, commits out, files of the same bytes brought together."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .known import content_key, path_key
from .sources import TRY_AGAIN
from .types import IndexReport, Record, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .known import Known
    from .store import Store

COMMIT_SECONDS = 4.0
COMMIT_ROWS = 4_096
OPTIMIZE_ROWS = 100_000  # a long ingest brings the index up to date after so many


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a worker made of one source: a record, a reason, or the content of another one.

    Attributes:
        source: the file.
        content: its content hash; None where it could not be read.
        record: its row, if it was encoded.
        reason: why it was refused; None without a record means another kind of file, or, with
            a content, that this content is or will be known from another file.
    """

    source: Source
    content: bytes | None = None
    record: Record | None = None
    reason: str | None = None


class Claims:
    """Which contents are encoded, or being encoded now, so that none is encoded twice."""

    def __init__(self, known: Known) -> None:
        """Start from what the gallery has."""
        self._known = known
        self._in_flight: set[bytes] = set()
        self._lock = threading.Lock()

    def claim(self, content: bytes) -> bool:
        """Take a content for encoding; False where somebody has it already."""
        with self._lock:
            if content in self._in_flight or content_key(content) in self._known.contents:
                return False
            self._in_flight.add(content)
            return True

    def settle(self, content: bytes, *, encoded: bool) -> None:
        """Say that a claimed content has become a record, or was refused."""
        with self._lock:
            self._in_flight.discard(content)
            if encoded:
                self._known.contents.add(content_key(content))

    def in_flight(self, content: bytes) -> bool:
        """Tell whether a content is being encoded."""
        with self._lock:
            return content in self._in_flight


class Ledger:
    """Collect outcomes and commit them; used by one thread.

    Attributes:
        through: sources that are dealt with.
        added, updated, moved, copied, refused, skipped: as in `IndexReport`.
    """

    def __init__(
        self, store: Store, known: Known, claims: Claims, is_lost: Callable[[str], bool]
    ) -> None:
        """Open the books; see `ingest` for the arguments."""
        self._store = store
        self._known = known
        self._claims = claims
        self._is_lost = is_lost
        self._rows: dict[str, Record] = {}
        self._by_content: dict[bytes, Record] = {}
        self._in_store: list[tuple[Source, bytes]] = []
        self._waiting: defaultdict[bytes, list[Source]] = defaultdict(list)
        self._refusals: dict[str, tuple[Source, str | None]] = {}
        self._refused_contents: dict[bytes, str] = {}
        self.through = self.added = self.updated = self.moved = self.copied = 0
        self.refused = self.skipped = 0
        self._committed = time.monotonic()
        self._optimized = 0

    @property
    def uncommitted(self) -> int:
        """Count what the next commit would write."""
        return len(self._rows) + len(self._in_store) + len(self._refusals)

    def take(self, outcomes: Iterable[Outcome]) -> None:
        """Note what a worker made of its chunk."""
        for outcome in outcomes:
            source, content = outcome.source, outcome.content
            if outcome.record:
                record = outcome.record
                self._claims.settle(record.content_hash, encoded=True)
                self._by_content[record.content_hash] = record
                self._row(record)
                for same in self._waiting.pop(record.content_hash, ()):
                    self._copy(same, record)
            elif outcome.reason:
                self._refuse(source, outcome.reason)
                if content:
                    self._claims.settle(content, encoded=False)
                    passing = source.mtime_ns == TRY_AGAIN
                    for same in self._waiting.pop(content, ()):
                        again = replace(same, mtime_ns=TRY_AGAIN) if passing else same
                        self._refuse(again, outcome.reason)
                    if not passing:
                        self._refused_contents[content] = outcome.reason
            elif content is None:
                self.skipped += 1
                self._not_a_row(source, None)
            else:
                self._take_known(source, content)

    def commit(self) -> None:
        """Write what was collected: rows first, so that a crash between leaves too much, not less.

        Raises:
            StorageError: the disk is full, read-only or unreachable.
        """
        if not self.uncommitted:
            return
        # Taken out before they are written: a Ctrl-C in between must not write them twice.
        rows, self._rows = self._rows, {}
        in_store, self._in_store = self._in_store, []
        refusals, self._refusals = self._refusals, {}
        self._by_content = {}
        moved_before = self.moved
        rows_of_moved = self._find_in_store(in_store, rows) + self._moved_bare(rows)
        gone = [
            path
            for path, (source, _) in refusals.items()
            if source.mtime_ns != TRY_AGAIN and path_key(path) in self._known.paths
        ]
        cured = [path for path in rows if path_key(path) in self._known.refused]
        replaces = [path for path in rows if path_key(path) in self._known.paths]
        self._store.add(list(rows.values()), replace=bool(replaces))
        self._store.pictures.delete(rows_of_moved + gone)
        self._store.refusals.delete(cured)
        self._store.refuse(list(refusals.values()))
        self.updated += len(replaces)
        self.added += len(rows) - len(replaces) - (self.moved - moved_before)
        for path in rows:
            self._known.paths.add(path_key(path))
        for path in refusals:
            self._known.refused.add(path_key(path))

    def commit_when_due(self) -> None:
        """Commit every few seconds or thousand rows; in a long ingest, see to the index too."""
        now = time.monotonic()
        if now - self._committed < COMMIT_SECONDS and self.uncommitted < COMMIT_ROWS:
            return
        self.commit()
        if self.added - self._optimized >= OPTIMIZE_ROWS:
            self._store.optimize(orphans=False)
            self._optimized = self.added
        self._committed = time.monotonic()

    def report(self, *, unchanged: int, seconds: float) -> IndexReport:
        """Sum up."""
        return IndexReport(
            added=self.added,
            updated=self.updated,
            moved=self.moved,
            copied=self.copied,
            unchanged=unchanged,
            refused=self.refused,
            skipped=self.skipped,
            seconds=seconds,
        )

    def _find_in_store(
        self, in_store: list[tuple[Source, bytes]], rows: dict[str, Record]
    ) -> list[str]:
        """Give files whose content has rows already their vector; tell which rows have moved."""
        siblings: defaultdict[bytes, list[Record]] = defaultdict(list)
        for record in self._store.by_content({content for _, content in in_store}):
            siblings[record.content_hash].append(record)
        moved: list[str] = []
        for source, content in in_store:
            of_same_content = siblings[content]
            if not of_same_content:
                continue
            self.through += 1
            own = next((r for r in of_same_content if r.source.path == source.path), None)
            rows[source.path] = replace(of_same_content[0], source=_told(source, own))
            if own:
                continue  # the file was touched, not changed
            old = next((r for r in of_same_content if self._is_lost(r.source.path)), None)
            if old:
                rows[source.path] = replace(old, source=_told(source, old))
                of_same_content.remove(old)
                of_same_content.append(rows[source.path])
                moved.append(old.source.path)
                # Moved over another file, it counts as that one's update.
                self.moved += path_key(source.path) not in self._known.paths
            else:
                self.copied += 1
        return moved

    def _moved_bare(self, rows: dict[str, Record]) -> list[str]:
        """Tell which rows have moved to one of these, encoded anew as they had no fingerprint."""
        bare = {
            record.content_hash: path
            for path, record in rows.items()
            if content_key(record.content_hash) in self._known.bare
        }
        moved = []
        for old in self._store.by_content(bare):
            path = old.source.path
            if path not in rows and self._is_lost(path):
                moved.append(path)
                self.moved += path_key(bare[old.content_hash]) not in self._known.paths
        return moved

    def _take_known(self, source: Source, content: bytes) -> None:
        """Note a file whose content somebody else has, or had, in hand."""
        if content in self._by_content:
            self._copy(source, self._by_content[content])
        elif content in self._refused_contents:
            self._refuse(source, self._refused_contents[content])
        elif self._claims.in_flight(content):
            self._waiting[content].append(source)
        else:
            self._in_store.append((source, content))  # or nowhere: then the next run encodes it

    def _row(self, record: Record) -> None:
        self.through += 1
        self._rows[record.source.path] = record
        self._refusals.pop(record.source.path, None)

    def _copy(self, source: Source, record: Record) -> None:
        self.copied += 1
        self._row(replace(record, source=source))

    def _refuse(self, source: Source, reason: str) -> None:
        self.refused += 1
        self._not_a_row(source, reason)

    def _not_a_row(self, source: Source, reason: str | None) -> None:
        self.through += 1
        self._refusals[source.path] = (source, reason)
        self._rows.pop(source.path, None)


def _told(source: Source, known: Record | None) -> Source:
    """Keep the metadata of a file that is listed without any."""
    if known is None or source.metadata is not None:
        return source
    return replace(source, metadata=known.source.metadata)
