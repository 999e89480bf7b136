"""Pictures in zip and tar archives, near and far; whoever made an archive is a stranger.

Nothing is ever unpacked to where a member's name says: names are only looked at. What such a name
could do elsewhere (`../`, a drive, NUL), what unpacks to far more than it is, what is encrypted, a
link or a device is refused with a reason; an archive in an archive is left closed.
"""

from __future__ import annotations

import errno
import functools
import gzip
import lzma
import tarfile
import threading
import zipfile
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

from ..decode import HEAD_BYTES
from ..errors import PictureError
from . import tars, temporary_files, zips
from .addresses import split_member
from .content import check_head, check_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..types import Source

MAX_MEMBERS = 5_000_000
_BROKEN = (
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
)
_index_lock = threading.Lock()


def members(archive: Source, chunks: Callable[[], Iterator[bytes]]) -> Iterator[Source]:
    """List the members of an archive that are named like pictures, in the archive's order.

    Args:
        archive: the file.
        chunks: opens it as a stream; not used for an archive that lies here and needs no unpacking.

    Raises:
        PictureError: it is no archive, or damaged; the members before that have been given.
        OSError: it can't be read.
    """
    seen: set[int] = set()
    listing = zips.members if _is_zip(archive.path) else tars.members
    try:
        for number, member in enumerate(listing(archive, chunks)):
            if number >= MAX_MEMBERS:
                raise PictureError(f"it has over {MAX_MEMBERS:,} members")
            key = hash(member.path)
            if key in seen:  # its address has no place for a second one
                again = "another member has the same name"
                yield replace(member, path=f"{member.path}#{number}", objection=again)
                continue
            seen.add(key)
            yield member
    except _BROKEN as error:
        raise PictureError(f"the archive is damaged: {error}") from error


def read(source: Source, archive: Source, chunks: Callable[[], Iterator[bytes]]) -> bytes:
    """Read one member.

    Raises:
        NotAPictureError: neither the content nor the name is a picture's.
        PictureError: it must not be read, is too large, damaged, or named like a picture but none.
        FileNotFoundError: it is not in the archive.
        OSError: the archive can't be read.
    """
    name = split_member(source.path)[1]
    try:
        if _is_zip(archive.path):
            return zips.read(archive, name, chunks)
        if source.at < 0:
            source = find(source.path, archive, chunks)
        if source.objection:
            raise PictureError(source.objection)
        check_size(source.size)
        with temporary_files.open_archive(archive, chunks) as file:
            file.seek(source.at)
            head = file.read(min(HEAD_BYTES, source.size))
            check_head(head, name)
            data = head + file.read(source.size - len(head))
        if len(data) < source.size:
            raise PictureError("the archive ends before the picture does")
    except _BROKEN as error:
        raise PictureError(f"the archive is damaged: {error}") from error
    return data


def find(address: str, archive: Source, chunks: Callable[[], Iterator[bytes]]) -> Source:
    """Find one member by its address.

    Raises:
        FileNotFoundError: it is not in the archive.
        PictureError: the archive is damaged.
        OSError: it can't be read.
    """
    found = _index(archive, chunks).get(address)
    if found is None:
        raise FileNotFoundError(errno.ENOENT, "the archive has no such member")
    return found


def _index(archive: Source, chunks: Callable[[], Iterator[bytes]]) -> dict[str, Source]:
    with _index_lock:
        return _indexed(archive, _Unkeyed(chunks))


class _Unkeyed:
    """Something that is not a part of a cache's key."""

    def __init__(self, chunks: Callable[[], Iterator[bytes]]) -> None:
        self.chunks = chunks

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Unkeyed)

    def __hash__(self) -> int:
        return 0


@functools.lru_cache(maxsize=2)
def _indexed(archive: Source, unkeyed: _Unkeyed) -> dict[str, Source]:
    return {member.path: member for member in members(archive, unkeyed.chunks)}


def release() -> None:
    """Close what was kept open to be read again, and give the temporary files' space back."""
    with _index_lock:
        _indexed.cache_clear()
    zips.release()
    temporary_files.release()


def _is_zip(address: str) -> bool:
    return address.lower().partition("?")[0].endswith((".zip", ".cbz"))
