"""Which pictures of a gallery match a query: candidates by vector, words and hash, then proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ..copies import MIN_PDQ_QUALITY, Verifier, forms, kind_of, transpose_pdq, unpack
from ..types import COPY_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from ..copies import Fingerprint, View
    from ..storage import ContentFilter, FingerprintIndex
    from ..types import Match

    KindAndMatch: TypeAlias = tuple[str, Match | None]
    Candidate: TypeAlias = tuple[bytes, bytes, Sequence[View]]  # content, fingerprint, query views

VECTOR_CANDIDATES, WORD_CANDIDATES, HASH_CANDIDATES = 12, 16, 5  # of the first round
ROUNDS = 2  # of candidates by vector and by words; the second only if the first has no copy
NEGATIVE_VECTOR_CANDIDATES, NEGATIVE_WORD_CANDIDATES = 4, 5  # of the second round


def find_matches(
    query: Fingerprint,
    prints: FingerprintIndex,
    nearest: Sequence[bytes],
    *,
    allowed: ContentFilter | None = None,
) -> dict[bytes, KindAndMatch]:
    """Find the pictures that are the query, or share a part with it.

    If the likeliest candidates are not copies, a second round verifies more of them, and some
    against the query's negative. Those whose hash is near the negative's are verified at once, so
    that a negative that is itself in the gallery finds its original.

    Args:
        query: the query's fingerprint.
        prints: the gallery's fingerprints.
        nearest: `ROUNDS` times `VECTOR_CANDIDATES` contents, the nearest by vector first.
        allowed: picks the contents that a filter allows; None allows all.

    Returns:
        the kind, `exact`, `copy` or `near`, and the match of each content.
    """
    verifier = Verifier(query)
    verified = dict[bytes, "KindAndMatch | None"]()

    def verify(candidates: Iterable[Candidate], *, again: bool = False) -> None:
        for content, data, views in candidates:
            if content not in verified or (again and verified[content] is None):
                verified[content] = _verify(verifier, data, views)

    views = verifier.views
    by_words = _by_words(prints, views, ROUNDS * WORD_CANDIDATES, allowed)
    by_hash = prints.search_hash(_hashes(query), HASH_CANDIDATES, allowed)
    nearest = list(dict.fromkeys(nearest))  # several files may have one content
    verify(_by_content(prints, nearest[:VECTOR_CANDIDATES], views))
    verify((content, data, views) for content, (form, data) in by_hash.items() if form == 0)
    verify(by_words[:WORD_CANDIDATES])
    of_negative = [(content, data) for content, (form, data) in by_hash.items() if form]
    verify(((content, data, verifier.negatives) for content, data in of_negative), again=True)
    if query.pixels_hash and query.pdq_quality < MIN_PDQ_QUALITY:  # it may have no features
        equal = prints.equal_pixels(query.pdq, query.pixels_hash, allowed)
        verified.update({content: ("exact", None) for content in equal if content not in verified})
    if not any(result and result[0] in COPY_KINDS for result in verified.values()):
        verify(_by_content(prints, nearest[VECTOR_CANDIDATES:], views))
        verify(by_words[WORD_CANDIDATES:])
        negatives = verifier.negatives
        verify(_by_content(prints, nearest[:NEGATIVE_VECTOR_CANDIDATES], negatives), again=True)
        verify(_by_words(prints, negatives, NEGATIVE_WORD_CANDIDATES, allowed), again=True)
    return {content: result for content, result in verified.items() if result}


def _hashes(query: Fingerprint) -> list[NDArray[np.uint8]]:
    """Return a query's PDQ hash, and those of its negatives, turned and mirrored in eight ways."""
    sides = query.pdq, transpose_pdq(query.pdq[None])[0]
    negatives = [np.bitwise_xor(sides[f.transposed], f.mask) for f in forms() if f.negative]
    return [query.pdq, *negatives]


def _by_content(
    prints: FingerprintIndex, contents: Sequence[bytes], views: Sequence[View]
) -> list[Candidate]:
    packed = prints.get(contents)
    return [(content, packed[content], views) for content in contents if content in packed]


def _by_words(
    prints: FingerprintIndex, views: Sequence[View], top: int, allowed: ContentFilter | None
) -> list[Candidate]:
    """Return the pictures with most visual words of one view, each with this view."""
    candidates = prints.search_words([view.fingerprint for view in views], top, allowed)
    return [(content, data, [views[view]]) for content, (view, data) in candidates.items()]


def _verify(verifier: Verifier, data: bytes, views: Sequence[View]) -> KindAndMatch | None:
    target = unpack(data)
    match = verifier.match(target, views)
    known = verifier.query.pixels_hash
    same_pixels = bool(known) and target.pixels_hash == known
    if match is None:
        return ("exact", None) if same_pixels else None
    kind = "exact" if same_pixels else kind_of(match)
    return None if kind == "different" else (kind, match)
