"""A Lance table whose key is `path`."""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import os
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from ..errors import StorageError
from .place import explain, is_store_error, open_place
from .sql import path_literal

P = ParamSpec("P")
T = TypeVar("T")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import lance
    import pyarrow as pa

    from .place import Place

MAX_SMALL_FRAGMENTS = 8
SMALL_FRAGMENT_ROWS = 100_000
MAX_UNINDEXED_SHARE = 0.05  # rows added since; a search scans them, which costs time, not recall
READ_ATTEMPTS = 3
LOOKUP_VALUES = 500  # in one filter expression


class Table:
    """One Lance table whose key is `path`; created by its first write."""

    def __init__(self, uri: Place, schema: pa.Schema, *, file_format: str | None = None) -> None:
        """Name the table, and Lance's file format where it is not to be its own choice."""
        self.uri = uri
        self.schema = schema
        self._file_format = file_format
        self._dataset: lance.LanceDataset | None = None
        self._lock = threading.Lock()
        self._is_frozen = False

    def snapshot(self) -> Table:
        """Give this table as it is now: whatever is written, it keeps to its version."""
        twin = Table(self.uri, self.schema)
        twin._dataset, twin._is_frozen = self.dataset(), True
        return twin

    def version(self) -> int:
        """Tell the number of the newest version; 0 while nothing was written."""
        dataset = self.dataset()
        return 0 if dataset is None else int(dataset.version)

    def dataset(self) -> lance.LanceDataset | None:
        """Open the newest version; None while nothing was written."""
        if self._is_frozen:
            return self._dataset
        with storage_errors(), self._lock:
            # Never moved to another version in place: other threads may be reading from it.
            if self._dataset is None:
                self._dataset = self._open()
            elif self._dataset.version != self._dataset.latest_version:
                # With what the session's caches hold of the index.
                self._dataset = self._open(session=self._dataset.session())
        return self._dataset

    def write(self, rows: dict[str, Any], *, replace: bool) -> None:
        """Commit rows; with `replace`, in place of those of the same path, in the same commit."""
        import pyarrow as pa

        table = pa.table(rows, schema=self.schema)
        dataset = self._with_all_columns()
        with self._committing():
            if dataset is not None and replace:
                merge = dataset.merge_insert("path").when_matched_update_all()
                merge.when_not_matched_insert_all().execute(table)
                return
            self._dataset = _lance().write_dataset(
                table,
                str(self.uri),
                mode="create" if dataset is None else "append",
                storage_options=open_place(self.uri).storage_options(),
                enable_stable_row_ids=True,
                data_storage_version=self._file_format if dataset is None else None,
            )

    def _with_all_columns(self) -> lance.LanceDataset | None:
        """Open it; one that an older lookalike made gets what the schema has more, first."""
        dataset = self.dataset()
        if dataset is None:
            return None
        missing = [field for field in self.schema if field.name not in dataset.schema.names]
        if missing:
            with self._committing():  # another object than the one that threads may read from
                _lance().dataset(
                    str(self.uri), storage_options=open_place(self.uri).storage_options()
                ).add_columns(missing)
            return self.dataset()
        return dataset

    def create(self) -> None:
        """Commit the table without a row, where there is none yet."""
        if self._with_all_columns() is None:
            self.overwrite([])

    def write_fragments(self, rows: dict[str, Any]) -> list[str]:
        """Write rows as fragments that `commit_fragments` makes part of the table; return them.

        Any number of processes may do so at once. What is never appended is deleted in time, see
        `drop_old_versions`.

        Raises:
            StorageError: the table is not there, or can't be written.
        """
        import pyarrow as pa

        dataset = self._with_all_columns()
        if dataset is None:
            raise StorageError(f"There is no table at {self.uri}; see that the gallery is shared.")
        with storage_errors():
            data = pa.table(rows, schema=self.schema)
            fragments = _lance().fragment.write_fragments(data, dataset, mode="append")
        return [json.dumps(fragment.to_json()) for fragment in fragments]

    def commit_fragments(self, fragments: Iterable[str]) -> None:
        """Commit what `write_fragments` gave, all in one commit.

        Raises:
            StorageError: it can't be written, or a fragment's file is not here.
        """
        lance, dataset = _lance(), self.dataset()
        found = [lance.FragmentMetadata.from_json(fragment) for fragment in fragments]
        if not found or dataset is None:
            return
        for file in (file for fragment in found for file in fragment.files):
            if isinstance(self.uri, Path) and not (self.uri / "data" / file.path).exists():
                raise StorageError(
                    f"A worker's file is not in {self.uri}; the gallery's folder must be the same "
                    "one on every node, such as of a network disk."
                )
        with self._committing():
            operation = lance.LanceOperation.Append(found)
            self._dataset = lance.LanceDataset.commit(
                dataset, operation, read_version=dataset.version
            )

    def count(self) -> int:
        """Count the rows."""
        dataset = self.dataset()
        return 0 if dataset is None else dataset.count_rows()

    def scan(self, columns: Sequence[str], where: str | None = None) -> Iterator[pa.RecordBatch]:
        """Read columns of all rows, or of those that a Lance filter names, in batches.

        Columns that the table lacks, as an older lookalike made it, are left out.
        """
        dataset = self.dataset()
        if dataset is not None:
            with storage_errors():
                there = existing_columns(dataset, columns)
                yield from dataset.scanner(columns=there, filter=where).to_batches()

    def scan_contents(
        self, contents: Iterable[bytes], columns: Sequence[str], where: str | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Read columns of the rows with one of these content hashes, in batches."""
        also = f" AND ({where})" if where else ""
        for some in batched(contents, LOOKUP_VALUES):
            wanted = ", ".join(f"X'{value.hex()}'" for value in some)
            yield from self.scan(columns, f"content_hash IN ({wanted}){also}")

    def take(self, places: Any, columns: Sequence[str]) -> pa.Table:
        """Read columns of the rows at some places, in the order asked for."""
        dataset = self.dataset()
        if dataset is None:
            return self.schema.empty_table().select(list(columns))
        with storage_errors():
            return dataset.take(list(map(int, places)), columns=list(columns))

    def overwrite(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Put these rows in place of all, in one commit."""
        import pyarrow as pa

        reader = pa.RecordBatchReader.from_batches(self.schema, iter(batches))
        with self._committing():
            self._dataset = _lance().write_dataset(
                reader,
                str(self.uri),
                mode="overwrite",
                storage_options=open_place(self.uri).storage_options(),
                enable_stable_row_ids=True,
                data_storage_version=self._file_format,
            )

    def delete(self, paths: Iterable[str]) -> None:
        """Remove the rows of these paths."""
        dataset = self.dataset()
        if dataset is None:
            return
        for some in batched(paths, LOOKUP_VALUES):
            with self._committing():
                dataset.delete(f"path IN ({', '.join(map(path_literal, some))})")

    def merge_fragments(self) -> None:
        """Merge small fragments, where there are many."""
        dataset = self.dataset()
        if dataset is None:
            return
        with self._committing():
            small = sum(f.count_rows() < SMALL_FRAGMENT_ROWS for f in dataset.get_fragments())
            if small > MAX_SMALL_FRAGMENTS:
                dataset.optimize.compact_files(target_rows_per_fragment=SMALL_FRAGMENT_ROWS)

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
            column: to be searched for what is nearest.
            kind: of index, as Lance names it.
            from_rows: a smaller table has none.
            build: called as Lance's `create_index`, to make the index anew by other means.
            options: of the index.
        """
        dataset, rows = self.dataset(), self.count()
        if dataset is None or rows < from_rows:
            return
        with self._committing():
            if build or name not in {index.name for index in dataset.describe_indices()}:
                dataset.create_scalar_index("content_hash", "BTREE")  # replaces, if there is one
                (build or dataset.create_index)(column, kind, name, **options)
                return
            unindexed = dataset.stats.index_stats(name)["num_unindexed_rows"]
            if unindexed > MAX_UNINDEXED_SHARE * rows:
                dataset.optimize.optimize_indices()

    def drop_old_versions(self, *, uncommitted: bool = False) -> None:
        """Delete what only older versions use: a reader takes the newest at every call.

        In an object store those of the last minutes stay, see `place.KEPT_VERSIONS_MINUTES`. Files
        that no version uses, as killed processes leave them, go when they are a week old; with
        `apart` now, which asks that nobody is writing apart.
        """
        dataset = self.dataset()
        if dataset is not None:
            with self._committing():
                kept = open_place(self.uri).kept_versions
                dataset.cleanup_old_versions(kept, delete_unverified=uncommitted)

    def _open(self, **options: Any) -> lance.LanceDataset | None:
        """Open the newest version; None where there is no table, which is no failure to look."""
        if isinstance(self.uri, Path) and not (self.uri / "_versions").is_dir():
            return None
        options["storage_options"] = open_place(self.uri).storage_options()
        try:
            found: lance.LanceDataset = _lance().dataset(str(self.uri), **options)
        except ValueError as error:
            if isinstance(self.uri, Path) or "was not found" not in str(error):
                raise
            return None
        return found

    @contextlib.contextmanager
    def _committing(self) -> Iterator[None]:
        open_place(self.uri).check()
        with storage_errors():
            yield


def existing_columns(dataset: lance.LanceDataset, columns: Iterable[str]) -> list[str]:
    """Pick the columns that a table has."""
    names = set(dataset.schema.names)
    return [name for name in columns if name in names or name.startswith("_")]


def batched(values: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Cut values into lists of at most `size`."""
    iterator = iter(values)
    while some := list(itertools.islice(iterator, size)):
        yield some


@contextlib.contextmanager
def storage_errors() -> Iterator[None]:
    """Turn what the disk and Lance complain of into a `StorageError`."""
    import pyarrow as pa

    try:
        yield
    except (OSError, RuntimeError, ValueError, pa.ArrowException) as error:
        text = re.sub(r",? /\S+\.rs:\S+", "", " ".join(str(error).split()))  # of Lance's source
        if is_store_error(text):
            raise StorageError(f"The gallery can't be used: {explain(text)}") from error
        if isinstance(error, ValueError) and not isinstance(error, pa.ArrowException):
            raise
        raise StorageError(
            "The gallery can't be read or written; see that its disk has space and is writable, "
            f"then run the command again ({text[:300]})."
        ) from error


def _lance() -> Any:
    # Lance writes its advice to stderr, which is for the user of this program.
    os.environ.setdefault("LANCE_LOG", "error")
    import lance

    return lance


def retry_reads(read: Callable[P, T]) -> Callable[P, T]:
    """Read again where a writer has just replaced the files of the version that was taken."""

    @functools.wraps(read)
    def tried(*arguments: P.args, **options: P.kwargs) -> T:
        for _ in range(READ_ATTEMPTS - 1):
            with contextlib.suppress(StorageError):
                return read(*arguments, **options)
        return read(*arguments, **options)

    return tried
