"""What the benchmarks measure with: time, percentiles, disk space, memory."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def seconds_of(action: Callable[[], object]) -> float:
    """Return how long a call takes, in seconds."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value at a percentile, without interpolation."""
    return sorted(values)[len(values) * percent // 100]


def bytes_on_disk(folder: Path) -> int:
    """Return the total size of the files in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def process_tree(pid: int) -> list[int]:
    """List a process and its descendants (Linux; elsewhere only the process)."""
    pids = [pid]
    for member in pids:  # the list grows meanwhile
        with contextlib.suppress(OSError):  # the process ended
            for children in Path(f"/proc/{member}/task").glob("*/children"):
                pids += map(int, children.read_text("ascii").split())
    return pids


def memory_kb(pid: int) -> int:
    """Return the memory of a process and its descendants, in units of 1,024 bytes.

    This is the proportional set size, which counts shared pages once. Only Linux reports it;
    elsewhere the result is 0.
    """
    total = 0
    for member in process_tree(pid):
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{member}/smaps_rollup").read_text("ascii").split("\n")
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total
