"""The tables of a gallery: pictures with their vectors, fingerprints, and refusals."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, TypeAlias

from ..sources import TRY_AGAIN
from ..types import Entry, Refusal, Source
from .contents import entries_of
from .failures import retry_reads
from .fingerprint_index import MAX_UNUSED_SHARE, FingerprintIndex
from .place import open_place
from .readers import wait_for_readers
from .rows import (
    Record,
    RefusalRecord,
    file_columns,
    picture_columns,
    property_fields,
    scored_row,
    to_records,
)
from .sql import (
    batched,
    from_text,
    relocated_condition,
    relocated_path,
    to_text,
    under_filter,
)
from .table import Table
from .vectors import nearest_contents, one_of_each

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ..sources import Relocation
    from .place import Place
    from .readers import Reader


REFUSALS = "refusals.lance"
INDEX_FROM_ROWS = 5_000  # below this, scanning all vectors is about as fast as an index
INDEX_KIND = "IVF_RQ"
INDEX_BITS = 512  # a row, or slightly more; exact vectors decide among the candidates
MAX_INDEX_BITS = 8  # a dimension; Lance takes whole bits
VECTOR_INDEX = "vector_idx"
PATHS_PER_SCAN = 100
# The fragments of `Table.write_fragments`: of pictures, and of their fingerprints.
FragmentPair: TypeAlias = "tuple[list[str], list[str]]"


class Store:
    """The rows of a gallery, their fingerprints, and its refusals."""

    def __init__(self, folder: Place, table: str, dimensions: int, *, copies: bool = True) -> None:
        """Open nothing yet.

        Args:
            folder: the gallery's place.
            table: name of the table of pictures, from the manifest.
            dimensions: D of its vectors.
            copies: whether the gallery keeps fingerprints, which prove copies.
        """
        import pyarrow as pa

        self.folder = folder
        self.table = table
        self.dimensions = dimensions
        self.copies = copies
        file = [("path", pa.string()), ("size", pa.int64()), ("mtime_ns", pa.int64())]
        self.pictures = Table(
            folder / table,
            pa.schema(
                [
                    *file,
                    ("content_hash", pa.binary(16)),
                    ("width", pa.int32()),
                    ("height", pa.int32()),
                    ("vector", pa.list_(pa.float16(), dimensions)),
                    ("metadata", pa.string()),  # a JSON object
                    *property_fields(),
                ]
            ),
        )
        # A file that is no picture is kept without a reason, so that it is not read again. The
        # format is null where an earlier version refused, which may have known less.
        columns = [*file, ("reason", pa.string()), ("format", pa.string())]
        self.refusals = Table(folder / REFUSALS, pa.schema(columns))
        self.fingerprints = FingerprintIndex(folder)
        self.reader: Reader | None = None

    def read_by(self, reader: Reader) -> Store:
        """Return the same tables; as long as they are in use, `reader` keeps their files."""
        store = copy(self)
        store.reader = reader
        return store

    def snapshot(self) -> Store:
        """Return a reader of the newest version, for reads in several steps."""
        store = copy(self)
        store.fingerprints = self.fingerprints.snapshot()
        store.pictures = self.pictures.snapshot(self.reader)
        return store

    def entries(self, ids: Sequence[str]) -> list[Entry]:
        """Find pictures by their ids, in the order of these.

        Raises:
            ArgumentError: an id is not 32 hexadecimal digits.
        """
        return entries_of(self.pictures, ids)

    def add(self, records: Sequence[Record], *, replace: bool) -> None:
        """Commit rows; `replace` if some of their paths may have a row.

        Raises:
            StorageError: the disk is full, read-only or unreachable; nothing was changed.
        """
        if not records:
            return
        # First: a row is never committed without its fingerprint, nor decoded for it again.
        if self.copies:
            self.fingerprints.add(_fingerprints(records))
        self.pictures.write(picture_columns(records, self.dimensions), replace=replace)

    def write_fragments(self, records: Sequence[Record]) -> FragmentPair:
        """Write rows that are part of the tables once `commit_fragments` gets them.

        Raises:
            StorageError: the tables do not exist (see `create`), or can't be written.
        """
        if not records:
            return [], []
        fragments: list[str] = []
        if self.copies:
            fragments = self.fingerprints.write_fragments(_fingerprints(records))
        rows = picture_columns(records, self.dimensions)
        return self.pictures.write_fragments(rows), fragments

    def commit_fragments(self, pairs: Sequence[FragmentPair]) -> None:
        """Commit the rows of `write_fragments`; none of their paths may have a row.

        Raises:
            StorageError: as by `add`.
        """
        self.fingerprints.table.commit_fragments(one for _, fragments in pairs for one in fragments)
        self.pictures.commit_fragments(one for fragments, _ in pairs for one in fragments)

    def add_missing_columns(self) -> None:
        """Add the columns that an earlier version did not write; all their values are null."""
        for table in (self.pictures, self.refusals, self.fingerprints.table):
            table.add_missing_columns()

    def create(self) -> None:
        """Create the tables, for `write_fragments` in other processes."""
        for table in (self.pictures, self.fingerprints.table):
            table.create()

    def drop_old_versions(self, *, uncommitted: bool = False) -> None:
        """Delete what only earlier versions use, unless readers go on reading it.

        Args:
            uncommitted: also delete fragments that were never committed; nobody may be writing any.
        """
        if wait_for_readers(self.folder):
            for table in (self.pictures, self.refusals, *self.fingerprints.tables):
                table.drop_old_versions(uncommitted=uncommitted)

    def refuse(self, refused: Sequence[RefusalRecord]) -> None:
        """Store files that can't be used."""
        if refused:
            rows = {
                **file_columns(refusal.source for refusal in refused),
                "reason": [refusal.reason and to_text(refusal.reason) for refusal in refused],
                "format": [refusal.format for refusal in refused],
            }
            self.refusals.write(rows, replace=True)

    def refuse_folders(self, refusals: Sequence[Refusal]) -> None:
        """Store folders that can't be listed, until the next run."""
        self.refuse([RefusalRecord(Source(r.path, 0, TRY_AGAIN), r.reason) for r in refusals])

    def forget_transient_refusals(self, paths: Iterable[str]) -> None:
        """Delete refusals that were the disk's fault, at or below paths that are now retried."""
        for path in paths:
            where = f"mtime_ns = {TRY_AGAIN} AND {under_filter(path)}"
            batches = self.refusals.scan(["path"], where)
            refused = [from_text(name) for b in batches for name in b.column(0).to_pylist()]
            self.refusals.delete(refused)

    def refused_now(self) -> dict[str, str]:
        """Return the reasons of files that could not be read the last time, by their paths."""
        where = f"mtime_ns = {TRY_AGAIN} AND reason IS NOT NULL"
        batches = self.refusals.scan(["path", "reason"], where)
        return {from_text(row["path"]): row["reason"] for b in batches for row in b.to_pylist()}

    def refused(self) -> Iterator[Refusal]:
        """List the refusals that have a reason."""
        for batch in self.refusals.scan(["path", "reason"], "reason IS NOT NULL"):
            for path, reason in zip(*(c.to_pylist() for c in batch.columns), strict=True):
                yield Refusal(from_text(path), reason)

    def paths(self, table: Table, *under: str, where: str | None = None) -> Iterator[str]:
        """List the paths of a table's rows: all, or those at or below paths, or of a filter."""
        for batch in table.scan(["path"], under_filter(*under) if under else where):
            yield from map(from_text, batch.column(0).to_pylist())

    def remove(self, paths: Iterable[str]) -> int:
        """Delete the rows and refusals at or below paths; return the number of rows."""
        removed = 0
        for batch in batched(paths, PATHS_PER_SCAN):
            rows = list(self.paths(self.pictures, *batch))
            self.pictures.delete(rows)
            self.refusals.delete(list(self.paths(self.refusals, *batch)))
            removed += len(rows)
        return removed

    def relocate(self, moved: Relocation) -> None:
        """Rewrite the paths of what is at or below a place that has moved."""
        for table in (self.pictures, self.refusals):
            table.update({"path": relocated_path(moved)}, relocated_condition(moved))

    def records(self) -> Iterator[list[Record]]:
        """Read all rows, some at a time."""
        for batch in self.pictures.scan(self.pictures.schema.names):
            yield list(to_records(batch))

    def records_by_content(
        self, hashes: Iterable[bytes], where: str | None = None
    ) -> Iterator[Record]:
        """Find the rows with one of these contents, among those that a filter allows."""
        for batch in self.pictures.scan_contents(hashes, self.pictures.schema.names, where):
            yield from to_records(batch)

    def contents_matching(self, contents: Iterable[bytes], where: str) -> set[bytes]:
        """Return those of the contents that have a row that a filter allows."""
        batches = self.pictures.scan_contents(contents, ["content_hash"], where)
        return {content for batch in batches for content in batch.column(0).to_pylist()}

    @retry_reads
    def nearest(
        self,
        vector: NDArray[np.float32],
        top: int,
        content: bytes | None = None,
        where: str | None = None,
    ) -> list[dict[str, Any]]:
        """Find the contents whose vectors have the greatest cosine with a query's.

        Args:
            vector: of the query, float32 [D], unit length.
            top: how many, at most.
            content: a content hash; it is always found, too, which the approximate index does not
                promise.
            where: a Lance filter on the rows.

        Returns:
            for each content, a dict of the path of one of its files, score, width, height and
            content_hash, in no order.
        """
        (rows,) = nearest_contents(self.pictures, vector[None], top, where)
        if content and all(row["content_hash"] != content for row in rows):
            rows += self.rows_by_content([content], vector, where)
        return rows

    @retry_reads
    def nearest_many(
        self,
        vectors: NDArray[np.float32],
        top: int,
        contents: Sequence[bytes | None],
        where: str | None = None,
    ) -> list[list[dict[str, Any]]]:
        """Do the same as `nearest` for many queries, float32 [Q, D], each with its content."""
        rows = nearest_contents(self.pictures, vectors, top, where)
        same = {
            record.content_hash: record
            for record in self.records_by_content(set(filter(None, contents)), where)
        }
        for nearest, vector, content in zip(rows, vectors, contents, strict=True):
            if content in same and all(row["content_hash"] != content for row in nearest):
                nearest.append(scored_row(same[content], vector))
        return rows

    def rows_by_content(
        self, contents: Iterable[bytes], vector: NDArray[np.float32], where: str | None = None
    ) -> list[dict[str, Any]]:
        """Return a row of each of some contents, as `nearest` does."""
        records = self.records_by_content(contents, where)
        return list(one_of_each(scored_row(record, vector) for record in records).values())

    def optimize(self, *, unused: bool = True, build: Callable[..., Any] | None = None) -> None:
        """Merge fragments, build or update the index, and drop old versions.

        Args:
            unused: whether to drop fingerprints that are replaced or have no file, if there are
                many.
            build: rebuilds the index of vectors instead of Lance, see `Table.update_index`.
        """
        for table in (self.pictures, self.refusals):
            table.merge_fragments()
        bits = min(-(-INDEX_BITS // self.dimensions), MAX_INDEX_BITS)
        self.pictures.update_index(
            VECTOR_INDEX,
            "vector",
            INDEX_KIND,
            from_rows=INDEX_FROM_ROWS,
            build=build,
            metric="cosine",
            num_bits=bits,
        )
        used = min(self.pictures.count(), self.fingerprints.content_count()) if unused else 0
        if unused and self.fingerprints.row_count() > (1 + MAX_UNUSED_SHARE) * used:
            columns = self.pictures.scan(["content_hash"])
            self.fingerprints.drop_unused(
                {value for c in columns for value in c.column(0).to_pylist()}
            )
        else:
            self.fingerprints.optimize()
        self.drop_old_versions()

    def index_state(self) -> dict[str, Any]:
        """Return the index's kind (`none` without one), indexed and unindexed rows."""
        indexed, unindexed = self.pictures.indexed_rows(VECTOR_INDEX)
        kind = "none" if indexed is None else INDEX_KIND
        return {"kind": kind, "indexed_rows": indexed or 0, "unindexed_rows": unindexed}

    def bytes_on_disk(self) -> int:
        """Return the total size of the gallery's files."""
        return open_place(self.folder).size()


def _fingerprints(records: Sequence[Record]) -> dict[bytes, bytes]:
    return {r.content_hash: r.fingerprint for r in records if r.fingerprint}
