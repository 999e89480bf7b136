"""The fingerprints of a gallery, one for each content, and what finds them."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from .fingerprints import packed
from .fingerprints.basis import basis
from .sources import CONTENT_HASH_BYTES
from .table import Table, again, storage
from .words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from .fingerprints import Fingerprint
    from .place import Place

NAME = "fingerprints.lance"
INDEX_FROM_ROWS = 5_000  # below this, comparing all hashes is about as fast as an index
HASH_INDEX = "pdq_idx"
HASH_NPROBES = 16
HASH_PARTITION_ROWS = 2_000
SEGMENT_PICTURES = 100_000  # whose words are sorted in memory
MAX_ORPHANS_SHARE = 0.25  # of fingerprints whose files are gone from the gallery
PDQ_BYTES = 32
MOST_BITS = 80  # of 256 that differ; of different pictures it is 128, give or take 8


class Prints:
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
        self.words = Words(folder)

    def frozen(self) -> Prints:
        """Give these as they are now, whatever is written."""
        twin = copy(self)
        twin.words = self.words.frozen()  # first: what they name is there by now
        twin.table = self.table.frozen()
        return twin

    def add(self, prints: Mapping[bytes, bytes]) -> None:
        """Commit packed fingerprints by content hash; none of them may be there already."""
        if prints:
            self.table.write(_rows(prints), replace=False)

    def write_apart(self, prints: Mapping[bytes, bytes]) -> list[str]:
        """Write packed fingerprints by content hash as `Table.write_apart` does."""
        return self.table.write_apart(_rows(prints)) if prints else []

    def contents(self) -> Iterator[list[bytes]]:
        """List the contents whose fingerprints are there, in batches."""
        for batch in self.table.scan(["content_hash"]):
            yield batch.column(0).to_pylist()

    @again
    def of(self, contents: Iterable[bytes]) -> dict[bytes, bytes]:
        """Give the packed fingerprints of some contents; those that have none are left out."""
        found = dict[bytes, bytes]()
        for batch in self.table.of_contents(contents, ["content_hash", "fingerprint"]):
            found.update(zip(*(c.to_pylist() for c in batch.columns), strict=True))
        return found

    def there(self, contents: Iterable[bytes]) -> set[bytes]:
        """Tell which of some contents have a fingerprint."""
        found = self.table.of_contents(contents, ["content_hash"])
        return {content for batch in found for content in batch.column(0).to_pylist()}

    @again
    def by_words(self, views: Sequence[Fingerprint], top: int) -> dict[bytes, tuple[int, bytes]]:
        """Find the pictures that share most visual words with one of several views of a query.

        Returns:
            which view it is, and the packed fingerprint, by content.
        """
        asked = [basis().words(view.descriptors) for view in views]
        places, of_view = self.words.find(asked, top)
        columns = self.table.take(places, ["content_hash", "fingerprint"]).columns
        contents, prints = (column.to_pylist() for column in columns)
        return dict(zip(contents, zip(of_view.tolist(), prints, strict=True), strict=True))

    @again
    def by_hash(self, pdq: NDArray[np.uint8], top: int) -> dict[bytes, bytes]:
        """Find the pictures whose PDQ hashes differ from one in `MOST_BITS` at most."""
        import pyarrow as pa

        dataset = self.table.dataset()
        if dataset is None:
            return {}
        with storage():
            found = dataset.scanner(
                columns=["content_hash", "fingerprint", "_distance"],
                nearest={
                    "column": "pdq",
                    "q": pa.array(pdq, pa.uint8()),
                    "k": top,
                    "metric": "hamming",
                    "nprobes": HASH_NPROBES,
                },
                disable_scoring_autoprojection=True,
            ).to_table()
        rows = found.to_pylist()
        return {
            row["content_hash"]: row["fingerprint"] for row in rows if row["_distance"] <= MOST_BITS
        }

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
        for table in (self.table, self.words.table):
            table.drop_old_versions()

    def drop_orphans(self, contents: set[bytes]) -> None:
        """Keep only the fingerprints of these contents."""
        self.words.clear()  # first: its places mean nothing once the rows have moved
        names = self.table.schema.names
        batches = (
            batch.filter([content in contents for content in batch.column(0).to_pylist()])
            for batch in self.table.scan(names)
        )
        self.table.overwrite(batches)
        self.optimize()

    def _update_words(self) -> None:
        start, rows = self.words.until(), self.table.count()
        while start < rows:
            end = min(start + SEGMENT_PICTURES, rows)
            self.words.add([*map(packed.words, self._packed(start, end))])
            start = end
        self.words.merge()

    def _packed(self, start: int, end: int) -> Iterator[bytes]:
        dataset = self.table.dataset()
        if dataset is not None:
            with storage():
                scanner = dataset.scanner(["fingerprint"], offset=start, limit=end - start)
                for batch in scanner.to_batches():
                    yield from batch.column(0).to_pylist()


def _rows(prints: Mapping[bytes, bytes]) -> dict[str, Any]:
    """Make the table's columns of packed fingerprints."""
    import numpy as np
    import pyarrow as pa

    hashes = np.frombuffer(b"".join(map(packed.pdq, prints.values())), np.uint8)
    pdq = pa.FixedSizeListArray.from_arrays(hashes, PDQ_BYTES)
    return {"content_hash": [*prints], "pdq": pdq, "fingerprint": [*prints.values()]}
