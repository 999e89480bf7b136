"""What a picture leaves in a gallery's folder."""

from __future__ import annotations

from pathlib import Path

from lookalike.storage import FingerprintIndex, Place


def fingerprint_thumbnail(folder: Place, picture: str) -> bytes:
    """Return the WebP data in the fingerprint of a picture."""
    content = bytes.fromhex(picture)
    data = FingerprintIndex(folder).get([content])[content]
    return data[data.index(b"WEBP") :]


def is_on_disk(folder: Place, data: bytes) -> bool:
    """Look for bytes in all files."""
    files = (path for path in Path(str(folder)).rglob("*") if path.is_file())
    return any(data in path.read_bytes() for path in files)
