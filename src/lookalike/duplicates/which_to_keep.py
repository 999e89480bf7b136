"""Which file of a group is the original, to be kept, and why."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from ..copies import FULL_OVERLAP
from .members import by_path_length

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..types import Match
    from .groups import Duplicate
    from .members import Member
    from .pairs import Pair

MIN_RESAVED_AGREEMENT = 0.99  # re-saved copies are above, copies with a caption mostly below


def rank_contents(members: Sequence[Member], pairs: Iterable[Pair]) -> list[list[Member]]:
    """Gather members of the same bytes, the oldest first; the contents best to keep come first.

    The best has the most pixels; of equals the most similar copies, so that a captioned picture
    does not win over those without; then the one with most bytes; then the oldest.
    """
    by_content: defaultdict[bytes, list[Member]] = defaultdict(list)
    for member in members:
        by_content[member.content_hash].append(member)
    similar = Counter({content: len(twins) for content, twins in by_content.items()})
    for pair in pairs:
        query, target = members[pair.query], members[pair.target]
        if _is_resaved(pair) and pixels(query) == pixels(target):
            similar[query.content_hash] += len(by_content[target.content_hash])
            similar[target.content_hash] += len(by_content[query.content_hash])

    def by_quality(twins: list[Member]) -> tuple[int, int, int, int, int, str]:
        oldest = twins[0]
        return -pixels(oldest), -similar[oldest.content_hash], -oldest.size, *_by_age(oldest)

    return sorted((sorted(twins, key=_by_age) for twins in by_content.values()), key=by_quality)


def why_kept(kept: Member, others: Sequence[Duplicate]) -> str:
    """Say in one clause why a file is the one to keep."""
    twins = [other.member for other in others if other.same_bytes]
    copies = [other.match for other in others if other.kind == "copy" and other.match]
    parts = [match for match in copies if not show_the_same(match)]
    whole = [
        other.member
        for other in others
        if (other.kind == "exact" and not other.same_bytes)
        or (other.kind == "copy" and other.match and show_the_same(other.match))
    ]
    if whole or not (twins or parts):
        return _why_best(kept, whole or [other.member for other in others])
    if twins:
        return _why_oldest(kept, twins)
    if all(match.query_overlap >= FULL_OVERLAP for match in parts):
        return "the whole picture; the others are crops of it"
    return "the one that shows their common part largest"


def pixels(member: Member) -> int:
    """Return the area of a picture."""
    return member.width * member.height


def show_the_same(match: Match) -> bool:
    """Check whether each picture shows all of the other."""
    return min(match.query_overlap, match.target_overlap) >= FULL_OVERLAP


def _is_resaved(pair: Pair) -> bool:
    if pair.match is None:
        return True
    is_copy = pair.kind == "copy" and show_the_same(pair.match)
    return is_copy and pair.match.agreement >= MIN_RESAVED_AGREEMENT


def _why_best(kept: Member, others: Sequence[Member]) -> str:
    most = max(map(pixels, others))
    if pixels(kept) > most:
        return f"the largest: {kept.width} x {kept.height} pixels"
    rivals = [member for member in others if pixels(member) == most]
    most_bytes = max(member.size for member in rivals)
    if kept.size > most_bytes:
        return f"the least compressed of its size: {kept.size:,} bytes; the next has {most_bytes:,}"
    if kept.size < most_bytes:
        return "the most similar to the others of its size"
    return _why_oldest(kept, [member for member in rivals if member.size == most_bytes])


def _why_oldest(kept: Member, others: Sequence[Member]) -> str:
    if kept.mtime_ns < min(member.mtime_ns for member in others):
        return "the oldest"
    return "as good and as old as the others, with the shortest path"


def _by_age(member: Member) -> tuple[int, int, str]:
    return member.mtime_ns, *by_path_length(member)
