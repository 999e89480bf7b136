"""Pictures in zip and tar archives, near and far; whoever made an archive is a stranger.

Nothing is ever unpacked to where a member's name says: names are only looked at. What such a name
could do elsewhere (`../`, a drive, NUL), what unpacks to far more than it is, what is encrypted, a
link or a device is refused with a reason; an archive in an archive is left closed.
"""

from __future__ import annotations

import bz2
import contextlib
import errno
import functools
import gzip
import io
import json
import lzma
import os
import re
import struct
import tarfile
import threading
import time
import weakref
import zipfile
import zlib
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any

from ..decode import HEAD_BYTES
from ..errors import PictureError
from ..types import Source
from .addresses import is_local, split_member
from .content import (
    MAX_METADATA_BYTES,
    STREAM_CHUNK_BYTES,
    check_head,
    check_size,
    has_picture_suffix,
    may_be_picture,
    stamp,
)
from .copies import Copies, View

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_MEMBERS = 5_000_000
MAX_DIRECTORY_BYTES = 2**28  # the list of a zip's members
MAX_HEADER_BYTES = 2**20  # of a tar: long names and the like
MAX_RATIO = 200  # a picture never unpacks to so much more; a zip bomb does
RATIO_FROM_BYTES = 32 * 2**20
_ENCRYPTED = 0x1
_OPEN_ZIPS = 4
_TAIL_BYTES = 2**16 + 22 + 20 + 56  # where a zip's last records stand
_SIBLINGS = {".json", ".txt", ".cls"}  # of a WebDataset's sample, beside its picture
_BROKEN = (
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
)
_copies = Copies()
_zips: dict[object, zipfile.ZipFile] = {}
_lock = threading.Lock()  # of the open zips
_index_lock = threading.Lock()
_UNPACKERS: dict[str, Any] = {
    "gz": gzip.open,
    "tgz": gzip.open,
    "bz2": bz2.open,
    "xz": lzma.open,
}


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
    listing = _zip_members if _is_zip(archive.path) else _tar_members
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
            return _read_zipped(archive, name, chunks)
        if source.at < 0:
            source = find(source.path, archive, chunks)
        if source.objection:
            raise PictureError(source.objection)
        check_size(source.size)
        with _opened(archive, chunks) as file:
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
    with _index_lock, _lock:
        _zips.clear()
        _indexed.cache_clear()
        _copies.drop()


def _zip_members(archive: Source, chunks: Callable[[], Iterator[bytes]]) -> Iterator[Source]:
    for info in _zip(archive, chunks).infolist():
        name = info.orig_filename.replace("\\", "/") if os.sep == "\\" else info.orig_filename
        if info.is_dir() or not may_be_picture(name):
            continue
        objection = _bad_name(name)
        if info.flag_bits & _ENCRYPTED:
            objection = "it is encrypted; unpack the archive, and index the folder"
        if _is_bomb(info.file_size, info.compress_size):
            objection = f"it would unpack to over {MAX_RATIO} times its size, as a zip bomb does"
        yield Source(
            _address(archive.path, name),
            info.file_size,
            stamp(_seconds(info.date_time), info.CRC),
            objection=objection,
        )


def _read_zipped(archive: Source, name: str, chunks: Callable[[], Iterator[bytes]]) -> bytes:
    opened = _zip(archive, chunks)
    try:
        info = opened.getinfo(name)
    except KeyError:
        raise FileNotFoundError(errno.ENOENT, "the archive has no such member") from None
    if info.flag_bits & _ENCRYPTED:
        raise PictureError("it is encrypted; unpack the archive, and index the folder")
    if _bad_name(info.orig_filename) or _is_bomb(info.file_size, info.compress_size):
        raise PictureError("its name or its size is that of an attack")
    check_size(info.file_size)
    try:
        with opened.open(info) as file:
            head = file.read(HEAD_BYTES)
            check_head(head, name)
            # One more than it declares: then its checksum is looked at, and a lie is seen.
            data = head + file.read(info.file_size - len(head) + 1)
    except NotImplementedError as error:
        raise PictureError(f"it is packed in a way that is not known here: {error}") from error
    if len(data) != info.file_size:
        raise PictureError("the archive is damaged: a member is not as long as it says")
    return data


def _zip(archive: Source, chunks: Callable[[], Iterator[bytes]]) -> zipfile.ZipFile:
    """Open a zip, or give it once more: its list of members is long, and threads may share it."""
    key = (os.getpid(), archive)
    with _lock:
        if key in _zips:
            return _zips[key]
        file = _opened(archive, chunks)
        try:
            size = file.seek(0, io.SEEK_END)
            file.seek(max(size - _TAIL_BYTES, 0))
            if _directory_bytes(file.read(_TAIL_BYTES)) > MAX_DIRECTORY_BYTES:
                raise PictureError("the archive's list of members is too long")
            opened = zipfile.ZipFile(file)
        except (ValueError, NotImplementedError, OverflowError) as error:
            file.close()
            raise PictureError(f"the archive is damaged: {error}") from error
        except BaseException:
            file.close()
            raise
        weakref.finalize(opened, file.close)  # by whoever reads from it last
        while len(_zips) >= _OPEN_ZIPS:
            del _zips[next(iter(_zips))]
        _zips[key] = opened
        return opened


def _directory_bytes(tail: bytes) -> int:
    """Read from a zip's last records how long its list of members is."""
    end = tail.rfind(b"PK\5\6")
    if end < 0 or len(tail) < end + 16:
        return 0  # no zip, which its opening says
    (count,) = struct.unpack_from("<L", tail, end + 12)
    long = tail.rfind(b"PK\6\6", 0, end)
    if long >= 0 and len(tail) >= long + 48:
        (count,) = struct.unpack_from("<Q", tail, long + 40)
    return int(count)


def _is_bomb(size: int, packed: int) -> bool:
    return size > RATIO_FROM_BYTES and size > MAX_RATIO * packed


def _tar_members(archive: Source, chunks: Callable[[], Iterator[bytes]]) -> Iterator[Source]:
    sample, siblings, pictures = "", dict[str, Any](), list[Source]()
    file = _opened(archive, chunks)
    with file, tarfile.open(fileobj=_Headers(file), mode="r:") as opened:  # type: ignore[call-overload]
        for info in opened:
            opened.members = []  # it would keep all of them
            key = re.sub(r"\.[^/]*$", "", info.name)
            if key != sample:
                yield from _with_metadata(pictures, siblings)
                sample, siblings, pictures = key, {}, []
            suffix = os.path.splitext(info.name)[1].lower()
            if suffix in _SIBLINGS and info.isreg() and info.size <= MAX_METADATA_BYTES:
                file.seek(info.offset_data)
                siblings |= _sibling(suffix, file.read(info.size))
            if info.isdir() or not may_be_picture(info.name):
                continue
            objection = _bad_name(info.name)
            if not info.isreg():
                if not has_picture_suffix(info.name):
                    continue
                objection = "a link or a device in an archive is not followed"
            elif info.issparse():
                objection = "a sparse member of an archive is not read"
            pictures.append(
                Source(
                    _address(archive.path, info.name),
                    info.size,
                    # A tar has no checksums: what has changed in it, its own stamp says.
                    stamp(info.mtime or archive.mtime_ns // 10**9, archive.size, archive.mtime_ns),
                    at=info.offset_data,
                    objection=objection,
                )
            )
    yield from _with_metadata(pictures, siblings)


def _with_metadata(pictures: list[Source], siblings: dict[str, Any]) -> Iterator[Source]:
    metadata = json.dumps(siblings, ensure_ascii=False) if siblings else None
    if metadata and len(metadata.encode("utf-8", "replace")) > MAX_METADATA_BYTES:
        metadata = None
    for picture in pictures:
        yield replace(picture, metadata=metadata)


def _sibling(suffix: str, data: bytes) -> dict[str, Any]:
    """Read what stands beside a picture of a WebDataset."""
    try:
        text = data.decode("utf-8")
        if suffix == ".txt":
            return {"txt": text}
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if suffix == ".cls":
        return {"cls": found} if isinstance(found, (int, str)) else {}
    return found if isinstance(found, dict) else {}


class _Headers:
    """A file for tarfile, which would read a long name into memory, however long it is."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, count: int) -> bytes:
        if count > MAX_HEADER_BYTES:
            raise tarfile.ReadError("a header is too long")
        return self._file.read(count)


def _opened(archive: Source, chunks: Callable[[], Iterator[bytes]]) -> IO[bytes]:
    """Open an archive to be read from any place, unpacked as a whole where it is packed so."""
    packing = archive.path.lower().rpartition(".")[2]
    if packing not in _UNPACKERS and is_local(archive.path):
        return open(archive.path, "rb")
    view = View(_copies.of(archive, functools.partial(_unpacked, packing, archive.size, chunks)))
    return io.BufferedReader(view)


def _unpacked(packing: str, size: int, chunks: Callable[[], Iterator[bytes]]) -> Iterator[bytes]:
    if packing not in _UNPACKERS:
        yield from chunks()
        return
    total = 0
    with _UNPACKERS[packing](io.BufferedReader(_Stream(chunks()))) as file:
        while piece := file.read(STREAM_CHUNK_BYTES):
            total += len(piece)
            if total > RATIO_FROM_BYTES and size >= 0 and total > MAX_RATIO * size:
                raise PictureError(
                    f"the archive unpacks to over {MAX_RATIO} times its size, as a bomb does"
                )
            yield piece


class _Stream(io.RawIOBase):
    """Pieces as a file to be read from its beginning to its end."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = piece
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


def _is_zip(address: str) -> bool:
    return address.lower().partition("?")[0].endswith((".zip", ".cbz"))


def _bad_name(name: str) -> str:
    """Say why a member's name is not one that an honest archive has."""
    parts = re.split(r"[/\\]", name)
    if ".." in parts or not parts[0] or "\0" in name or re.match(r"[A-Za-z]:", name):
        return "its name leads out of the archive"
    return ""


def _address(archive: str, name: str) -> str:
    return f"{archive}!/{name.replace(chr(0), chr(0xFFFD))}"


def _seconds(moment: tuple[int, ...]) -> float:
    with contextlib.suppress(ValueError, OverflowError):
        year, month, day, hour, minute, second = moment[:6]
        return time.mktime((year, month, day, hour, minute, second, 0, 0, -1))
    return 0
