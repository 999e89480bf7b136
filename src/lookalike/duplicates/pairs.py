"""Which pictures of a gallery show the same: candidates by words and vectors, then proofs.

Each picture is compared with all others by what the indexes hold, in blocks, in memory; what is
alike enough goes to `verify`.
"""

from __future__ import annotations

import os
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ..copies import Verifier, kind_of, one_thread, unpack
from ..types import Pair
from .neighbours import Near, near_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from ..copies import Fingerprint
    from ..storage import Store
    from ..types import Match, Member

BLOCK = 512  # pictures that are compared with all others at once
MOST_CANDIDATES = 32  # of a picture, by words and as many by vectors
LEAST_SHARE = 0.08  # of the poorer one's words, by their worth, that both must have
LEAST_COSINE = 0.92


def find_pairs(
    store: Store,
    members: Sequence[Member],
    *,
    near: bool,
    on_progress: Callable[[str, int, int], None],
) -> Iterator[Pair]:
    """Propose and verify pairs of different bytes.

    Args:
        store: the gallery's.
        members: its rows; of those of the same bytes one stands for all.
        near: whether to give also pairs of the kind `near`.
        on_progress: told the stage, how much of it is through, and of how much.
    """
    of_content = {member.content_hash: k for k, member in enumerate(members)}
    contents = [content for some in store.fingerprints.contents() for content in some]
    member_of = [of_content.get(content, -1) for content in contents]
    among = np.flatnonzero(np.array(member_of, int) >= 0)
    if len(among) < 2:  # noqa: PLR2004
        return
    propose = Proposals(store, contents, among, partial(on_progress, "Comparing vectors"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, len(among), BLOCK):
            on_progress("Comparing pictures", start, len(among))
            candidates = propose.of(among[start : start + BLOCK])
            needed = sorted({*candidates, *(k for some in candidates.values() for k in some)})
            rows = store.fingerprints.table.take(needed, ["fingerprint"])["fingerprint"].to_pylist()
            prints = dict(zip(needed, map(unpack, rows), strict=True))
            with one_thread():
                proofs = list(pool.map(partial(_proofs, prints), candidates.items()))
            for one, matches in proofs:
                for other, match in matches:
                    kind = kind_of(match)
                    if kind == "copy" or (near and kind == "near"):
                        yield Pair(member_of[one], member_of[other], kind, match)


def _proofs(
    prints: dict[int, Fingerprint], asked: tuple[int, list[int]]
) -> tuple[int, list[tuple[int, Match]]]:
    one, others = asked
    verifier = Verifier(prints[one])
    found = ((other, verifier.match(prints[other], verifier.views)) for other in others)
    return one, [(other, match) for other, match in found if match]


class Proposals:
    """What the indexes know of all pictures, in memory: some 1.5 KB of each."""

    def __init__(
        self,
        store: Store,
        contents: Sequence[bytes],
        among: NDArray[np.int64],
        on_progress: Callable[[int, int], None],
    ) -> None:
        """Read words and vectors; `among` are the places of those that are asked about."""
        self._lists = store.fingerprints.visual_words.inverted_lists(len(contents))
        self._among = np.zeros(len(contents), bool)
        self._among[among] = True
        place_of = {content: place for place, content in enumerate(contents)}
        vectors = np.zeros((len(contents), store.dimensions), np.float16)
        for batch in store.pictures.scan(["content_hash", "vector"]):
            flat = batch.column("vector").flatten().to_numpy(zero_copy_only=False)
            rows = np.array([place_of.get(c, -1) for c in batch.column(0).to_pylist()], int)
            vectors[rows[rows >= 0]] = flat.reshape(len(rows), -1)[rows >= 0]
        near = near_pairs(
            vectors[among], least=LEAST_COSINE, most=MOST_CANDIDATES, on_progress=on_progress
        )
        self._near = Near(among[near.ones], among[near.others], near.cosines)
        self._self_worth = self._lists.total_weights()

    def of(self, places: NDArray[np.int64]) -> dict[int, list[int]]:
        """Name the pictures that may show what each of these does, those of later places only."""
        found = defaultdict[int, set[int]](set)
        self._by_vectors(places, found)
        for place in places.tolist():
            worth = self._lists.shared_weights(place)
            worth[: place + 1] = 0
            least = LEAST_SHARE * np.minimum(self._self_worth, self._self_worth[place])
            others = np.flatnonzero((worth > least) & self._among)
            found[place].update(_strongest(others, worth[others]))
        return {place: sorted(found[place]) for place in places.tolist() if found[place]}

    def _by_vectors(self, places: NDArray[np.int64], found: defaultdict[int, set[int]]) -> None:
        near = self._near
        starts = np.searchsorted(near.ones, places)
        ends = np.searchsorted(near.ones, places, side="right")
        for place, start, end in zip(places.tolist(), starts, ends, strict=True):
            found[place].update(_strongest(near.others[start:end], near.cosines[start:end]))


def _strongest(others: NDArray[np.integer], how: NDArray[np.floating]) -> list[int]:
    """Take the pictures that most speaks for."""
    order = np.argsort(-how, kind="stable")[:MOST_CANDIDATES]
    return [int(other) for other in others[order]]
