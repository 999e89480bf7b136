"""Which pictures of a gallery hold what a query shows: candidates, then proofs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .compare import kind_of
from .fingerprints.packed import unpack
from .types import PROVED
from .verify import Verifier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .fingerprints import Fingerprint
    from .prints import Prints
    from .types import Match
    from .verify import View

BY_VECTOR = 12  # the nearest by the encoder's vector that are looked at
BY_WORDS = 25
BY_HASH = 5


def prove(
    query: Fingerprint, prints: Prints, nearest: Sequence[bytes]
) -> dict[bytes, tuple[str, Match | None]]:
    """Find the pictures that are the query, or share a part with it.

    Where none is found, the nearest are compared with the query's negative, too.

    Args:
        query: the fingerprint asked with.
        prints: the gallery's.
        nearest: contents to be looked at beside those that words and hash propose.

    Returns:
        the kind, `exact`, `copy` or `near`, and the match of each content.
    """
    verifier = Verifier(query)
    views = verifier.views
    stored = prints.of(nearest)
    by_vector = {content: stored[content] for content in nearest if content in stored}
    either = {**by_vector, **prints.by_hash(query.pdq, BY_HASH)}
    by_words = prints.by_words([view.print for view in views], BY_WORDS)
    found = {
        content: _proof(verifier, data, views if content in either else [views[view]])
        for content, (view, data) in by_words.items()
    }
    for content, data in either.items():
        if content not in found:
            found[content] = _proof(verifier, data, views)
    if not any(proof and proof[0] in PROVED for proof in found.values()):
        for content, data in by_vector.items():
            found[content] = found[content] or _proof(verifier, data, verifier.negatives)
    return {content: proof for content, proof in found.items() if proof}


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
