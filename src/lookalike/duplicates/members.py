"""The files among which duplicates are sought: rows of the gallery, checked on disk."""

from __future__ import annotations

import functools
import itertools
import os
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..sources import is_local, is_under, stat_source
from ..storage import from_text, under_filter
from ..types import UNKNOWN
from .freedesktop_trash import has_freedesktop_trash, home_trash
from .shots import are_one_shot, with_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..storage import Store
    from .pairs import Pair

_TRASH_FOLDERS = (".trash", "$recycle", "#recycle", "@recycle", ".recycle")
_COLUMNS = ("path", "size", "mtime_ns", "content_hash", "width", "height")


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a group of duplicates.

    Attributes:
        path: absolute path.
        size: bytes.
        mtime_ns: time of the last change, nanoseconds since the epoch.
        content_hash: the first 16 bytes of the SHA-256 of the file's bytes.
        width: pixels, upright.
        height: pixels, upright.
        names: the number of its known names: hard links, symbolic links, other paths.
        parts: the names of the files beside it that are one shot with it: its raw file, the video
            of a Live Photo, a sidecar.

    Example:
        >>> import shutil
        >>> from lookalike import Gallery
        >>> _ = shutil.copy("photos/leopards/image_0002.jpg", "photos/copy.jpg")
        >>> gallery = Gallery.open("gallery")
        >>> _ = gallery.index("photos")
        >>> group = gallery.duplicates()[0]
        >>> group.kept.size == group.others[0].member.size
        True
    """

    path: str
    size: int
    mtime_ns: int
    content_hash: bytes
    width: int
    height: int
    names: int = 1
    parts: tuple[str, ...] = ()


def read_members(store: Store, paths: Sequence[str] = ()) -> list[Member]:
    """Read the rows at or under one of the paths, or all rows, ordered by path."""
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
    """Check the files that may be in a group, and merge the names of each file.

    Left out are files that can't be reached, that have changed since they were indexed, or whose
    real path is in a trash. Hard links and paths to the same file become one member; a symbolic
    link is none. Members of archives, and files that are not on this machine, count as they were
    indexed: to check them is to read them. A raw file and its JPEG are no pair.

    Args:
        members: rows of the gallery.
        pairs: pairs of `members`.
        on_left_out: called with the path of every file that is not as it was indexed.

    Returns:
        the members that remain, and the pairs between them.
    """
    pairs = list(pairs)
    counts = Counter(member.content_hash for member in members)
    candidates = {content for content, count in counts.items() if count > 1}
    candidates.update(members[k].content_hash for pair in pairs for k in (pair.query, pair.target))
    files: defaultdict[Any, list[tuple[Member, int]]] = defaultdict(list)
    in_trash = functools.cache(_is_in_trash)
    for member in members:
        if member.content_hash not in candidates:
            continue
        if not is_local(member.path):
            files[member.path].append((member, 1))
            continue
        if in_trash(os.path.dirname(member.path)):
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
        current = replace(member, size=source.size, mtime_ns=source.mtime_ns)
        files[file].append((current, status.st_nlink))
    remaining = with_parts(filter(None, map(_merge_names, files.values())))
    of_content = defaultdict[bytes, list[int]](list)
    for k, member in enumerate(remaining):
        of_content[member.content_hash].append(k)
    remaining_pairs = []
    for pair in pairs:
        both = [of_content[members[k].content_hash] for k in (pair.query, pair.target)]
        queries, targets = ([remaining[k].path for k in files] for files in both)
        if queries and targets and not are_one_shot(queries, targets):
            remaining_pairs.append(replace(pair, query=both[0][0], target=both[1][0]))
    return remaining, remaining_pairs


def by_path_length(member: Member) -> tuple[int, str]:
    """Sort key: the shortest path first."""
    return len(member.path), member.path


def _merge_names(names: Sequence[tuple[Member, int]]) -> Member | None:
    """Merge the names of one file, each with its number of hard links; None if all are links."""
    files = [
        (member, links)
        for member, links in names
        if not (is_local(member.path) and os.path.islink(member.path))
    ]
    if not files:
        return None
    member, links = min(files, key=lambda name: by_path_length(name[0]))
    return replace(member, names=max(links, len(names)))


def _is_in_trash(folder: str) -> bool:
    """Check whether a folder, or what it leads to, is in a trash."""
    real = os.path.realpath(folder)
    for path in (folder, real):
        parts = [part.casefold() for part in path.split(os.sep)]
        if any(part.startswith(_TRASH_FOLDERS) for part in parts):
            return True
        if ("trash", "files") in itertools.pairwise(parts):
            return True
    return has_freedesktop_trash() and is_under(real, os.path.realpath(home_trash()))
