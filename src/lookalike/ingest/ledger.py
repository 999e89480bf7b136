"""The books of one ingest: outcomes in, commits out, files of the same bytes brought together."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from ..sources import TRY_AGAIN
from ..types import IndexReport, Record, Source
from .seen import content_key, path_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..storage import FragmentPair, Store
    from .seen import Contents, SeenFiles

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
        written: that its row is in a fragment which comes with it, instead of a record.
    """

    source: Source
    content: bytes | None = None
    record: Record | None = None
    reason: str | None = None
    written: bool = False


class Granting(Protocol):
    """What grants contents to the files that they are encoded from."""

    def claim(self, content: bytes, path: str) -> bool:
        """Take a content for encoding from a file; False where another has it already."""
        ...

    def lacks_fingerprint(self, content: bytes) -> bool:
        """Tell whether the gallery had no fingerprint of a content at the start."""
        ...


class Settling(Protocol):
    """What is told how a claimed content came out."""

    def settle(self, content: bytes, *, encoded: bool) -> None:
        """Say that a claimed content has become a record, or was refused."""
        ...

    def in_flight(self, content: bytes) -> bool:
        """Tell whether a content is being encoded."""
        ...


class Claims:
    """Which contents are encoded, or being encoded now, so that none is encoded twice."""

    def __init__(self, known: SeenFiles | Contents) -> None:
        """Start from what the gallery has."""
        self._known = known
        self._in_flight: dict[bytes, str] = {}
        self._lock = threading.Lock()

    def claim(self, content: bytes, path: str) -> bool:
        """Take a content for encoding from a file; False where another has it already."""
        with self._lock:
            if content_key(content) in self._known.contents:
                return False
            return self._in_flight.setdefault(content, path) == path

    def lacks_fingerprint(self, content: bytes) -> bool:
        """Tell whether the gallery had no fingerprint of a content at the start."""
        return content_key(content) not in self._known.fingerprinted

    def of(self, path: str) -> list[bytes]:
        """Give the contents that are being encoded from a file."""
        with self._lock:
            return [content for content, owner in self._in_flight.items() if owner == path]

    def settle(self, content: bytes, *, encoded: bool) -> None:
        """Say that a claimed content has become a record, or was refused."""
        with self._lock:
            self._in_flight.pop(content, None)
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
        self, store: Store, known: SeenFiles, claims: Settling, is_lost: Callable[[str], bool]
    ) -> None:
        """Open the books; see `ingest` for the arguments."""
        self._store = store
        self._known = known
        self._claims = claims
        self._is_lost = is_lost
        self._rows: dict[str, Record] = {}
        self._written: dict[str, bytes] = {}
        self._fragments: list[FragmentPair] = []
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
        rows = len(self._rows) + len(self._written) + len(self._in_store)
        return rows + len(self._refusals)

    def take(self, outcomes: Iterable[Outcome], fragments: FragmentPair | None = None) -> None:
        """Note what a worker made of its chunk, and the fragments it wrote the rows into."""
        if fragments:
            self._fragments.append(fragments)
        for outcome in outcomes:
            source, content = outcome.source, outcome.content
            if outcome.record:
                record = outcome.record
                self._claims.settle(record.content_hash, encoded=True)
                self._by_content[record.content_hash] = record
                self._row(record)
                for same in self._waiting.pop(record.content_hash, ()):
                    self._copy(same, record)
            elif outcome.written and content:
                self.through += 1
                self._written[source.path] = content
                self._claims.settle(content, encoded=True)
                # Those of the same bytes take the vector out of the table.
                self._in_store += [(same, content) for same in self._waiting.pop(content, ())]
            elif outcome.reason:
                self._take_refused(source, content, outcome.reason)
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
        written, self._written = self._written, {}
        fragments, self._fragments = self._fragments, []
        in_store, self._in_store = self._in_store, []
        refusals, self._refusals = self._refusals, {}
        self._by_content = {}
        moved_before = self.moved
        self._store.commit_fragments(fragments)
        rows_of_moved = self._find_in_store(in_store, rows)
        of_paths = {path: record.content_hash for path, record in rows.items()} | written
        rows_of_moved += self._moved_bare(of_paths)
        gone = [
            path
            for path, (source, _) in refusals.items()
            if source.mtime_ns != TRY_AGAIN and path_key(path) in self._known.paths
        ]
        cured = [path for path in of_paths if path_key(path) in self._known.refused]
        replaces = [path for path in rows if path_key(path) in self._known.paths]
        self._store.add(list(rows.values()), replace=bool(replaces))
        self._store.pictures.delete(rows_of_moved + gone)
        self._store.refusals.delete(cured)
        self._store.refuse(list(refusals.values()))
        self.updated += len(replaces)
        self.added += len(of_paths) - len(replaces) - (self.moved - moved_before)
        for path in of_paths:
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

    def unsettled(self) -> list[tuple[Source, bytes]]:
        """Give back, and up, the files that wait for a content which nobody encodes any more."""
        waiting, self._waiting = self._waiting, defaultdict(list)
        return [(source, content) for content, some in waiting.items() for source in some]

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
        for record in self._store.records_by_content({content for _, content in in_store}):
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

    def _moved_bare(self, of_paths: dict[str, bytes]) -> list[str]:
        """Tell which rows have moved to one of these, encoded anew as they had no fingerprint."""
        bare = {
            content: path
            for path, content in of_paths.items()
            if content_key(content) in self._known.bare
        }
        moved = []
        for old in self._store.records_by_content(bare):
            path = old.source.path
            if path not in of_paths and self._is_lost(path):
                moved.append(path)
                self.moved += path_key(bare[old.content_hash]) not in self._known.paths
        return moved

    def _take_refused(self, source: Source, content: bytes | None, reason: str) -> None:
        """Refuse a file, and those that wait for its content."""
        self._refuse(source, reason)
        if content is None:
            return
        self._claims.settle(content, encoded=False)
        passing = source.mtime_ns == TRY_AGAIN
        for same in self._waiting.pop(content, ()):
            self._refuse(replace(same, mtime_ns=TRY_AGAIN) if passing else same, reason)
        if not passing:
            self._refused_contents[content] = reason

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
