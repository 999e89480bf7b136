"""The worker processes, which decode pictures and search: one per core, replaced if one fails."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import multiprocessing
import queue
import signal
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from typing import IO, TYPE_CHECKING, Any

from .messages import FAULT, Message, error_from_json, receive, send
from .problems import FAULT_DETAIL, BusyError, ProblemError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

STOP, HIGH, LOW = -1, 0, 1  # priorities: HIGH is a search that somebody waits for
MAX_WAITING = {HIGH: 64, LOW: 512}
START_SECONDS = 120.0
RESTART_SECONDS = 1.0  # between two attempts to start a worker
END_SECONDS = 2.0


@dataclass(order=True)
class _Call:
    priority: int
    number: int
    values: dict[str, Any] = field(compare=False)
    blob: bytes | IO[bytes] = field(compare=False)
    timeout: float = field(compare=False)
    reply: Future[Message] = field(compare=False, default_factory=Future)


class ChildProcess:
    """A process at the other end of a pipe; it ends when the pipe is closed."""

    def __init__(self, target: Callable[..., None], *arguments: Any) -> None:
        """Start the process: it calls `target` with its end of the pipe and the arguments."""
        context = multiprocessing.get_context("spawn")  # fork would copy locks held by threads
        self.connection: Connection
        self.connection, child_end = context.Pipe()
        self.process: SpawnProcess = context.Process(
            target=target, args=(child_end, *arguments), daemon=True
        )
        with _ctrl_c_blocked():
            self.process.start()
        child_end.close()

    def call(self, values: dict[str, Any], blob: bytes | IO[bytes], timeout: float) -> Message:
        """Send a message and wait for the reply.

        Raises:
            TimeoutError: no reply came in time.
            EOFError, OSError, ValueError: the process died, or its reply is malformed.
        """
        send(self.connection, values, blob)
        if not self.connection.poll(timeout):
            raise TimeoutError
        return receive(self.connection)

    def end(self) -> None:
        """Close the pipe and kill the process."""
        with contextlib.suppress(OSError):
            self.connection.close()
        self.process.kill()
        self.process.join(END_SECONDS)


@contextlib.contextmanager
def _ctrl_c_blocked() -> Iterator[None]:
    """Start processes that Ctrl-C does not reach, from their first moment on; not on Windows.

    A terminal sends it to all processes at once, but it is for the server, which ends the others.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # it would unblock the signal as it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class WorkerPool:
    """The workers and their queue, ordered by priority.

    Attributes:
        restarts: number of workers that were replaced.
    """

    def __init__(self, target: Callable[..., None], *arguments: Any, workers: int) -> None:
        """Choose what the workers run; `start` starts them."""
        self._target, self._arguments = target, arguments
        self._calls: queue.PriorityQueue[_Call] = queue.PriorityQueue()
        self._waiting = {HIGH: 0, LOW: 0}
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._is_stopping = threading.Event()
        self._children: set[ChildProcess] = set()
        self.restarts = 0
        self._threads = [
            threading.Thread(target=self._run_worker, daemon=True) for _ in range(workers)
        ]

    def start(self) -> None:
        """Start the workers, and return at once."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End all workers; waiting calls raise `BusyError`."""
        self._is_stopping.set()
        with self._lock:
            children = list(self._children)
        for child in children:
            child.process.kill()
        for _ in self._threads:  # wakes a thread that waits for a call
            self._calls.put(_Call(STOP, next(self._numbers), {}, b"", 0))
        for thread in self._threads:
            thread.join(END_SECONDS)

    @property
    def waiting(self) -> int:
        """The number of calls that no worker has taken yet."""
        return sum(self._waiting.values())

    @property
    def pids(self) -> list[int]:
        """The process ids of the workers."""
        with self._lock:
            return [child.process.pid or 0 for child in self._children]

    async def call(
        self,
        verb: str,
        values: dict[str, Any],
        blob: bytes | IO[bytes] = b"",
        *,
        priority: int = HIGH,
        timeout: float = 30.0,
    ) -> Message:
        """Run a task in a worker.

        Args:
            verb: name of the task, see `Worker.tasks`.
            values: arguments, as JSON.
            blob: more arguments, as bytes; a file is read once a worker takes the call.
            priority: `HIGH` or `LOW`.
            timeout: seconds after which the worker counts as hung and is replaced.

        Raises:
            BusyError: the queue is full.
            ProblemError: the worker died or hung.
            LookalikeError: the task raised it.
        """
        with self._lock:
            if self._waiting[priority] >= MAX_WAITING[priority] or self._is_stopping.is_set():
                raise BusyError
            self._waiting[priority] += 1
        call = _Call(priority, next(self._numbers), {"verb": verb, **values}, blob, timeout)
        self._calls.put(call)
        reply, data = await asyncio.wrap_future(call.reply)
        if reply.get("error") == FAULT:
            raise ProblemError(500, "fault", FAULT_DETAIL)
        if "error" in reply:
            raise error_from_json(reply)
        return reply, data

    def _run_worker(self) -> None:
        child: ChildProcess | None = None
        while not self._is_stopping.is_set():
            child = child or self._start_child()
            if child is None:  # no call should wait for a worker that doesn't start
                self._refuse_waiting()
                continue
            call = self._calls.get()
            if self._take(call) and not self._run_call(child, call):
                self._end_child(child)
                child = None
            del call  # its picture is not needed while this thread waits for the next one
        if child:
            self._end_child(child)
        self._refuse_waiting()

    def _take(self, call: _Call) -> bool:
        """Take a call from the queue; return whether its caller still waits for the reply."""
        if call.priority == STOP:
            return False
        with self._lock:
            self._waiting[call.priority] -= 1
        return call.reply.set_running_or_notify_cancel()

    def _refuse_waiting(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                call = self._calls.get_nowait()
                if self._take(call):
                    call.reply.set_exception(BusyError())

    def _run_call(self, child: ChildProcess, call: _Call) -> bool:
        """Run a call in a worker; return whether the worker can be used again."""
        try:
            call.reply.set_result(child.call(call.values, call.blob, call.timeout))
        except (TimeoutError, EOFError, OSError, ValueError) as error:
            self.restarts += 1
            call.reply.set_exception(
                ProblemError(422, "too_much_work", "This picture took too long; try a smaller one.")
                if isinstance(error, TimeoutError)
                else ProblemError(
                    422,
                    "worker_died",
                    "This picture used too much memory or crashed its worker; try a smaller one.",
                )
            )
            return False
        return True

    def _start_child(self) -> ChildProcess | None:
        child = ChildProcess(self._target, *self._arguments)
        with self._lock:
            self._children.add(child)
        try:
            child.call({"verb": "hello"}, b"", START_SECONDS)
        except (TimeoutError, EOFError, OSError, ValueError):
            self._end_child(child)
            self._is_stopping.wait(RESTART_SECONDS)
            return None
        return child

    def _end_child(self, child: ChildProcess) -> None:
        child.end()
        with self._lock:
            self._children.discard(child)
