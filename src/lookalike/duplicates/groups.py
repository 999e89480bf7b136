"""Groups of copies over a whole gallery: stars, each round the best original.

Chains are not followed: a middle picture that is like two others does not make those two alike. So
every member of a group is matched with the one that is kept.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ..copies import WHOLE, changes, inverse
from ..errors import ArgumentError, GalleryNotFoundError
from ..sources import is_local, is_under
from .members import by_name, on_disk, read_members
from .pairs import find_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..storage import Store
    from ..types import Match, Member, Pair

KINDS = ("exact", "copies", "near")
SURE = 0.95  # confidence from which a copy may go to the trash
ALIKE = 0.99  # agreement of pixels: saved anew it is above, with a caption over it mostly below
LARGER = 1.05  # times as many pixels on a side of what two pictures share
_WHOLE, _PART, _NEAR = range(3)  # how strong a pair is


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A member of a group beside the one that is kept.

    Attributes:
        member: the file.
        kind: `exact` (of the kept one's bytes), `copy` or `near`.
        changes: how it was made from the kept one, in words; empty where it was only saved anew.
        match: how it lies in the kept one; None for `exact`.
    """

    member: Member
    kind: str
    changes: tuple[str, ...] = ()
    match: Match | None = None

    @property
    def how(self) -> str:
        """How it was made from the kept one, as one clause."""
        if self.kind == "exact":
            return "the same bytes"
        return ", ".join(self.changes) or ("saved anew" if self.kind == "copy" else "another shot")

    @property
    def bytes_freed(self) -> int:
        """What removing it frees: nothing where it has other names, or is no file by itself."""
        is_file = self.member.names == 1 and is_local(self.member.path)
        return self.member.size if is_file else 0

    @property
    def stays(self) -> str:  # noqa: PLR0911  each reason is one
        """Why it never goes to the trash; empty where it may."""
        if not is_local(self.member.path):
            return "it lies in an archive, or not on this machine"
        if self.kind == "near":
            return "it is another picture of the same thing"
        if self.match and self.match.query_overlap < WHOLE:
            return "it holds more than the kept one shows"
        if self.match and self.match.target_overlap < WHOLE:
            return "it is a part of the kept one"
        if self.match and self.match.confidence < SURE:
            return f"it is not sure enough that it is a copy ({self.match.confidence:.2f})"
        if self.member.names > 1:
            return f"its file has {self.member.names} names, so that nothing would be freed"
        return ""


@dataclass(frozen=True, slots=True)
class Group:
    """Files that show the same picture.

    Attributes:
        kind: `exact` if all are of the same bytes, `near` if one of them is only near, else `copy`.
        kept: the best original.
        why: why it is, as one clause: `the largest: 4000 x 3000 pixels`.
        others: all but the kept one, the best first.
    """

    kind: str
    kept: Member
    why: str
    others: tuple[Duplicate, ...]

    @property
    def bytes_freed(self) -> int:
        """What removing all but the kept one frees."""
        return sum(other.bytes_freed for other in self.others)

    def as_json(self) -> dict[str, Any]:
        """Give everything as JSON values."""
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
                    "stays": other.stays,
                }
                for other in self.others
            ],
            "bytes_freed": self.bytes_freed,
        }


class _Stars(NamedTuple):
    """Pairs of one strength: by the one content, the others, and how they lie in it."""

    better: defaultdict[int, dict[int, Match]]
    worse: defaultdict[int, dict[int, Match]]


class _Ray(NamedTuple):
    """What joins a content to a group."""

    other: int
    kind: str
    match: Match


def find_duplicates(
    store: Store,
    paths: Sequence[str] = (),
    *,
    kind: str = "copies",
    on_progress: Callable[[str, int, int], None] = lambda _stage, _done, _of: None,
    on_left_out: Callable[[str], None] = lambda _: None,
) -> list[Group]:
    """Find the groups among a gallery's rows; see `Gallery.duplicates`."""
    if kind not in KINDS:
        raise ArgumentError(f"There is no kind {kind!r} of duplicates; ask for {', '.join(KINDS)}.")
    members = read_members(store, paths)
    if not members and not paths:
        raise GalleryNotFoundError(
            f"{store.folder} has no pictures yet; add some with: lookalike index FOLDER"
        )
    for path in paths:
        if not any(is_under(member.path, path) for member in members):
            raise ArgumentError(
                f"The gallery has no picture at or under {path}; see its roots with: lookalike info"
            )
    pairs: Iterable[Pair] = ()
    if kind != "exact":
        if not store.fingerprints.table.count():
            raise ArgumentError(
                "This gallery has no fingerprints, by which copies are proved; make them with: "
                "lookalike index --copies FOLDER, or ask for --kind exact."
            )
        pairs = find_pairs(store, members, near=kind == "near", on_progress=on_progress)
    return group(*on_disk(members, pairs, on_left_out=on_left_out))


def group(members: Sequence[Member], pairs: Iterable[Pair]) -> list[Group]:
    """Gather members into groups, each round its best original, which all others are matched with.

    Members of the same bytes are copies of each other without a pair. Pictures that cover each
    other wholly come together first, the best original taking its copies: the one of most pixels;
    of equals the one that most are like, so that one with a caption does not stand for those
    without; then the one of most bytes; then the oldest. What is left alone then joins a group that
    it shows a part of, or that shows a part of it, or another one that is alone; of two that are
    alone the one counts as the original that shows larger what they share. At last come pictures
    that are only near. A member is in one group at most.

    Args:
        members: files, each once.
        pairs: of different bytes; one of a content's members stands for all of them.

    Returns:
        the groups of two members and more, those that free most first.
    """
    pairs = list(pairs)
    contents = _contents(members, pairs)
    rays = _joined(contents, _stars(contents, members, pairs))
    taken = {ray.other for found in rays.values() for ray in found}
    found = []
    for n, (kept, *twins) in enumerate(contents):
        others = [Duplicate(twin, "exact") for twin in twins]
        for other, kind, match in rays[n]:
            said = tuple(changes(match))
            others += [Duplicate(member, kind, said, match) for member in contents[other]]
        if others and n not in taken:
            kinds = {other.kind for other in others}
            kind = next(kind for kind in ("near", "copy", "exact") if kind in kinds)
            found.append(Group(kind, kept, _why(kept, others), tuple(others)))
    return sorted(found, key=lambda one: (-one.bytes_freed, one.kept.path))


def _stars(
    contents: Sequence[Sequence[Member]], members: Sequence[Member], pairs: Iterable[Pair]
) -> list[_Stars]:
    """Sort pairs by strength."""
    place = {same[0].content_hash: n for n, same in enumerate(contents)}
    stars = [_Stars(defaultdict(dict), defaultdict(dict)) for _ in (_WHOLE, _PART, _NEAR)]
    for pair in pairs:
        one, other = (place[members[k].content_hash] for k in (pair.one, pair.other))
        if one == other:
            continue
        strength, match = _strength(pair), pair.match
        of_one, of_other = (float(_pixels(contents[k][0])) for k in (one, other))
        if strength == _PART:  # a page is larger than what is pasted into it, but shows it smaller
            of_one, of_other = of_one * match.query_overlap, of_other * match.target_overlap
        ratio = of_one / max(of_other, 1)
        is_as_large = strength != _PART or 1 / LARGER**2 < ratio < LARGER**2
        if one < other if is_as_large else ratio > 1:
            one, other, match = other, one, inverse(match)
        stars[strength].better[other][one] = match
        stars[strength].worse[one][other] = inverse(match)
    return stars


def _joined(
    contents: Sequence[Sequence[Member]], stars: Sequence[_Stars]
) -> defaultdict[int, list[_Ray]]:
    """Let the best contents take those matched with them, the strongest pairs first."""
    rays: defaultdict[int, list[_Ray]] = defaultdict(list)
    taken = set[int]()

    def is_group(n: int) -> bool:
        return n in rays or len(contents[n]) > 1

    for strength, (better, worse) in enumerate(stars):
        order = sorted(better.keys() | worse.keys())
        if strength != _WHOLE:
            order.sort(key=lambda n: (not is_group(n), len(worse.get(n, ())), n))
        for head in order:
            near = dict(better.get(head, {}))
            if strength != _WHOLE and is_group(head):
                near |= worse.get(head, {})
            for other, match in sorted(near.items(), key=lambda item: item[0]):
                is_free = other not in taken and (strength == _WHOLE or not is_group(other))
                if head not in taken and is_free:
                    kind = "near" if strength == _NEAR else "copy"
                    rays[head].append(_Ray(other, kind, match))
                    taken.add(other)
    return rays


def _contents(members: Sequence[Member], pairs: Iterable[Pair]) -> list[list[Member]]:
    """Bring members of the same bytes together, the oldest first; the best contents first."""
    by_content: defaultdict[bytes, list[Member]] = defaultdict(list)
    for member in members:
        by_content[member.content_hash].append(member)
    alike = Counter({content: len(same) for content, same in by_content.items()})
    for pair in pairs:
        one, other = members[pair.one], members[pair.other]
        is_alike = _strength(pair) == _WHOLE and pair.match.agreement >= ALIKE
        if is_alike and _pixels(one) == _pixels(other):
            alike[one.content_hash] += len(by_content[other.content_hash])
            alike[other.content_hash] += len(by_content[one.content_hash])

    def by_quality(same: list[Member]) -> tuple[int, int, int, int, int, str]:
        best = same[0]
        return -_pixels(best), -alike[best.content_hash], -best.size, *_by_age(best)

    return sorted((sorted(same, key=_by_age) for same in by_content.values()), key=by_quality)


def _by_age(member: Member) -> tuple[int, int, str]:
    return member.mtime_ns, *by_name(member)


def _pixels(member: Member) -> int:
    return member.width * member.height


def _strength(pair: Pair) -> int:
    if pair.kind == "near":
        return _NEAR
    return _WHOLE if _is_whole(pair.match) else _PART


def _is_whole(match: Match) -> bool:
    """Tell whether each picture shows all of the other."""
    return min(match.query_overlap, match.target_overlap) >= WHOLE


def _why(kept: Member, others: Sequence[Duplicate]) -> str:
    """Say in one clause what makes the kept one the best."""
    twins = [other.member for other in others if other.kind == "exact"]
    copies = [d.member for d in others if d.kind == "copy" and d.match and _is_whole(d.match)]
    parts = [d.match for d in others if d.kind == "copy" and d.match and not _is_whole(d.match)]
    if copies or not (twins or parts):
        return _why_best(kept, copies or [other.member for other in others])
    if twins:
        return _why_oldest(kept, twins)
    if all(part.query_overlap >= WHOLE for part in parts):
        return "the whole of what is cut out in the others"
    return "the one that shows largest what they share"


def _why_best(kept: Member, others: Sequence[Member]) -> str:
    most = max(map(_pixels, others))
    if _pixels(kept) > most:
        return f"the largest: {kept.width} x {kept.height} pixels"
    same = [member for member in others if _pixels(member) == most]
    largest = max(member.size for member in same)
    if kept.size > largest:
        return f"the least compressed of its size: {kept.size:,} bytes, the next {largest:,}"
    if kept.size < largest:
        return "the one of its size that most others are like"
    return _why_oldest(kept, [member for member in same if member.size == largest])


def _why_oldest(kept: Member, others: Sequence[Member]) -> str:
    if kept.mtime_ns < min(member.mtime_ns for member in others):
        return "the oldest"
    return "as good and as old as the others; its path is the shortest"


def _file(member: Member) -> dict[str, Any]:
    names = ("path", "size", "width", "height", "mtime_ns")
    return {name: getattr(member, name) for name in names}
