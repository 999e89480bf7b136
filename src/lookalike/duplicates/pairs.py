"""Pairs of pictures that show the same: equal pixels, and candidates that are proved.

Candidates are verified block by block, so that few fingerprints are in memory.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ..copies import Verifier, kind_of, single_threaded, unpack
from .candidate_index import Candidate, CandidateIndex
from .equal_pixels import equal_fingerprints, equal_pixels, read_equal_pixels

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from ..copies import Fingerprint
    from ..storage import Store
    from ..types import Match
    from .members import Member

BLOCK_PICTURES = 512  # that are compared with all others at once


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures of different bytes that show the same.

    Attributes:
        query: index of a member; any member with the same content would do.
        target: index of another member, likewise.
        kind: `exact` (their pixels are equal), `copy` (one was made from the other) or `near` (two
            pictures of the same thing).
        match: how the query lies over the target; None for `exact`.
    """

    query: int
    target: int
    kind: str
    match: Match | None


def find_pairs(
    store: Store,
    members: Sequence[Member],
    *,
    kind: str,
    on_progress: Callable[[str, int, int], None],
) -> Iterator[Pair]:
    """Find pairs of different bytes.

    Args:
        store: the gallery's tables.
        members: their rows; one of each content represents the others.
        kind: `exact` for those of equal pixels alone, `copies` for copies as well, `near` for all.
        on_progress: called with the stage, how much of it is done, and of how much.
    """
    member_of_content = {member.content_hash: k for k, member in enumerate(members)}
    rows = list(store.fingerprints.hashes())
    hashes = [of_row for _, of_row in rows]
    member_of = [member_of_content.get(content, -1) for content, _ in rows]
    in_order = np.argsort(store.fingerprints.numbers()).tolist()  # the newest last
    newest = {rows[place][0]: place for place in in_order}
    places = np.array(sorted(newest[c] for c in member_of_content if c in newest), int)
    equal = equal_pixels(hashes, places.tolist())
    for query, target in sorted(equal):
        yield Pair(member_of[query], member_of[target], "exact", None)
    unproved = equal_fingerprints(hashes, places.tolist())
    if kind != "exact" and len(places) > 1:
        kinds = {"copy"} if kind == "copies" else {"copy", "near"}
        index = CandidateIndex(store, [content for content, _ in rows], hashes, places, on_progress)
        for query, target, match in _verify(store, index, places, equal, on_progress):
            found = kind_of(match)
            if found in kinds:
                yield Pair(member_of[query], member_of[target], found, match)
            if found == "copy":
                unproved.discard((query, target))
    numbers = [(member_of[query], member_of[target]) for query, target in sorted(unproved)]
    for query, target in read_equal_pixels(
        members, numbers, partial(on_progress, "Reading equal pictures")
    ):
        yield Pair(query, target, "exact", None)


def _verify(
    store: Store,
    index: CandidateIndex,
    places: NDArray[np.int64],
    equal: Container[tuple[int, int]],
    on_progress: Callable[[str, int, int], None],
) -> Iterator[tuple[int, int, Match]]:
    """Match all candidates but those known to be equal; yield their rows, the lower one first."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, len(places), BLOCK_PICTURES):
            on_progress("Comparing pictures", start, len(places))
            block = {
                query: [one for one in found if (query, one.place) not in equal]
                for query, found in index.candidates(places[start : start + BLOCK_PICTURES]).items()
            }
            needed = sorted({*block, *(one.place for found in block.values() for one in found)})
            packed = store.fingerprints.table.take(needed, ["fingerprint"])[
                "fingerprint"
            ].to_pylist()
            fingerprints = dict(zip(needed, map(unpack, packed), strict=True))
            with single_threaded():
                matched = list(pool.map(partial(_match, fingerprints), block.items()))
            for query, matches in matched:
                yield from ((query, target, match) for target, match in matches)


def _match(
    fingerprints: Mapping[int, Fingerprint], candidates: tuple[int, Sequence[Candidate]]
) -> tuple[int, list[tuple[int, Match]]]:
    query, targets = candidates
    verifier = Verifier(fingerprints[query])
    matches = []
    for place, negative in targets:
        match = verifier.match(fingerprints[place], verifier.views)
        if match is None and negative:
            match = verifier.match(fingerprints[place], verifier.negatives)
        if match:
            matches.append((place, match))
    return query, matches
