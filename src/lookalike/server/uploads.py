"""Pictures that were sent to be added: in a folder of the gallery, named by their content."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..sources.addresses import is_under

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "uploads"
SUFFIXES = {"JPEG": "jpg", "JPEG2000": "jp2", "TIFF": "tif", "HEIF": "heic"}


def upload_path(gallery: Path, one: str, kind: str) -> Path:
    """Name the file of a picture that was sent: nothing of its own name is taken."""
    return gallery / FOLDER / f"{one}.{SUFFIXES.get(kind, kind.lower())}"


def is_upload(gallery: Path, path: str) -> bool:
    """Tell whether a file was sent here."""
    return is_under(path, os.path.join(gallery, FOLDER)) and not os.path.islink(path)
