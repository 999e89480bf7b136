"""Runs a peer's runner, and watches the memory of the processes that it starts."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

WATCH_SECONDS = 0.5  # between two looks at the memory; a look takes some milliseconds
WORDS_CHARACTERS = 200  # of an error, in a table


class PeerError(Exception):
    """A peer can't be installed or run; the message says why."""


class Outcome(NamedTuple):
    """What came of a run: its answer, how long the process took, and the memory of all of them."""

    answer: dict[str, Any]
    seconds: float
    peak_mb: float


def run(
    command: list[str], *, log: Path, limit: float, environment: dict[str, str] | None = None
) -> Outcome:
    """Run a command that prints one line of JSON, in its own group of processes.

    Args:
        command: of the runner.
        log: where what it prints beside goes.
        limit: seconds after which it is ended, with all that it started.
        environment: variables added to this process's.

    Raises:
        PeerError: it failed, answered something else, or took too long.
    """
    with log.open("wb") as errors:
        began = time.perf_counter()
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        ) as process:
            watch = _Watch(process.pid)
            try:
                answer, _ = process.communicate(timeout=limit)
            except subprocess.TimeoutExpired as error:
                raise PeerError(f"not done after {limit:,.0f} s") from error
            finally:
                seconds = time.perf_counter() - began
                _end(process)
                peak = watch.stop()
    if process.returncode:
        raise PeerError(last_words(log) or f"it ended with code {process.returncode}")
    try:
        return Outcome(json.loads(answer), seconds, peak)
    except ValueError as error:
        raise PeerError(f"its runner printed no JSON but {answer[:80]!r}") from error


def last_words(log: Path) -> str:
    """Give the last line of a log that has something in it."""
    lines = log.read_text("utf-8", errors="replace").replace("\r", "\n").split("\n")
    said = [line.strip() for line in lines if line.strip()]
    return said[-1][:WORDS_CHARACTERS] if said else ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what the runner left running, and itself if it is late."""
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    elif process.poll() is None:
        process.kill()
    process.wait()


class _Watch:
    """Looks at the memory of a process and its descendants until it is told to stop.

    Counted is the proportional set size, so that pages that several processes share count once;
    Linux alone tells it, elsewhere the peak is 0.
    """

    def __init__(self, pid: int) -> None:
        self._pid, self._peak_kb, self._done = pid, 0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """Give the greatest sum seen, in MB."""
        self._done.set()
        self._thread.join()
        return self._peak_kb / 1000

    def _look(self) -> None:
        while not self._done.wait(WATCH_SECONDS):
            self._peak_kb = max(self._peak_kb, sum(map(_kilobytes, _family(self._pid))))


def _family(pid: int) -> list[int]:
    found = [pid]
    for one in found:  # which grows
        with contextlib.suppress(OSError):  # it ends while it is looked at
            for children in Path(f"/proc/{one}/task").glob("*/children"):
                found += map(int, children.read_text("ascii").split())
    return found


def _kilobytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").split("\n")
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
