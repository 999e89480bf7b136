"""The rows and files among which duplicates are sought."""

from __future__ import annotations

import itertools
import os
from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..sources import is_local, stat_source
from ..storage import from_text, under_filter
from ..types import UNKNOWN, Member, Pair

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..storage import Store

_COLUMNS = ("path", "size", "mtime_ns", "content_hash", "width", "height")


def read_members(store: Store, paths: Sequence[str] = ()) -> list[Member]:
    """Read the rows at or under one of the paths, or all rows, in the order of their paths."""
    where = under_filter(*paths) if paths else None
    return sorted(
        (
            Member(from_text(path), *rest)
            for batch in store.pictures.scan(_COLUMNS, where)
            for path, *rest in zip(*(column.to_pylist() for column in batch.columns), strict=True)
        ),
        key=lambda member: member.path,
    )


def members_on_disk(
    members: Sequence[Member],
    pairs: Iterable[Pair],
    *,
    on_left_out: Callable[[str], None] = lambda _: None,
) -> tuple[list[Member], list[Pair]]:
    """Look at the files that may be in a group: those that are there, each under one name.

    Left out are files that can't be reached, that have changed since they were indexed, and that
    lie in a trash. Hard links and paths that lead to one file become one member. Members of
    archives, and what is not of this machine, count as they were indexed: to look is to read.

    Args:
        members: rows of the gallery.
        pairs: of these.
        on_left_out: told the path of every file that is not as it was indexed.

    Returns:
        the members that are left, and the pairs between them.
    """
    pairs = list(pairs)
    counts = Counter(member.content_hash for member in members)
    wanted = {content for content, count in counts.items() if count > 1}
    wanted.update(members[k].content_hash for pair in pairs for k in (pair.one, pair.other))
    files: defaultdict[Any, list[tuple[Member, int]]] = defaultdict(list)
    for member in members:
        if member.content_hash not in wanted or _in_trash(member.path):
            continue
        if not is_local(member.path):
            files[member.path].append((member, 1))
            continue
        source = stat_source(member.path)
        if (
            source is None
            or member.size not in {UNKNOWN, source.size}
            or member.mtime_ns not in {UNKNOWN, source.mtime_ns}
        ):
            on_left_out(member.path)
            continue
        status = os.stat(member.path)
        file = (status.st_dev, status.st_ino) if status.st_ino else member.path
        now = replace(member, size=source.size, mtime_ns=source.mtime_ns)
        files[file].append((now, status.st_nlink))
    left = []
    for same in files.values():
        is_link = {
            member.path: is_local(member.path) and os.path.islink(member.path) for member, _ in same
        }
        first, links = min(same, key=lambda one: (is_link[one[0].path], *by_path_length(one[0])))
        left.append(replace(first, names=max(links, len(same)) + is_link[first.path]))
    place = {member.content_hash: k for k, member in enumerate(left)}
    found = []
    for pair in pairs:
        one, other = (place.get(members[k].content_hash) for k in (pair.one, pair.other))
        if one is not None and other is not None:
            found.append(replace(pair, one=one, other=other))
    return left, found


def by_path_length(member: Member) -> tuple[int, str]:
    """Order by how short the path is."""
    return len(member.path), member.path


def _in_trash(path: str) -> bool:
    """Tell whether it lies in a trash, where it will not stay: that of the desktop, of a volume."""
    parts = path.split(os.sep)
    hidden = any(part.startswith((".Trash", "$RECYCLE")) for part in parts)
    return hidden or ("Trash", "files") in itertools.pairwise(parts)
