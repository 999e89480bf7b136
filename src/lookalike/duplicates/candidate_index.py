"""Which pictures of a gallery may show the same: by visual words, by vectors and by hashes."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..copies import MIN_PDQ_QUALITY, PDQ_BITS
from .hash_pairs import HashPairs, find_hash_pairs
from .neighbours import NeighbourPairs, find_neighbour_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from ..copies import Hashes
    from ..storage import Store

MAX_CANDIDATES = 32  # of a picture by words, and as many by vectors
MIN_WORD_SHARE = 0.08  # of the words, by weight, of the picture with fewer, that both must have
MIN_COSINE = 0.88
HASH_CANDIDATES = 8  # of a picture by hash
# Bits of a hash that may differ: at most 50 do in pictures that were turned, mirrored, reduced to
# .6 and saved again. Of 42 million pairs of different photos, 1,000 differ in 64 bits or fewer.
MAX_BITS = 64


class Candidate(NamedTuple):
    """A picture that may show the same as another.

    Attributes:
        place: its row.
        negative: whether one may be made from the other's negative.
    """

    place: int
    negative: bool = False


class CandidateIndex:
    """The words, vectors and hashes of all pictures, in memory: about 1.6 KB per picture."""

    def __init__(
        self,
        store: Store,
        contents: Sequence[bytes],
        hashes: Sequence[Hashes],
        places: NDArray[np.int64],
        on_progress: Callable[[str, int, int], None],
    ) -> None:
        """Read words and vectors; `places` are the rows of `contents` that are compared."""
        self._lists = store.fingerprints.visual_words.inverted_lists(store.fingerprints.numbers())
        self._is_compared = np.zeros(len(contents), bool)
        self._is_compared[places] = True
        place_of = {content: place for place, content in enumerate(contents)}
        vectors = np.zeros((len(contents), store.dimensions), np.float16)
        for batch in store.pictures.scan(["content_hash", "vector"]):
            flat = batch.column("vector").flatten().to_numpy(zero_copy_only=False)
            rows = np.array([place_of.get(c, -1) for c in batch.column(0).to_pylist()], int)
            vectors[rows[rows >= 0]] = flat.reshape(len(rows), -1)[rows >= 0]
        lower, higher, cosines = find_neighbour_pairs(
            vectors[places],
            min_cosine=MIN_COSINE,
            max_neighbours=MAX_CANDIDATES,
            on_progress=partial(on_progress, "Comparing vectors"),
        )
        self._neighbours = NeighbourPairs(places[lower], places[higher], cosines)
        good = np.array([p for p in places if hashes[p].pdq_quality >= MIN_PDQ_QUALITY], int)
        pdq = np.frombuffer(b"".join(hashes[place].pdq for place in good), np.uint8)
        lower, higher, bits, negative = find_hash_pairs(
            pdq.reshape(len(good), PDQ_BITS // 8),
            max_bits=MAX_BITS,
            on_progress=partial(on_progress, "Comparing hashes"),
        )
        self._hash_pairs = HashPairs(good[lower], good[higher], bits, negative)
        self._self_worth = self._lists.total_weights()

    def candidates(self, places: NDArray[np.int64]) -> dict[int, list[Candidate]]:
        """Return the later pictures that may show the same as each of these."""
        negative_of = defaultdict[int, dict[int, bool]](dict)  # of each place, by candidate
        similar, near = self._hash_pairs, self._neighbours
        for place, rows in _slices(similar.lower, places):
            best = rows[_best(-similar.bits[rows], HASH_CANDIDATES)]
            others, negatives = similar.higher[best].tolist(), similar.negative[best].tolist()
            negative_of[place].update(zip(others, negatives, strict=True))
        for place, rows in _slices(near.lower, places):
            for other in near.higher[rows[_best(near.cosines[rows], MAX_CANDIDATES)]].tolist():
                negative_of[place].setdefault(other, False)
        for place in places.tolist():
            worth = self._lists.shared_weights(place)
            worth[: place + 1] = 0
            least = MIN_WORD_SHARE * np.minimum(self._self_worth, self._self_worth[place])
            others = np.flatnonzero((worth > least) & self._is_compared)
            for other in others[_best(worth[others], MAX_CANDIDATES)].tolist():
                negative_of[place].setdefault(other, False)
        return {
            place: [Candidate(*found) for found in sorted(negative_of[place].items())]
            for place in places.tolist()
            if place in negative_of
        }


def _slices(
    lower: NDArray[np.int64], places: NDArray[np.int64]
) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield each place that is among `lower`, which is sorted, and its rows there."""
    starts = np.searchsorted(lower, places).tolist()
    ends = np.searchsorted(lower, places, side="right").tolist()
    for place, start, end in zip(places.tolist(), starts, ends, strict=True):
        if start < end:
            yield place, np.arange(start, end)


def _best(scores: NDArray[np.floating] | NDArray[np.integer], count: int) -> NDArray[np.intp]:
    """Return where the highest scores are."""
    return np.argsort(-scores, kind="stable")[:count]
