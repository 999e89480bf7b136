"""A thread that lists files, and drops those that the gallery already has."""

from __future__ import annotations

import itertools
import queue
import threading
from typing import TYPE_CHECKING

from .pool import POLL_SECONDS, put, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..types import Source
    from .seen import SeenFiles

LISTED_AHEAD_CHUNKS = 8_192  # how far the listing may run ahead, so that the time left is known
HALT_SECONDS = 5.0  # for a folder that answers slowly
LISTED_AT_ONCE = 256  # files that are compared with the gallery in one step


class Listing:
    """A thread that lists files, and cuts those that are new or changed into chunks.

    Attributes:
        chunks: the chunks; None marks the end.
        listed: files seen so far.
        todo: of those, how many are new or changed.
        nulls: of those listed, how many have metadata in which numbers were taken as null.
        running: whether there are more to come.
    """

    def __init__(self, files: Iterator[Source], seen: SeenFiles, pictures: int) -> None:
        """Prepare the thread; `pictures` is the size of a chunk."""
        self.chunks: queue.Queue[list[Source] | None] = queue.Queue(LISTED_AHEAD_CHUNKS)
        self.listed = self.todo = self.nulls = 0
        self.running = True
        self._error: BaseException | None = None
        self._stopping = threading.Event()
        arguments = (files, seen, pictures)
        self._threads = [threading.Thread(target=self._run, args=arguments, daemon=True)]

    def start(self) -> None:
        """Start the thread."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop the thread, which is waited for once; `chunks` ends, too."""
        self._stopping.set()
        threads, self._threads = self._threads, []
        wait_for(threads, HALT_SECONDS)

    def check(self) -> None:
        """Raise what ended the listing early."""
        if self._error:
            raise self._error

    def __iter__(self) -> Iterator[list[Source]]:
        """Wait for each chunk, until there are no more or the listing is stopped."""
        while not self._stopping.is_set():
            try:
                chunk = self.chunks.get(timeout=POLL_SECONDS)
            except queue.Empty:
                continue
            if chunk is None:
                return
            yield chunk

    def _run(self, files: Iterator[Source], seen: SeenFiles, pictures: int) -> None:
        chunk: list[Source] = []
        stopping = self._stopping
        try:
            while not stopping.is_set() and (
                sources := list(itertools.islice(files, LISTED_AT_ONCE))
            ):
                self.listed += len(sources)
                self.nulls += sum(source.has_nulls for source in sources)
                unseen = seen.unseen(sources)
                self.todo += len(unseen)
                chunk += unseen
                while len(chunk) >= pictures:
                    put(self.chunks, chunk[:pictures], stopping)
                    chunk = chunk[pictures:]
            if chunk:
                put(self.chunks, chunk, stopping)
        except BaseException as error:  # noqa: BLE001  the calling thread raises it
            self._error = error
        self.running = False
        put(self.chunks, None, stopping)
