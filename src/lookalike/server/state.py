"""What all routes of one server share."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import GalleryNotFoundError
from ..storage import Manifest
from .jobs import Jobs
from .problems import ProblemError
from .query_cache import CachedQuery, QueryCache
from .result_cache import ResultCache
from .thumbnails import Thumbnails
from .workers import LATER, Pool

if TYPE_CHECKING:
    from ..gallery import Gallery
    from ..types import Entry

MAX_BODY_BYTES = 64 * 2**20
KEEP_AFTER_SECONDS = 0.1  # a browser on this machine paints the hits first


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server is to run.

    Attributes:
        token: what clients must show; None for none.
        hosts: names, besides those of this machine, that clients may call it by.
        allow_private_urls: whether pictures may be fetched from private addresses.
        max_body_bytes: of a request.
        workers: processes that decode and search; 0 for one a core.
    """

    token: str | None = None
    hosts: tuple[str, ...] = ()
    allow_private_urls: bool = False
    max_body_bytes: int = MAX_BODY_BYTES
    workers: int = 0


@dataclass(slots=True)
class State:
    """One server's parts.

    Attributes:
        gallery: opened in this process for what needs no decoding.
        settings: how it runs.
        pool: where pictures are decoded.
        kept: queries.
        answers: of searches.
        thumbnails: small pictures.
        jobs: long work in the background.
        writing: held by whoever changes the gallery from here.
    """

    gallery: Gallery
    settings: Settings
    pool: Pool
    kept: QueryCache
    answers: ResultCache
    thumbnails: Thumbnails
    jobs: Jobs
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    keeping: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    @classmethod
    def of(cls, gallery: Gallery, settings: Settings) -> State:
        """Put the parts together; the pool is not started."""
        from .worker_process import work

        workers = settings.workers or os.cpu_count() or 1
        pool = Pool(work, str(gallery.folder), workers=workers)
        kept = QueryCache(gallery.cache)
        small, jobs = Thumbnails(gallery.cache, pool), Jobs(str(gallery.folder))
        return cls(gallery, settings, pool, kept, ResultCache(), small, jobs)

    def roots(self) -> tuple[str, ...]:
        """Tell the folders that the gallery was filled from."""
        manifest = Manifest.read(self.gallery.folder)
        return manifest.roots if manifest else ()

    async def version(self) -> int:
        """Tell the number of the gallery's newest version; 0 where there is nothing."""
        return await asyncio.to_thread(self._version)

    def _version(self) -> int:
        try:
            return self.gallery.version()
        except GalleryNotFoundError:
            return 0

    async def entry(self, one: str) -> Entry:
        """Find a picture of the gallery.

        Raises:
            ProblemError: there is none of this id.
        """
        found = await self.find(one)
        if found is None:
            raise ProblemError(
                404, "no_such_picture", "The gallery has no such picture; search for it again."
            )
        return found

    async def find(self, one: str) -> Entry | None:
        """Find a picture of the gallery; None where there is none of this id."""
        try:
            return await asyncio.to_thread(self.gallery.get, one)
        except GalleryNotFoundError:
            return None

    async def query(self, one: str) -> CachedQuery | None:
        """Find a kept query, also one that is about to be kept."""
        task = self.keeping.get(one)
        if task:
            await asyncio.wait([task])
        return await asyncio.to_thread(self.kept.get, one)

    def keep(self, one: str, name: str, blob: bytes) -> None:
        """Keep a query for later, without making anybody wait."""
        if one not in self.keeping:
            task = asyncio.create_task(self._keep(one, name, blob))
            self.keeping[one] = task
            task.add_done_callback(lambda _: self.keeping.pop(one, None))

    async def _keep(self, one: str, name: str, blob: bytes) -> None:
        if await asyncio.to_thread(self.kept.get, one):
            return
        await asyncio.sleep(KEEP_AFTER_SECONDS)
        try:
            sizes, jpeg = await self.pool.call("keep", {}, blob, rank=LATER)
            kept = CachedQuery(one, name, sizes["width"], sizes["height"])
            await asyncio.to_thread(self.kept.put, kept, jpeg)
        except Exception:  # noqa: BLE001  the hits are there; only asking again is not
            return
