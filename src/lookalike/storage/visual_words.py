"""The inverted index of visual words, by which a part of a picture finds the whole.

After Sivic and Zisserman, "Video Google" (2003), which searches pictures as search engines do text.
A picture's number tells its fingerprint, see `FingerprintIndex`. Words are grouped into buckets,
and a segment has one row for each bucket, so that a query reads a few hundred rows of a segment. An
ingest adds a segment; when there are many, they are merged. Queries leave out common words: they
are most of what would be read, and tell pictures apart least.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..copies import VOCABULARY_SIZE
from .failures import storage_errors
from .table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import lance
    import pyarrow as pa
    from numpy.typing import NDArray

    from .place import Place

NAME = "words.lance"
BUCKETS = 65_536
MAX_SEGMENTS = 8
FILE_FORMAT = "2.0"  # Lance reads a few hundred rows of it twice as fast as of later ones
_BUCKET_WORDS = (
    VOCABULARY_SIZE // BUCKETS
)  # a posting is a picture's number and the word's number in here
MIN_PICTURES = 10_000  # fewer say too little about how rare a word is
COMMON_SHARE = 0.01  # of all pictures; queries leave out words that more pictures have
MIN_QUERY_WORDS = 100  # the rarest words of a query always stay
_MERGED_BUCKETS = 4_096  # at once


class VisualWords:
    """The index, in a table whose rows are the buckets of segments.

    Its column `until` is one more than the highest number in this segment and those before.
    """

    def __init__(self, folder: Place) -> None:
        """Open nothing yet."""
        import pyarrow as pa

        schema = pa.schema(
            [
                ("until", pa.int64()),
                ("counts", pa.list_(pa.uint32(), _BUCKET_WORDS)),
                ("postings", pa.large_binary()),
            ]
        )
        self._frequency: dict[int, NDArray[np.int64]] = {}  # of one version
        self.table = Table(folder / NAME, schema, file_format=FILE_FORMAT)

    def snapshot(self) -> VisualWords:
        """Return a reader of the newest version, which shares the cached frequencies."""
        index = copy(self)
        index.table = self.table.snapshot()
        return index

    def picture_count(self) -> int:
        """Return one more than the highest number of a picture in the index."""
        rows = self.table.count()
        return int(self.table.take([rows - 1], ["until"])["until"][0].as_py()) if rows else 0

    def add(self, words: Sequence[NDArray[np.int64]], numbers: NDArray[np.int64]) -> None:
        """Add a segment: the words of some pictures, int64 [N] each, and their numbers, ascending.

        The numbers are higher than those in the index.
        """
        import pyarrow as pa

        counts = np.fromiter(map(len, words), np.int64, len(words))
        pictures = np.repeat(numbers, counts)
        pairs = np.unique(np.concatenate(words) << 32 | pictures)  # sorted by word
        bucket, word_in_bucket = np.divmod(pairs >> 32, _BUCKET_WORDS)
        postings = ((pairs & 0xFFFFFFFF) * _BUCKET_WORDS + word_in_bucket).astype("<u4")
        offsets = np.searchsorted(bucket, np.arange(BUCKETS + 1)) * postings.itemsize
        buffers = [None, pa.py_buffer(offsets.astype(np.int64)), pa.py_buffer(postings)]
        column = pa.LargeBinaryArray.from_buffers(pa.large_binary(), BUCKETS, buffers)
        until = np.full(BUCKETS, numbers[-1] + 1)
        counts = _counts(np.bincount(pairs >> 32, minlength=VOCABULARY_SIZE))
        self.table.write({"until": until, "counts": counts, "postings": column}, replace=False)

    def clear(self) -> None:
        """Delete all segments: the pictures get other numbers."""
        if self.table.count():
            self.table.overwrite([])

    def merge(self) -> None:
        """Merge all segments into one, if there are many."""
        segments = self.table.count() // BUCKETS
        if segments > MAX_SEGMENTS:
            self.table.overwrite(self._merged(segments, self.picture_count()))

    def _merged(self, segments: int, until: int) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa
        import pyarrow.compute as pc

        for start in range(0, BUCKETS, _MERGED_BUCKETS):
            rows = np.arange(start, start + _MERGED_BUCKETS)
            parts = [
                self.table.take(rows + segment * BUCKETS, ["counts", "postings"])
                for segment in range(segments)
            ]
            postings = (part["postings"] for part in parts)
            columns = {
                "until": np.full(len(rows), until),
                "counts": _counts(np.sum([_flat(part["counts"]) for part in parts], axis=0)),
                "postings": pc.binary_join_element_wise(
                    *postings, pa.scalar(b"", pa.large_binary())
                ),
            }
            yield from pa.table(columns, schema=self.table.schema).to_batches()

    def inverted_lists(self, numbers: NDArray[np.int64]) -> InvertedLists:
        """Read the lists of some pictures, which are numbered anew by their place in `numbers`.

        Some may not be indexed yet.
        """
        place_of = np.full(max(numbers.max(initial=-1) + 1, self.picture_count()), -1)
        place_of[numbers] = np.arange(len(numbers))
        words, pictures, row = [np.empty(0, np.int64)], [np.empty(0, np.int64)], 0
        for batch in self.table.scan(["postings"]):
            postings, lengths = _postings(batch.column(0))
            bucket = np.repeat((row + np.arange(len(batch))) % BUCKETS, lengths)
            words.append(bucket * _BUCKET_WORDS + postings % _BUCKET_WORDS)
            pictures.append((postings // _BUCKET_WORDS).astype(np.int64))
            row += len(batch)
        all_words, all_pictures = np.concatenate(words), np.concatenate(pictures)
        places = place_of[all_pictures]
        return InvertedLists.from_postings(
            all_words[places >= 0], places[places >= 0], len(numbers)
        )

    def search(
        self, views: Sequence[NDArray[np.int64]], top: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Find the pictures that share most with one of several views of a query.

        A word counts by the square of its inverse document frequency.

        Args:
            views: the words of each, int64 [N].
            top: how many pictures, at most.

        Returns:
            the pictures' numbers, best first, and the number of each one's best view: [M] each.
        """
        dataset = self.table.dataset()  # one version: a writer may merge segments meanwhile
        words = np.unique(np.concatenate(views))
        if dataset is None or dataset.count_rows() == 0 or len(words) == 0:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        frequency = self._frequencies(dataset)
        with storage_errors():
            last = dataset.take([dataset.count_rows() - 1], columns=["until"])
        picture_count = int(last["until"][0].as_py())
        words = words[np.argsort(frequency[words], kind="stable")]
        max_frequency = COMMON_SHARE * max(picture_count, MIN_PICTURES)
        rare = np.count_nonzero(frequency[words] <= max_frequency)
        words = np.sort(words[: max(rare, MIN_QUERY_WORDS)])
        posting_words, pictures = _read_postings(dataset, np.unique(words // _BUCKET_WORDS))
        weights = np.zeros(VOCABULARY_SIZE)
        weights[words] = np.log(picture_count / np.maximum(frequency[words], 1)) ** 2
        is_shared = weights[posting_words] > 0  # a bucket holds many other words
        posting_words, pictures = posting_words[is_shared], pictures[is_shared]
        scores = np.empty((len(views), picture_count))
        for view, view_words in enumerate(views):
            view_weights = np.zeros(VOCABULARY_SIZE)
            view_weights[view_words] = weights[view_words]
            scores[view] = np.bincount(pictures, view_weights[posting_words], picture_count)
        best = scores.max(axis=0)
        found = np.argpartition(-best, min(top, picture_count - 1))[:top]
        found = found[np.argsort(-best[found], kind="stable")]
        found = found[best[found] > 0]
        return found, scores[:, found].argmax(axis=0)

    def _frequencies(self, dataset: lance.LanceDataset) -> NDArray[np.int64]:
        """Return how many pictures have each word, [VOCABULARY_SIZE], read once a version."""
        version = int(dataset.version)
        frequency = self._frequency.get(version)
        if frequency is None:
            frequency = np.zeros(VOCABULARY_SIZE, np.int64)
            with storage_errors():
                column = dataset.to_table(columns=["counts"])["counts"]
            for segment in _flat(column).reshape(-1, VOCABULARY_SIZE):
                frequency += segment
            self._frequency.clear()
            self._frequency[version] = frequency
        return frequency


@dataclass(frozen=True, slots=True)
class InvertedLists:
    """The whole index in memory, by word and by picture.

    Attributes:
        pictures: uint32 [P], the pictures of each word, word after word.
        word_offsets: int64 [VOCABULARY_SIZE + 1], where the pictures of each word begin and end.
        words: uint32 [P], the words of each picture, picture after picture.
        picture_offsets: int64 [N + 1], where the words of each picture begin and end.
        weights: float64 [VOCABULARY_SIZE], how much sharing a word counts.
    """

    pictures: NDArray[np.uint32]
    word_offsets: NDArray[np.int64]
    words: NDArray[np.uint32]
    picture_offsets: NDArray[np.int64]
    weights: NDArray[np.float64]

    @classmethod
    def from_postings(
        cls, words: NDArray[np.int64], pictures: NDArray[np.int64], picture_count: int
    ) -> InvertedLists:
        """Sort postings, [P] each in any order."""
        frequency = np.bincount(words, minlength=VOCABULARY_SIZE)
        lengths = np.bincount(pictures, minlength=picture_count)
        return cls(
            pictures[np.argsort(words, kind="stable")].astype(np.uint32),
            np.concatenate([[0], np.cumsum(frequency)]),
            words[np.argsort(pictures, kind="stable")].astype(np.uint32),
            np.concatenate([[0], np.cumsum(lengths)]),
            np.log(max(picture_count, MIN_PICTURES) / np.maximum(frequency, 1)) ** 2,
        )

    def words_of(self, picture: int) -> NDArray[np.uint32]:
        """Return the words of a picture."""
        return self.words[self.picture_offsets[picture] : self.picture_offsets[picture + 1]]

    def total_weights(self) -> NDArray[np.float64]:
        """Return the total weight of each picture's words: [N]."""
        sums = np.concatenate([[0.0], np.cumsum(self.weights[self.words])])
        return np.asarray(np.diff(sums[self.picture_offsets]), np.float64)

    def shared_weights(self, picture: int) -> NDArray[np.float64]:
        """Return the total weight of the words that each picture shares with one: [N]."""
        words = self.words_of(picture)
        starts = self.word_offsets[words]
        lengths = self.word_offsets[words + 1] - starts
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        others = self.pictures[np.repeat(starts, lengths) + within]
        weights = np.repeat(self.weights[words], lengths)
        shared = np.bincount(others, weights, len(self.picture_offsets) - 1)
        return shared.astype(np.float64, copy=False)


def _read_postings(
    dataset: lance.LanceDataset, buckets: NDArray[np.int64]
) -> tuple[NDArray[np.integer[Any]], NDArray[np.intp]]:
    """Return the word and the picture of each posting in some buckets: [P] each."""
    segments = dataset.count_rows() // BUCKETS
    rows = (np.arange(segments)[:, None] * BUCKETS + buckets).ravel()
    with storage_errors():
        column = dataset.take(rows.tolist(), columns=["postings"])["postings"]
    postings, lengths = _postings(column)
    first_words = np.tile(buckets.astype(np.uint32) * _BUCKET_WORDS, segments)
    words = np.repeat(first_words, lengths) + postings % _BUCKET_WORDS
    return words, (postings // _BUCKET_WORDS).astype(np.intp)


def _counts(frequency: NDArray[np.integer[Any]]) -> pa.FixedSizeListArray:
    """Return a column of how many pictures have each word, with one row for each bucket."""
    import pyarrow as pa

    return pa.FixedSizeListArray.from_arrays(frequency.astype(np.uint32), _BUCKET_WORDS)


def _flat(counts: pa.ChunkedArray) -> NDArray[np.uint32]:
    """Undo `_counts`."""
    return np.concatenate([chunk.flatten().to_numpy() for chunk in counts.chunks])


def _postings(column: pa.ChunkedArray | pa.Array) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return all postings of a column in one array, and the number in each row."""
    array = getattr(column, "combine_chunks", lambda: column)()
    _, offsets, data = array.buffers()
    offsets = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1] // 4
    postings = np.frombuffer(data, "<u4")[offsets[0] : offsets[-1]] if data else np.empty(0, "<u4")
    return postings, np.diff(offsets)
