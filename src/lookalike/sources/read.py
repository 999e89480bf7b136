"""Reading one picture and checking one address, wherever it is."""

from __future__ import annotations

import functools
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from ..decode import HEAD_BYTES
from ..errors import ArgumentError, PictureError
from . import archives, folders, object_stores, urls
from .addresses import WEB, is_local, scheme_of, split_member
from .content import check_head, check_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..types import Root, Source

_ARCHIVE_SECONDS = 60.0  # for so long, a remote archive is not asked for its size and time again
_MAX_ARCHIVES = 1_024
_archives: dict[str, tuple[Source, float]] = {}  # by address, with the time of the last look


def read(source: Source) -> bytes:
    """Read a picture's bytes once; the first bytes show whether it is one.

    Raises:
        NotAPictureError: neither the content nor the name is a picture's.
        PictureError: it is larger than `MAX_FILE_BYTES`, refused, or has only the name of a
            picture.
        FileNotFoundError: it is certainly gone.
        OSError: it can't be read now.

    Example:
        >>> from pathlib import Path
        >>> source = stat_source(str(Path("query.jpg").resolve()))
        >>> read(source) == Path("query.jpg").read_bytes()
        True
    """
    if source.objection:
        raise PictureError(source.objection)
    path, member = split_member(source.path)
    if member:
        archive = _archive(path, private=source.private)
        return archives.read(source, archive, chunk_reader(archive))
    if is_local(path):
        return folders.read(source)
    check_size(source.size)
    data = bytearray()
    is_checked = False
    for piece in chunk_reader(source)():
        data += piece
        check_size(len(data))
        if not is_checked and len(data) >= HEAD_BYTES:
            check_head(bytes(data[:HEAD_BYTES]), path)
            is_checked = True
    if not is_checked:
        check_head(bytes(data), path)
    return bytes(data)


def stat_source(path: str, *, private: bool = False) -> Source | None:
    """Return one picture's size and time; None where it is no regular file, or can't be checked."""
    try:
        archive, member = split_member(path)
        if not member:
            return stat_file(path, private=private)
        source = _archive(archive, private=private)
        return replace(archives.find(path, source, chunk_reader(source)), private=private)
    except (OSError, ValueError, PictureError):
        return None


def why_unreachable(path: str) -> str:
    """Say in one clause why a picture can't be reached; empty if it can."""
    archive, member = split_member(path)
    try:
        source = stat_file(archive)
        if member:
            archives.find(path, source, chunk_reader(source))
    except OSError as error:
        return f"can't be read: {error.strerror or error}"
    except (PictureError, ArgumentError) as error:
        return str(error)
    return ""


def is_gone(path: str, *, private: bool = False) -> bool:
    """Check whether a picture is certainly gone; one that can't be checked is not.

    A member of a remote archive counts as there while the archive is: to check it would be to read
    the archive.
    """
    archive, member = split_member(path)
    try:
        if is_local(archive):
            if not member or folders.is_gone(archive):
                return folders.is_gone(archive)
            source = stat_file(archive)
            archives.find(path, source, chunk_reader(source))
        else:
            stat_file(archive, private=private)
    except FileNotFoundError:
        return True
    except (OSError, PictureError, ArgumentError):
        return False
    return False


def check_root(path: str, *, private: bool = True) -> Root:
    """Check whether a root can be read now; `private` allows URLs in a private network.

    An empty folder counts as offline: an unmounted disk leaves one behind. So does an empty
    bucket. A file that is a root is online while its folder is.
    """
    archive = split_member(path)[0]
    scheme = scheme_of(archive)
    if scheme:
        root = (
            urls.check_root(archive, private=private)
            if scheme in WEB
            else object_stores.check_root(archive)
        )
    else:
        root = folders.check_root(archive)
    return replace(root, path=path)


def check_address(address: str) -> None:
    """Check that this machine can read an address of this kind.

    Raises:
        ArgumentError: it can't; the message has the pip line, where there is one.
    """
    scheme = scheme_of(address)
    if scheme and scheme not in WEB:
        object_stores.check_address(address)


def release() -> None:
    """Close the archives and connections kept for the next read, and drop temporary files."""
    _archives.clear()
    archives.release()
    urls.release()


def stat_file(address: str, *, private: bool = False) -> Source:
    """Return the size and time of a file by itself, not of a member.

    Raises:
        FileNotFoundError: it is certainly gone, or no regular file.
        OSError: it can't be checked.
    """
    scheme = scheme_of(address)
    if scheme in WEB:
        return urls.stat_url(address, private=private)
    if scheme:
        return object_stores.stat_object(address)
    return folders.stat_file(address)


def chunk_reader(source: Source) -> Callable[[], Iterator[bytes]]:
    """Return a function that opens a file as a stream of bytes."""
    scheme = scheme_of(source.path)
    if scheme in WEB:
        return functools.partial(urls.chunks, source.path, private=source.private)
    if scheme:
        return functools.partial(object_stores.chunks, source.path)
    return functools.partial(folders.chunks, source.path)


def remember_archive(archive: Source) -> None:
    """Keep an archive's size and time for the members that are read next."""
    _archives[archive.path] = archive, time.monotonic()
    for old in list(_archives)[:-_MAX_ARCHIVES]:
        _archives.pop(old, None)


def _archive(address: str, *, private: bool) -> Source:
    """Return an archive's size and time; for a remote one, those of a moment ago will do."""
    archive, seen_at = _archives.get(address, (None, 0.0))
    is_old = time.monotonic() - seen_at > _ARCHIVE_SECONDS
    if archive is None or is_local(address) or is_old:
        archive = stat_file(address, private=private)
        remember_archive(archive)
    return archive
