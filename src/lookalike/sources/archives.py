"""Pictures in zip and tar archives, local and remote, which may come from a stranger.

Nothing is ever unpacked to the path that a member's name gives. A member is refused with a reason
if its name could do harm elsewhere (`../`, a drive, NUL), if it is encrypted, a link or a device,
or if it unpacks to far more than its size. An archive inside an archive stays closed.
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
        chunks: opens it as a stream; not used for a local archive that needs no unpacking.

    Raises:
        PictureError: it is not an archive, or damaged; the members before the damage were returned.
        OSError: it can't be read.
    """
    seen: set[int] = set()
    listing = zips.members if _is_zip(archive.path) else tars.members
    try:
        for number, member in enumerate(listing(archive, chunks)):
            if number >= MAX_MEMBERS:
                raise PictureError(f"it has over {MAX_MEMBERS:,} members")
            key = hash(member.path)
            if key in seen:  # two members can't share an address
                objection = "another member has the same name"
                yield replace(member, path=f"{member.path}#{number}", objection=objection)
                continue
            seen.add(key)
            yield member
    except _BROKEN as error:
        raise PictureError(f"the archive is damaged: {error}") from error


def read(source: Source, archive: Source, chunks: Callable[[], Iterator[bytes]]) -> bytes:
    """Read one member.

    Raises:
        NotAPictureError: neither the content nor the name is a picture's.
        PictureError: it is refused, too large or damaged, or has only the name of a picture.
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
    with _index_lock:
        member = _index(archive, _ChunkReader(chunks)).get(address)
    if member is None:
        raise FileNotFoundError(errno.ENOENT, "the archive has no such member")
    return member


class _ChunkReader:
    """Opens an archive; all are equal, so that a cache is keyed by the archive alone."""

    def __init__(self, chunks: Callable[[], Iterator[bytes]]) -> None:
        self.chunks = chunks

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ChunkReader)

    def __hash__(self) -> int:
        return 0


@functools.lru_cache(maxsize=2)
def _index(archive: Source, reader: _ChunkReader) -> dict[str, Source]:
    return {member.path: member for member in members(archive, reader.chunks)}


def release() -> None:
    """Close the archives kept open for the next read, and drop the temporary files."""
    with _index_lock:
        _index.cache_clear()
    zips.release()
    temporary_files.release()


def _is_zip(address: str) -> bool:
    return address.lower().partition("?")[0].endswith((".zip", ".cbz"))
