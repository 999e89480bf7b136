"""The place of a gallery: a folder of this machine, or a prefix of an object store's bucket."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

from ..errors import StorageError
from .bucket import MAX_FILE_BYTES, TABLE_SUFFIX, Bucket, StoredFile, check_size
from .write_atomically import write_atomically

COPIES = "checksums"  # in a gallery's folder: copies of small files, and checksums of the tables
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/")


class Folder:
    """The place of a gallery on this machine; it has the methods of `Bucket`."""

    version_retention = timedelta(0)

    def __init__(self, path: Path) -> None:
        """Take the path, which need not exist."""
        self.path = path

    def read(self, name: str) -> StoredFile | None:
        """Read a small file; None where there is none.

        Raises:
            GalleryFormatError: it is larger than lookalike writes any.
            StorageError: it can't be read.
        """
        try:
            with (self.path / name).open("rb") as file:
                data = file.read(MAX_FILE_BYTES + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise StorageError(
                f"{self.path / name} can't be read ({error.strerror}); check its permissions."
            ) from error
        check_size(str(self.path / name), len(data))
        return StoredFile(data, None)

    def write(self, name: str, data: bytes, _after: dict[str, str] | None) -> None:
        """Write a small file in one step, so that it is never half written.

        Raises:
            StorageError: the disk is full or read-only.
        """
        try:
            write_atomically(self.path / name, data)
        except OSError as error:
            raise StorageError(
                f"The gallery {self.path} can't be written ({error.strerror}); check its disk "
                "space and permissions, or choose another folder with --gallery."
            ) from error

    def tables(self) -> list[str]:
        """List the names of the tables."""
        return [path.name for path in self.path.glob("*" + TABLE_SUFFIX)]

    def delete(self, table: str) -> None:
        """Delete a table, as far as possible; its checksums first, so that it is not missed."""
        (self.path / COPIES / f"{table}.json").unlink(missing_ok=True)
        shutil.rmtree(self.path / table, ignore_errors=True)

    def size(self) -> int:
        """Return the total size of all files, in bytes."""
        total = 0
        for folder, _, names in os.walk(self.path):
            for name in names:
                with contextlib.suppress(OSError):  # a writer has just replaced it
                    total += os.lstat(os.path.join(folder, name)).st_size
        return total

    def cache_folder(self) -> Path:
        """Return the folder for files that a server can rebuild from the gallery."""
        return self.path

    def storage_options(self) -> dict[str, str] | None:
        """Return Lance's settings for this place."""
        return None

    def check_writable(self) -> None:
        """Allow every commit: a lock of the system can't be lost."""


Place: TypeAlias = Path | Bucket  # both have `/` and `str`; `open_place` adds the rest


def open_place(place: Place) -> Folder | Bucket:
    """Return the operations on a place."""
    return place if isinstance(place, Bucket) else Folder(place)


def parse_place(text: str | os.PathLike[str]) -> Place:
    """Parse the place of a gallery: a path, or an address in an object store.

    Raises:
        ArgumentError: it is of another kind, such as `http://`.
    """
    scheme = _SCHEME.match(os.fspath(text))
    return Bucket(os.fspath(text)) if scheme else Path(os.path.abspath(text))
