"""Which files were edited or enlarged, as far as their pairs tell."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from ..copies import FULL_OVERLAP

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..types import Match
    from .details import FileDetails
    from .members import Member
    from .pairs import Pair

MAX_SAME_SHARE = 0.005  # of what there is to see; more is an edit
MAX_SAME_COLOUR_SHIFT = 0.05
GREY_SATURATION = 0.3  # of a picture relative to another: one of the two is black and white
SAME_SATURATION = 0.8
MIN_ADDED = 0.3  # of detail in the places that differ: text or graphics in one of the two
SAME_SHARPNESS = 0.9
SAME_SIDE = 1.05  # times as long, sides count as equal
# Of the reach of their detail, photographs keep at least 76% when they are re-saved at quality 30,
# and at most 68% when they are reduced to half and enlarged again.
ENLARGED_REACH = 0.72
SHARP_REACH = 0.5  # of photographs at their true size, at least
# Whole columns repeat in pictures that were enlarged without smoothing, to twice the size or more.
MIN_REPEATS, REPEATS = 1.9, 1.1


def pixels(member: Member) -> int:
    """Return the area of a picture."""
    return member.width * member.height


def contents_to_measure(members: Sequence[Member], pairs: Iterable[Pair]) -> set[bytes]:
    """Return the contents of which one may be enlarged from another: their detail decides."""
    found = set[bytes]()
    for pair in pairs:
        query, target = members[pair.query], members[pair.target]
        if pair.kind == "copy" and pair.match and show_the_same(pair.match):
            look = pair.match.look
            is_as_sharp = SAME_SHARPNESS <= look.sharpness <= 1 / SAME_SHARPNESS
            if not is_as_sharp or not 1 / SAME_SIDE < _ratio(query, target) < SAME_SIDE:
                found |= {query.content_hash, target.content_hash}
    return found


def show_the_same(match: Match) -> bool:
    """Check whether each picture shows all of the other."""
    return min(match.query_overlap, match.target_overlap) >= FULL_OVERLAP


def looks_unedited(match: Match) -> bool:
    """Check whether one picture was at most re-saved, resized or turned to make the other."""
    look = match.look
    return (
        not match.flipped
        and not look.is_negative
        and match.differences.share <= MAX_SAME_SHARE
        and look.colour_shift <= MAX_SAME_COLOUR_SHIFT
        and SAME_SATURATION <= look.saturation <= 1 / SAME_SATURATION
    )


class Edits(NamedTuple):
    """Contents that were edited, as far as their pairs tell.

    Attributes:
        grey: those that are black and white beside a copy in colour.
        outvoted: those that differ from a picture that has more to say for it: it comes from a
            camera, more copies show it, or it shows less in the places that differ, as without a
            caption.
        enlarged: those that show no more detail than a smaller copy.
    """

    grey: set[bytes]
    outvoted: set[bytes]
    enlarged: set[bytes]


def find_edits(
    members: Sequence[Member],
    pairs: Sequence[Pair],
    by_content: Mapping[bytes, Sequence[Member]],
    details: Mapping[bytes, FileDetails],
) -> Edits:
    """Find the contents that were edited.

    Args:
        members: files, each once.
        pairs: pairs of different bytes.
        by_content: the members, by content.
        details: what the files hold, by content.
    """
    grey, enlarged = set[bytes](), set[bytes]()
    same, different = list[tuple[bytes, bytes]](), list[_Difference]()
    for pair in pairs:
        one, other = members[pair.query], members[pair.target]
        contents = one.content_hash, other.content_hash
        if pair.match is None:
            same.append(contents)
        elif pair.kind == "copy" and show_the_same(pair.match):
            look = pair.match.look
            if looks_unedited(pair.match):
                same.append(contents)
            else:
                different.append(_Difference(*contents, look.added))
            if not GREY_SATURATION < look.saturation < 1 / GREY_SATURATION:
                grey.add(contents[look.saturation > 1])
            enlarged |= _enlarged(one, other, details)
    version = _versions(by_content, same)
    return Edits(grey, _outvoted(different, version, by_content, details), enlarged)


class _Difference(NamedTuple):
    """Two contents, one of them edited; how much more the first shows where they differ."""

    one: bytes
    other: bytes
    added: float


def _outvoted(
    different: Iterable[_Difference],
    version: Mapping[bytes, bytes],
    by_content: Mapping[bytes, Sequence[Member]],
    details: Mapping[bytes, FileDetails],
) -> set[bytes]:
    """Return the contents that have less to say for them than one that differs from them."""
    votes = Counter[bytes]()
    from_camera = set[bytes]()
    for content, twins in by_content.items():
        votes[version[content]] += len(twins)
        if content in details and details[content].has_camera:
            from_camera.add(version[content])
    outvoted = set[bytes]()
    for one, other, added in different:
        more = added if abs(added) > MIN_ADDED else 0.0
        weight, of_other = (
            (version[content] in from_camera, votes[version[content]], -shown)
            for content, shown in ((one, more), (other, -more))
        )
        if weight != of_other:
            outvoted.add(other if weight > of_other else one)
    return outvoted


def _enlarged(one: Member, other: Member, details: Mapping[bytes, FileDetails]) -> set[bytes]:
    """Return which of two files that show the same was enlarged from the other, if any.

    From the same detail, a larger file has a lower reach; from more of it, about the same reach.
    The limit is halfway between. Where the smaller one is not sharp either, both may come from a
    still smaller one, and nothing tells.
    """
    measured = [(m, d) for m in (one, other) if (d := details.get(m.content_hash)) and d.reach]
    if len(measured) < len((one, other)):
        return set()
    (small, of_small), (large, of_large) = sorted(measured, key=lambda item: pixels(item[0]))
    ratio, reach = _ratio(large, small), of_large.reach / of_small.reach
    if ratio > SAME_SIDE:
        repeats = ratio * of_large.distinct < REPEATS * of_small.distinct
        is_enlarged = reach < ratio**-0.5 and of_small.reach >= SHARP_REACH
        is_enlarged |= ratio > MIN_REPEATS and repeats
        return {large.content_hash} if is_enlarged else set()
    if min(reach, 1 / reach) > ENLARGED_REACH:
        return set()
    return {(large if reach < 1 else small).content_hash}


def _ratio(one: Member, other: Member) -> float:
    """Return how many times as long the sides of a picture are as another's."""
    return math.sqrt(pixels(one) / max(pixels(other), 1))


def _versions(contents: Iterable[bytes], same: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Give contents that look the same, directly or through others, one name."""
    parent = {content: content for content in contents}

    def root(content: bytes) -> bytes:
        while parent[content] != content:
            parent[content] = parent[parent[content]]
            content = parent[content]
        return content

    for one, other in same:
        parent[root(one)] = root(other)
    return {content: root(content) for content in parent}
