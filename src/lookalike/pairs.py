"""Which pictures of a gallery show the same."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from .compare import kind_of
from .decode import decode
from .errors import PictureError
from .fingerprints import Fingerprint, fingerprint
from .sources import read, stat_source
from .types import Pair
from .verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .store import Store
    from .types import Member


def find_pairs(
    store: Store,  # noqa: ARG001  whose indexes will propose the pairs
    members: Sequence[Member],
    *,
    near: bool,
    on_progress: Callable[[str, int, int], None],
) -> Iterator[Pair]:
    """Verify every pair of different bytes.

    Args:
        store: the gallery's.
        members: its rows; of those of the same bytes one stands for all.
        near: whether to give also pairs of the kind `near`.
        on_progress: told the stage, how much of it is through, and of how much.
    """
    seen = dict[int, Fingerprint]()
    known = set[bytes]()
    for k, member in enumerate(members):
        on_progress("Looking at pictures", k, len(members))
        found = None if member.content_hash in known else _look(member)
        if found:
            seen[k] = found
            known.add(member.content_hash)
    of = len(seen) * (len(seen) - 1) // 2
    for done, (one, other) in enumerate(itertools.combinations(seen, 2)):
        on_progress("Comparing pairs", done, of)
        match = verify(seen[one], seen[other])
        kind = kind_of(match)
        if match and (kind == "copy" or (near and kind == "near")):
            yield Pair(one, other, kind, match)


def _look(member: Member) -> Fingerprint | None:
    """Find the features of a member's file; None where it can't be read now."""
    source = stat_source(member.path)
    try:
        return fingerprint(decode(read(source))) if source else None
    except (OSError, PictureError):
        return None
