"""The index of visual words: which pictures have a word, so that a part of one finds the whole.

After Sivic and Zisserman, "Video Google" (2003), as search engines do it with text. A picture is
named by its number, the place of its fingerprint in its table. Words are gathered in buckets, and a
segment is one row for each bucket, so that a query reads some hundred rows of a segment. An ingest
adds a segment; where there are many, they are made one. Words that many pictures have are most of
what would be read, and tell least: a query leaves them out.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..copies import WORDS
from .table import Table, storage_errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import lance
    import pyarrow as pa
    from numpy.typing import NDArray

    from .place import Place

NAME = "words.lance"
BUCKETS = 65_536
MOST_SEGMENTS = 8
FILE_FORMAT = "2.0"  # of Lance: some hundred rows are read twice as fast as in later ones
_IN_BUCKET = WORDS // BUCKETS  # words; a posting has the picture's number and which of them it is
LEAST_PICTURES = 10_000  # fewer would tell too little of how rare a word is
COMMON = 0.01  # of all pictures have a word that is left out of queries
LEAST_ASKED = 100  # of a query's words, the rarest, stay in any case
_MERGED_AT_ONCE = 4_096  # buckets


class VisualWords:
    """The index; `until` is the number of the first picture that is not in it."""

    def __init__(self, folder: Place) -> None:
        """Name the table."""
        import pyarrow as pa

        schema = pa.schema(
            [
                ("until", pa.int64()),
                ("counts", pa.list_(pa.uint32(), _IN_BUCKET)),
                ("postings", pa.large_binary()),
            ]
        )
        self._frequency: dict[int, NDArray[np.int64]] = {}  # of one version
        self.table = Table(folder / NAME, schema, file_format=FILE_FORMAT)

    def snapshot(self) -> VisualWords:
        """Give the index as it is now, whatever is written; what is known of it is shared."""
        twin = copy(self)
        twin.table = self.table.snapshot()
        return twin

    def picture_count(self) -> int:
        """Tell how many pictures are in the index."""
        rows = self.table.count()
        return int(self.table.take([rows - 1], ["until"])["until"][0].as_py()) if rows else 0

    def add(self, words: Sequence[NDArray[np.int64]]) -> None:
        """Add a segment: the words of the next pictures, int64 [N] each."""
        import pyarrow as pa

        start = self.picture_count()
        counts = np.fromiter(map(len, words), np.int64, len(words))
        numbers = np.repeat(np.arange(start, start + len(words)), counts)
        pairs = np.unique(np.concatenate(words) << 32 | numbers)  # sorted by word
        bucket, local = np.divmod(pairs >> 32, _IN_BUCKET)
        postings = ((pairs & 0xFFFFFFFF) * _IN_BUCKET + local).astype("<u4")
        ends = np.searchsorted(bucket, np.arange(BUCKETS + 1)) * postings.itemsize
        buffers = [None, pa.py_buffer(ends.astype(np.int64)), pa.py_buffer(postings)]
        column = pa.LargeBinaryArray.from_buffers(pa.large_binary(), BUCKETS, buffers)
        until = np.full(BUCKETS, start + len(words))
        counts = _counts(np.bincount(pairs >> 32, minlength=WORDS))
        self.table.write({"until": until, "counts": counts, "postings": column}, replace=False)

    def clear(self) -> None:
        """Forget all: the pictures get other numbers."""
        if self.table.count():
            self.table.overwrite([])

    def merge(self) -> None:
        """Make all segments one, where there are many."""
        segments = self.table.count() // BUCKETS
        if segments > MOST_SEGMENTS:
            self.table.overwrite(self._merged(segments, self.picture_count()))
            self.table.drop_old_versions()

    def _merged(self, segments: int, until: int) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa
        import pyarrow.compute as pc

        for start in range(0, BUCKETS, _MERGED_AT_ONCE):
            places = np.arange(start, start + _MERGED_AT_ONCE)
            parts = [
                self.table.take(places + segment * BUCKETS, ["counts", "postings"])
                for segment in range(segments)
            ]
            postings = (part["postings"] for part in parts)
            rows = {
                "until": np.full(len(places), until),
                "counts": _counts(np.sum([_flat(part["counts"]) for part in parts], axis=0)),
                "postings": pc.binary_join_element_wise(
                    *postings, pa.scalar(b"", pa.large_binary())
                ),
            }
            yield from pa.table(rows, schema=self.table.schema).to_batches()

    def inverted_lists(self, pictures: int) -> InvertedLists:
        """Read the whole index of so many pictures; the last may not be in it yet."""
        words, numbers, row = [np.empty(0, np.int64)], [np.empty(0, np.int64)], 0
        for batch in self.table.scan(["postings"]):
            postings, lengths = _postings(batch.column(0))
            bucket = np.repeat((row + np.arange(len(batch))) % BUCKETS, lengths)
            words.append(bucket * _IN_BUCKET + postings % _IN_BUCKET)
            numbers.append((postings // _IN_BUCKET).astype(np.int64))
            row += len(batch)
        every, of = np.concatenate(words), np.concatenate(numbers)
        return InvertedLists.of(every[of < pictures], of[of < pictures], pictures)

    def search(
        self, views: Sequence[NDArray[np.int64]], top: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Find the pictures that share most with one of several views of a query.

        A word counts by the square of its inverse document frequency.

        Args:
            views: the words of each, int64 [N].
            top: how many pictures, at most.

        Returns:
            their numbers, the best first, and which view it is: [M] each.
        """
        dataset = self.table.dataset()  # one version: a writer may merge segments meanwhile
        asked = np.unique(np.concatenate(views))
        if dataset is None or dataset.count_rows() == 0 or len(asked) == 0:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        frequency = self._frequencies(dataset)
        with storage_errors():
            last = dataset.take([dataset.count_rows() - 1], columns=["until"])
        pictures = int(last["until"][0].as_py())
        asked = asked[np.argsort(frequency[asked], kind="stable")]
        rare = np.count_nonzero(frequency[asked] <= COMMON * max(pictures, LEAST_PICTURES))
        asked = np.sort(asked[: max(rare, LEAST_ASKED)])
        buckets = np.unique(asked // _IN_BUCKET)
        segments = dataset.count_rows() // BUCKETS
        places = (np.arange(segments)[:, None] * BUCKETS + buckets).ravel()
        with storage_errors():
            taken = dataset.take(places.tolist(), columns=["postings"])
        postings, lengths = _postings(taken["postings"])
        first = np.tile(buckets.astype(np.uint32) * _IN_BUCKET, segments)
        words = np.repeat(first, lengths) + postings % _IN_BUCKET
        weights = np.zeros(WORDS)
        weights[asked] = np.log(pictures / np.maximum(frequency[asked], 1)) ** 2
        kept = weights[words] > 0  # much of a bucket is other words
        words, numbers = words[kept], (postings[kept] // _IN_BUCKET).astype(np.intp)
        scores = np.empty((len(views), pictures))
        for view, of_view in enumerate(views):
            here = np.zeros(WORDS)
            here[of_view] = weights[of_view]
            scores[view] = np.bincount(numbers, here[words], pictures)
        best = scores.max(axis=0)
        found = np.argpartition(-best, min(top, pictures - 1))[:top]
        found = found[np.argsort(-best[found], kind="stable")]
        found = found[best[found] > 0]
        return found, scores[:, found].argmax(axis=0)

    def _frequencies(self, dataset: lance.LanceDataset) -> NDArray[np.int64]:
        """Tell how many pictures have each word: [WORDS]; read anew for each version."""
        version = int(dataset.version)
        frequency = self._frequency.get(version)
        if frequency is None:
            frequency = np.zeros(WORDS, np.int64)
            with storage_errors():
                column = dataset.to_table(columns=["counts"])["counts"]
            for segment in _flat(column).reshape(-1, WORDS):
                frequency += segment
            self._frequency.clear()
            self._frequency[version] = frequency
        return frequency


@dataclass(frozen=True, slots=True)
class InvertedLists:
    """The whole index in memory, by word and by picture.

    Attributes:
        numbers: uint32 [P], the pictures of each word, word after word.
        ends: int64 [WORDS + 1], where each word's begin and end.
        words: uint32 [P], the words of each picture, picture after picture.
        picture_ends: int64 [N + 1], where each picture's begin and end.
        worth: float64 [WORDS], what sharing a word counts.
    """

    numbers: NDArray[np.uint32]
    ends: NDArray[np.int64]
    words: NDArray[np.uint32]
    picture_ends: NDArray[np.int64]
    worth: NDArray[np.float64]

    @classmethod
    def of(
        cls, words: NDArray[np.int64], numbers: NDArray[np.int64], pictures: int
    ) -> InvertedLists:
        """Sort postings, [P] each in any order."""
        frequency = np.bincount(words, minlength=WORDS)
        held = np.bincount(numbers, minlength=pictures)
        return cls(
            numbers[np.argsort(words, kind="stable")].astype(np.uint32),
            np.concatenate([[0], np.cumsum(frequency)]),
            words[np.argsort(numbers, kind="stable")].astype(np.uint32),
            np.concatenate([[0], np.cumsum(held)]),
            np.log(max(pictures, LEAST_PICTURES) / np.maximum(frequency, 1)) ** 2,
        )

    def words_of(self, number: int) -> NDArray[np.uint32]:
        """Give the words of a picture."""
        return self.words[self.picture_ends[number] : self.picture_ends[number + 1]]

    def total_weights(self) -> NDArray[np.float64]:
        """Tell what the words of each picture count together: [N]."""
        sums = np.concatenate([[0.0], np.cumsum(self.worth[self.words])])
        return np.asarray(np.diff(sums[self.picture_ends]), np.float64)

    def shared_weights(self, number: int) -> NDArray[np.float64]:
        """Tell what the words count that each picture shares with one: [N]."""
        words = self.words_of(number)
        starts, lengths = self.ends[words], self.ends[words + 1] - self.ends[words]
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        others = self.numbers[np.repeat(starts, lengths) + within]
        weights = np.repeat(self.worth[words], lengths)
        found = np.bincount(others, weights, len(self.picture_ends) - 1)
        return found.astype(np.float64, copy=False)


def _counts(frequency: NDArray[np.integer[Any]]) -> pa.FixedSizeListArray:
    """Put how often each word is there into a column, a bucket a row."""
    import pyarrow as pa

    return pa.FixedSizeListArray.from_arrays(frequency.astype(np.uint32), _IN_BUCKET)


def _flat(counts: pa.ChunkedArray) -> NDArray[np.uint32]:
    """Undo `_counts`."""
    return np.concatenate([chunk.flatten().to_numpy() for chunk in counts.chunks])


def _postings(column: pa.ChunkedArray | pa.Array) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Give all postings of some rows in one array, and how many each row has."""
    array = getattr(column, "combine_chunks", lambda: column)()
    _, ends, data = array.buffers()
    ends = np.frombuffer(ends, np.int64)[array.offset : array.offset + len(array) + 1] // 4
    postings = np.frombuffer(data, "<u4")[ends[0] : ends[-1]] if data else np.empty(0, "<u4")
    return postings, np.diff(ends)
