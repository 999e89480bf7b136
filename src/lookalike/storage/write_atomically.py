"""Writing one file in one step."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_atomically(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a file in one step, with the rights that the umask gives; make its folder if needed.

    Readers see the old or the new content. `durable` makes that true after a power cut, too, at the
    price of waiting for the disk.

    Raises:
        OSError: the disk is full or read-only; the old content stays.

    Example:
        >>> from pathlib import Path
        >>> write_atomically(Path("new folder/note.txt"), b"hello")
        >>> Path("new folder/note.txt").read_bytes()
        b'hello'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with new.open("xb") as file:  # `tempfile` would let only its owner read it
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
