"""The fingerprints of a gallery, one for each content, and what finds them."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, TypeAlias

from ..copies import basis, unpack_pdq, unpack_words
from ..sources import CONTENT_HASH_BYTES
from .table import Table, retry_reads, storage_errors
from .visual_words import VisualWords

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ..copies import Fingerprint
    from .place import Place

ContentFilter: TypeAlias = "Callable[[Iterable[bytes]], set[bytes]]"
NAME = "fingerprints.lance"
INDEX_FROM_ROWS = 5_000  # below this, comparing all hashes is about as fast as an index
HASH_INDEX = "pdq_idx"
HASH_NPROBES = 16
HASH_PARTITION_ROWS = 2_000
SEGMENT_PICTURES = 100_000  # whose words are sorted in memory
MAX_ORPHANS_SHARE = 0.25  # of fingerprints whose files are gone from the gallery
PDQ_BYTES = 32
MOST_RIVALS = 2_048  # that a filter may leave out before what it allows, likest first
MOST_BITS = 80  # of 256 that differ; of different pictures it is 128, give or take 8


class FingerprintIndex:
    """Fingerprints by their file's content; rows are only added, so that a place names one."""

    def __init__(self, folder: Place) -> None:
        """Name the tables."""
        import pyarrow as pa

        self.table = Table(
            folder / NAME,
            pa.schema(
                [
                    ("content_hash", pa.binary(CONTENT_HASH_BYTES)),
                    ("pdq", pa.list_(pa.uint8(), PDQ_BYTES)),
                    ("fingerprint", pa.binary()),
                ]
            ),
        )
        self.visual_words = VisualWords(folder)

    def snapshot(self) -> FingerprintIndex:
        """Give these as they are now, whatever is written."""
        twin = copy(self)
        twin.visual_words = self.visual_words.snapshot()  # first: what they name is there by now
        twin.table = self.table.snapshot()
        return twin

    def add(self, prints: Mapping[bytes, bytes]) -> None:
        """Commit packed fingerprints by content hash; none of them may be there already."""
        if prints:
            self.table.write(_rows(prints), replace=False)

    def write_fragments(self, prints: Mapping[bytes, bytes]) -> list[str]:
        """Write packed fingerprints by content hash as `Table.write_fragments` does."""
        return self.table.write_fragments(_rows(prints)) if prints else []

    def contents(self) -> Iterator[list[bytes]]:
        """List the contents whose fingerprints are there, in batches."""
        for batch in self.table.scan(["content_hash"]):
            yield batch.column(0).to_pylist()

    @retry_reads
    def get(self, contents: Iterable[bytes]) -> dict[bytes, bytes]:
        """Give the packed fingerprints of some contents; those that have none are left out."""
        found = dict[bytes, bytes]()
        for batch in self.table.scan_contents(contents, ["content_hash", "fingerprint"]):
            found.update(zip(*(c.to_pylist() for c in batch.columns), strict=True))
        return found

    def existing(self, contents: Iterable[bytes]) -> set[bytes]:
        """Tell which of some contents have a fingerprint."""
        found = self.table.scan_contents(contents, ["content_hash"])
        return {content for batch in found for content in batch.column(0).to_pylist()}

    @retry_reads
    def search_words(
        self, views: Sequence[Fingerprint], top: int, allowed: ContentFilter | None = None
    ) -> dict[bytes, tuple[int, bytes]]:
        """Find the pictures that share most visual words with one of several views of a query.

        Args:
            views: of the query.
            top: how many pictures, at most.
            allowed: picks the contents that may be found; of `MOST_RIVALS` that share most.

        Returns:
            which view it is, and the packed fingerprint, by content.
        """
        asked = [basis().words(view.descriptors) for view in views]
        places, of_view = self.visual_words.search(asked, MOST_RIVALS if allowed else top)
        if allowed:
            kept = self._allowed(places, top, allowed)
            places, of_view = places[kept], of_view[kept]
        columns = self.table.take(places, ["content_hash", "fingerprint"]).columns
        contents, prints = (column.to_pylist() for column in columns)
        return dict(zip(contents, zip(of_view.tolist(), prints, strict=True), strict=True))

    @retry_reads
    def search_hash(
        self, pdq: NDArray[np.uint8], top: int, allowed: ContentFilter | None = None
    ) -> dict[bytes, bytes]:
        """Find the pictures whose PDQ hashes differ from one in `MOST_BITS` at most.

        With `allowed` only those that it picks, of `MOST_RIVALS` that differ least.
        """
        import pyarrow as pa

        dataset = self.table.dataset()
        if dataset is None:
            return {}
        with storage_errors():
            found = dataset.scanner(
                columns=["content_hash", "_distance"],
                nearest={
                    "column": "pdq",
                    "q": pa.array(pdq, pa.uint8()),
                    "k": MOST_RIVALS if allowed else top,
                    "metric": "hamming",
                    "nprobes": HASH_NPROBES,
                },
                disable_scoring_autoprojection=True,
            ).to_table()
        columns = (found[name].to_pylist() for name in ("content_hash", "_distance"))
        near = [one for one, bits in zip(*columns, strict=True) if bits <= MOST_BITS]
        if allowed:
            may = allowed(near)
            near = [one for one in near if one in may][:top]
        return self.get(near)

    def _allowed(self, places: NDArray[np.int64], top: int, allowed: ContentFilter) -> list[int]:
        """Tell which of some places hold a content that may be found: the first `top` of them."""
        kept, start, many = list[int](), 0, top
        while start < len(places) and len(kept) < top:
            some = self.table.take(places[start : start + many], ["content_hash"])
            contents = some["content_hash"].to_pylist()
            may = allowed(contents)
            kept += [start + k for k, content in enumerate(contents) if content in may]
            start, many = start + many, 2 * many
        return kept[:top]

    def optimize(self) -> None:
        """Merge fragments, bring the indexes up to date, drop old versions."""
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
        for table in (self.table, self.visual_words.table):
            table.drop_old_versions()

    def drop_orphans(self, contents: set[bytes]) -> None:
        """Keep only the fingerprints of these contents."""
        self.visual_words.clear()  # first: its places mean nothing once the rows have moved
        names = self.table.schema.names
        batches = (
            batch.filter([content in contents for content in batch.column(0).to_pylist()])
            for batch in self.table.scan(names)
        )
        self.table.overwrite(batches)
        self.optimize()

    def _update_words(self) -> None:
        start, rows = self.visual_words.picture_count(), self.table.count()
        while start < rows:
            end = min(start + SEGMENT_PICTURES, rows)
            self.visual_words.add([*map(unpack_words, self._packed(start, end))])
            start = end
        self.visual_words.merge()

    def _packed(self, start: int, end: int) -> Iterator[bytes]:
        dataset = self.table.dataset()
        if dataset is not None:
            with storage_errors():
                scanner = dataset.scanner(["fingerprint"], offset=start, limit=end - start)
                for batch in scanner.to_batches():
                    yield from batch.column(0).to_pylist()


def _rows(prints: Mapping[bytes, bytes]) -> dict[str, Any]:
    """Make the table's columns of packed fingerprints."""
    import numpy as np
    import pyarrow as pa

    hashes = np.frombuffer(b"".join(map(unpack_pdq, prints.values())), np.uint8)
    pdq = pa.FixedSizeListArray.from_arrays(hashes, PDQ_BYTES)
    return {"content_hash": [*prints], "pdq": pdq, "fingerprint": [*prints.values()]}
