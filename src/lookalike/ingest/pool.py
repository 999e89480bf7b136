"""Worker threads that share a stream of items and return their results to one thread."""

from __future__ import annotations

import os
import queue
import threading
import time
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Item = TypeVar("Item")
Result = TypeVar("Result")
MAX_RESULTS = 64  # that wait for the calling thread
HALT_SECONDS = 20.0  # for workers in the middle of a large picture
POLL_SECONDS = 0.1


class ThreadPool(Generic[Item, Result]):
    """Threads that take the next item as soon as they are free.

    Each does all the steps of an item by itself, so all cores stay busy whichever step is slow.
    """

    def __init__(
        self, items: Iterator[Item], work: Callable[[Item], Result], *, threads: int = 0
    ) -> None:
        """Prepare the threads.

        Args:
            items: called by one thread at a time; no item is None.
            work: called by many threads at once.
            threads: how many; 0 for one per core.
        """
        cores = os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count()
        self._items, self._work = items, work
        self._take_turns = threading.Lock()
        self._results: queue.Queue[Result | BaseException | None] = queue.Queue(MAX_RESULTS)
        self._stopping = threading.Event()
        self._running = threads or cores or 1
        self._threads = [
            threading.Thread(target=self._run, daemon=True) for _ in range(self._running)
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    @property
    def finished(self) -> bool:
        """Whether every item is done and its result received."""
        return not self._running

    @property
    def stopping(self) -> bool:
        """Whether the threads are to return what they have done of their items."""
        return self._stopping.is_set()

    def receive(self) -> list[Result]:
        """Wait briefly for results; raise what a thread raised."""
        try:
            result = self._results.get(timeout=POLL_SECONDS)
        except queue.Empty:
            return []
        if isinstance(result, BaseException):
            raise result
        if result is None:  # a thread found no more items
            self._running -= 1
            return []
        return [result]

    def stop(self) -> list[Result]:
        """Stop the threads; return the results that were not received.

        They are waited for once: after a Ctrl-C in that time, the next call does not wait.
        """
        self._stopping.set()
        threads, self._threads = self._threads, []
        wait_for(threads, HALT_SECONDS)
        results = []
        while not self._results.empty():
            result = self._results.get_nowait()
            if result is not None and not isinstance(result, BaseException):
                results.append(result)
        return results

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                with self._take_turns:
                    item = next(self._items, None)
                if item is None:
                    break
                put(self._results, self._work(item), self._stopping)
        except BaseException as error:  # noqa: BLE001  the calling thread raises it
            put(self._results, error, self._stopping)
        put(self._results, None, self._stopping)


def wait_for(threads: Iterable[threading.Thread], seconds: float) -> None:
    """Wait until threads end, in all for at most so long; some may not have been started."""
    deadline = time.monotonic() + seconds
    for thread in threads:
        if thread.ident is not None:
            thread.join(max(deadline - time.monotonic(), 0))


def put(target: queue.Queue[Item], item: Item, stopping: threading.Event) -> None:
    """Put an item into a queue, but give up when `stopping` is set and the queue is full."""
    while True:
        try:
            return target.put(item, timeout=POLL_SECONDS)
        except queue.Full:
            if stopping.is_set():
                return None
