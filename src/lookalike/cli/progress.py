"""Progress on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import contextlib
import functools
import time
from typing import TYPE_CHECKING, Any

from rich import progress as bars
from rich.console import Console

from .terminal import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from typing_extensions import Self

    from ..types import Progress

LINE_SECONDS = 10.0  # between two lines where there is no terminal
MIN_RATE_SECONDS = 0.5  # of a stage, before a rate is shown: a shorter one would jump about


class _Bar:
    """A bar on a terminal, or lines elsewhere."""

    def __init__(self, stage: str, *columns: bars.ProgressColumn | str, **fields: Any) -> None:
        console = Console(stderr=True)
        self._prints_lines = not console.is_terminal
        self._bar = bars.Progress(
            bars.TextColumn("{task.description}", markup=False),
            bars.BarColumn(),
            *columns,
            console=console,
            transient=True,
            disable=self._prints_lines,
        )
        self._task = self._bar.add_task(stage, total=None, **fields)
        self._last_line = time.monotonic()

    def __enter__(self) -> Self:
        """Show the bar."""
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Remove the bar."""
        self._bar.stop()

    def _print_line(self, *parts: str, at_once: bool = False) -> None:
        """Print the parts that are not empty where there is no terminal, if a line is due."""
        now = time.monotonic()
        if self._prints_lines and (at_once or now - self._last_line > LINE_SECONDS):
            self._last_line = now
            say(", ".join(filter(None, parts)), error=True)


class IndexProgress(_Bar):
    """The progress of an ingest.

    Attributes:
        last: the state shown last; None before the first.
    """

    def __init__(self) -> None:
        """Start with nothing listed."""
        columns = ("{task.fields[rate]}", "{task.fields[left]}", "[yellow]{task.fields[refused]}")
        super().__init__(
            "Listing", bars.MofNCompleteColumn(), *columns, rate="", left="", refused=""
        )
        self.last: Progress | None = None

    def __call__(self, progress: Progress) -> None:
        """Show a state."""
        self.last = progress
        speed = progress.done / progress.seconds if progress.seconds > 0 else 0.0
        stage = "Updating the search index" if progress.optimizing else "Indexing"
        if not progress.todo and not progress.optimizing:
            stage = f"Listing ({progress.listed:,} files)"
        rate = f"{speed:,.0f} pictures/s"
        left = "" if progress.listing else _time_left(progress.todo - progress.done, speed)
        refused = f"{progress.refused:,} refused" if progress.refused else ""
        self._bar.update(
            self._task,
            description=stage,
            completed=progress.done,
            total=None if progress.optimizing else progress.todo or None,
            rate=rate if progress.done else "",
            left="" if progress.optimizing else left,
            refused=refused,
        )
        total = f"{progress.todo:,}{'+' if progress.listing else ''}"
        self._print_line(f"{stage}: {progress.done:,} of {total}", rate, left, refused)


class StageProgress(_Bar):
    """The progress of work in several stages, each with a rate and the time left."""

    def __init__(self, stage: str = "Listing") -> None:
        """Start with the first stage."""
        columns = ("{task.fields[rate]}", "{task.fields[left]}")
        super().__init__(stage, bars.MofNCompleteColumn(), *columns, rate="", left="")
        self._stage_start = self._last_line
        self._done = self._total = 0

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show how many of the total are done; the total is 0 if unknown."""
        now = time.monotonic()
        if done < self._done or total != self._total:
            self._stage_start, self._total = now, total
        self._done = done
        seconds = now - self._stage_start
        speed = done / seconds if seconds > MIN_RATE_SECONDS else 0.0
        rate, left = f"{speed:,.0f}/s" if speed else "", _time_left(total - done, speed)
        self._bar.update(
            self._task,
            description=stage,
            completed=done,
            total=total or None,
            refresh=done == total,  # so that a short stage is seen, too
            rate=rate,
            left=left,
        )
        self._print_line(f"{stage}: {done:,} of {total:,}" if total else stage, rate, left)


@contextlib.contextmanager
def row_progress(stage: str) -> Iterator[Callable[[int, int], None]]:
    """Show the progress of work that counts rows: the yielded callback takes done and total."""
    with StageProgress(stage) as progress:
        yield functools.partial(progress, stage)


class ByteProgress(_Bar):
    """The progress of a download.

    Attributes:
        stage: the current stage; empty before the first.
    """

    def __init__(self) -> None:
        """Start with nothing downloaded."""
        columns = (bars.DownloadColumn(), bars.TransferSpeedColumn(), bars.TimeRemainingColumn())
        super().__init__("", *columns)
        self.stage = ""
        self._stage_start = 0.0
        self._first = self._done = self._total = 0

    def __str__(self) -> str:
        return f"{self.stage}: {self._done / 1e6:,.1f} of {self._total / 1e6:,.1f} MB"

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show how many bytes of the total are done."""
        now = time.monotonic()
        is_new = stage != self.stage or done < self._done
        self.stage, self._done, self._total = stage, done, total
        if is_new:  # the rate leaves out what an earlier run downloaded
            self._stage_start, self._first = now, done
            self._bar.reset(self._task, total=total, completed=done, description=stage)
        self._bar.update(self._task, completed=done)
        speed = (done - self._first) / max(now - self._stage_start, 1e-9)
        rate = f"{speed / 1e6:,.1f} MB/s" if speed else ""
        self._print_line(str(self), rate, _time_left(total - done, speed), at_once=is_new)


def _time_left(todo: int, rate: float) -> str:
    if not rate or not todo:
        return ""
    seconds = int(todo / rate)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    if hours:
        return f"{hours} h {minutes:02} min left"
    return f"{minutes} min {seconds % 60:02} s left" if minutes else f"{seconds} s left"
