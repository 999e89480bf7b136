"""The ledger of one ingest: outcomes in, commits out; files of the same bytes share a vector."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from ..sources import TRY_AGAIN
from ..storage import RefusalRecord
from ..types import IndexReport, Source
from .seen import content_key, path_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..storage import FragmentPair, Record, Store
    from .claims import PendingClaims
    from .seen import SeenFiles

COMMIT_SECONDS = 4.0
COMMIT_ROWS = 4_096
OPTIMIZE_ROWS = 100_000  # a long ingest updates the indexes after so many
# What a worker has done: the outcomes, and the fragments that hold their rows, if it wrote any.
Batch: TypeAlias = "tuple[list[Outcome], FragmentPair | None]"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result for one source: a record, a reason, or a content that another file delivers.

    Attributes:
        source: the file.
        content: its content hash; None if it could not be read.
        record: its row, if it was decoded.
        reason: why it was refused. None without a record means another kind of file, or, with
            a content, that another file has delivered or will deliver this content.
        format: of a file that is refused or skipped, as `RefusalRecord.format`.
        written: whether its row is in a fragment that comes with it, instead of a record.
    """

    source: Source
    content: bytes | None = None
    record: Record | None = None
    reason: str | None = None
    format: str = ""
    written: bool = False


class Ledger:
    """Collects outcomes and commits them; used by one thread.

    Attributes:
        done: sources that are added, refused or skipped.
        added, updated, moved, copied, refused, skipped, unsupported: as in `IndexReport`.
    """

    def __init__(
        self, store: Store, seen: SeenFiles, claims: PendingClaims, is_lost: Callable[[str], bool]
    ) -> None:
        """Start with nothing to commit; see `ingest.IngestOptions` for `is_lost`."""
        self._store = store
        self._seen = seen
        self._claims = claims
        self._is_lost = is_lost
        self._rows: dict[str, Record] = {}
        self._written: dict[str, bytes] = {}
        self._fragments: list[FragmentPair] = []
        self._by_content: dict[bytes, Record] = {}
        self._to_look_up: list[tuple[Source, bytes]] = []
        self._waiting: defaultdict[bytes, list[Source]] = defaultdict(list)
        self._refusals: dict[str, RefusalRecord] = {}
        self._refused_contents: dict[bytes, RefusalRecord] = {}
        self.done = self.added = self.updated = self.moved = self.copied = 0
        self.refused = self.skipped = 0
        self.unsupported = Counter[str]()
        self._last_commit = time.monotonic()
        self._optimized_rows = 0

    @property
    def uncommitted(self) -> int:
        """Count the rows and refusals that the next commit would write."""
        rows = len(self._rows) + len(self._written) + len(self._to_look_up)
        return rows + len(self._refusals)

    def add(self, outcomes: Iterable[Outcome], fragments: FragmentPair | None = None) -> None:
        """Add the outcomes of a chunk, and the fragments with the rows that its worker wrote."""
        if fragments:
            self._fragments.append(fragments)
        for outcome in outcomes:
            source, content = outcome.source, outcome.content
            if outcome.record:
                record = outcome.record
                self._claims.resolve(record.content_hash, delivered=True)
                self._by_content[record.content_hash] = record
                self._add_row(record)
                for same in self._waiting.pop(record.content_hash, ()):
                    self._add_copy(same, record)
            elif outcome.written and content:
                self.done += 1
                self._written[source.path] = content
                self._claims.resolve(content, delivered=True)
                # Files of the same bytes take their vector from the table.
                self._to_look_up += [(same, content) for same in self._waiting.pop(content, ())]
            elif outcome.reason:
                self._add_refused(RefusalRecord(source, outcome.reason, outcome.format), content)
            elif content is None:
                self.skipped += 1
                self._add_non_row(RefusalRecord(source, format=outcome.format))
            else:
                self._add_duplicate(source, content)

    def commit(self) -> None:
        """Write the outcomes: rows before deletions, so that a crash between loses nothing.

        Raises:
            StorageError: the disk is full, read-only or unreachable.
        """
        if not self.uncommitted:
            return
        # Cleared before they are written: after a Ctrl-C they must not be written twice.
        rows, self._rows = self._rows, {}
        written, self._written = self._written, {}
        fragments, self._fragments = self._fragments, []
        to_look_up, self._to_look_up = self._to_look_up, []
        refusals, self._refusals = self._refusals, {}
        self._by_content = {}
        moved_before = self.moved
        self._store.commit_fragments(fragments)
        moved_rows = self._complete_rows(rows) + self._rows_from_store(to_look_up, rows)
        contents = {path: record.content_hash for path, record in rows.items()} | written
        gone = [
            path
            for path, refusal in refusals.items()
            if refusal.source.mtime_ns != TRY_AGAIN and path_key(path) in self._seen.paths
        ]
        no_longer_refused = [path for path in contents if path_key(path) in self._seen.refused]
        replaces = [path for path in rows if path_key(path) in self._seen.paths]
        self._store.add(list(rows.values()), replace=bool(replaces))
        self._store.pictures.delete(moved_rows + gone)
        self._store.refusals.delete(no_longer_refused)
        self._store.refuse([*refusals.values()])
        self.updated += len(replaces)
        self.added += len(contents) - len(replaces) - (self.moved - moved_before)
        for path in contents:
            self._seen.paths.add(path_key(path))
        for path in refusals:
            self._seen.refused.add(path_key(path))

    def commit_when_due(self) -> None:
        """Commit every few seconds or thousand rows; in a long ingest, update the indexes too."""
        now = time.monotonic()
        if now - self._last_commit < COMMIT_SECONDS and self.uncommitted < COMMIT_ROWS:
            return
        self.commit()
        if self.added + self.updated - self._optimized_rows >= OPTIMIZE_ROWS:
            self._store.optimize(unused=False)
            self._optimized_rows = self.added + self.updated
        self._last_commit = time.monotonic()

    def unresolved(self) -> list[tuple[Source, bytes]]:
        """Return, and forget, the files that wait for a content which nobody decodes any more."""
        waiting, self._waiting = self._waiting, defaultdict(list)
        return [(source, content) for content, files in waiting.items() for source in files]

    def report(self, *, unchanged: int, seconds: float) -> IndexReport:
        """Return the counts."""
        return IndexReport(
            added=self.added,
            updated=self.updated,
            moved=self.moved,
            copied=self.copied,
            unchanged=unchanged,
            refused=self.refused,
            skipped=self.skipped,
            unsupported=dict(self.unsupported.most_common()),
            seconds=seconds,
        )

    def _rows_from_store(
        self, to_look_up: list[tuple[Source, bytes]], rows: dict[str, Record]
    ) -> list[str]:
        """Add rows for files whose content the store has; return the paths of moved rows."""
        siblings = self._stored({content for _, content in to_look_up})
        moved: list[str] = []
        for source, content in to_look_up:
            same_content = siblings[content]
            if not same_content:
                continue
            self.done += 1
            first, old = same_content[0], self._take_old(source, same_content)
            rows[source.path] = replace(first, source=_with_known_metadata(source, old))
            if old is None:
                self.copied += 1
            elif old.source.path != source.path:
                same_content.append(rows[source.path])
                moved.append(old.source.path)
        return moved

    def _complete_rows(self, rows: dict[str, Record]) -> list[str]:
        """Give rows of contents that the store has what it has; return the paths of moved rows.

        A content with rows is decoded again if these lack something. It keeps its vector, unless
        the worker has made another.
        """
        is_stored = self._seen.incomplete
        contents = {record.content_hash for record in rows.values()}
        siblings = self._stored(c for c in contents if content_key(c) in is_stored)
        vectors = {content: same_content[0].vector for content, same_content in siblings.items()}
        moved: list[str] = []
        for path, record in [*rows.items()]:
            if (vector := record.vector) is None:
                vector = vectors.get(record.content_hash)
            if vector is None:  # its row got another content in this run: the next one encodes it
                del rows[path]
                continue
            old = self._take_old(record.source, siblings[record.content_hash])
            source = _with_known_metadata(record.source, old)
            rows[path] = replace(record, source=source, vector=vector)
            if old and old.source.path != path:
                moved.append(old.source.path)
        return moved

    def _stored(self, contents: Iterable[bytes]) -> defaultdict[bytes, list[Record]]:
        """Read the rows of some contents; of each, the first is one that tells what it holds."""
        siblings: defaultdict[bytes, list[Record]] = defaultdict(list)
        for record in self._store.records_by_content(contents):
            same_content = siblings[record.content_hash]
            same_content.insert(0 if record.properties else len(same_content), record)
        return siblings

    def _take_old(self, source: Source, same_content: list[Record]) -> Record | None:
        """Return the row that a file had before, under its path or moved from another; else None.

        A row that moved is taken from the list, as it gives its place to one file.
        """
        own = next((r for r in same_content if r.source.path == source.path), None)
        if own:
            return own  # the file was touched, but did not change
        old = next((r for r in same_content if self._is_lost(r.source.path)), None)
        if old:
            same_content.remove(old)
            # A file moved over another one counts as an update of that one.
            self.moved += path_key(source.path) not in self._seen.paths
        return old

    def _add_refused(self, refusal: RefusalRecord, content: bytes | None) -> None:
        """Refuse a file, and the files that wait for its content."""
        self._refuse(refusal)
        if content is None:
            return
        self._claims.resolve(content, delivered=False)
        is_temporary = refusal.source.mtime_ns == TRY_AGAIN
        for same in self._waiting.pop(content, ()):
            source = replace(same, mtime_ns=TRY_AGAIN) if is_temporary else same
            self._refuse(replace(refusal, source=source))
        if not is_temporary:
            self._refused_contents[content] = refusal

    def _add_duplicate(self, source: Source, content: bytes) -> None:
        """Add a file whose content another file has claimed or delivered."""
        if content in self._by_content:
            self._add_copy(source, self._by_content[content])
        elif content in self._refused_contents:
            self._refuse(replace(self._refused_contents[content], source=source))
        elif self._claims.is_pending(content):
            self._waiting[content].append(source)
        else:
            self._to_look_up.append((source, content))  # the next run encodes it if it is missing

    def _add_row(self, record: Record) -> None:
        self.done += 1
        self._rows[record.source.path] = record
        self._refusals.pop(record.source.path, None)

    def _add_copy(self, source: Source, record: Record) -> None:
        self.copied += 1
        self._add_row(replace(record, source=source))

    def _refuse(self, refusal: RefusalRecord) -> None:
        self.refused += 1
        self._add_non_row(refusal)

    def _add_non_row(self, refusal: RefusalRecord) -> None:
        self.done += 1
        self.unsupported.update([refusal.format] if refusal.format else [])
        self._refusals[refusal.source.path] = refusal
        self._rows.pop(refusal.source.path, None)


def _with_known_metadata(source: Source, record: Record | None) -> Source:
    """Keep a file's known metadata if it is listed without any."""
    if record is None or source.metadata is not None:
        return source
    return replace(source, metadata=record.source.metadata)
