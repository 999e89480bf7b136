"""Which pictures of a gallery hold what a query shows: candidates, then proofs."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from ..copies import Verifier, kind_of, unpack
from ..types import PROVED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..copies import Fingerprint, View
    from ..storage import ContentFilter, FingerprintIndex
    from ..types import Match

BY_VECTOR, BY_WORDS, BY_HASH = 12, 16, 5  # that are looked at first
MORE = 2  # times as many of the first two, where none of those is a copy
NEGATIVES_BY_VECTOR, NEGATIVES_BY_WORDS = 4, 5  # that are compared with the negative then

Candidate: TypeAlias = "tuple[bytes, bytes, Sequence[View]]"  # content, fingerprint, views to try


def prove(
    query: Fingerprint,
    prints: FingerprintIndex,
    nearest: Sequence[bytes],
    *,
    allowed: ContentFilter | None = None,
) -> dict[bytes, tuple[str, Match | None]]:
    """Find the pictures that are the query, or share a part with it.

    Where the likeliest are no copies, more are looked at, and some are compared with the query's
    negative.

    Args:
        query: the fingerprint asked with.
        prints: the gallery's.
        nearest: `MORE` times `BY_VECTOR` contents, the nearest by the encoder's vector first.
        allowed: picks the contents that a filter allows; None where all are.

    Returns:
        the kind, `exact`, `copy` or `near`, and the match of each content.
    """
    verifier = Verifier(query)
    found = dict[bytes, "tuple[str, Match | None] | None"]()

    def look(candidates: Iterable[Candidate], *, again: bool = False) -> None:
        for content, data, views in candidates:
            if content not in found or (again and found[content] is None):
                found[content] = _proof(verifier, data, views)

    words = _by_words(prints, verifier.views, MORE * BY_WORDS, allowed)
    look(_stored(prints, nearest[:BY_VECTOR], verifier.views))
    look((*one, verifier.views) for one in prints.search_hash(query.pdq, BY_HASH, allowed).items())
    look(words[:BY_WORDS])
    if not any(proof and proof[0] in PROVED for proof in found.values()):
        look(_stored(prints, nearest[BY_VECTOR:], verifier.views))
        look(words[BY_WORDS:])
        negatives = verifier.negatives
        look(_stored(prints, nearest[:NEGATIVES_BY_VECTOR], negatives), again=True)
        look(_by_words(prints, negatives, NEGATIVES_BY_WORDS, allowed), again=True)
    return {content: proof for content, proof in found.items() if proof}


def _stored(
    prints: FingerprintIndex, contents: Sequence[bytes], views: Sequence[View]
) -> list[Candidate]:
    stored = prints.get(contents)
    return [(content, stored[content], views) for content in contents if content in stored]


def _by_words(
    prints: FingerprintIndex,
    views: Sequence[View],
    top: int,
    allowed: ContentFilter | None,
) -> list[Candidate]:
    proposed = prints.search_words([view.print for view in views], top, allowed)
    return [(content, data, [views[view]]) for content, (view, data) in proposed.items()]


def _proof(
    verifier: Verifier, data: bytes, views: Sequence[View]
) -> tuple[str, Match | None] | None:
    target = unpack(data)
    match = verifier.match(target, views)
    same = target.pixels_hash == verifier.query.pixels_hash
    if match is None:
        return ("exact", None) if same else None
    kind = "exact" if same else kind_of(match)
    return None if kind == "different" else (kind, match)
