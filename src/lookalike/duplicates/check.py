"""Decides which duplicates may go, before any is offered.

The others of a group are judged from the best to the worst. A file goes if one of the files that
stay holds all that it holds; if none does, it stays, and may hold what a worse one has.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ..errors import PictureError
from ..sources import content_hash, is_local, map_ahead, read
from ..types import Source
from .freedesktop_trash import has_freedesktop_trash
from .holds import what_is_lost
from .shots import left_alone
from .verdicts import GOES, STAYS, UNCHECKED, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .groups import Duplicate, Group
    from .members import Member
    from .verdicts import VerdictCache

    # What a file holds that one which stays does not: a clause, empty for nothing, None if unknown.
    Compare = Callable[[Member, Member], str | None]

MAX_HOLDERS = 4  # other files than the original that a file is compared with in full
MAX_ASPECT_DIFFERENCE = 0.02  # of the whole frame after rounding; more is a crop
MAX_THREADS = 8
SAVE_SECONDS = 60.0  # of checking that a killed process loses
STAGE = "Checking files"


def check_groups(
    groups: Sequence[Group],
    cache: VerdictCache,
    *,
    on_progress: Callable[[str, int, int], None] = lambda _stage, _done, _of: None,
) -> list[Group]:
    """Return groups with a verdict on each duplicate; pairs of unknown contents are read in full.

    Args:
        groups: of `find_duplicates`.
        cache: what was compared before; saved even if the check is stopped.
        on_progress: called in this thread with the stage, the files checked, and all.
    """
    total = sum(len(group.others) for group in groups)
    pairs = list(_unknown_pairs(groups, cache))
    threads = min(os.cpu_count() or 1, MAX_THREADS)
    saved_at = time.monotonic()
    try:
        for done, _ in enumerate(map_ahead(partial(_compare_pair, cache), pairs, threads), 1):
            on_progress(STAGE, total - len(pairs) + done, total)
            if time.monotonic() - saved_at > SAVE_SECONDS:
                cache.save()
                saved_at = time.monotonic()
        return [judge(group, partial(compare, cache=cache), is_check=True) for group in groups]
    finally:
        cache.save()


def known_verdicts(groups: Sequence[Group], cache: VerdictCache) -> list[Group]:
    """Return groups with the verdicts that follow from the cache; no picture is read."""
    return [judge(group, partial(_known, cache=cache)) for group in groups]


def judge(group: Group, compare: Compare, *, is_check: bool = False) -> Group:
    """Return a group with a verdict on each duplicate.

    Args:
        group: its others are ordered from the best to the worst.
        compare: see `Compare`.
        is_check: whether to ask the disk, too, if each file could be moved.
    """
    staying = [group.kept]
    unchecked: list[Member] = []
    others: list[Duplicate] = []
    for other in group.others:
        member = other.member
        reason = other.objection or (_unmovable(member.path) if is_check else "")
        verdict = Verdict(STAYS, reason)
        if not reason:
            verdict = _verdict(other, staying, compare)
            # One that is unchecked may stay, and hold all of this one.
            if verdict.state == STAYS and next(_holders(member, [group.kept, *unchecked], 1), None):
                verdict = Verdict()
        others.append(replace(other, verdict=verdict))
        if verdict.state == UNCHECKED:
            unchecked.append(member)
        elif verdict.state == STAYS and other.kind != "near":
            staying.append(member)
    return replace(group, others=tuple(others))


def compare(holder: Member, other: Member, *, cache: VerdictCache) -> str:
    """Say what a file holds that another does not; both are read in full if that is unknown."""
    lost = _known(holder, other, cache=cache)
    if lost is not None:
        return lost
    try:
        of_holder = read_unchanged(holder)
    except (OSError, PictureError, MemoryError) as error:
        return f"the kept file can't be checked: {reason_of(error)}"
    try:
        of_other = read_unchanged(other)
        if os.path.samefile(holder.path, other.path):
            return "it is the same file as the kept one"
        lost = what_is_lost(of_holder, of_other)
    except (OSError, PictureError, MemoryError) as error:
        return f"it can't be checked: {reason_of(error)}"
    cache.put(holder.content_hash, other.content_hash, lost)
    return lost or left_alone(holder, other)


def read_unchanged(member: Member) -> bytes:
    """Read a file, and check that its content is still the one indexed.

    Raises:
        PictureError: the content has changed.
        OSError: it can't be read.
    """
    data = read(Source(member.path, member.size, member.mtime_ns))
    if content_hash(data) != member.content_hash:
        raise PictureError("the file has changed since it was indexed")
    return data


def reason_of(error: Exception) -> str:
    """Return what went wrong, as one clause."""
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__


def _known(holder: Member, other: Member, *, cache: VerdictCache) -> str | None:
    if not is_local(holder.path):
        return "the kept file is in an archive, or not on this machine"
    lost = cache.get(holder.content_hash, other.content_hash)
    return left_alone(holder, other) if lost == "" else lost


def _verdict(other: Duplicate, staying: Sequence[Member], compare: Compare) -> Verdict:
    original, member = staying[0], other.member
    lost: str | None = other.lacks_overlap or compare(original, member)
    if lost == "":
        return Verdict(GOES, holder=original.path)
    results = [lost]
    for holder in _holders(member, staying, MAX_HOLDERS):
        results.append(compare(holder, member))
        if results[-1] == "":
            return Verdict(GOES, holder=holder.path)
    return Verdict() if None in results else Verdict(STAYS, lost or "")


def _holders(other: Member, staying: Sequence[Member], most: int) -> Iterator[Member]:
    """List files, besides the original, that may hold all that another holds: the nearest first.

    Args:
        other: the file.
        staying: those that stay, the original first.
        most: how many, at most, besides one of the same bytes.
    """
    contents = {staying[0].content_hash}
    for holder in reversed(staying[1:]):
        is_same = holder.content_hash == other.content_hash
        is_new = holder.content_hash not in contents
        if is_new and (is_same or (len(contents) <= most and _may_hold(holder, other))):
            contents.add(holder.content_hash)
            yield holder


def _may_hold(holder: Member, other: Member) -> bool:
    """Check by the sizes whether a picture may show the whole frame of another, as large."""
    if holder.width < other.width or holder.height < other.height:
        return False
    aspect, of_other = (member.width / max(member.height, 1) for member in (holder, other))
    return abs(aspect / max(of_other, 1e-9) - 1) < MAX_ASPECT_DIFFERENCE


def _unknown_pairs(groups: Sequence[Group], cache: VerdictCache) -> Iterator[tuple[Member, Member]]:
    """List originals with duplicates whose contents were never compared."""
    for group in groups:
        for other in group.others:
            is_open = not other.objection and not other.lacks_overlap
            if is_open and _known(group.kept, other.member, cache=cache) is None:
                yield group.kept, other.member


def _compare_pair(cache: VerdictCache, pair: tuple[Member, Member]) -> None:
    compare(*pair, cache=cache)


def _unmovable(path: str) -> str:
    """Say why the system would not move a file; empty if it may."""
    if not os.path.exists(path):
        return ""  # the comparison says so
    if not os.access(os.path.dirname(path), os.W_OK):
        return "its folder is read-only"
    is_refused = has_freedesktop_trash() and not os.access(path, os.W_OK)
    return "the file is read-only" if is_refused else ""
