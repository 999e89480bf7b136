"""Small pictures: made once by a worker, kept in the gallery's folder."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from .query_cache import write
from .workers import LATER

if TYPE_CHECKING:
    from pathlib import Path

    from .workers import Pool

FOLDER = "thumbnails"


class Thumbnails:
    """The folder of small pictures, named by id and size."""

    def __init__(self, gallery: Path, pool: Pool) -> None:
        """Name the folder in the gallery's."""
        self._folder = gallery / FOLDER
        self._pool = pool
        self._making: dict[tuple[str, int], asyncio.Task[bytes]] = {}

    async def get(self, one: str, size: int, blob: bytes | None = None) -> bytes:
        """Give a picture as WebP without metadata, its longer side `size` pixels at most.

        Args:
            one: the picture's id.
            size: in pixels.
            blob: its bytes, where it is not of the gallery.

        Raises:
            LookalikeError: its file can't be used now.
            ProblemError: the queue is full, or a worker could not do it.
        """
        path = self._path(one, size)
        with contextlib.suppress(OSError):
            return await asyncio.to_thread(path.read_bytes)
        key = (one, size)
        task = self._making.get(key)
        if task is None:  # those who ask for the same meanwhile wait for the same
            task = asyncio.create_task(self._make(path, one, size, blob))
            self._making[key] = task
            task.add_done_callback(lambda _: self._making.pop(key, None))
        return await asyncio.shield(task)

    def forget(self, one: str, sizes: tuple[int, ...]) -> None:
        """Delete what is kept of a picture."""
        for size in sizes:
            with contextlib.suppress(OSError):
                self._path(one, size).unlink()

    async def _make(self, path: Path, one: str, size: int, blob: bytes | None) -> bytes:
        values = {"id": "" if blob is not None else one, "size": size}
        _, data = await self._pool.call("thumbnail", values, blob or b"", rank=LATER)
        with contextlib.suppress(OSError):  # where it can't be kept it is made again
            await asyncio.to_thread(_keep, path, data)
        return data

    def _path(self, one: str, size: int) -> Path:
        return self._folder / one[:2] / f"{one}-{size}.webp"


def _keep(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, data)
