"""Uploaded pictures, stored in the gallery's folder or object store under their content hash."""

from __future__ import annotations

import contextlib
import os
from typing import IO, TYPE_CHECKING

from ..sources import is_under
from ..storage import Bucket, write_atomically

if TYPE_CHECKING:
    from ..storage import Place

FOLDER = "uploads"
SUFFIXES = {"JPEG": "jpg", "JPEG2000": "jp2", "TIFF": "tif", "HEIF": "heic"}


def save(gallery: Place, picture_id: str, kind: str, file: IO[bytes]) -> str:
    """Store an upload and return its path; the client's file name is not used.

    Raises:
        OSError: the disk is full or read-only.
        StorageError: the object store can't be written.
    """
    name = f"{picture_id}.{SUFFIXES.get(kind, kind.lower())}"
    file.seek(0)
    blob = file.read()
    if isinstance(gallery, Bucket):
        gallery.put(f"{FOLDER}/{name}", blob)
    else:
        (gallery / FOLDER).mkdir(parents=True, exist_ok=True)
        write_atomically(gallery / FOLDER / name, blob)
    return str(gallery / FOLDER / name)


def is_upload(gallery: Place, path: str) -> bool:
    """Check whether a file is an upload."""
    return is_under(path, str(gallery / FOLDER)) and not os.path.islink(path)


def delete(gallery: Place, path: str) -> bool:
    """Delete an upload; return whether it was the last one."""
    name = os.path.basename(path)
    if isinstance(gallery, Bucket):
        gallery.delete(f"{FOLDER}/{name}")
        return not (gallery / FOLDER).size()
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    return not os.listdir(gallery / FOLDER)
