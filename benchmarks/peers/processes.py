"""Runs a peer's runner and measures the memory of its processes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.measure import memory_kb

if TYPE_CHECKING:
    from pathlib import Path

MEMORY_INTERVAL_SECONDS = 0.5  # reading it takes a few milliseconds
MAX_ERROR_LENGTH = 200  # characters, in a table


class PeerError(Exception):
    """A peer can't be installed or run; the message says why."""


class RunResult(NamedTuple):
    """The output of a run, its duration, and the peak memory of all its processes."""

    output: dict[str, Any]
    seconds: float
    peak_mb: float


def run(
    command: list[str], *, log: Path, limit: float, environment: dict[str, str] | None = None
) -> RunResult:
    """Run a command that prints one line of JSON, in a process group of its own.

    Args:
        command: the runner's command line.
        log: the file for its stderr.
        limit: seconds after which the process group is killed.
        environment: variables added to this process's.

    Raises:
        PeerError: If it fails, prints something else, or takes too long.
    """
    with log.open("wb") as errors:
        start = time.perf_counter()
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        ) as process:
            memory = _PeakMemory(process.pid)
            try:
                output, _ = process.communicate(timeout=limit)
            except subprocess.TimeoutExpired as error:
                raise PeerError(f"not done after {limit:,.0f} s") from error
            finally:
                seconds = time.perf_counter() - start
                _kill(process)
                peak = memory.stop()
    if process.returncode:
        raise PeerError(last_line(log) or f"it exited with code {process.returncode}")
    try:
        return RunResult(json.loads(output), seconds, peak)
    except ValueError as error:
        raise PeerError(f"its runner printed {output[:80]!r} instead of JSON") from error


def last_line(log: Path) -> str:
    """Return the last line of a log that is not blank, shortened."""
    lines = log.read_text("utf-8", errors="replace").replace("\r", "\n").split("\n")
    texts = [line.strip() for line in lines if line.strip()]
    return texts[-1][:MAX_ERROR_LENGTH] if texts else ""


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the processes that the runner left behind, and the runner if it still runs."""
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    elif process.poll() is None:
        process.kill()
    process.wait()


class _PeakMemory:
    """Records the peak memory of a process and its descendants until `stop` (Linux; else 0)."""

    def __init__(self, pid: int) -> None:
        self._pid, self._peak_kb, self._stopped = pid, 0, threading.Event()
        self._thread = threading.Thread(target=self._record, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """Stop recording; return the peak in MB."""
        self._stopped.set()
        self._thread.join()
        return self._peak_kb / 1000

    def _record(self) -> None:
        while not self._stopped.wait(MEMORY_INTERVAL_SECONDS):
            self._peak_kb = max(self._peak_kb, memory_kb(self._pid))
