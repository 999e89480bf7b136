"""The Lance tables of a gallery: rows with vectors and their index, and the refusals."""

from __future__ import annotations

from collections import defaultdict
from copy import copy
from typing import TYPE_CHECKING, Any, TypeAlias

from ..sources import TRY_AGAIN, check_id, map_ahead
from ..types import Entry, Record, Refusal, Source
from .fingerprint_index import MAX_ORPHANS_SHARE, FingerprintIndex
from .place import open_place
from .rows import file_columns, scored_row, to_entry, to_records
from .sql import from_text, to_text, under_filter
from .table import Table, batched, retry_reads, storage_errors
from .vectors import FOUND, nearest_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from .place import Place


REFUSALS = "refusals.lance"
INDEX_FROM_ROWS = 5_000  # below this, scanning all vectors is about as fast as an index
INDEX_KIND = "IVF_RQ"
INDEX_BITS = 512  # a row, or a little more; exact vectors decide among the candidates
MAX_INDEX_BITS = 8  # a dimension, which Lance wants to be whole
VECTOR_INDEX = "vector_idx"
PATHS_AT_ONCE = 100  # that one scan looks under
LOST_AT_ONCE = 64  # files that one thread looks for
# What `Table.write_fragments` gave of pictures, and of their fingerprints.
FragmentPair: TypeAlias = "tuple[list[str], list[str]]"


class Store:
    """The rows of a gallery and its refusals."""

    def __init__(self, folder: Place, table: str, dimensions: int, *, copies: bool = True) -> None:
        """Name the tables.

        Args:
            folder: the gallery's.
            table: name of the table of pictures, as the manifest states it.
            dimensions: D of its vectors.
            copies: whether fingerprints are kept, by which copies are proved.
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
                    ("metadata", pa.string()),  # an object of JSON
                ]
            ),
        )
        # A file of another kind is kept with no reason: known, so that it is not read again.
        self.refusals = Table(folder / REFUSALS, pa.schema([*file, ("reason", pa.string())]))
        self.fingerprints = FingerprintIndex(folder)

    def snapshot(self) -> Store:
        """Give it as it is now, for what is read in several steps."""
        twin = copy(self)
        twin.fingerprints, twin.pictures = self.fingerprints.snapshot(), self.pictures.snapshot()
        return twin

    def entries(self, ids: Sequence[str]) -> list[Entry]:
        """Find pictures by their content hashes, in the order asked for.

        Raises:
            ArgumentError: one is not 32 hexadecimal digits.
        """
        for one in ids:
            check_id(one)
        found: dict[str, list[Any]] = {one: [] for one in ids}
        for batch in self.pictures.scan_contents(map(bytes.fromhex, found), FOUND):
            for row in batch.to_pylist():
                found[row["content_hash"].hex()].append(row)
        return [to_entry(one, rows) for one, rows in found.items() if rows]

    def add(self, records: Sequence[Record], *, replace: bool) -> None:
        """Commit rows; `replace` where some of the paths may have a row already.

        Raises:
            StorageError: the disk is full, read-only or unreachable; nothing was changed.
        """
        if not records:
            return
        # First, so that no row is without: what has a fingerprint is not looked at again.
        if self.copies:
            self.fingerprints.add(_prints(records))
        self.pictures.write(self._rows(records), replace=replace)

    def write_fragments(self, records: Sequence[Record]) -> FragmentPair:
        """Write rows that are no part of the tables until they are given to `commit_fragments`.

        Raises:
            StorageError: the tables are not there (see `create`), or can't be written.
        """
        if not records:
            return [], []
        prints = self.fingerprints.write_fragments(_prints(records)) if self.copies else []
        return self.pictures.write_fragments(self._rows(records)), prints

    def commit_fragments(self, written: Sequence[FragmentPair]) -> None:
        """Commit rows that were written apart; none of their paths may have a row already.

        Raises:
            StorageError: as by `add`.
        """
        self.fingerprints.table.commit_fragments(one for _, prints in written for one in prints)
        self.pictures.commit_fragments(one for pictures, _ in written for one in pictures)

    def create(self) -> None:
        """Make the tables that others are to write apart for."""
        for table in (self.pictures, self.fingerprints.table):
            table.create()

    def drop_uncommitted(self) -> None:
        """Delete what was written apart and never appended; nobody may be writing apart."""
        for table in (self.pictures, self.fingerprints.table):
            table.drop_old_versions(uncommitted=True)

    def _rows(self, records: Sequence[Record]) -> dict[str, Any]:
        """Make the table's columns of records."""
        import numpy as np
        import pyarrow as pa

        vectors = np.stack([record.vector for record in records]).astype(np.float16)
        return {
            **file_columns(record.source for record in records),
            "content_hash": [record.content_hash for record in records],
            "width": [record.width for record in records],
            "height": [record.height for record in records],
            "vector": pa.FixedSizeListArray.from_arrays(vectors.ravel(), self.dimensions),
            "metadata": [record.source.metadata for record in records],
        }

    def refuse(self, refused: Sequence[tuple[Source, str | None]]) -> None:
        """Remember files that could not be used; None for a reason where it is another kind."""
        if refused:
            rows = {
                **file_columns(source for source, _ in refused),
                "reason": [reason and to_text(reason) for _, reason in refused],
            }
            self.refusals.write(rows, replace=True)

    def refuse_folders(self, refusals: Sequence[Refusal]) -> None:
        """Remember folders that could not be listed, until the next run."""
        self.refuse([(Source(r.path, 0, TRY_AGAIN), r.reason) for r in refusals])

    def forget_passing_refusals(self, paths: Iterable[str]) -> None:
        """Drop what could not be read for the disk's sake, at or under paths now tried again."""
        for path in paths:
            where = f"mtime_ns = {TRY_AGAIN} AND {under_filter(path)}"
            found = self.refusals.scan(["path"], where)
            gone = [from_text(name) for batch in found for name in batch.column(0).to_pylist()]
            self.refusals.delete(gone)

    def refused(self) -> Iterator[Refusal]:
        """List the refusals that have a reason."""
        for batch in self.refusals.scan(["path", "reason"], "reason IS NOT NULL"):
            for path, reason in zip(*(c.to_pylist() for c in batch.columns), strict=True):
                yield Refusal(from_text(path), reason)

    def paths(self, table: Table, *under: str) -> Iterator[str]:
        """List the paths of a table's rows: all, or those at or below one of some paths."""
        for batch in table.scan(["path"], under_filter(*under) if under else None):
            yield from map(from_text, batch.column(0).to_pylist())

    def remove(self, paths: Iterable[str]) -> int:
        """Delete the rows and refusals at or below paths; give the number of rows."""
        removed = 0
        for some in batched(paths, PATHS_AT_ONCE):
            rows = list(self.paths(self.pictures, *some))
            self.pictures.delete(rows)
            self.refusals.delete(list(self.paths(self.refusals, *some)))
            removed += len(rows)
        return removed

    def deleted_files(
        self, is_lost: Callable[[str], bool], on_rows: Callable[[int, int], None]
    ) -> list[str]:
        """List the rows whose file is gone; `on_rows` is told of those looked at, and of all."""
        rows, looked_at, lost = self.pictures.count(), 0, list[str]()

        def look(paths: list[str]) -> tuple[int, list[str]]:
            return len(paths), list(filter(is_lost, paths))

        # By many threads, as each may be a question to another machine.
        for count, some in map_ahead(look, batched(self.paths(self.pictures), LOST_AT_ONCE)):
            looked_at += count
            lost += some
            on_rows(looked_at, rows)
        return lost

    def records_by_content(
        self, hashes: Iterable[bytes], where: str | None = None
    ) -> Iterator[Record]:
        """Find the rows whose files have one of these contents, of those that a filter allows."""
        for batch in self.pictures.scan_contents(hashes, self.pictures.schema.names, where):
            yield from to_records(batch)

    def contents_matching(self, contents: Iterable[bytes], where: str) -> set[bytes]:
        """Tell which of some contents have a row that a filter allows."""
        found = self.pictures.scan_contents(contents, ["content_hash"], where)
        return {content for batch in found for content in batch.column(0).to_pylist()}

    @retry_reads
    def nearest(
        self,
        vector: NDArray[np.float32],
        top: int,
        content: bytes | None = None,
        where: str | None = None,
    ) -> list[dict[str, Any]]:
        """Find the rows whose vectors have the greatest cosine with one.

        Args:
            vector: float32 [D], unit length.
            top: how many, at most.
            content: a content hash; its rows are found too, for certain, which the index, being
                approximate, does not promise.
            where: a Lance filter; only rows that it allows are looked at.

        Returns:
            dicts of path, score, width, height, content_hash, size, mtime_ns and metadata (JSON;
            not in tables that an older lookalike made), in no order.
        """
        (rows,) = nearest_rows(self.pictures, vector[None], top, where)
        if content:
            known = {row["path"] for row in rows}
            same = self.rows_by_content([content], vector, where)
            rows += [row for row in same if row["path"] not in known]
        return rows

    @retry_reads
    def nearest_many(
        self,
        vectors: NDArray[np.float32],
        top: int,
        contents: Sequence[bytes | None],
        where: str | None = None,
    ) -> list[list[dict[str, Any]]]:
        """Find for many vectors, float32 [Q, D], each with its content, what `find` does."""
        rows = nearest_rows(self.pictures, vectors, top, where)
        same = defaultdict[bytes, list[Record]](list)
        for record in self.records_by_content({one for one in contents if one}, where):
            same[record.content_hash].append(record)
        for found, vector, content in zip(rows, vectors, contents, strict=True):
            known = {row["path"] for row in found}
            of_content = same.get(content or b"", ())
            found += [scored_row(r, vector) for r in of_content if r.source.path not in known]
        return rows

    def rows_by_content(
        self, contents: Iterable[bytes], vector: NDArray[np.float32], where: str | None = None
    ) -> list[dict[str, Any]]:
        """Give the rows of some contents as `find` does."""
        return [scored_row(record, vector) for record in self.records_by_content(contents, where)]

    def optimize(self, *, orphans: bool = True, build: Callable[..., Any] | None = None) -> None:
        """Merge fragments, build the index or bring it up to date, drop old versions.

        `build` makes the index of vectors anew, in place of Lance, see `Table.update_index`.
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
        self.fingerprints.optimize()
        if (
            orphans
            and self.fingerprints.table.count() > (1 + MAX_ORPHANS_SHARE) * self.pictures.count()
        ):
            columns = self.pictures.scan(["content_hash"])
            self.fingerprints.drop_orphans(
                {value for c in columns for value in c.column(0).to_pylist()}
            )
        for table in (self.pictures, self.refusals):
            table.drop_old_versions()

    def index_state(self) -> dict[str, Any]:
        """Tell the index's kind (`none` without one), indexed and unindexed rows."""
        dataset = self.pictures.dataset()
        rows = self.pictures.count()
        with storage_errors():
            names = [index.name for index in dataset.describe_indices()] if dataset else []
            if dataset is None or VECTOR_INDEX not in names:
                return {"kind": "none", "indexed_rows": 0, "unindexed_rows": rows}
            statistics = dataset.stats.index_stats(VECTOR_INDEX)
        return {
            "kind": INDEX_KIND,
            "indexed_rows": statistics["num_indexed_rows"],
            "unindexed_rows": statistics["num_unindexed_rows"],
        }

    def bytes_on_disk(self) -> int:
        """Sum up the sizes of all files of the gallery."""
        return open_place(self.folder).size()


def _prints(records: Sequence[Record]) -> dict[bytes, bytes]:
    return {r.content_hash: r.fingerprint for r in records if r.fingerprint}
