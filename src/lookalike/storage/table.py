"""A Lance table: commits, snapshots, fragments and indexes, with errors in plain words."""

from __future__ import annotations

import contextlib
import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import StorageError
from .checksums import check_files, recording
from .datasets import lance_library, open_dataset
from .failures import resolving, storage_errors
from .place import open_place
from .sql import batched, content_literals, existing_columns, path_literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import lance
    import pyarrow as pa

    from .place import Place
    from .readers import Reader

MAX_SMALL_FRAGMENTS = 8
FRAGMENT_ROWS = 32_768  # of a full fragment; if one of its rows goes, it is written anew
MAX_UNINDEXED_SHARE = 0.05  # of the rows; a search scans these, at a cost in time, not in recall
MAX_FILTER_VALUES = 500  # in one filter expression


class Table:
    """One Lance table, created by its first write; rows are replaced by their `path`."""

    def __init__(
        self,
        uri: Place,
        schema: pa.Schema,
        *,
        file_format: str | None = None,
        fragment_rows: int = FRAGMENT_ROWS,
    ) -> None:
        """Open nothing yet.

        Args:
            uri: the table's place.
            schema: its columns.
            file_format: Lance's version of the file format; None for its own choice.
            fragment_rows: the rows of a full fragment.
        """
        self.uri = uri
        self.schema = schema
        self._file_format = file_format
        self._fragment_rows = fragment_rows
        self._dataset: lance.LanceDataset | None = None
        self._lock = threading.Lock()
        self._is_snapshot = False
        self._reader: Reader | None = None

    def snapshot(self, reader: Reader | None = None) -> Table:
        """Return the newest version, which later writes don't change; `reader` keeps its files."""
        table = Table(self.uri, self.schema)
        table._dataset, table._is_snapshot, table._reader = self.dataset(), True, reader
        return table

    def version(self) -> int:
        """Return the number of the newest version; 0 before the first write."""
        dataset = self.dataset()
        return 0 if dataset is None else int(dataset.version)

    def dataset(self) -> lance.LanceDataset | None:
        """Open the newest version; None before the first write."""
        if self._is_snapshot:
            return self._dataset
        with storage_errors(), self._lock:
            # Replaced, never moved to another version: other threads may be reading from it.
            if self._dataset is None:
                self._dataset = self._open()
            elif self._dataset.version != self._dataset.latest_version:
                # The session keeps what its caches hold of the index.
                self._dataset = self._open(session=self._dataset.session())
        return self._dataset

    def write(self, rows: dict[str, Any], *, replace: bool) -> None:
        """Commit rows; with `replace`, they replace rows of the same path in the same commit."""
        import pyarrow as pa

        table = pa.table(rows, schema=self.schema)
        self.add_missing_columns()
        with self._committing() as dataset, resolving(self.version):
            if dataset is not None and replace:
                merge = dataset.merge_insert("path").when_matched_update_all()
                merge.when_not_matched_insert_all().execute(table)
                return
            lance_library().write_dataset(
                table,
                str(self.uri) if dataset is None else dataset,
                mode="create" if dataset is None else "append",
                storage_options=open_place(self.uri).storage_options(),
                enable_stable_row_ids=True,
                data_storage_version=self._file_format if dataset is None else None,
            )

    def add_missing_columns(self) -> lance.LanceDataset | None:
        """Open the table, and add the columns that an older lookalike did not write, as nulls."""
        dataset = self.dataset()
        if dataset is None:
            return None
        missing = [field for field in self.schema if field.name not in dataset.schema.names]
        if missing:
            with self._committing() as own:
                own.add_columns(missing)
            return self.dataset()
        return dataset

    def create(self) -> None:
        """Commit an empty table, if there is none yet."""
        if self.add_missing_columns() is None:
            self.overwrite([])

    def write_fragments(self, rows: dict[str, Any]) -> list[str]:
        """Write rows as fragments, which are part of the table once `commit_fragments` gets them.

        Any number of processes may write fragments at once. `drop_old_versions` deletes those that
        are never committed.

        Returns:
            the fragments, as JSON.

        Raises:
            StorageError: the table does not exist, or can't be written.
        """
        import pyarrow as pa

        dataset = self.add_missing_columns()
        if dataset is None:
            raise StorageError(
                f"There is no table at {self.uri}; check that all nodes share the gallery."
            )
        with storage_errors():
            data = pa.table(rows, schema=self.schema)
            fragments = lance_library().fragment.write_fragments(data, dataset, mode="append")
        return [json.dumps(fragment.to_json()) for fragment in fragments]

    def commit_fragments(self, fragments: Iterable[str]) -> None:
        """Commit the fragments of `write_fragments`, all in one commit.

        Raises:
            StorageError: the table can't be written, or a fragment's file is missing.
        """
        lance = lance_library()
        metadata = [lance.FragmentMetadata.from_json(fragment) for fragment in fragments]
        if not metadata:
            return
        for file in (file for fragment in metadata for file in fragment.files):
            if isinstance(self.uri, Path) and not (self.uri / "data" / file.path).exists():
                raise StorageError(
                    f"A worker's file is not in {self.uri}; use a gallery that all nodes share, "
                    "such as on a network disk."
                )
        with self._committing() as dataset:
            if dataset is not None:
                operation = lance.LanceOperation.Append(metadata)
                lance.LanceDataset.commit(dataset, operation, read_version=dataset.version)

    def count(self) -> int:
        """Count the rows."""
        dataset = self.dataset()
        return 0 if dataset is None else dataset.count_rows()

    def scan(self, columns: Sequence[str], where: str | None = None) -> Iterator[pa.RecordBatch]:
        """Read columns of all rows, or of those that a Lance filter allows, in batches.

        Columns are left out if an older lookalike made the table without them.
        """
        dataset = self.dataset()
        if dataset is not None:
            with storage_errors():
                names = existing_columns(dataset, columns)
                yield from dataset.scanner(columns=names, filter=where).to_batches()

    def scan_contents(
        self, contents: Iterable[bytes], columns: Sequence[str], where: str | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Read columns of the rows with one of these content hashes, in batches."""
        condition = f" AND ({where})" if where else ""
        for batch in batched(contents, MAX_FILTER_VALUES):
            hashes = content_literals(batch)
            yield from self.scan(columns, f"content_hash IN ({hashes}){condition}")

    def take(self, positions: Any, columns: Sequence[str]) -> pa.Table:
        """Read columns, as far as there are, of the rows at some positions, in their order."""
        dataset = self.dataset()
        if dataset is None:
            return self.schema.empty_table().select(list(columns))
        with storage_errors():
            names = existing_columns(dataset, columns)
            return dataset.take(list(map(int, positions)), columns=names)

    def take_rows(self, row_ids: Sequence[int], columns: Sequence[str]) -> list[dict[str, Any]]:
        """Read columns, and `_rowid`, of the rows with some ids, as far as there are, in order."""
        dataset = self.dataset()
        if dataset is None or not len(row_ids):
            return []
        with storage_errors():
            names = [*existing_columns(dataset, columns), "_rowid"]
            rows: list[dict[str, Any]] = dataset._take_rows(row_ids, columns=names).to_pylist()  # noqa: SLF001  Lance has no public way
        return rows

    def overwrite(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Replace all rows, in one commit."""
        import pyarrow as pa

        reader = pa.RecordBatchReader.from_batches(self.schema, iter(batches))
        with self._committing() as dataset:
            lance_library().write_dataset(
                reader,
                str(self.uri) if dataset is None else dataset,
                mode="overwrite",
                storage_options=open_place(self.uri).storage_options(),
                enable_stable_row_ids=True,
                data_storage_version=self._file_format,
            )

    def delete(self, paths: Iterable[str]) -> None:
        """Delete the rows of these paths; see `erase_deleted` for their bytes."""
        self.delete_values("path", map(path_literal, paths))

    def delete_values(self, column: str, literals: Iterable[str]) -> None:
        """Delete the rows with one of some values, in Lance's SQL."""
        if self.dataset() is None:
            return
        for batch in batched(literals, MAX_FILTER_VALUES):
            with self._committing() as dataset:
                dataset.delete(f"{column} IN ({', '.join(batch)})")

    def erase_deleted(self) -> None:
        """Rewrite fragments with deleted rows, and small ones beside; row ids stay."""
        if self.dataset() is not None:
            with self._committing() as dataset:
                dataset.optimize.compact_files(
                    target_rows_per_fragment=self._fragment_rows,
                    materialize_deletions_threshold=0.0,
                )

    def update(self, values: dict[str, str], where: str) -> None:
        """Set columns to Lance's expressions, in the rows that a filter allows, in one commit."""
        if self.dataset() is not None:
            with self._committing() as dataset:
                dataset.update(values, where)

    def merge_fragments(self) -> None:
        """Merge small fragments, if there are many."""
        if self.dataset() is None:
            return
        with self._committing() as dataset:
            rows = self._fragment_rows
            if sum(f.count_rows() < rows for f in dataset.get_fragments()) > MAX_SMALL_FRAGMENTS:
                dataset.optimize.compact_files(target_rows_per_fragment=rows)

    def update_index(
        self,
        name: str,
        column: str,
        kind: str,
        *,
        from_rows: int,
        build: Callable[..., Any] | None = None,
        **options: Any,
    ) -> None:
        """Index a vector column and the content hashes, or bring their indexes up to date.

        Args:
            name: of the column's index.
            column: the vectors, searched for the nearest.
            kind: the kind of index, in Lance's words.
            from_rows: a smaller table gets no index.
            build: rebuilds the index instead of Lance's `create_index`, with its arguments.
            options: of the index.
        """
        rows = self.count()
        if self.dataset() is None or rows < from_rows:
            return
        indexed, unindexed = self.indexed_rows(name)
        with self._committing() as dataset:
            if build or indexed is None:
                dataset.create_scalar_index("content_hash", "BTREE")  # replaces an existing one
                (build or dataset.create_index)(column, kind, name, **options)
            elif unindexed > MAX_UNINDEXED_SHARE * rows:
                dataset.optimize.optimize_indices()

    def indexed_rows(self, name: str) -> tuple[int | None, int]:
        """Count the rows that an index holds, None without it, and those that it does not."""
        dataset = self.dataset()
        with storage_errors():
            if dataset is None or name not in {one.name for one in dataset.describe_indices()}:
                return None, self.count()
            statistics = dataset.stats.index_stats(name)
        return statistics["num_indexed_rows"], statistics["num_unindexed_rows"]

    def configure(self, name: str, value: str) -> None:
        """Set one of the table's settings."""
        dataset = self.dataset()
        if dataset is not None and dataset.config().get(name) != value:
            with self._committing() as own:
                own.update_config({name: value})

    def drop_old_versions(self, *, uncommitted: bool = False) -> None:
        """Delete the files that only old versions use: every call of a reader takes the newest.

        In an object store the versions of the last `bucket.RETENTION_MINUTES` stay. Files that no
        version uses, such as those of killed processes, go when they are a week old; with
        `uncommitted` they go now, so nobody else may be writing fragments.
        """
        if self.dataset() is not None:
            with self._committing() as dataset:
                retention = open_place(self.uri).version_retention
                dataset.cleanup_old_versions(retention, delete_unverified=uncommitted)

    def _open(self, **options: Any) -> lance.LanceDataset | None:
        if isinstance(self.uri, Path):
            check_files(self.uri)
        return open_dataset(self.uri, **options)

    @contextlib.contextmanager
    def _committing(self) -> Iterator[Any]:
        """Open the newest version for one commit; None before the first.

        Lance's commits change the object that they are called on, so threads never read from it.
        """
        open_place(self.uri).check_writable()
        newest = self.dataset()
        with storage_errors(), recording(self.uri, self.dataset):
            yield None if newest is None else self._open(session=newest.session())
