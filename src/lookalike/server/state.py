"""What the routes of a server share."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from ..errors import GalleryNotFoundError
from ..storage import Manifest
from .jobs import Jobs
from .problems import ProblemError
from .query_cache import CachedQuery, QueryCache
from .result_cache import ResultCache
from .thumbnails import Thumbnails
from .workers import LOW, WorkerPool

if TYPE_CHECKING:
    from ..gallery import Gallery
    from ..types import Entry

MAX_BODY_BYTES = 64 * 2**20
MAX_PENDING_BYTES = 256 * 2**20  # of queries that wait to be written to the cache
CACHE_DELAY_SECONDS = 0.1  # a browser on this machine shows the hits first


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of a server.

    Attributes:
        token: what clients must send; None if they need none.
        hosts: names of this server, besides those of this machine.
        allow_private_urls: whether the server may fetch pictures from private addresses.
        max_body_bytes: the largest body of a request.
        workers: processes that decode and search; 0 for one per core.
        root_path: the path at which a proxy shows the server, such as /photos; empty for none.
        proxies: addresses and networks of the proxies whose X-Forwarded-For and X-Forwarded-Proto
            count.
    """

    token: str | None = None
    hosts: tuple[str, ...] = ()
    allow_private_urls: bool = False
    max_body_bytes: int = MAX_BODY_BYTES
    workers: int = 0
    root_path: str = ""
    proxies: tuple[str, ...] = ()


@dataclass(slots=True)
class State:
    """The parts of one server.

    Attributes:
        gallery: opened in this process, for requests that decode no pictures.
        settings: the options.
        pool: decodes pictures and searches.
        query_cache: pictures of earlier searches.
        result_cache: results of earlier searches.
        thumbnails: small pictures.
        jobs: background jobs.
        write_lock: held while this process changes the gallery.
        pending_queries: by id, the tasks that are still writing to `query_cache`.
        pending_bytes: of the files of those queries.
    """

    gallery: Gallery
    settings: Settings
    pool: WorkerPool
    query_cache: QueryCache
    result_cache: ResultCache
    thumbnails: Thumbnails
    jobs: Jobs
    write_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    pending_queries: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    pending_bytes: int = 0

    @classmethod
    def create(cls, gallery: Gallery, settings: Settings) -> State:
        """Create the parts; the caller starts `pool` and `jobs`."""
        from .worker_process import run_worker

        workers = settings.workers or os.cpu_count() or 1
        folder = str(gallery.folder)
        pool = WorkerPool(run_worker, folder, workers=workers)
        return cls(
            gallery,
            settings,
            pool,
            QueryCache(gallery.cache),
            ResultCache(),
            Thumbnails(gallery.cache, pool),
            Jobs(folder),
        )

    def address(self, path: str) -> str:
        """Return the address of a path of the API, as clients see it."""
        return f"{self.settings.root_path}/api/v1{path}"

    def roots(self) -> tuple[str, ...]:
        """Return the folders that the gallery contains."""
        manifest = Manifest.read(self.gallery.folder)
        return manifest.roots if manifest else ()

    async def version(self) -> int:
        """Return the number of the gallery's newest version; 0 if there is no gallery yet."""
        try:
            return await asyncio.to_thread(self.gallery.version)
        except GalleryNotFoundError:
            return 0

    async def entry(self, picture_id: str) -> Entry:
        """Return a picture of the gallery.

        Raises:
            ProblemError: the gallery has no picture with this id.
        """
        entry = await self.find(picture_id)
        if entry is None:
            raise ProblemError(
                404, "no_such_picture", "The gallery does not have this picture; search again."
            )
        return entry

    async def find(self, picture_id: str) -> Entry | None:
        """Return a picture of the gallery, or None."""
        try:
            return await asyncio.to_thread(self.gallery.get, picture_id)
        except GalleryNotFoundError:
            return None

    async def cached_query(self, query_id: str) -> CachedQuery | None:
        """Return a query from the cache, after it is written; None if it is not there."""
        task = self.pending_queries.get(query_id)
        if task:
            await asyncio.wait([task])
        return await asyncio.to_thread(self.query_cache.get, query_id)

    def cache_query(self, query_id: str, name: str, file: IO[bytes]) -> None:
        """Write a query to the cache in the background, unless too much is waiting for that."""
        size = file.seek(0, os.SEEK_END)
        is_too_much = self.pending_bytes and self.pending_bytes + size > MAX_PENDING_BYTES
        if is_too_much or query_id in self.pending_queries:
            return

        def forget(_: asyncio.Task[None]) -> None:
            self.pending_queries.pop(query_id, None)
            self.pending_bytes -= size

        task = asyncio.create_task(self._cache_query(query_id, name, file))
        self.pending_queries[query_id] = task
        self.pending_bytes += size
        task.add_done_callback(forget)

    async def _cache_query(self, query_id: str, name: str, file: IO[bytes]) -> None:
        if await asyncio.to_thread(self.query_cache.get, query_id):
            return
        await asyncio.sleep(CACHE_DELAY_SECONDS)
        try:
            size, jpeg = await self.pool.call("reduce", {}, file, priority=LOW)
            query = CachedQuery(query_id, name, size["width"], size["height"])
            await asyncio.to_thread(self.query_cache.put, query, jpeg)
        except Exception:  # noqa: BLE001  the search itself succeeded, so its client sees no error
            return
