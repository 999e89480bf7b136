"""The processes that decode pictures and search: one a core, replaced when one dies or hangs."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import multiprocessing
import queue
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .messages import FAULT, error_from_json, receive, send
from .problems import BusyError, ProblemError

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

URGENT, LATER = 0, 1  # somebody waits for hits; for small pictures
MAX_WAITING = {URGENT: 64, LATER: 512}
START_SECONDS = 120.0
RESTART_SECONDS = 1.0  # between two tries, where a worker does not even start
END_SECONDS = 2.0

Answer = tuple[dict[str, Any], bytes]


@dataclass(order=True)
class _Call:
    rank: int
    number: int
    values: dict[str, Any] = field(compare=False)
    blob: bytes = field(compare=False)
    seconds: float = field(compare=False)
    answer: Future[Answer] = field(compare=False, default_factory=Future)


class Child:
    """A process at the other end of a pipe; it ends when the pipe does."""

    def __init__(self, target: Callable[..., None], *arguments: Any) -> None:
        """Start it: `target` is called with its end of the pipe, and these arguments."""
        context = multiprocessing.get_context("spawn")  # a fork would copy threads' locks
        self.connection: Connection
        self.connection, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(
            target=target, args=(theirs, *arguments), daemon=True
        )
        self.process.start()
        theirs.close()

    def ask(self, values: dict[str, Any], blob: bytes, seconds: float) -> Answer:
        """Send a message and wait for its answer.

        Raises:
            TimeoutError: there was none in time.
            EOFError, OSError, ValueError: the process died, or talks nonsense.
        """
        send(self.connection, values, blob)
        if not self.connection.poll(seconds):
            raise TimeoutError
        return receive(self.connection)

    def end(self) -> None:
        """Close the pipe, and see that the process is gone."""
        with contextlib.suppress(OSError):
            self.connection.close()
        self.process.kill()
        self.process.join(END_SECONDS)


class Pool:
    """Workers, and what waits for them, the urgent first.

    Attributes:
        restarts: how many workers had to be replaced.
    """

    def __init__(self, target: Callable[..., None], *arguments: Any, workers: int) -> None:
        """Name what the workers run; `start` starts them."""
        self._target, self._arguments = target, arguments
        self._calls: queue.PriorityQueue[_Call] = queue.PriorityQueue()
        self._waiting = {URGENT: 0, LATER: 0}
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._is_stopping = threading.Event()
        self._children: set[Child] = set()
        self.restarts = 0
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(workers)]

    def start(self) -> None:
        """Start the workers, without waiting for them."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End all workers; what waits is told."""
        self._is_stopping.set()
        with self._lock:
            children = list(self._children)
        for child in children:
            child.process.kill()
        for _ in self._threads:  # wakes one that waits for a call
            self._calls.put(_Call(-1, next(self._numbers), {}, b"", 0))
        for thread in self._threads:
            thread.join(END_SECONDS)

    @property
    def waiting(self) -> int:
        """Count the calls that no worker has taken yet."""
        return sum(self._waiting.values())

    @property
    def pids(self) -> list[int]:
        """Tell the workers' process ids."""
        with self._lock:
            return [child.process.pid or 0 for child in self._children]

    async def call(
        self,
        verb: str,
        values: dict[str, Any],
        blob: bytes = b"",
        *,
        rank: int = URGENT,
        seconds: float = 30.0,
    ) -> Answer:
        """Have a worker do something.

        Args:
            verb: what; see `tasks`.
            values: its arguments, of JSON.
            blob: likewise.
            rank: whether it goes before others.
            seconds: after which the worker is taken for hung, and replaced.

        Raises:
            BusyError: too much waits already.
            ProblemError: the worker died or hung.
            LookalikeError: what it raised.
        """
        with self._lock:
            if self._waiting[rank] >= MAX_WAITING[rank] or self._is_stopping.is_set():
                raise BusyError
            self._waiting[rank] += 1
        call = _Call(rank, next(self._numbers), {"verb": verb, **values}, blob, seconds)
        self._calls.put(call)
        found, data = await asyncio.wrap_future(call.answer)
        if found.get("error") == FAULT:
            raise ProblemError(500, "fault", "Something failed in the server; its log says what.")
        if "error" in found:
            raise error_from_json(found)
        return found, data

    def _serve(self) -> None:
        child: Child | None = None
        while not self._is_stopping.is_set():
            child = child or self._started()
            if child is None:  # nobody should wait for a worker that does not start
                self._refuse_all()
                continue
            call = self._calls.get()
            if call.rank >= 0:
                with self._lock:
                    self._waiting[call.rank] -= 1
                if call.answer.set_running_or_notify_cancel() and not self._answer(child, call):
                    self._ended(child)
                    child = None
        if child:
            self._ended(child)
        self._refuse_all()

    def _refuse_all(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                left = self._calls.get_nowait()
                if left.rank >= 0:
                    with self._lock:
                        self._waiting[left.rank] -= 1
                    if left.answer.set_running_or_notify_cancel():
                        left.answer.set_exception(BusyError())

    def _answer(self, child: Child, call: _Call) -> bool:
        """Do one call; tell whether the worker is still good."""
        try:
            call.answer.set_result(child.ask(call.values, call.blob, call.seconds))
        except (TimeoutError, EOFError, OSError, ValueError) as error:
            self.restarts += 1
            is_late = isinstance(error, TimeoutError)
            call.answer.set_exception(
                ProblemError(
                    422,
                    "too_much_work" if is_late else "worker_died",
                    f"This took {'too long' if is_late else 'more than a worker process may use'} "
                    "and was stopped; ask with another picture, or with a smaller one.",
                )
            )
            return False
        return True

    def _started(self) -> Child | None:
        child = Child(self._target, *self._arguments)
        with self._lock:
            self._children.add(child)
        try:
            child.ask({"verb": "hello"}, b"", START_SECONDS)
        except (TimeoutError, EOFError, OSError, ValueError):
            self._ended(child)
            self._is_stopping.wait(RESTART_SECONDS)
            return None
        return child

    def _ended(self, child: Child) -> None:
        child.end()
        with self._lock:
            self._children.discard(child)
