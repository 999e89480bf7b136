"""The fingerprints of a gallery, by content, with their indexes.

A picture's number in the index of words is its row's id, which stays, less that of the first row.
When a later version makes fingerprints of another format, a content has two for a while; the newest
counts, and the table is rewritten once a quarter of its rows are of no use.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, TypeAlias

from ..copies import (
    FINGERPRINT_FORMAT,
    descriptor_model,
    unpack_hashes,
    unpack_words,
)
from ..sources import CONTENT_HASH_BYTES
from .failures import retry_reads, storage_errors
from .rows import PDQ_BYTES, fingerprint_columns
from .table import Table
from .visual_words import VisualWords

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from ..copies import Fingerprint, Hashes
    from .place import Place

ContentFilter: TypeAlias = "Callable[[Iterable[bytes]], set[bytes]]"
NAME = "fingerprints.lance"
INDEX_FROM_ROWS = 5_000  # below this, comparing all hashes is about as fast as an index
HASH_INDEX = "pdq_idx"
HASH_NPROBES = 16
HASH_PARTITION_ROWS = 2_000
SEGMENT_PICTURES = 100_000  # whose words are sorted in memory together
MAX_UNUSED_SHARE = 0.25  # fingerprints that are replaced or have no file, relative to the others
MAX_RIVALS = 2_048  # best candidates among which a filter chooses
SCAN_ROWS = 1_024  # whose fingerprints are read at once, about 8 MB
MAX_PLAIN = 500  # pictures that are asked whether their pixels equal a plain query's
FIRST_ROW = "lookalike.first_row"  # in the table's settings: the row of picture 0
MAX_BITS = 80  # of 256 that differ; different pictures differ in 128, plus or minus 8
FRAGMENT_ROWS = 8_192  # of a full fragment, some 60 MB


class FingerprintIndex:
    """Fingerprints by content hash; the newest of a content counts."""

    def __init__(self, folder: Place) -> None:
        """Open nothing yet."""
        import pyarrow as pa

        self.table = Table(
            folder / NAME,
            pa.schema(
                [
                    ("content_hash", pa.binary(CONTENT_HASH_BYTES)),
                    ("pdq", pa.list_(pa.uint8(), PDQ_BYTES)),
                    ("fingerprint", pa.binary()),
                    ("format", pa.int8()),  # null where an earlier version did not write it
                ]
            ),
            fragment_rows=FRAGMENT_ROWS,
        )
        self.visual_words = VisualWords(folder)
        self._first_rows: dict[int, int] = {}  # of one version

    @property
    def tables(self) -> tuple[Table, Table]:
        """Its tables."""
        return self.table, self.visual_words.table

    def snapshot(self) -> FingerprintIndex:
        """Return a reader of the newest version, which later writes don't change."""
        index = copy(self)
        # Before the table, so that it has every fingerprint that the words point to.
        index.visual_words = self.visual_words.snapshot()
        index.table = self.table.snapshot()
        return index

    def add(self, fingerprints: Mapping[bytes, bytes]) -> None:
        """Commit packed fingerprints by content hash, which replace older ones."""
        if fingerprints:
            self.table.write(fingerprint_columns(fingerprints), replace=False)

    def write_fragments(self, fingerprints: Mapping[bytes, bytes]) -> list[str]:
        """Write packed fingerprints by content hash as `Table.write_fragments` does."""
        return self.table.write_fragments(fingerprint_columns(fingerprints)) if fingerprints else []

    def hashes(self) -> Iterator[tuple[bytes, Hashes]]:
        """List the content hash and the hashes of every fingerprint, in the order of the rows."""
        dataset = self.table.dataset()
        if dataset is not None:
            names = ["content_hash", "fingerprint"]
            with storage_errors():
                for batch in dataset.scanner(names, batch_size=SCAN_ROWS).to_batches():
                    contents, fingerprints = (column.to_pylist() for column in batch.columns)
                    yield from zip(contents, map(unpack_hashes, fingerprints), strict=True)

    def numbers(self) -> NDArray[np.int64]:
        """Return the numbers of the pictures, int64 [N], in the order of the rows."""
        import numpy as np

        ids = [b.column(0).to_numpy().astype(np.int64) for b in self.table.scan(["_rowid"])]
        return np.concatenate(ids or [np.empty(0, np.int64)]) - self._first_row()

    def up_to_date_contents(self) -> Iterator[pa.FixedSizeBinaryArray]:
        """Return the content hashes of the fingerprints of the present format, in batches."""
        import pyarrow.compute as pc

        for batch in self.table.scan(["content_hash", "format"]):
            if "format" in batch.schema.names:
                is_current = pc.equal(batch.column("format"), FINGERPRINT_FORMAT)
                yield batch.column("content_hash").filter(is_current)

    def content_count(self) -> int:
        """Count the contents that have a fingerprint."""
        import pyarrow.compute as pc

        dataset, rows = self.table.dataset(), self.table.count()
        if dataset is None:
            return 0
        with storage_errors():
            new = f"format = {FINGERPRINT_FORMAT}" if "format" in dataset.schema.names else "FALSE"
            if dataset.count_rows(new) == rows:
                return rows  # each is the only one of its content
            contents = dataset.to_table(columns=["content_hash"])["content_hash"]
        return int(pc.count_distinct(contents).as_py())

    def row_count(self) -> int:
        """Count the rows, and those that were removed and have words in the index."""
        return max(self.table.count(), self.visual_words.picture_count())

    @retry_reads
    def get(self, contents: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return packed fingerprints by content hash; contents without one are left out."""
        newest = dict[bytes, tuple[int, bytes]]()
        columns = ["content_hash", "_rowid", "fingerprint"]  # later rows have greater ids
        for batch in self.table.scan_contents(contents, columns):
            for content, *row in zip(*(c.to_pylist() for c in batch.columns), strict=True):
                newest[content] = max(newest.get(content, (-1, b"")), tuple(row))
        return {content: fingerprint for content, (_, fingerprint) in newest.items()}

    def existing(self, contents: Iterable[bytes]) -> set[bytes]:
        """Return those of the contents that have a fingerprint."""
        batches = self.table.scan_contents(contents, ["content_hash"])
        return {content for batch in batches for content in batch.column(0).to_pylist()}

    @retry_reads
    def search_words(
        self, views: Sequence[Fingerprint], top: int, allowed: ContentFilter | None = None
    ) -> dict[bytes, tuple[int, bytes]]:
        """Find the pictures that share most visual words with one of several views of a query.

        Args:
            views: of the query.
            top: how many pictures, at most.
            allowed: filters the contents of the best `MAX_RIVALS` pictures.

        Returns:
            the number of the view and the packed fingerprint, by content hash, best first.
        """
        words = [descriptor_model().words(view.descriptors) for view in views]
        rivals = MAX_RIVALS if allowed else 2 * top  # a content may have two fingerprints
        positions, best_views = self.visual_words.search(words, rivals)
        if allowed:
            passed = self._filter(positions, top, allowed)
            positions, best_views = positions[passed], best_views[passed]
        return self._newest(positions, best_views, top)

    @retry_reads
    def search_hash(
        self, forms: Sequence[NDArray[np.uint8]], top: int, allowed: ContentFilter | None = None
    ) -> dict[bytes, tuple[int, bytes]]:
        """Find the pictures whose PDQ hashes differ from a query's in at most `MAX_BITS` bits.

        Args:
            forms: hashes of the query, turned or negative, uint8 [32] each.
            top: how many pictures for each form, at most.
            allowed: filters the contents of the best `MAX_RIVALS` pictures of each form.

        Returns:
            the number of the form and the packed fingerprint, by content hash, best first.
        """
        nearest = self._nearest_hashes(forms, MAX_RIVALS if allowed else 2 * top)
        passed = allowed(content for _, _, content in nearest) if allowed else None
        left = [top] * len(forms)
        best = dict[bytes, int]()
        for _, form, content in nearest:
            if left[form] and content not in best and (passed is None or content in passed):
                best[content] = form
                left[form] -= 1
        packed = self.get(best)
        return {c: (form, packed[c]) for c, form in best.items() if c in packed}

    @retry_reads
    def equal_pixels(
        self, pdq: NDArray[np.uint8], pixels_hash: bytes, allowed: ContentFilter | None = None
    ) -> set[bytes]:
        """Find the contents whose pixels are equal to a query's, among `MAX_PLAIN` near its hash.

        Args:
            pdq: the query's PDQ hash, uint8 [32].
            pixels_hash: of the query.
            allowed: filters the contents.
        """
        nearest = (content for _, _, content in self._nearest_hashes([pdq], MAX_PLAIN))
        packed = self.get(nearest)
        equal = {c for c, data in packed.items() if unpack_hashes(data).pixels_hash == pixels_hash}
        return allowed(equal) if allowed else equal

    def _nearest_hashes(
        self, forms: Sequence[NDArray[np.uint8]], count: int
    ) -> list[tuple[float, int, bytes]]:
        """Return the bits that differ, the form, and the content of the nearest, best first."""
        dataset = self.table.dataset()
        if dataset is None:
            return []
        with storage_errors():
            result = dataset.scanner(
                columns=["content_hash", "_distance"],
                nearest={
                    "column": "pdq",
                    "q": list(forms),
                    "k": count,
                    "metric": "hamming",
                    "nprobes": HASH_NPROBES,
                    "distance_range": (None, MAX_BITS + 1.0),  # without the end
                },
                disable_scoring_autoprojection=True,
            ).to_table()
        names = "_distance", "query_index", "content_hash"
        return sorted(zip(*(result[name].to_pylist() for name in names), strict=True))

    def _filter(self, positions: NDArray[np.int64], top: int, allowed: ContentFilter) -> list[int]:
        """Return the indexes of the first `top` contents that a filter allows, each once."""
        passed, start, count = dict[bytes, int](), 0, top
        while start < len(positions) and len(passed) < top:
            rows = self._rows(positions[start : start + count], ["content_hash"])
            contents = [(k, row["content_hash"]) for k, row in rows.items()]
            passing = allowed(content for _, content in contents)
            for k, content in contents:
                if content in passing:
                    passed.setdefault(content, start + k)
            start, count = start + count, 2 * count
        return [*passed.values()][:top]

    def _newest(
        self, positions: NDArray[np.int64], views: NDArray[np.int64], top: int
    ) -> dict[bytes, tuple[int, bytes]]:
        """Return the view and newest fingerprint of the first `top` contents at some positions."""
        found, old, start = dict[bytes, tuple[int, bytes]](), list[bytes](), 0
        while start < len(positions) and len(found) < top:
            end = start + top - len(found)
            rows = self._rows(positions[start:end], ["content_hash", "fingerprint", "format"])
            for k, row in rows.items():
                view = int(views[start + k])
                found.setdefault(row["content_hash"], (view, row["fingerprint"]))
                if row.get("format", FINGERPRINT_FORMAT) != FINGERPRINT_FORMAT:
                    old.append(row["content_hash"])
            start = end
        for content, fingerprint in self.get(old).items():
            found[content] = found[content][0], fingerprint
        return found

    def _rows(
        self, numbers: NDArray[np.int64], columns: Sequence[str]
    ) -> dict[int, dict[str, Any]]:
        """Read the rows of some pictures that are still there, by their index in `numbers`."""
        ids = (numbers + self._first_row()).tolist()
        rows = {row["_rowid"]: row for row in self.table.take_rows(ids, columns)}
        return {k: rows[row_id] for k, row_id in enumerate(ids) if row_id in rows}

    def _first_row(self) -> int:
        """Return the id of the row that has or had the number 0; of an earlier version, any id."""
        dataset = self.table.dataset()
        version = 0 if dataset is None else int(dataset.version)
        first = self._first_rows.get(version)
        if first is None:
            first = 0
            if dataset is not None:
                with storage_errors():
                    settings = dataset.config()
                    rows = dataset.scanner(columns=["_rowid"], limit=1).to_table()["_rowid"]
                first = int(settings.get(FIRST_ROW, rows[0].as_py() if len(rows) else 0))
            self._first_rows.clear()
            self._first_rows[version] = first
        return first

    def remove(self, contents: Iterable[bytes]) -> None:
        """Delete the fingerprints of some contents, from the disk as well.

        Their words stay in the index, without a picture, until it is rewritten.
        """
        self.table.configure(FIRST_ROW, str(self._first_row()))  # before the first row may go
        self.table.delete_values("content_hash", (f"X'{content.hex()}'" for content in contents))
        self.table.erase_deleted()

    def optimize(self) -> None:
        """Merge fragments, and bring the indexes up to date."""
        self.table.merge_fragments()
        self._update_words()
        self.table.update_index(
            HASH_INDEX,
            "pdq",
            "IVF_FLAT",
            from_rows=INDEX_FROM_ROWS,
            metric="hamming",
            num_partitions=max(self.table.count() // HASH_PARTITION_ROWS, 1),
        )

    def drop_unused(self, contents: set[bytes]) -> None:
        """Delete all fingerprints but the newest of each of these contents."""
        self.visual_words.clear()  # first: its positions are wrong once rows have moved
        self.table.add_missing_columns()
        self.table.overwrite(self._used(contents))
        first = self._first_row() + int(self.numbers().min(initial=0))
        self.table.configure(FIRST_ROW, str(first))  # the numbers begin at 0 again
        self.optimize()

    def _used(self, contents: set[bytes]) -> Iterator[pa.RecordBatch]:
        """Read the newest fingerprint of each of some contents."""
        newest = dict[bytes, int]()
        for batch in self.table.scan(["content_hash", "_rowid"]):
            for content, row in zip(*(c.to_pylist() for c in batch.columns), strict=True):
                newest[content] = max(row, newest.get(content, row))
        for batch in self.table.scan([*self.table.schema.names, "_rowid"]):
            rows = zip(batch["content_hash"].to_pylist(), batch["_rowid"].to_pylist(), strict=True)
            is_used = [content in contents and newest[content] == row for content, row in rows]
            yield batch.drop_columns(["_rowid"]).filter(is_used)

    def _update_words(self) -> None:
        import numpy as np

        numbers = np.sort(self.numbers())
        numbers = numbers[numbers >= self.visual_words.picture_count()]
        for start in range(0, len(numbers), SEGMENT_PICTURES):
            segment = numbers[start : start + SEGMENT_PICTURES]
            self.visual_words.add([*map(unpack_words, self._packed(segment))], segment)
        self.visual_words.merge()

    def _packed(self, numbers: NDArray[np.int64]) -> Iterator[bytes]:
        for start in range(0, len(numbers), SCAN_ROWS):
            rows = self._rows(numbers[start : start + SCAN_ROWS], ["fingerprint"])
            yield from (row["fingerprint"] for row in rows.values())
