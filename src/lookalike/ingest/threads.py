"""The workers of an ingest on this machine: a thread per core, each of which takes whole chunks."""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING

from ..copies import single_threaded
from ..sources import read
from .chunk import chunk_pictures, process_chunk
from .claims import ContentClaims
from .listing import Listing
from .pool import ThreadPool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..encoders import Encoder
    from ..storage import Store
    from ..types import Source
    from .ledger import Batch
    from .seen import SeenFiles


class ThreadWorkers:
    """Threads that list, read, decode and encode; used by the thread that commits."""

    def __init__(
        self, files: Iterator[Source], seen: SeenFiles, store: Store, encoder: Encoder
    ) -> None:
        """Prepare the threads; see `ingest.ingest` for the arguments."""
        self.listing = Listing(files, seen, chunk_pictures(encoder))
        self.claims = ContentClaims(seen)
        self._store, self._encoder = store, encoder
        self._pool = ThreadPool(iter(self.listing), self._work)
        self._one_thread = contextlib.ExitStack()

    def start(self) -> None:
        """Start the threads."""
        self.listing.start()
        if self._store.copies:  # the threads use all cores, so OpenCV gets one for each of them
            self._one_thread.enter_context(single_threaded())
        self._pool.start()

    @property
    def finished(self) -> bool:
        """Whether all files are done."""
        return self._pool.finished

    def receive(self) -> list[Batch]:
        """Wait briefly for a chunk that is done."""
        return self._pool.receive()

    def retry(self, files: list[tuple[Source, bytes]]) -> None:
        """Do nothing: whoever claims a content here always resolves the claim."""

    def stop(self) -> list[Batch]:
        """Stop the threads after the picture that they have; return what was not received."""
        self.listing.stop()
        batches = self._pool.stop()
        self._one_thread.close()
        return batches

    def update_index(self, _added: int) -> None:
        """Update the indexes of the store."""
        self._store.optimize()

    def _work(self, chunk: list[Source]) -> Batch:
        to_do = itertools.takewhile(lambda _: not self._pool.stopping, chunk)
        outcomes = process_chunk(
            to_do, self._encoder, self.claims.claim, copies=self._store.copies, read=read
        )
        return outcomes, None
