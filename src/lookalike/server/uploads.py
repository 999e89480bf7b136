"""Pictures that were sent to be added: in the gallery's place, named by their content."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from ..sources import is_under
from ..storage import Bucket
from .query_cache import write

if TYPE_CHECKING:
    from ..storage import Place

FOLDER = "uploads"
SUFFIXES = {"JPEG": "jpg", "JPEG2000": "jp2", "TIFF": "tif", "HEIF": "heic"}


def keep(gallery: Place, one: str, kind: str, blob: bytes) -> str:
    """Keep a picture that was sent, and give its path; nothing of its own name is taken.

    Raises:
        OSError: the disk is full or read-only.
        StorageError: the object store can't be written.
    """
    name = f"{one}.{SUFFIXES.get(kind, kind.lower())}"
    if isinstance(gallery, Bucket):
        gallery.put(f"{FOLDER}/{name}", blob)
    else:
        (gallery / FOLDER).mkdir(parents=True, exist_ok=True)
        write(gallery / FOLDER / name, blob)
    return str(gallery / FOLDER / name)


def is_upload(gallery: Place, path: str) -> bool:
    """Tell whether a file was sent here."""
    return is_under(path, str(gallery / FOLDER)) and not os.path.islink(path)


def drop(gallery: Place, path: str) -> bool:
    """Delete a picture that was sent; tell whether it was the last one."""
    name = os.path.basename(path)
    if isinstance(gallery, Bucket):
        gallery.delete(f"{FOLDER}/{name}")
        return not (gallery / FOLDER).size()
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    return not os.listdir(gallery / FOLDER)
