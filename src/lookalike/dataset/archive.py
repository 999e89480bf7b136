"""Unpack the pictures of a tar.gz in a zip, as a stream, without trusting the archive.

Every name is checked before it is used, only pictures are unpacked, and every count, size and ratio
has a limit.
"""

from __future__ import annotations

import errno
import os
import shutil
from typing import TYPE_CHECKING, Any

from ..errors import DataSetError
from ..sources import PICTURE_SUFFIXES

if TYPE_CHECKING:
    import tarfile
    import zipfile
    from collections.abc import Callable
    from gzip import GzipFile
    from pathlib import Path

CHUNK_BYTES = 2**18
MAX_MEMBERS = 200_000  # of the zip, and of the tar
MAX_RATIO = 4  # of the tar's bytes to the archive's: pictures hardly shrink
PADDING_BYTES = 2**20  # that any tar may have in addition
MAX_READ_BYTES = 2**20  # at once: only a malicious header is longer
MAX_NAME_PARTS = 16
_UNSAFE_CHARACTERS = frozenset('\\:*?"<>|') | {chr(code) for code in (*range(32), 127)}


class _LimitedStream:
    """A forward-only stream with a size limit, as protection against archive bombs."""

    def __init__(self, inner: GzipFile, limit: int) -> None:
        self._inner, self._limit, self._position = inner, limit, 0

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MAX_READ_BYTES:
            raise ValueError(f"a header of over {MAX_READ_BYTES:,} bytes")
        data = self._inner.read(size)
        self._position += len(data)
        if self._position > self._limit:
            raise ValueError(f"it would unpack to over {self._limit:,} bytes")
        return data

    def tell(self) -> int:
        return self._position

    def seek(self, position: int, _whence: int = os.SEEK_SET) -> int:
        if position < self._position:
            raise ValueError("members that overlap")
        while self._position < position and self.read(min(CHUNK_BYTES, position - self._position)):
            pass
        return self._position

    def seekable(self) -> bool:
        return True


def is_picture(name: str) -> bool:
    """Check by its name whether a file is a picture."""
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in PICTURE_SUFFIXES


def unpack(
    archive: Path,
    tar_name: str,
    folder: str,
    into: Path,
    *,
    on_progress: Callable[[str, int, int], None],
) -> int:
    """Unpack the pictures in one folder of a tar.gz in a zip; return their number.

    Args:
        archive: the zip.
        tar_name: the member of the zip.
        folder: the folder of the tar; everything else in the tar is skipped.
        into: the folder to create; it must not exist.
        on_progress: called with "Unpacking", the bytes of the tar.gz that were read, and all.

    Raises:
        DataSetError: it is not such an archive, or is malicious: it has a path that leads out, a
            link, a device, a duplicate name, or exceeds `MAX_MEMBERS` or `MAX_RATIO`. `into` is
            removed.
        OSError: a picture can't be written. `into` is removed.
    """
    import struct
    import tarfile
    import zipfile
    import zlib
    from gzip import BadGzipFile

    malformed = (
        *(zipfile.BadZipFile, tarfile.TarError, BadGzipFile, zlib.error, struct.error, EOFError),
        *(FileExistsError, NotADirectoryError, ValueError, ArithmeticError, LookupError),
        RuntimeError,  # encrypted, compressed by an unknown method, or headers nested too deeply
    )
    into.mkdir()
    is_complete = False
    try:
        count = _unpack(archive, tar_name, folder, into, on_progress)
        is_complete = True
    except malformed as error:
        raise _unsafe(archive, error) from error
    except OSError as error:
        if error.errno == errno.EINVAL:  # a position before the start of the file
            raise _unsafe(archive, error) from error
        raise
    finally:
        if not is_complete:
            shutil.rmtree(into, ignore_errors=True)
    return count


def _unsafe(archive: Path, error: Exception) -> DataSetError:
    return DataSetError(
        f"{archive} can't be unpacked safely ({error}); name another copy with --from."
    )


def _unpack(
    archive: Path,
    tar_name: str,
    folder: str,
    into: Path,
    on_progress: Callable[[str, int, int], None],
) -> int:
    import tarfile
    import zipfile
    from gzip import GzipFile

    limit = MAX_RATIO * archive.stat().st_size + PADDING_BYTES
    with zipfile.ZipFile(archive) as outer:
        member = _find_tar(outer, tar_name, limit)
        with outer.open(member) as packed, GzipFile(fileobj=packed) as unpacked:
            stream: Any = _LimitedStream(unpacked, limit)  # has all that tarfile uses of a file
            count = 0
            with tarfile.open(fileobj=stream, mode="r:") as tar:
                for number, entry in enumerate(tar, 1):
                    if number > MAX_MEMBERS:
                        raise ValueError(f"over {MAX_MEMBERS:,} members")
                    count += _unpack_member(tar, entry, folder, into)
                    on_progress("Unpacking", packed.tell(), member.file_size)
            while stream.read(CHUNK_BYTES):  # the checksums are at the end
                pass
    return count


def _find_tar(outer: zipfile.ZipFile, name: str, limit: int) -> zipfile.ZipInfo:
    from zipfile import ZIP_DEFLATED, ZIP_STORED

    members = outer.infolist()
    if len(members) > MAX_MEMBERS:
        raise ValueError(f"over {MAX_MEMBERS:,} members")
    for member in members:
        _parts(member.filename.removesuffix("/"))
    member = outer.getinfo(name)
    if member.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise ValueError(f"{name} is compressed in an unsupported way")
    if member.file_size > limit:
        raise ValueError(f"{name} would unpack to over {limit:,} bytes")
    return member


def _unpack_member(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: str, into: Path) -> int:
    """Unpack one member if it is a picture in the folder; return the number unpacked."""
    import tarfile

    parts = _parts(member.name)
    if member.isdir():
        return 0
    if member.type not in {tarfile.REGTYPE, tarfile.AREGTYPE} or member.issparse():
        raise ValueError(f"{member.name!r} is not a regular file")
    if hasattr(tarfile, "data_filter"):  # not before Python 3.10.12
        tarfile.data_filter(member, os.fspath(into))
    if parts[:1] != [folder] or not is_picture(parts[-1]):
        return 0
    data, path = tar.extractfile(member), into.joinpath(*parts[1:])
    if data is None:
        raise ValueError(f"{member.name!r} has no content")
    path.parent.mkdir(parents=True, exist_ok=True)
    with data, path.open("xb") as file:
        shutil.copyfileobj(data, file, CHUNK_BYTES)
    return 1


def _parts(name: str) -> list[str]:
    """Split a member's name; refuse one that could leave its folder on any system."""
    parts = [part for part in name.split("/") if part != "."]
    is_unsafe = any(not part or part != part.rstrip(" .") for part in parts)
    if is_unsafe or len(parts) > MAX_NAME_PARTS or not _UNSAFE_CHARACTERS.isdisjoint(name):
        raise ValueError(f"the name {name[:200]!r} leads out of the archive")
    return parts
