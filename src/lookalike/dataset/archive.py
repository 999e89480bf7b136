"""The pictures of a tar.gz in a zip, read as a stream: an archive is not to be trusted.

Nothing is unpacked under a name of the archive's choice before that name was checked, nothing but
pictures is, and every count, size and ratio has a limit.
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
MAX_RATIO = 4  # bytes of the tar to bytes of the archive: pictures hardly shrink
FREE_BYTES = 2**20  # of padding that any tar may have besides
MAX_READ_BYTES = 2**20  # at once: only a hostile header is longer
MAX_NAME_PARTS = 16
_UNSAFE_CHARACTERS = frozenset('\\:*?"<>|') | {chr(code) for code in (*range(32), 127)}


class _Forwards:
    """A stream that can't be rewound and ends at a limit, so that a bomb does no harm."""

    def __init__(self, inner: GzipFile, limit: int) -> None:
        self._inner, self._limit, self._at = inner, limit, 0

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MAX_READ_BYTES:
            raise ValueError(f"a header of over {MAX_READ_BYTES:,} bytes")
        data = self._inner.read(size)
        self._at += len(data)
        if self._at > self._limit:
            raise ValueError(f"it would unpack to over {self._limit:,} bytes")
        return data

    def tell(self) -> int:
        return self._at

    def seek(self, to: int, _whence: int = os.SEEK_SET) -> int:
        if to < self._at:
            raise ValueError("members that overlap")
        while self._at < to and self.read(min(CHUNK_BYTES, to - self._at)):
            pass
        return self._at

    def seekable(self) -> bool:
        return True


def is_picture(name: str) -> bool:
    """Tell a picture by its name."""
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in PICTURE_SUFFIXES


def unpack(
    archive: Path,
    tar_name: str,
    folder: str,
    into: Path,
    *,
    on_progress: Callable[[str, int, int], None],
) -> int:
    """Unpack the pictures under one folder of a tar.gz in a zip; give their number.

    Args:
        archive: the zip.
        tar_name: its member.
        folder: the tar's folder; what else the tar holds is passed over.
        into: the folder to make of it; not there yet.
        on_progress: called with "Unpacking", the bytes of the tar.gz that are read, and all.

    Raises:
        DataSetError: it is no such archive or a hostile one: a path that leads out, a link, a
            device, a name twice, or more than `MAX_MEMBERS` or `MAX_RATIO` allow. `into` is gone.
        OSError: a picture can't be written. `into` is gone.
    """
    import struct
    import tarfile
    import zipfile
    import zlib
    from gzip import BadGzipFile

    malformed = (
        *(zipfile.BadZipFile, tarfile.TarError, BadGzipFile, zlib.error, struct.error, EOFError),
        *(FileExistsError, NotADirectoryError, ValueError, ArithmeticError, LookupError),
        RuntimeError,  # encrypted, by an unknown method, or headers nested too deep
    )
    into.mkdir()
    complete = False
    try:
        count = _unpack(archive, tar_name, folder, into, on_progress)
        complete = True
    except malformed as error:
        raise _refusal(archive, error) from error
    except OSError as error:
        if error.errno == errno.EINVAL:  # a place before the file's beginning
            raise _refusal(archive, error) from error
        raise
    finally:
        if not complete:
            shutil.rmtree(into, ignore_errors=True)
    return count


def _refusal(archive: Path, error: Exception) -> DataSetError:
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

    limit = MAX_RATIO * archive.stat().st_size + FREE_BYTES
    with zipfile.ZipFile(archive) as outer:
        member = _tar_in(outer, tar_name, limit)
        with outer.open(member) as packed, GzipFile(fileobj=packed) as opened:
            stream: Any = _Forwards(opened, limit)  # as much of a file as tarfile asks for
            count = 0
            with tarfile.open(fileobj=stream, mode="r:") as tar:
                for number, entry in enumerate(tar, 1):
                    if number > MAX_MEMBERS:
                        raise ValueError(f"over {MAX_MEMBERS:,} members")
                    count += _unpack_one(tar, entry, folder, into)
                    on_progress("Unpacking", packed.tell(), member.file_size)
            while stream.read(CHUNK_BYTES):  # the checksums stand at the end
                pass
    return count


def _tar_in(outer: zipfile.ZipFile, name: str, limit: int) -> zipfile.ZipInfo:
    from zipfile import ZIP_DEFLATED, ZIP_STORED

    members = outer.infolist()
    if len(members) > MAX_MEMBERS:
        raise ValueError(f"over {MAX_MEMBERS:,} members")
    for member in members:
        _parts(member.filename.removesuffix("/"))
    found = outer.getinfo(name)
    if found.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise ValueError(f"{name} is compressed in an unusual way")
    if found.file_size > limit:
        raise ValueError(f"{name} would unpack to over {limit:,} bytes")
    return found


def _unpack_one(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: str, into: Path) -> int:
    """Unpack one member if it is a picture of the folder; give how many that made."""
    import tarfile

    parts = _parts(member.name)
    if member.isdir():
        return 0
    if member.type not in {tarfile.REGTYPE, tarfile.AREGTYPE} or member.issparse():
        raise ValueError(f"{member.name!r} is no regular file")
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
    """Split a member's name; refuse one that is not safely below a folder, on any system."""
    parts = [part for part in name.split("/") if part != "."]
    hostile = any(not part or part != part.rstrip(" .") for part in parts)
    if hostile or len(parts) > MAX_NAME_PARTS or not _UNSAFE_CHARACTERS.isdisjoint(name):
        raise ValueError(f"the name {name[:200]!r} leads out of the archive")
    return parts
