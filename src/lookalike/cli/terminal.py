"""What the commands show on a terminal: progress, hits with small pictures."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from rich.progress import Progress as Bar
    from typing_extensions import Self

    from ..evaluate import Evaluation
    from ..types import Hit, Progress, SearchResult

PLAIN_SECONDS = 10.0  # between two lines of progress where there is no terminal
RATE_AFTER_SECONDS = 0.5  # from a stage's begin: before, it would jump about
WORST_LABELS = 5
_SAID_BY_P_AT_1 = ("hit@1", "kNN@1")  # they are the same figure
PICTURE_CELLS, PICTURE_ROWS = 18, 6  # the most that a small picture takes
CELL_HEIGHT = 2  # a terminal's cell is about so many times as high as wide


class IndexProgress:
    """Show how far an ingest is: a bar on a terminal, now and then a line elsewhere; on stderr."""

    def __init__(self) -> None:
        """Start with nothing shown."""
        self._bar: Bar | None = None
        self._said = time.monotonic()
        self.last: Progress | None = None

    def __enter__(self) -> Self:
        """Take the terminal."""
        from rich import progress
        from rich.console import Console

        console = Console(stderr=True)
        if console.is_terminal:
            self._bar = progress.Progress(
                progress.TextColumn("{task.description}"),
                progress.BarColumn(),
                progress.MofNCompleteColumn(),
                progress.TextColumn("{task.fields[rate]}"),
                progress.TextColumn("{task.fields[left]}"),
                progress.TextColumn("{task.fields[refused]}", style="yellow"),
                console=console,
                transient=True,
            )
            self._task = self._bar.add_task("Listing", total=None, rate="", left="", refused="")
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the terminal back."""
        if self._bar:
            self._bar.stop()

    def __call__(self, progress: Progress) -> None:
        """Show one state."""
        self.last = progress
        rate = progress.done / progress.seconds if progress.seconds > 0 else 0.0
        left = "" if progress.listing else _time_left(progress.todo - progress.done, rate)
        stage = "Updating the search index" if progress.optimizing else "Indexing"
        if not progress.todo and not progress.optimizing:
            stage = f"Listing ({progress.listed:,} files)"
        refused = f"{progress.refused:,} refused" if progress.refused else ""
        if self._bar:
            self._bar.update(
                self._task,
                description=stage,
                completed=progress.done,
                total=None if progress.optimizing else progress.todo or None,
                rate=f"{rate:,.0f} pictures/s" if progress.done else "",
                left="" if progress.optimizing else left,
                refused=refused,
            )
        elif time.monotonic() - self._said > PLAIN_SECONDS:
            self._said = time.monotonic()
            more = "+" if progress.listing else ""
            parts = [
                f"{stage}: {progress.done:,} of {progress.todo:,}{more}",
                f"{rate:,.0f} pictures/s",
                left,
                refused,
            ]
            print(", ".join(filter(None, parts)), file=sys.stderr, flush=True)


@contextlib.contextmanager
def row_progress(doing: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on a terminal for work that counts rows; give what is to be told of them."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn as Left,
    )

    console = Console(stderr=True)
    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TextColumn("rows"), Left())
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


class StageProgress:
    """Show work of several stages, each with rate and time left; on stderr, as `IndexProgress`."""

    def __init__(self) -> None:
        """Start with nothing shown."""
        from rich import progress
        from rich.console import Console

        console = Console(stderr=True)
        self._plain = not console.is_terminal
        self._bar = progress.Progress(
            progress.TextColumn("{task.description}", markup=False),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TextColumn("{task.fields[rate]}"),
            progress.TextColumn("{task.fields[left]}"),
            console=console,
            transient=True,
            disable=self._plain,
        )
        self._task = self._bar.add_task("Listing", total=None, rate="", left="")
        self._begun = self._said = time.monotonic()
        self._done = self._of = 0

    def __enter__(self) -> Self:
        """Take the terminal."""
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the terminal back."""
        self._bar.stop()

    def __call__(self, stage: str, done: int, of: int) -> None:
        """Show how far a stage is; `of` is 0 where that can't be known."""
        now = time.monotonic()
        if done < self._done or of != self._of:  # another stage
            self._begun, self._of = now, of
        self._done = done
        rate = done / (now - self._begun) if now - self._begun > RATE_AFTER_SECONDS else 0.0
        shown = f"{rate:,.0f}/s" if rate else ""
        left = _time_left(of - done, rate)
        total = of or None
        self._bar.update(
            self._task,
            description=stage,
            completed=done,
            total=total,
            refresh=done == of,  # a short stage is seen, too
            rate=shown,
            left=left,
        )
        if self._plain and now - self._said > PLAIN_SECONDS:
            self._said = now
            parts = [f"{stage}: {done:,} of {of:,}" if of else stage, shown, left]
            print(", ".join(filter(None, parts)), file=sys.stderr, flush=True)


def show_figures(evaluation: Evaluation) -> None:
    """Print an evaluation's figures with their intervals, and of what they are."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    found, card = evaluation.metrics, evaluation.encoder
    labels = len({picture.label for picture in evaluation.gallery})
    among = "all others" if found.leave_one_out else f"{found.gallery:,} pictures"
    folders = " to ".join(evaluation.folders)
    console = Console(highlight=False)
    say(f"{card['name']} on {folders}, protocol {evaluation.protocol}")
    say(f"{found.queries:,} queries to {among}, {labels:,} labels")
    table = Table("", box=SIMPLE, pad_edge=False)
    for name in ("mean", "95% interval"):
        table.add_column(name, justify="right")
    for name, estimate in found.estimates.items():
        if name not in _SAID_BY_P_AT_1:
            span = f"{estimate.low:.4f} to {estimate.high:.4f}"
            table.add_row(name, f"{estimate.mean:.4f}", span)
    table.add_row("mAP, mean over labels", f"{found.macro_mean_average_precision:.4f}", "")
    console.print(table)
    ranked = sorted(found.labels, key=lambda label: label.means["mAP"])
    worst = ", ".join(f"{label.label} {label.means['mAP']:.2f}" for label in ranked[:WORST_LABELS])
    say(f"Hardest labels by mAP: {worst}")
    weights = f"weights {card['sha256'][:12]}, {card['dimensions']} dimensions"
    say(f"{card['name']}: {weights}; {evaluation.pictures_per_second:,.0f} pictures/s encoded")
    say(", ".join(f"{name} {number}" for name, number in evaluation.versions.items()))


def say(text: str, *, error: bool = False) -> None:
    """Print a line; paths that are not UTF-8 come out as the bytes they are."""
    stream = sys.stderr if error else sys.stdout
    print(text, file=stream)


def free_output() -> None:
    """Let stdout and stderr take any path."""
    handler = "backslashreplace" if os.name == "nt" else "surrogateescape"
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=handler)


def show_hits(result: SearchResult) -> None:
    """Print the hits: a table with pictures on a terminal, tab-separated lines elsewhere."""
    if not sys.stdout.isatty():
        for hit in result:
            size = f"{hit.width}x{hit.height}"
            say(f"{hit.rank}\t{hit.kind}\t{hit.score:.4f}\t{size}\t{hit.path}")
        return
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    picture_class = _picture_class()
    table = Table("", "kind", "score", "size", "path", box=SIMPLE, pad_edge=False)
    table.columns[4].overflow = "fold"
    if picture_class:
        table.add_column("picture", width=PICTURE_CELLS)
        table.columns.insert(1, table.columns.pop())
    for hit in result:
        path = Text(hit.path.encode("utf-8", "replace").decode(), overflow="fold")
        size = f"{hit.width} x {hit.height}"
        cells: list[Any] = [str(hit.rank), _kind(hit), f"{hit.score:.3f}", size, path]
        if picture_class:
            cells.insert(1, _picture(picture_class, hit))
        table.add_row(*cells)
    console = Console()
    console.print(table)
    console.print(f"{len(result)} hits in {result.took_ms:.0f} ms", style="dim", highlight=False)


def _kind(hit: Hit) -> Any:
    """Say what a hit is, what was proved in bold, and what was done to a copy."""
    from rich.text import Text

    from ..copies import changes
    from ..types import COPY_KINDS

    if hit.kind not in COPY_KINDS:
        return hit.kind
    done = changes(hit.match) if hit.match and hit.kind == "copy" else []
    return Text(": ".join(filter(None, (hit.kind, ", ".join(done)))), style="bold", overflow="fold")


def _picture_class() -> Any | None:
    """Choose how this terminal shows pictures (kitty or sixel; iTerm2 has both); None: it can't."""
    if os.environ.get("TERM") == "dumb":
        return None
    logging.getLogger("textual_image").setLevel(logging.CRITICAL)  # a silent terminal is no news
    try:
        from textual_image import renderable  # asks the terminal, when it is imported
    except Exception:  # noqa: BLE001  a terminal that answers oddly shows no pictures, no more
        return None
    good = (renderable.SixelImage, renderable.TGPImage)
    return renderable.Image if renderable.Image in good else None


def _picture(picture_class: Any, hit: Hit) -> Any:
    from .contact_sheet import open_picture

    picture = open_picture(hit.path)
    if picture is None:
        return "gone"
    if picture.width * PICTURE_ROWS * CELL_HEIGHT > picture.height * PICTURE_CELLS:
        return picture_class(picture, width=PICTURE_CELLS, height="auto")
    return picture_class(picture, width="auto", height=PICTURE_ROWS)


def _time_left(todo: int, rate: float) -> str:
    if not rate or not todo:
        return ""
    seconds = int(todo / rate)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    if hours:
        return f"{hours} h {minutes:02} min left"
    return f"{minutes} min {seconds % 60:02} s left" if minutes else f"{seconds} s left"
