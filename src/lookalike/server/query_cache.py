"""The pictures of earlier searches: stored for a while, within limits, without camera metadata."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ..storage import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "queries"
MAX_QUERIES = 1_000
MAX_BYTES = 512 * 2**20
MAX_AGE_SECONDS = 30 * 86_400
_PICTURE, _PROPERTIES = ".jpg", ".json"


@dataclass(frozen=True, slots=True)
class CachedQuery:
    """The picture of a search.

    Attributes:
        id: content hash of the file, 32 hexadecimal digits.
        name: the file's name, as the client sent it.
        width: pixels of the whole picture, upright.
        height: pixels of the whole picture, upright.
    """

    id: str
    name: str
    width: int
    height: int


class QueryCache:
    """A folder of queries: for each a JPEG, and a JSON file with its properties."""

    def __init__(self, gallery: Path) -> None:
        """Use a folder inside the gallery's; `put` creates it."""
        self._folder = gallery / FOLDER
        self._lock = threading.Lock()

    def get(self, query_id: str) -> CachedQuery | None:
        """Return a query, or None."""
        try:
            values = json.loads((self._folder / f"{query_id}{_PROPERTIES}").read_text("utf-8"))
            return CachedQuery(**values)
        except (OSError, ValueError, TypeError):
            return None

    def picture(self, query_id: str) -> bytes | None:
        """Return a query's JPEG, or None."""
        path = self._folder / f"{query_id}{_PICTURE}"
        try:
            data = path.read_bytes()
            os.utime(path)  # the least recently used are removed first
        except OSError:
            return None
        return data

    def put(self, query: CachedQuery, jpeg: bytes) -> None:
        """Store a query, and remove the oldest beyond the limits.

        Raises:
            OSError: the disk is full or read-only.
        """
        with self._lock:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self._folder / f"{query.id}{_PICTURE}", jpeg, durable=False)
            properties = json.dumps(asdict(query)).encode("ascii")
            write_atomically(self._folder / f"{query.id}{_PROPERTIES}", properties, durable=False)
            self._prune()

    def _prune(self) -> None:
        files = []
        with os.scandir(self._folder) as scan:
            for entry in scan:
                if entry.name.endswith(_PICTURE):
                    status = entry.stat()
                    files.append((status.st_mtime, status.st_size, entry.name))
        total, oldest = 0, time.time() - MAX_AGE_SECONDS
        for number, (used, size, name) in enumerate(sorted(files, reverse=True)):
            total += size
            if number >= MAX_QUERIES or total > MAX_BYTES or used < oldest:
                for suffix in (_PICTURE, _PROPERTIES):
                    with contextlib.suppress(OSError):
                        (self._folder / name.replace(_PICTURE, suffix)).unlink()
