"""Pairs of pictures that show the same: candidates by words and vectors, then proof.

Every picture is compared with all others by what the indexes hold, in memory, block by block;
candidates that are similar enough are verified.
"""

from __future__ import annotations

import os
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ..copies import Verifier, kind_of, single_threaded, unpack
from .neighbours import NeighbourPairs, find_neighbour_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from ..copies import Fingerprint
    from ..storage import Store
    from ..types import Match
    from .members import Member

BLOCK_PICTURES = 512  # that are compared with all others at once
MAX_CANDIDATES = 32  # of a picture by words, and as many by vectors
MIN_WORD_SHARE = 0.08  # of the words, by weight, of the picture with fewer, that both must have
MIN_COSINE = 0.92


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures of different bytes that show the same.

    Attributes:
        query: index of a member; any member with the same content would do.
        target: index of another member, likewise.
        kind: `copy` (one was made from the other) or `near` (two pictures of the same thing).
        match: how the query lies over the target.
    """

    query: int
    target: int
    kind: str
    match: Match


def find_pairs(
    store: Store,
    members: Sequence[Member],
    *,
    near: bool,
    on_progress: Callable[[str, int, int], None],
) -> Iterator[Pair]:
    """Find and verify pairs of different bytes.

    Args:
        store: the gallery's tables.
        members: their rows; one of each content represents the others.
        near: whether to yield pairs of the kind `near` as well.
        on_progress: called with the stage, how much of it is done, and of how much.
    """
    member_of_content = {member.content_hash: k for k, member in enumerate(members)}
    contents = [content for batch in store.fingerprints.contents() for content in batch]
    member_of = [member_of_content.get(content, -1) for content in contents]
    newest = {content: place for place, content in enumerate(contents)}
    places = np.array(sorted(newest[c] for c in member_of_content if c in newest), int)
    if len(places) <= 1:
        return
    index = CandidateIndex(store, contents, places, partial(on_progress, "Comparing vectors"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, len(places), BLOCK_PICTURES):
            on_progress("Comparing pictures", start, len(places))
            candidates = index.candidates(places[start : start + BLOCK_PICTURES])
            needed = sorted({*candidates, *(k for targets in candidates.values() for k in targets)})
            packed = store.fingerprints.table.take(needed, ["fingerprint"])[
                "fingerprint"
            ].to_pylist()
            fingerprints = dict(zip(needed, map(unpack, packed), strict=True))
            with single_threaded():
                matched = list(pool.map(partial(_match, fingerprints), candidates.items()))
            for query, matches in matched:
                for target, match in matches:
                    kind = kind_of(match)
                    if kind == "copy" or (near and kind == "near"):
                        yield Pair(member_of[query], member_of[target], kind, match)


def _match(
    fingerprints: dict[int, Fingerprint], candidates: tuple[int, list[int]]
) -> tuple[int, list[tuple[int, Match]]]:
    query, targets = candidates
    verifier = Verifier(fingerprints[query])
    matches = ((k, verifier.match(fingerprints[k], verifier.views)) for k in targets)
    return query, [(target, match) for target, match in matches if match]


class CandidateIndex:
    """The words and vectors of all pictures, in memory: about 1.5 KB per picture."""

    def __init__(
        self,
        store: Store,
        contents: Sequence[bytes],
        places: NDArray[np.int64],
        on_progress: Callable[[int, int], None],
    ) -> None:
        """Read words and vectors; `places` are the rows of `contents` that are compared."""
        self._lists = store.fingerprints.visual_words.inverted_lists(len(contents))
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
            on_progress=on_progress,
        )
        self._neighbours = NeighbourPairs(places[lower], places[higher], cosines)
        self._self_worth = self._lists.total_weights()

    def candidates(self, places: NDArray[np.int64]) -> dict[int, list[int]]:
        """Return the later pictures that may show the same as each of these."""
        candidates = defaultdict[int, set[int]](set)
        self._add_by_vector(places, candidates)
        for place in places.tolist():
            worth = self._lists.shared_weights(place)
            worth[: place + 1] = 0
            least = MIN_WORD_SHARE * np.minimum(self._self_worth, self._self_worth[place])
            others = np.flatnonzero((worth > least) & self._is_compared)
            candidates[place].update(_best(others, worth[others]))
        return {place: sorted(candidates[place]) for place in places.tolist() if candidates[place]}

    def _add_by_vector(
        self, places: NDArray[np.int64], candidates: defaultdict[int, set[int]]
    ) -> None:
        lower, higher, cosines = self._neighbours
        starts = np.searchsorted(lower, places)
        ends = np.searchsorted(lower, places, side="right")
        for place, start, end in zip(places.tolist(), starts, ends, strict=True):
            candidates[place].update(_best(higher[start:end], cosines[start:end]))


def _best(places: NDArray[np.integer], scores: NDArray[np.floating]) -> list[int]:
    """Return the pictures with the highest scores."""
    order = np.argsort(-scores, kind="stable")[:MAX_CANDIDATES]
    return [int(place) for place in places[order]]
