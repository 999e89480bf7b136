"""Listing pictures: every file at or below an address, with the members of archives."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..errors import PictureError
from ..types import Refusal, Source
from . import archives, folders, lists, object_stores
from .addresses import (
    WEB,
    is_archive,
    is_list,
    is_local,
    is_under,
    name_of,
    scheme_of,
    split_member,
)
from .read import chunk_reader, remember_archive, stat_file

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    """The options of `walk`."""

    exclude: Collection[str]
    include_hidden: bool
    skip: Collection[str]
    on_unreadable: Callable[[Refusal], None]
    open_archives: bool
    private: bool | None
    column: str | None
    unchanged: Collection[Source]
    on_archive: Callable[[Source], None]

    def excludes(self, path: str) -> bool:
        """Check whether a path below the root, or a member's name, is left out."""
        return folders.is_left_out(path, exclude=self.exclude, include_hidden=self.include_hidden)


def walk(  # noqa: PLR0913  each is an option of its own to callers
    root: str,
    *,
    exclude: Collection[str] = (),
    include_hidden: bool = False,
    skip: Collection[str] = (),
    on_unreadable: Callable[[Refusal], None] = lambda _: None,
    open_archives: bool = False,
    private: bool | None = None,
    column: str | None = None,
    unchanged: Collection[Source] = frozenset(),
    on_archive: Callable[[Source], None] = lambda _: None,
) -> Iterator[Source]:
    """List the pictures at or below an address: a folder, bucket, URL, archive, list or one file.

    Folders are listed in sorted order. Links to folders are followed after everything else, and no
    folder is entered twice, so that loops end and a picture is listed under its real path where it
    has one. Outside of local folders only files with a picture's name are listed.

    Args:
        root: absolute path or URL.
        exclude: glob patterns, matched with a file's or folder's name and with its path below
            `root` (`/` between the parts).
        include_hidden: whether to list names that begin with a dot. `._*` (macOS resource forks)
            and `folders.SKIPPED_FOLDERS` are always left out.
        skip: folders (absolute paths) to leave out, such as the gallery's own.
        on_unreadable: called with every folder, archive or row of a list that can't be listed.
        open_archives: whether to list the members of archives found in folders and buckets, too.
        private: whether URLs may lead into a private network; by default `root` may, but not the
            URLs in a list.
        column: the column of a list that holds the addresses; by default `path`, `url`...
        unchanged: archives that earlier calls passed to `on_archive`. They are not opened again,
            and each is listed as one source.
        on_archive: called with every archive that was listed to its end, as a source of its own.

    Example:
        >>> from pathlib import Path
        >>> found = list(walk(str(Path("photos").resolve()), exclude=["motorbikes"]))
        >>> len(found), Path(found[0].path).suffix
        (20, '.jpg')
    """
    options = _Options(
        exclude=exclude,
        include_hidden=include_hidden,
        skip=skip,
        on_unreadable=on_unreadable,
        open_archives=open_archives,
        private=private,
        column=column,
        unchanged=unchanged,
        on_archive=on_archive,
    )
    for source in _files(root, options):
        is_named = source.path == split_member(root)[0] or is_list(root)
        if is_archive(source.path) and (open_archives or is_named):
            yield from _members(source, root, options)
        elif is_local(source.path) or not options.excludes(name_of(source.path)):
            yield source


def _members(archive: Source, root: str, options: _Options) -> Iterator[Source]:
    """List an archive's members at or below `root`."""
    whole = Source(f"{archive.path}!/", archive.size, archive.mtime_ns)
    if whole in options.unchanged:
        yield whole
        return
    is_root_whole = not split_member(root)[1]
    is_complete = is_root_whole
    try:
        remember_archive(archive)
        for found in archives.members(archive, chunk_reader(archive)):
            member = replace(found, private=archive.private)
            name = split_member(member.path)[1]
            if not member.objection and options.excludes(name):
                # Other options may let it in next time, unless it is always left out.
                is_complete &= folders.is_left_out(name, exclude=(), include_hidden=True)
            elif is_root_whole or is_under(member.path, root):
                yield member
        if is_complete:
            options.on_archive(whole)
    except (OSError, PictureError) as error:
        options.on_unreadable(_refusal(archive.path, error))


def _files(root: str, options: _Options) -> Iterator[Source]:
    """List the files at or below an address, with archives closed."""
    may_be_private = options.private is None or options.private
    try:
        if split_member(root)[1]:
            yield stat_file(split_member(root)[0], private=may_be_private)
        elif is_local(root) and not (is_list(root) and os.path.isfile(root)):
            yield from folders.walk(
                root,
                exclude=options.exclude,
                include_hidden=options.include_hidden,
                skip=options.skip,
                on_unreadable=options.on_unreadable,
            )
        elif is_list(root):
            source = stat_file(root, private=may_be_private)
            yield from lists.walk(
                source,
                chunk_reader(source),
                stat=functools.partial(stat_file, private=bool(options.private)),
                column=options.column,
                on_unreadable=options.on_unreadable,
            )
        elif scheme_of(root) in WEB:
            yield stat_file(root, private=may_be_private)
        else:
            yield from _objects(root, all_names=options.open_archives)
    except (OSError, PictureError) as error:
        options.on_unreadable(_refusal(root, error))


def _objects(root: str, *, all_names: bool) -> Iterator[Source]:
    """List the objects below a prefix, or the one object of this name."""
    is_empty = True
    if not is_archive(root):
        for source in object_stores.walk(root, all_names=all_names):
            is_empty = False
            yield source
    if is_empty:
        yield object_stores.stat_object(root)


def _refusal(path: str, error: Exception) -> Refusal:
    return Refusal(path, f"can't be listed: {getattr(error, 'strerror', None) or error}")
