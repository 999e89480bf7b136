"""The pictures that were asked with: kept for a while, bounded, without what a camera wrote in."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "queries"
MAX_KEPT = 1_000
MAX_BYTES = 512 * 2**20
MAX_AGE_SECONDS = 30 * 86_400
_PICTURE, _FACTS = ".jpg", ".json"


@dataclass(frozen=True, slots=True)
class CachedQuery:
    """A picture that was asked with.

    Attributes:
        id: content hash of the file that was sent, 32 hexadecimal digits.
        name: what the file was called; text of a stranger.
        width: pixels of the file's picture, upright.
        height: likewise.
    """

    id: str
    name: str
    width: int
    height: int


class QueryCache:
    """The folder of kept queries: each a JPEG, and a JSON file beside it."""

    def __init__(self, gallery: Path) -> None:
        """Name the folder in the gallery's; it is made when first needed."""
        self._folder = gallery / FOLDER
        self._lock = threading.Lock()

    def get(self, one: str) -> CachedQuery | None:
        """Find a query by its id."""
        try:
            values = json.loads((self._folder / f"{one}{_FACTS}").read_text("utf-8"))
            return CachedQuery(**values)
        except (OSError, ValueError, TypeError):
            return None

    def picture(self, one: str) -> bytes | None:
        """Read a query's JPEG; None where it is not kept any more."""
        path = self._folder / f"{one}{_PICTURE}"
        try:
            data = path.read_bytes()
            os.utime(path)  # what is looked at stays longest
        except OSError:
            return None
        return data

    def put(self, query: CachedQuery, jpeg: bytes) -> None:
        """Keep a query, and let the oldest go where there are too many.

        Raises:
            OSError: the disk is full or read-only.
        """
        with self._lock:
            self._folder.mkdir(parents=True, exist_ok=True)
            write(self._folder / f"{query.id}{_PICTURE}", jpeg)
            facts = json.dumps(asdict(query)).encode("ascii")
            write(self._folder / f"{query.id}{_FACTS}", facts)
            self._prune()

    def _prune(self) -> None:
        found = []
        with os.scandir(self._folder) as scan:
            for entry in scan:
                if entry.name.endswith(_PICTURE):
                    status = entry.stat()
                    found.append((status.st_mtime, status.st_size, entry.name))
        total, oldest = 0, time.time() - MAX_AGE_SECONDS
        for number, (changed, size, name) in enumerate(sorted(found, reverse=True)):
            total += size
            if number >= MAX_KEPT or total > MAX_BYTES or changed < oldest:
                for ending in (_PICTURE, _FACTS):
                    with contextlib.suppress(OSError):
                        (self._folder / name.replace(_PICTURE, ending)).unlink()


def write(path: Path, data: bytes) -> None:
    """Put a file in place in one step.

    Raises:
        OSError: the disk is full or read-only.
    """
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        try:
            file.write(data)
        except OSError:
            os.unlink(file.name)
            raise
    os.replace(file.name, path)
