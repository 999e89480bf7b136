"""The Lance tables of a gallery: rows with vectors and their index, and the refusals."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from .errors import StorageError
from .sources import TRY_AGAIN
from .types import Record, Refusal, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import lance
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from .types import Hit

REFUSALS = "refusals.lance"
INDEX_FROM_ROWS = 10_000  # below this, scanning all vectors is as fast as an index
INDEX_KIND = "IVF_RQ"
VECTOR_INDEX = "vector_idx"
NPROBES = 24  # partitions that a search looks into; Lance makes them of about 4,096 rows
REFINE_FACTOR = 5  # times `top` candidates are compared by their exact vectors
MAX_UNINDEXED_SHARE = 0.05  # rows added since; a search scans them, which costs time, not recall
MAX_SMALL_FRAGMENTS = 8
SMALL_FRAGMENT_ROWS = 100_000
LOOKUP_VALUES = 500  # in one filter expression


class Table:
    """One Lance table whose key is `path`; created by its first write."""

    def __init__(self, uri: Path, schema: pa.Schema) -> None:
        """Name the table; nothing is opened yet."""
        self.uri = uri
        self.schema = schema
        self._dataset: lance.LanceDataset | None = None
        self._lock = threading.Lock()

    def dataset(self) -> lance.LanceDataset | None:
        """Open the newest version; None while nothing was written."""
        with _storage(), self._lock:
            # Never moved to another version in place: other threads may be reading from it.
            if self._dataset is None:
                if (self.uri / "_versions").is_dir():
                    self._dataset = _lance().dataset(str(self.uri))
            elif self._dataset.version != self._dataset.latest_version:
                session = self._dataset.session()  # with what its caches hold of the index
                self._dataset = _lance().dataset(str(self.uri), session=session)
        return self._dataset

    def write(self, rows: dict[str, Any], *, replace: bool) -> None:
        """Commit rows; with `replace`, in place of those of the same path, in the same commit."""
        import pyarrow as pa

        table = pa.table(rows, schema=self.schema)
        dataset = self.dataset()
        with _storage():
            if dataset is not None and replace:
                merge = dataset.merge_insert("path").when_matched_update_all()
                merge.when_not_matched_insert_all().execute(table)
                return
            self._dataset = _lance().write_dataset(
                table,
                str(self.uri),
                mode="create" if dataset is None else "append",
                enable_stable_row_ids=True,
            )

    def count(self) -> int:
        """Count the rows."""
        dataset = self.dataset()
        return 0 if dataset is None else dataset.count_rows()

    def scan(self, columns: Sequence[str], where: str | None = None) -> Iterator[pa.RecordBatch]:
        """Read columns of all rows, or of those that a Lance filter names, in batches."""
        dataset = self.dataset()
        if dataset is not None:
            with _storage():
                yield from dataset.scanner(columns=list(columns), filter=where).to_batches()

    def delete(self, paths: Iterable[str]) -> None:
        """Remove the rows of these paths."""
        dataset = self.dataset()
        if dataset is None:
            return
        for some in _batched(paths, LOOKUP_VALUES):
            with _storage():
                dataset.delete(f"path IN ({', '.join(map(_literal, some))})")

    def optimize(self) -> None:
        """Merge small fragments and drop the versions that nobody reads any more."""
        dataset = self.dataset()
        if dataset is None:
            return
        with _storage():
            small = sum(f.count_rows() < SMALL_FRAGMENT_ROWS for f in dataset.get_fragments())
            if small > MAX_SMALL_FRAGMENTS:
                dataset.optimize.compact_files(target_rows_per_fragment=SMALL_FRAGMENT_ROWS)
            dataset.cleanup_old_versions(timedelta(0))


class Store:
    """The rows of a gallery and its refusals."""

    def __init__(self, folder: Path, table: str, dimensions: int) -> None:
        """Name the tables.

        Args:
            folder: the gallery's.
            table: name of the table of pictures, as the manifest states it.
            dimensions: D of its vectors.
        """
        import pyarrow as pa

        self.table = table
        self.dimensions = dimensions
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
                ]
            ),
        )
        # A file of another kind is kept with no reason: known, so that it is not read again.
        self.refusals = Table(folder / REFUSALS, pa.schema([*file, ("reason", pa.string())]))

    def add(self, records: Sequence[Record], *, replace: bool) -> None:
        """Commit rows; `replace` where some of the paths may have a row already.

        Raises:
            StorageError: the disk is full, read-only or unreachable; nothing was changed.
        """
        import numpy as np
        import pyarrow as pa

        if not records:
            return
        vectors = np.stack([record.vector for record in records]).astype(np.float16)
        rows = {
            **_file_columns(record.source for record in records),
            "content_hash": [record.content_hash for record in records],
            "width": [record.width for record in records],
            "height": [record.height for record in records],
            "vector": pa.FixedSizeListArray.from_arrays(vectors.ravel(), self.dimensions),
        }
        self.pictures.write(rows, replace=replace)

    def refuse(self, refused: Sequence[tuple[Source, str | None]]) -> None:
        """Remember files that could not be used; None for a reason where it is another kind."""
        if refused:
            rows = {
                **_file_columns(source for source, _ in refused),
                "reason": [reason and to_text(reason) for _, reason in refused],
            }
            self.refusals.write(rows, replace=True)

    def refuse_folders(self, refusals: Sequence[Refusal]) -> None:
        """Remember folders that could not be listed, until the next run."""
        self.refuse([(Source(r.path, 0, TRY_AGAIN), r.reason) for r in refusals])

    def refused(self) -> Iterator[Refusal]:
        """List the refusals that have a reason."""
        for batch in self.refusals.scan(["path", "reason"], "reason IS NOT NULL"):
            for path, reason in zip(*(c.to_pylist() for c in batch.columns), strict=True):
                yield Refusal(from_text(path), reason)

    def paths(self, table: Table, under: str | None = None) -> Iterator[str]:
        """List the paths of a table's rows: all, or those at or below one path."""
        for batch in table.scan(["path"], None if under is None else under_filter(under)):
            yield from map(from_text, batch.column(0).to_pylist())

    def by_content(self, hashes: Iterable[bytes]) -> Iterator[Record]:
        """Find the rows whose files have one of these contents."""
        columns = self.pictures.schema.names
        for some in _batched(hashes, LOOKUP_VALUES):
            wanted = ", ".join(f"X'{value.hex()}'" for value in some)
            for batch in self.pictures.scan(columns, f"content_hash IN ({wanted})"):
                yield from records(batch)

    def nearest(self, vector: NDArray[np.float32], top: int) -> list[dict[str, Any]]:
        """Find the rows whose vectors have the greatest cosine with one.

        Args:
            vector: float32 [D], unit length.
            top: how many, at most.

        Returns:
            dicts of path, score, width, height and content_hash, best first.
        """
        try:
            return self._nearest(vector, top)
        except StorageError:  # a writer may just have replaced the files of the version we took
            return self._nearest(vector, top)

    def _nearest(self, vector: NDArray[np.float32], top: int) -> list[dict[str, Any]]:
        import numpy as np

        dataset = self.pictures.dataset()
        if dataset is None:
            return []
        with _storage():
            found = dataset.scanner(
                columns=["path", "width", "height", "content_hash", "_distance"],
                nearest={
                    "column": "vector",
                    "q": vector.astype(np.float16),
                    "k": top,
                    "metric": "cosine",
                    "nprobes": NPROBES,
                    "refine_factor": REFINE_FACTOR,
                },
                disable_scoring_autoprojection=True,
            ).to_table()
        rows = found.to_pylist()
        for row in rows:
            row["path"] = from_text(row["path"])
            row["score"] = 1 - row.pop("_distance")
        return rows

    def optimize(self) -> None:
        """Merge fragments, build the index or bring it up to date, drop old versions."""
        self.pictures.optimize()
        self.refusals.optimize()
        dataset = self.pictures.dataset()
        rows = self.pictures.count()
        if dataset is None or rows < INDEX_FROM_ROWS:
            return
        state = self.index_state()
        with _storage():
            if state["kind"] == "none":
                dataset.create_index("vector", INDEX_KIND, VECTOR_INDEX, metric="cosine")
                dataset.create_scalar_index("content_hash", "BTREE")
            elif state["unindexed_rows"] > MAX_UNINDEXED_SHARE * rows:
                dataset.optimize.optimize_indices()
            dataset.cleanup_old_versions(timedelta(0))

    def index_state(self) -> dict[str, Any]:
        """Tell the index's kind (`none` without one), indexed and unindexed rows."""
        dataset = self.pictures.dataset()
        rows = self.pictures.count()
        with _storage():
            if dataset is None or not dataset.has_index:
                return {"kind": "none", "indexed_rows": 0, "unindexed_rows": rows}
            statistics = dataset.stats.index_stats(VECTOR_INDEX)
        return {
            "kind": INDEX_KIND,
            "indexed_rows": statistics["num_indexed_rows"],
            "unindexed_rows": statistics["num_unindexed_rows"],
        }


def records(batch: pa.RecordBatch) -> Iterator[Record]:
    """Turn a batch with all columns of the table of pictures into records."""
    import numpy as np

    vectors = batch.column("vector")
    flat = vectors.flatten().to_numpy(zero_copy_only=False).astype(np.float16)
    for row, vector in zip(
        batch.drop_columns(["vector"]).to_pylist(), flat.reshape(len(vectors), -1), strict=True
    ):
        source = Source(from_text(row["path"]), row["size"], row["mtime_ns"])
        yield Record(source, row["content_hash"], row["width"], row["height"], vector)


def under_filter(path: str) -> str:
    """Write the Lance filter for the rows at or below a path."""
    below = path if path.endswith(os.sep) else path + os.sep
    return f"(path = {_literal(path)} OR starts_with(path, {_literal(below)}))"


def to_text(path: str) -> str:
    r"""Make a path that need not be valid Unicode (PEP 383) fit a string column.

    A lone surrogate becomes NUL, which no path has, and its four hexadecimal digits.
    """
    return re.sub("[\ud800-\udfff]", lambda match: f"\0{ord(match[0]):04x}", path)


def from_text(text: str) -> str:
    """Undo `to_text`."""
    if "\0" not in text:
        return text
    return re.sub("\0([0-9a-f]{4})", lambda match: chr(int(match[1], 16)), text)


def _file_columns(sources: Iterable[Source]) -> dict[str, Any]:
    rows = [(to_text(source.path), source.size, source.mtime_ns) for source in sources]
    return dict(zip(("path", "size", "mtime_ns"), zip(*rows, strict=True), strict=True))


def _literal(path: str) -> str:
    return "'" + to_text(path).replace("'", "''") + "'"


def _batched(values: Iterable[Any], size: int) -> Iterator[list[Any]]:
    iterator = iter(values)
    while some := list(itertools.islice(iterator, size)):
        yield some


def _lance() -> Any:
    # Lance writes its advice to stderr, which is for the user of this program.
    os.environ.setdefault("LANCE_LOG", "error")
    import lance

    return lance


@contextlib.contextmanager
def _storage() -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError) as error:
        text = " ".join(str(error).split())
        raise StorageError(
            "The gallery can't be read or written; see that its disk has space and is writable, "
            f"then run the command again ({text[:300]})."
        ) from error
