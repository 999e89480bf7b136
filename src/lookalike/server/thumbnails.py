"""Thumbnails: made once by a worker, then stored in the gallery's folder."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from typing import TYPE_CHECKING

from ..storage import THUMBNAILS, write_atomically
from .workers import LOW

if TYPE_CHECKING:
    from pathlib import Path

    from .workers import WorkerPool

_CHECKSUM_BYTES = 16


class Thumbnails:
    """A folder of thumbnails, named by the picture's id and the size."""

    def __init__(self, gallery: Path, pool: WorkerPool) -> None:
        """Use a folder inside the gallery's."""
        self._folder = gallery / THUMBNAILS
        self._pool = pool
        self._pending: dict[tuple[str, int], asyncio.Task[bytes]] = {}

    async def get(self, picture_id: str, size: int, blob: bytes | None = None) -> bytes:
        """Return a thumbnail as WebP without metadata.

        Args:
            picture_id: of the picture.
            size: pixels of the longer side, at most.
            blob: the picture's bytes, if it is not in the gallery.

        Raises:
            LookalikeError: the picture's file can't be used now.
            ProblemError: the queue is full, or the worker failed.
        """
        path = self._path(picture_id, size)
        with contextlib.suppress(OSError):
            data = await asyncio.to_thread(path.read_bytes)
            if _checksum(data[:-_CHECKSUM_BYTES]) == data[-_CHECKSUM_BYTES:]:
                return data[:-_CHECKSUM_BYTES]
        key = (picture_id, size)
        task = self._pending.get(key)
        if task is None:  # requests for the same thumbnail share one task
            task = asyncio.create_task(self._make(path, picture_id, size, blob))
            self._pending[key] = task
            task.add_done_callback(lambda _: self._pending.pop(key, None))
        return await asyncio.shield(task)

    def remove(self, picture_id: str, sizes: tuple[int, ...]) -> None:
        """Delete the stored thumbnails of a picture."""
        for size in sizes:
            with contextlib.suppress(OSError):
                self._path(picture_id, size).unlink()

    async def _make(self, path: Path, picture_id: str, size: int, blob: bytes | None) -> bytes:
        values = {"id": "" if blob is not None else picture_id, "size": size}
        _, data = await self._pool.call("thumbnail", values, blob or b"", priority=LOW)
        with contextlib.suppress(OSError):  # a thumbnail that can't be stored is made again
            await asyncio.to_thread(_store, path, data)
        return data

    def _path(self, picture_id: str, size: int) -> Path:
        return self._folder / picture_id[:2] / f"{picture_id}-{size}.webp"


def _store(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # With a checksum behind it: a damaged one is made again.
    write_atomically(path, data + _checksum(data), durable=False)


def _checksum(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_CHECKSUM_BYTES).digest()
