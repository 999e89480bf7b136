"""Groups of duplicates over a whole gallery: each file is matched with the original of its group.

Chains are not followed: two pictures that are both similar to a third need not be similar to each
other.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ..copies import FULL_OVERLAP, changes, inverse
from ..sources import is_local
from .check import judge
from .edited import pixels, show_the_same
from .keep_rules import KeepRules
from .verdicts import NO_VERDICT, STAYS, Verdict
from .which_to_keep import Ranking

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..types import Match
    from .details import FileDetails
    from .members import Member
    from .pairs import Pair

LARGER = 1.05  # times as long a side of what two pictures share
_WHOLE, _PART, _NEAR = range(3)  # the strength of a pair


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A file of a group, other than the original.

    Attributes:
        member: the file.
        kind: `exact` (the original's bytes or pixels), `copy` or `near`.
        changes: how it differs from the original, in words; empty if it was only re-saved.
        match: how it lies over the original; None for `exact`.
        same_bytes: whether its bytes are the original's.
        is_protected: whether it is in a folder that people protect.
        verdict: what may happen to it; `unchecked` before `Gallery.check_duplicates`.

    Example:
        >>> from PIL import Image
        >>> from lookalike import Gallery
        >>> Image.open("query.jpg").save("photos/original.png")
        >>> Image.open("query.jpg").reduce(2).save("photos/small.png")
        >>> gallery = Gallery.open("gallery")
        >>> _ = gallery.index("photos")
        >>> (group,) = gallery.duplicates()
        >>> duplicate = group.others[0]
        >>> duplicate.kind, duplicate.how
        ('copy', 'reduced to 50%')
    """

    member: Member
    kind: str
    changes: tuple[str, ...] = ()
    match: Match | None = None
    same_bytes: bool = False
    is_protected: bool = False
    verdict: Verdict = NO_VERDICT

    @property
    def how(self) -> str:
        """How it differs from the original, as one clause."""
        if self.kind == "exact":
            return "identical bytes" if self.same_bytes else "identical pixels"
        return ", ".join(self.changes) or ("re-saved" if self.kind == "copy" else "another shot")

    @property
    def bytes_freed(self) -> int:
        """The space that removing it may free: none if it is known to stay."""
        return 0 if self.state == STAYS else self.member.size

    @property
    def state(self) -> str:
        """What may happen to it: `goes`, `stays`, or `unchecked`."""
        return STAYS if self.stays else self.verdict.state

    @property
    def stays(self) -> str:
        """Why it stays, as one clause; empty if it goes, or is unchecked."""
        return self.objection or self.verdict.reason

    @property
    def objection(self) -> str:
        """Why it stays whatever the other files hold, as one clause; empty if it may go."""
        if self.is_protected:
            return "it is in a protected folder"
        if not is_local(self.member.path):
            return "it is in an archive, or not on this machine"
        if self.kind == "near":
            return "it is another picture of the same thing"
        if self.member.names > 1:
            return f"its file has {self.member.names} names, so removing one frees no space"
        return ""

    @property
    def lacks_overlap(self) -> str:
        """Why the original can't hold all of it, by how the two overlap; empty if it may."""
        if self.match and self.match.query_overlap < FULL_OVERLAP:
            return "it shows more than the original"
        if self.match and self.match.target_overlap < FULL_OVERLAP:
            return "it is a crop of the original"
        return ""


@dataclass(frozen=True, slots=True)
class Group:
    """Files that show the same picture.

    Attributes:
        kind: `exact` if all have the same bytes or pixels, `near` if any is only near, else `copy`.
        kept: the original: the best file to keep.
        why: why it is the best, as one clause: `the largest: 4000 x 3000 pixels`.
        others: all other files: those that show all of it, then its parts and what it is a part
            of, then those that are only near; each the best first.

    Example:
        >>> import shutil
        >>> from lookalike import Gallery
        >>> _ = shutil.copy("photos/sunflower/image_0001.jpg", "photos/copy of sunflower.jpg")
        >>> gallery = Gallery.open("gallery")
        >>> _ = gallery.index("photos")
        >>> for group in gallery.duplicates():
        ...     print(group.kind, [other.member.path for other in group.others])
        exact ['...copy of sunflower.jpg']
    """

    kind: str
    kept: Member
    why: str
    others: tuple[Duplicate, ...]

    @property
    def bytes_freed(self) -> int:
        """The space that removing all that is not known to stay frees."""
        return sum(other.bytes_freed for other in self.others)

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "kind": self.kind,
            "kept": _file(self.kept),
            "why": self.why,
            "others": [
                {
                    **_file(other.member),
                    "kind": other.kind,
                    "changes": list(other.changes),
                    "confidence": other.match.confidence if other.match else 1.0,
                    "overlap": other.match.query_overlap if other.match else 1.0,
                    "kept_overlap": other.match.target_overlap if other.match else 1.0,
                    "bytes_freed": other.bytes_freed,
                    "state": other.state,
                    "reason": other.stays,
                    "holder": other.verdict.holder,
                }
                for other in self.others
            ],
            "bytes_freed": self.bytes_freed,
        }


class _Links(NamedTuple):
    """Pairs of one strength, between contents numbered from the best.

    Attributes:
        worse: of each content, the contents that are worse, and how they lie over it.
        better: of each content, the contents that are better, and how they lie over it.
    """

    worse: defaultdict[int, dict[int, Match | None]]
    better: defaultdict[int, dict[int, Match | None]]


class _Link(NamedTuple):
    """A content of a group, other than the original's; no match if the pixels are equal."""

    content: int
    kind: str
    match: Match | None


def group_members(
    members: Sequence[Member],
    pairs: Sequence[Pair],
    details: Mapping[bytes, FileDetails] | None = None,
    rules: KeepRules | None = None,
) -> list[Group]:
    """Group members around their originals; every other member is matched with its original.

    Members of the same bytes are copies of each other without a pair. First, the best contents (see
    `Ranking`) take the copies that show all of them and nothing more. Then each remaining content
    joins a group that it shows a part of, or that shows a part of it, or another remaining content;
    of these two the original is the one that shows their common part larger. Last come pictures
    that are only near. A member is in at most one group.

    Args:
        members: files, each once.
        pairs: pairs of different bytes; one member of each content represents the others.
        details: what the files hold, by content.
        rules: which of several files to keep.

    Returns:
        the groups of at least two members, those that free most space first.
    """
    rules = rules or KeepRules()
    ranking = Ranking(members, pairs, details, rules)
    contents = ranking.contents
    links = _assign(contents, _link(ranking, members, pairs))
    taken = {link.content for of_original in links.values() for link in of_original}
    groups = []
    for n, (kept, *twins) in enumerate(contents):
        others = [
            Duplicate(twin, "exact", same_bytes=True, is_protected=rules.protects(twin))
            for twin in twins
        ]
        for content, kind, match in links[n]:
            edits = tuple(changes(match)) if match else ()
            others += [
                Duplicate(member, kind, edits, match, is_protected=rules.protects(member))
                for member in contents[content]
            ]
        if others and n not in taken:
            kinds = {other.kind for other in others}
            kind = next(kind for kind in ("near", "copy", "exact") if kind in kinds)
            group = Group(kind, kept, ranking.why_kept(kept, others), tuple(others))
            groups.append(judge(group, lambda _holder, _other: None))
    return sorted(groups, key=lambda group: (-group.bytes_freed, group.kept.path))


def protect(groups: Iterable[Group], rules: KeepRules) -> list[Group]:
    """Return groups in which all files stay that the rules protect, whenever they were made."""
    return [
        replace(
            group,
            others=tuple(
                replace(other, is_protected=other.is_protected or rules.protects(other.member))
                for other in group.others
            ),
        )
        for group in groups
    ]


def _link(ranking: Ranking, members: Sequence[Member], pairs: Sequence[Pair]) -> list[_Links]:
    """Sort pairs by strength, and by which of the two is better."""
    contents = ranking.contents
    number = {twins[0].content_hash: n for n, twins in enumerate(contents)}
    links = [_Links(defaultdict(dict), defaultdict(dict)) for _ in (_WHOLE, _PART, _NEAR)]
    for pair in pairs:
        worse, better = (number[members[k].content_hash] for k in (pair.query, pair.target))
        if worse == better:
            continue
        strength, match = _strength(pair), pair.match
        is_worse = better < worse
        if match and strength == _PART:
            area, better_area = (pixels(contents[n][0]) for n in (worse, better))
            is_worse = _shows_less(match, area, better_area, otherwise=is_worse)
        if not is_worse:
            worse, better, match = better, worse, match and inverse(match)
        links[strength].worse[better][worse] = match
        links[strength].better[worse][better] = match and inverse(match)
    return links


def _shows_less(match: Match, query_area: int, target_area: int, *, otherwise: bool) -> bool:
    """Check whether the query shows the part that both show smaller, or is a crop of the target.

    A page is larger than a picture on it, but shows it smaller.
    """
    ratio = query_area * match.query_overlap / max(target_area * match.target_overlap, 1e-9)
    if not 1 / LARGER**2 < ratio < LARGER**2:
        return ratio < 1
    is_crop, is_whole = match.query_overlap >= FULL_OVERLAP, match.target_overlap >= FULL_OVERLAP
    return is_crop if is_crop != is_whole else otherwise


def _assign(
    contents: Sequence[Sequence[Member]], links: Sequence[_Links]
) -> defaultdict[int, list[_Link]]:
    """Assign contents to originals, the strongest links and the best originals first."""
    assigned: defaultdict[int, list[_Link]] = defaultdict(list)
    taken = set[int]()

    def is_group(n: int) -> bool:
        return n in assigned or len(contents[n]) > 1

    for strength, (worse, better) in enumerate(links):
        order = sorted(worse.keys() | better.keys())
        if strength != _WHOLE:
            order.sort(key=lambda n: (not is_group(n), len(better.get(n, ())), n))
        for original in order:
            linked = dict(worse.get(original, {}))
            if strength != _WHOLE and is_group(original):
                linked |= better.get(original, {})
            for content, match in sorted(linked.items(), key=lambda item: item[0]):
                is_free = content not in taken and (strength == _WHOLE or not is_group(content))
                if original not in taken and is_free:
                    kind = "near" if strength == _NEAR else "copy" if match else "exact"
                    assigned[original].append(_Link(content, kind, match))
                    taken.add(content)
    return assigned


def _strength(pair: Pair) -> int:
    if pair.kind == "near":
        return _NEAR
    return _WHOLE if pair.match is None or show_the_same(pair.match) else _PART


def _file(member: Member) -> dict[str, Any]:
    names = ("path", "size", "width", "height", "mtime_ns")
    return {name: getattr(member, name) for name in names}
