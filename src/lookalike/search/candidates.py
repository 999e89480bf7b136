"""Which pictures of a gallery match a query: candidates by vector, words and hash, then proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from ..copies import Verifier, kind_of, unpack
from ..types import COPY_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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
    against the query's negative.

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
    by_hash = prints.search_hash(query.pdq, HASH_CANDIDATES, allowed)
    verify(_by_content(prints, nearest[:VECTOR_CANDIDATES], views))
    verify((content, data, views) for content, data in by_hash.items())
    verify(by_words[:WORD_CANDIDATES])
    if not any(result and result[0] in COPY_KINDS for result in verified.values()):
        verify(_by_content(prints, nearest[VECTOR_CANDIDATES:], views))
        verify(by_words[WORD_CANDIDATES:])
        negatives = verifier.negatives
        verify(_by_content(prints, nearest[:NEGATIVE_VECTOR_CANDIDATES], negatives), again=True)
        verify(_by_words(prints, negatives, NEGATIVE_WORD_CANDIDATES, allowed), again=True)
    return {content: result for content, result in verified.items() if result}


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
    same_pixels = target.pixels_hash == verifier.query.pixels_hash
    if match is None:
        return ("exact", None) if same_pixels else None
    kind = "exact" if same_pixels else kind_of(match)
    return None if kind == "different" else (kind, match)
