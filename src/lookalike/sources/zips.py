"""The members of zip archives."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import struct
import threading
import time
import weakref
import zipfile
from typing import TYPE_CHECKING

from ..decode import HEAD_BYTES
from ..errors import PictureError
from ..types import Source
from .addresses import bad_name, member_of
from .content import check_head, check_size, may_be_picture, tagged_mtime_ns
from .temporary_files import MAX_RATIO, RATIO_FROM_BYTES, open_archive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_DIRECTORY_BYTES = 2**28  # of the list of members
_ENCRYPTED = 0x1
_ENCRYPTED_REASON = "it is encrypted; unpack the archive, and index the folder"
_OPEN_ZIPS = 4
_TAIL_BYTES = 2**16 + 22 + 20 + 56  # a zip's end records and its longest comment
_zips: dict[object, zipfile.ZipFile] = {}
_lock = threading.Lock()  # of the open zips


def release() -> None:
    """Close the open zips."""
    with _lock:
        _zips.clear()


def members(archive: Source, chunks: Callable[[], Iterator[bytes]]) -> Iterator[Source]:
    """List the members with a picture's name; see `archives.members`."""
    for info in _zip(archive, chunks).infolist():
        name = info.orig_filename.replace("\\", "/") if os.sep == "\\" else info.orig_filename
        if info.is_dir() or not may_be_picture(name):
            continue
        objection = bad_name(name)
        if info.flag_bits & _ENCRYPTED:
            objection = _ENCRYPTED_REASON
        if _is_bomb(info.file_size, info.compress_size):
            objection = f"it would unpack to over {MAX_RATIO} times its size, like a zip bomb"
        yield Source(
            member_of(archive.path, name),
            info.file_size,
            tagged_mtime_ns(_seconds(info.date_time), info.CRC),
            objection=objection,
        )


def read(archive: Source, name: str, chunks: Callable[[], Iterator[bytes]]) -> bytes:
    """Read one member; see `archives.read`."""
    file = _zip(archive, chunks)
    try:
        info = file.getinfo(name)
    except KeyError:
        raise FileNotFoundError(errno.ENOENT, "the archive has no such member") from None
    if info.flag_bits & _ENCRYPTED:
        raise PictureError(_ENCRYPTED_REASON)
    if bad_name(info.orig_filename) or _is_bomb(info.file_size, info.compress_size):
        raise PictureError("its name or its size is that of an attack")
    check_size(info.file_size)
    try:
        with file.open(info) as member:
            head = member.read(HEAD_BYTES)
            check_head(head, name)
            # One byte more than declared: so zipfile checks the end and the checksum.
            data = head + member.read(info.file_size - len(head) + 1)
    except NotImplementedError as error:
        raise PictureError(f"its compression is not supported: {error}") from error
    if len(data) != info.file_size:
        raise PictureError("the archive is damaged: a member does not have its declared length")
    return data


def _zip(archive: Source, chunks: Callable[[], Iterator[bytes]]) -> zipfile.ZipFile:
    """Open a zip, or reuse an open one: its list of members is long, and threads can share it."""
    key = (os.getpid(), archive)
    with _lock:
        if key in _zips:
            return _zips[key]
        file = open_archive(archive, chunks)
        try:
            size = file.seek(0, io.SEEK_END)
            file.seek(max(size - _TAIL_BYTES, 0))
            is_too_long = _directory_bytes(file.read(_TAIL_BYTES)) > MAX_DIRECTORY_BYTES
            found = None if is_too_long else zipfile.ZipFile(file)
        except (ValueError, NotImplementedError, OverflowError) as error:
            file.close()
            raise PictureError(f"the archive is damaged: {error}") from error
        except BaseException:
            file.close()
            raise
        if found is None:
            file.close()
            raise PictureError("the archive's list of members is too long")
        weakref.finalize(found, file.close)  # once its last reader is done
        while len(_zips) >= _OPEN_ZIPS:
            del _zips[next(iter(_zips))]
        _zips[key] = found
        return found


def _directory_bytes(tail: bytes) -> int:
    """Read the length of a zip's list of members from its end records."""
    end = tail.rfind(b"PK\5\6")
    if end < 0 or len(tail) < end + 16:
        return 0  # no zip: opening it raises
    (count,) = struct.unpack_from("<L", tail, end + 12)
    long = tail.rfind(b"PK\6\6", 0, end)
    if long >= 0 and len(tail) >= long + 48:
        (count,) = struct.unpack_from("<Q", tail, long + 40)
    return int(count)


def _is_bomb(size: int, packed: int) -> bool:
    return size > RATIO_FROM_BYTES and size > MAX_RATIO * packed


def _seconds(moment: tuple[int, ...]) -> float:
    with contextlib.suppress(ValueError, OverflowError):
        year, month, day, hour, minute, second = moment[:6]
        return time.mktime((year, month, day, hour, minute, second, 0, 0, -1))
    return 0
