"""What the benchmarks print: progress, versions, medians, Markdown tables."""

from __future__ import annotations

import platform
import statistics
import sys
import time
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NO_VALUE = "—"
PROGRESS_SECONDS = 5.0


class Progress:
    """Reports the count, the rate and the time left on stderr, every few seconds."""

    def __init__(self, label: str, total: int) -> None:
        """Start the clock."""
        self._label, self._total, self._count = label, total, 0
        self._start = self._last_report = time.monotonic()

    def advance(self, count: int) -> None:
        """Count `count` more items as done."""
        self._count += count
        now = time.monotonic()
        if now - self._last_report > PROGRESS_SECONDS:
            self._last_report = now
            rate = self._count / (now - self._start)
            left = (self._total - self._count) / rate
            state = f"{self._count:,} of {self._total:,}, {rate:,.0f}/s, {left:,.0f} s left"
            print(f"{self._label}: {state}", file=sys.stderr, flush=True)


def versions(*distributions: str) -> dict[str, str]:
    """Return the versions of Python and of installed distributions."""
    return {"python": platform.python_version()} | {name: version(name) for name in distributions}


def facts_line(facts: Mapping[str, object]) -> str:
    """Format facts, such as versions, as one line."""
    return ", ".join(f"{name} {value}" for name, value in facts.items())


def median_and_range(values: Sequence[float], digits: int = 1) -> str:
    """Format a median, followed by the minimum and the maximum where they differ."""
    if not values:
        return NO_VALUE
    median = f"{statistics.median(values):,.{digits}f}"
    if min(values) == max(values):
        return median
    return f"{median} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


def markdown_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Format a Markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(map(str, cells)) + " |" for cells in lines)
