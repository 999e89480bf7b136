"""Background jobs: each runs in its own process, and each queue runs one job at a time."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import asdict, dataclass, field
from typing import Any

from ..types import Progress
from . import job_process
from .messages import error_from_json, receive, send
from .problems import ProblemError, problem_as_json, status_and_code
from .workers import ChildProcess

WRITE_QUEUE = 0  # its jobs change the gallery
QUEUES = {
    "index": WRITE_QUEUE,
    "prune": WRITE_QUEUE,
    "trash": WRITE_QUEUE,
    "undo": WRITE_QUEUE,
    "duplicates": 1,
    "check": 1,
    "map": 2,
}
MAX_QUEUED = 16
MAX_REMEMBERED = 100
CANCEL_SECONDS = 30.0  # for a cancelled job to commit its work before it is killed
SHUTDOWN_SECONDS = 8.0
_POLL_SECONDS = 0.2
NO_PROGRESS: dict[str, Any] = {
    **asdict(
        Progress(listed=0, listing=False, todo=0, done=0, refused=0, seconds=0.0, optimizing=False)
    ),
    "rate": 0.0,
    "seconds_left": None,
    "stage": "",
}
FINAL_STATES = {"done", "failed", "cancelled"}


@dataclass(slots=True)
class Job:
    """One background job.

    Attributes:
        id: random, so that nobody can guess the id of another client's job.
        kind: a key of `QUEUES`.
        values: arguments, as JSON.
        state: `queued`, `running`, `done`, `failed` or `cancelled`.
        progress: the fields of `models.Progress`.
        report: the result.
        error: a problem document.
        cancel: set by whoever cancels the job.
        ended: set once the state is final.
    """

    id: str
    kind: str
    values: dict[str, Any]
    state: str = "queued"
    progress: dict[str, Any] = field(default_factory=lambda: dict(NO_PROGRESS))
    report: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    cancel: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def as_json(self) -> dict[str, Any]:
        """Write the job as the API returns it."""
        names = ("id", "kind", "state", "progress", "report", "error")
        return {name: getattr(self, name) for name in names}


class Jobs:
    """All jobs, and one thread for each queue."""

    def __init__(self, gallery: str) -> None:
        """Prepare the queues of a gallery; `start` starts them."""
        self._gallery = gallery
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._is_stopping = False
        self._threads = [
            threading.Thread(target=self._run_queue, args=(queue,), daemon=True)
            for queue in sorted(set(QUEUES.values()))
        ]

    def start(self) -> None:
        """Start the queues."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Cancel all jobs; they keep the work that they have committed."""
        with self._changed:
            self._is_stopping = True
            for job in self._jobs.values():
                job.cancel.set()
            self._changed.notify_all()
        deadline = time.monotonic() + SHUTDOWN_SECONDS
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0) + _POLL_SECONDS)

    def add(self, kind: str, values: dict[str, Any]) -> Job:
        """Queue a job, or return the unfinished job with the same kind and values.

        Raises:
            ProblemError: the queue is full.
        """
        with self._changed:
            unfinished = [job for job in self._jobs.values() if job.state not in FINAL_STATES]
            for job in unfinished:
                if (job.kind, job.values) == (kind, values) and not job.cancel.is_set():
                    return job
            if len(unfinished) >= MAX_QUEUED:
                raise ProblemError(
                    503,
                    "busy",
                    "Too many jobs are queued; wait for one to finish, or cancel one.",
                    headers={"Retry-After": "30"},
                )
            job = Job(secrets.token_hex(8), kind, values)
            self._jobs[job.id] = job
            old = [job.id for job in self._jobs.values() if job.state in FINAL_STATES]
            for job_id in old[: max(len(self._jobs) - MAX_REMEMBERED, 0)]:
                del self._jobs[job_id]
            self._changed.notify_all()
        return job

    def get(self, job_id: str) -> Job | None:
        """Return a job, or None."""
        with self._lock:
            return self._jobs.get(job_id)

    def all(self) -> list[Job]:
        """List the jobs, the newest first."""
        with self._lock:
            return list(reversed(self._jobs.values()))

    def is_writing(self) -> bool:
        """Check whether a job is changing the gallery now."""
        return any(job.state == "running" and QUEUES[job.kind] == WRITE_QUEUE for job in self.all())

    def _run_queue(self, queue: int) -> None:
        while True:
            with self._changed:
                job = self._next(queue)
                while job is None and not self._is_stopping:
                    self._changed.wait()
                    job = self._next(queue)
                if job is None:
                    return
                job.state = "cancelled" if job.cancel.is_set() else "running"
            if job.state == "running":
                try:
                    self._run(job)
                except Exception as error:  # noqa: BLE001  the queue must keep running
                    self._fail(job, f"The job can't be run: {type(error).__name__}.")
            job.ended.set()

    def _next(self, queue: int) -> Job | None:
        queued = (
            job
            for job in self._jobs.values()
            if job.state == "queued" and QUEUES[job.kind] == queue
        )
        return next(queued, None)

    def _run(self, job: Job) -> None:
        child = ChildProcess(job_process.run, self._gallery, job.kind, job.values)
        kill_at: float | None = None
        try:
            while True:
                if job.cancel.is_set() and kill_at is None:
                    seconds = SHUTDOWN_SECONDS if self._is_stopping else CANCEL_SECONDS
                    kill_at = time.monotonic() + seconds
                    with contextlib.suppress(OSError):
                        send(child.connection, {"verb": "stop"})
                if kill_at is not None and time.monotonic() > kill_at:
                    job.state = "cancelled"
                    return
                if child.connection.poll(_POLL_SECONDS):
                    message, _ = receive(child.connection)
                    if self._update(job, message):
                        return
        except (EOFError, OSError, ValueError):
            if job.cancel.is_set():
                job.state = "cancelled"
            else:
                self._fail(job, "The job's process died; start the job again to continue it.")
        finally:
            child.end()

    def _update(self, job: Job, message: dict[str, Any]) -> bool:
        """Update a job from its process's message; return whether that was the last one."""
        if "progress" in message:
            job.progress = {**NO_PROGRESS, **message["progress"]}
            return False
        if "error" in message:
            error = error_from_json(message)
            self._fail(job, str(error), *status_and_code(error))
        elif "cancelled" in message:
            job.state = "cancelled"
        else:
            job.report = message.get("report")
            job.state = "done"
        return True

    def _fail(self, job: Job, detail: str, status: int = 500, code: str = "job_died") -> None:
        job.error = problem_as_json(status, code, detail, title="The job failed")
        job.state = "failed"
