"""Long work in the background: each job a process of its own, one at a time in each lane."""

from __future__ import annotations

import contextlib
import itertools
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from . import job_process
from .messages import error_from_json, receive, send
from .problems import ProblemError, code_of
from .workers import Child

LANES = {"index": 0, "prune": 0, "trash": 0, "duplicates": 1, "map": 2}  # what writes, what reads
MAX_QUEUED = 16
MAX_REMEMBERED = 100
CANCEL_SECONDS = 30.0  # to commit what is through; then it is killed
SHUTDOWN_SECONDS = 8.0
_POLL_SECONDS = 0.2
NO_PROGRESS: dict[str, Any] = {
    "listed": 0,
    "listing": False,
    "todo": 0,
    "done": 0,
    "refused": 0,
    "seconds": 0.0,
    "rate": 0.0,
    "seconds_left": None,
    "optimizing": False,
    "stage": "",
}
ENDED = {"done", "failed", "cancelled"}


@dataclass(slots=True)
class Job:
    """One piece of work, and how far it is.

    Attributes:
        id: random, so that nobody guesses another's.
        kind: a key of `LANES`.
        values: its arguments, of JSON.
        state: `queued`, `running`, `done`, `failed` or `cancelled`.
        progress: as `models.Progress` has it.
        report: what it found or did.
        error: a problem's values.
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
        """Write it as the API gives it."""
        names = ("id", "kind", "state", "progress", "report", "error")
        return {name: getattr(self, name) for name in names}


class Jobs:
    """All jobs, and the threads that wait for their processes."""

    def __init__(self, gallery: str) -> None:
        """Work on the gallery at a place."""
        self._gallery = gallery
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)
        self._is_stopping = False
        self._threads = [
            threading.Thread(target=self._serve, args=(lane,), daemon=True)
            for lane in sorted(set(LANES.values()))
        ]

    def start(self) -> None:
        """Begin to take jobs."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End all jobs; what they have committed stays."""
        with self._wake:
            self._is_stopping = True
            for job in self._jobs.values():
                job.cancel.set()
            self._wake.notify_all()
        until = time.monotonic() + SHUTDOWN_SECONDS
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0) + _POLL_SECONDS)

    def add(self, kind: str, values: dict[str, Any]) -> Job:
        """Queue a job, or give the one that does the same already.

        Raises:
            ProblemError: too many are queued.
        """
        with self._wake:
            waiting = [job for job in self._jobs.values() if job.state not in ENDED]
            for job in waiting:
                if (job.kind, job.values) == (kind, values) and not job.cancel.is_set():
                    return job
            if len(waiting) >= MAX_QUEUED:
                raise ProblemError(
                    503,
                    "busy",
                    "So many jobs are queued already; wait for one, or cancel it.",
                    headers={"Retry-After": "30"},
                )
            job = Job(secrets.token_hex(8), kind, values)
            self._jobs[job.id] = job
            ended = [one.id for one in self._jobs.values() if one.state in ENDED]
            for old in ended[: max(len(self._jobs) - MAX_REMEMBERED, 0)]:
                del self._jobs[old]
            self._wake.notify_all()
        return job

    def get(self, one: str) -> Job | None:
        """Find a job."""
        with self._lock:
            return self._jobs.get(one)

    def all(self) -> list[Job]:
        """List the jobs, the newest first."""
        with self._lock:
            return list(reversed(self._jobs.values()))

    def is_writing(self) -> bool:
        """Tell whether a job changes the gallery now."""
        return any(job.state == "running" and LANES[job.kind] == 0 for job in self.all())

    def _serve(self, lane: int) -> None:
        while True:
            with self._wake:
                job = self._next(lane)
                while job is None and not self._is_stopping:
                    self._wake.wait()
                    job = self._next(lane)
                if job is None:
                    return
                job.state = "cancelled" if job.cancel.is_set() else "running"
            if job.state == "running":
                try:
                    self._run(job)
                except Exception as error:  # noqa: BLE001  the lane must go on
                    self._fail(job, f"The job could not be run: {type(error).__name__}.")
            job.ended.set()

    def _next(self, lane: int) -> Job | None:
        queued = (j for j in self._jobs.values() if j.state == "queued" and LANES[j.kind] == lane)
        return next(itertools.islice(queued, 1), None)

    def _run(self, job: Job) -> None:
        child = Child(job_process.run, self._gallery, job.kind, job.values)
        killed_at: float | None = None
        try:
            while True:
                if job.cancel.is_set() and killed_at is None:
                    seconds = SHUTDOWN_SECONDS if self._is_stopping else CANCEL_SECONDS
                    killed_at = time.monotonic() + seconds
                    with contextlib.suppress(OSError):
                        send(child.connection, {"verb": "stop"})
                if killed_at is not None and time.monotonic() > killed_at:
                    job.state = "cancelled"
                    return
                if child.connection.poll(_POLL_SECONDS):
                    found, _ = receive(child.connection)
                    if self._take(job, found):
                        return
        except (EOFError, OSError, ValueError):
            if job.cancel.is_set():
                job.state = "cancelled"
            else:
                self._fail(job, "The job's process died; start it again, it goes on where it was.")
        finally:
            child.end()

    def _take(self, job: Job, found: dict[str, Any]) -> bool:
        """Note what a job's process tells; give whether it was its last word."""
        if "progress" in found:
            job.progress = {**NO_PROGRESS, **found["progress"]}
            return False
        if "error" in found:
            error = error_from_json(found)
            self._fail(job, str(error), *code_of(error))
        elif "cancelled" in found:
            job.state = "cancelled"
        else:
            job.report = found.get("report")
            job.state = "done"
        return True

    def _fail(self, job: Job, detail: str, status: int = 500, code: str = "job_died") -> None:
        job.error = {
            "type": f"urn:lookalike:problem:{code}",
            "title": "The job failed",
            "status": status,
            "detail": detail,
            "code": code,
        }
        job.state = "failed"
