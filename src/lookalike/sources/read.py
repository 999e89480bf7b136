"""Where pictures come from: folders, object stores, URLs, archives of these, and lists.

Everybody lists with `walk` and reads with `read`, whatever an address is of.
"""

from __future__ import annotations

import functools
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from ..decode import HEAD_BYTES
from ..errors import ArgumentError, PictureError
from ..types import Refusal, Root, Source
from . import archives, folders, lists, object_stores, urls
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
from .content import (
    check_head,
    check_size,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

_ARCHIVE_SECONDS = 60.0  # what is known of an archive far away is not asked for again
_MAX_ARCHIVES = 1_024
_archives: dict[str, tuple[Source, float]] = {}  # by address, with the time it was looked at


def walk(  # noqa: C901, PLR0913  one place says what is opened, and what is left out
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
    has one. Of what is not a local folder only what is named like a picture is listed.

    Args:
        root: absolute path or URL.
        exclude: glob patterns, matched with a file's or folder's name and with its path below
            `root` (`/` between the parts).
        include_hidden: whether to list what begins with a dot. `._*` (macOS resource forks) and
            `folders.SKIPPED_FOLDERS` are left out always.
        skip: folders (absolute paths) to leave out, such as the gallery's own.
        on_unreadable: told of every folder, archive or row of a list that can't be listed.
        open_archives: whether to list the members of archives found in folders and buckets, too.
        private: whether URLs may lead into a private network; None for `root`, but not for those
            that a list names.
        column: of a list, which has the addresses; None for `path`, `url`...
        unchanged: what `on_archive` was told in earlier runs; such an archive is not opened, and is
            listed by this one source.
        on_archive: told of every archive that was listed to its end, as a source of its own.
    """
    is_whole = not split_member(root)[1]
    left = functools.partial(folders.is_left_out, exclude, include_hidden)

    def opened(archive: Source) -> Iterator[Source]:
        mark = Source(f"{archive.path}!/", archive.size, archive.mtime_ns)
        is_complete = is_whole
        if mark in unchanged:
            yield mark
            return
        try:
            _archives[archive.path] = archive, time.monotonic()
            for found in archives.members(archive, _chunks(archive)):
                member = replace(found, private=archive.private)
                is_wanted = is_whole or is_under(member.path, root)
                name = split_member(member.path)[1]
                if not member.objection and left(name):
                    # What is left out this time only must be found another time.
                    is_complete &= folders.is_left_out((), True, name)  # noqa: FBT003
                elif is_wanted:
                    yield member
            if is_complete:
                on_archive(mark)
        except (OSError, PictureError) as error:
            on_unreadable(Refusal(archive.path, _said(error)))

    for source in _files(
        root,
        exclude=exclude,
        include_hidden=include_hidden,
        skip=skip,
        on_unreadable=on_unreadable,
        every=open_archives,
        private=private,
        column=column,
    ):
        is_named = source.path == split_member(root)[0] or is_list(root)
        if is_archive(source.path) and (open_archives or is_named):
            yield from opened(source)
        elif is_local(source.path) or not left(name_of(source.path)):
            yield source


def read(source: Source) -> bytes:
    """Read a picture's bytes once; files of other kinds are recognised by their first bytes.

    Raises:
        NotAPictureError: neither the content nor the name is a picture's.
        PictureError: larger than `MAX_FILE_BYTES`, refused, or named like a picture but none.
        FileNotFoundError: it is certainly no longer there.
        OSError: it can't be read now.
    """
    if source.objection:
        raise PictureError(source.objection)
    path, member = split_member(source.path)
    if member:
        archive = _archive(path, private=source.private)
        return archives.read(source, archive, _chunks(archive))
    if is_local(path):
        return folders.read(source)
    check_size(source.size)
    data = bytearray()
    is_known = False
    for piece in _chunks(source)():
        data += piece
        check_size(len(data))
        if not is_known and len(data) >= HEAD_BYTES:
            check_head(bytes(data[:HEAD_BYTES]), path)
            is_known = True
    if not is_known:
        check_head(bytes(data), path)
    return bytes(data)


def stat_source(path: str, *, private: bool = False) -> Source | None:
    """Look at one picture; None where there is no regular file, or it can't be asked about."""
    try:
        archive, member = split_member(path)
        if not member:
            return _stat(path, private=private)
        found = _archive(archive, private=private)
        return replace(archives.find(path, found, _chunks(found)), private=private)
    except (OSError, ValueError, PictureError):
        return None


def is_gone(path: str, *, private: bool = False) -> bool:
    """Tell whether a picture is certainly not there; one that can't be asked about is not gone.

    A member of an archive far away counts as there while the archive is: to look would be to read
    the archive.
    """
    archive, member = split_member(path)
    try:
        if is_local(archive):
            if not member or folders.is_gone(archive):
                return folders.is_gone(archive)
            found = _stat(archive)
            archives.find(path, found, _chunks(found))
        else:
            _stat(archive, private=private)
    except FileNotFoundError:
        return True
    except (OSError, PictureError, ArgumentError):
        return False
    return False


def check_root(path: str, *, private: bool = True) -> Root:
    """Tell whether a root can be read now; a URL in a private network only where that is allowed.

    An empty folder counts as offline: it is what an unmounted disk leaves behind. So does a
    bucket with nothing in it. A file that is a root is online while its folder is.
    """
    archive = split_member(path)[0]
    scheme = scheme_of(archive)
    if scheme:
        found = (
            urls.check_root(archive, private=private)
            if scheme in WEB
            else object_stores.check_root(archive)
        )
    else:
        found = folders.check_root(archive)
    return replace(found, path=path)


def check_address(address: str) -> None:
    """See that something here can read what an address names.

    Raises:
        ArgumentError: nothing can; the message has the pip line, where there is one.
    """
    scheme = scheme_of(address)
    if scheme and scheme not in WEB:
        object_stores.check(address)


def release() -> None:
    """Close what was kept open to be read again, and give the temporary files' space back."""
    _archives.clear()
    archives.release()
    urls.release()


def _files(  # noqa: PLR0913
    root: str,
    *,
    exclude: Collection[str],
    include_hidden: bool,
    skip: Collection[str],
    on_unreadable: Callable[[Refusal], None],
    every: bool,
    private: bool | None,
    column: str | None,
) -> Iterator[Source]:
    """List the files at or below an address, archives closed."""
    named = private is None or private
    try:
        if split_member(root)[1]:
            yield _stat(split_member(root)[0], private=named)
        elif is_local(root) and not (is_list(root) and os.path.isfile(root)):
            yield from folders.walk(
                root,
                exclude=exclude,
                include_hidden=include_hidden,
                skip=skip,
                on_unreadable=on_unreadable,
            )
        elif is_list(root):
            source = _stat(root, private=named)
            yield from lists.walk(
                source,
                _chunks(source),
                stat=functools.partial(_stat, private=bool(private)),
                column=column,
                on_unreadable=on_unreadable,
            )
        elif scheme_of(root) in WEB:
            yield _stat(root, private=named)
        else:
            yield from _walk_store(root, every=every)
    except (OSError, PictureError) as error:
        on_unreadable(Refusal(root, _said(error)))


def _walk_store(root: str, *, every: bool) -> Iterator[Source]:
    is_empty = True
    if not is_archive(root):
        for source in object_stores.walk(root, every=every):
            is_empty = False
            yield source
    if is_empty:
        yield object_stores.stat_object(root)


def _stat(address: str, *, private: bool = False) -> Source:
    """Look at a file by itself.

    Raises:
        FileNotFoundError: it is certainly not there, or no regular file.
        OSError: it can't be asked about.
    """
    scheme = scheme_of(address)
    if scheme in WEB:
        return urls.stat_url(address, private=private)
    if scheme:
        return object_stores.stat_object(address)
    return folders.stat_file(address)


def _archive(address: str, *, private: bool) -> Source:
    """Look at an archive; one far away was looked at lately when its next member is read."""
    found, at = _archives.get(address, (None, 0.0))
    now = time.monotonic()
    if found is None or is_local(address) or now - at > _ARCHIVE_SECONDS:
        found = _stat(address, private=private)
        _archives[address] = found, now
        for old in list(_archives)[:-_MAX_ARCHIVES]:
            _archives.pop(old, None)
    return found


def _chunks(source: Source) -> Callable[[], Iterator[bytes]]:
    """Give what opens a file as a stream."""
    scheme = scheme_of(source.path)
    if scheme in WEB:
        return functools.partial(urls.chunks, source.path, private=source.private)
    if scheme:
        return functools.partial(object_stores.chunks, source.path)
    return functools.partial(folders.chunks, source.path)


def _said(error: Exception) -> str:
    return f"can't be listed: {getattr(error, 'strerror', None) or error}"
