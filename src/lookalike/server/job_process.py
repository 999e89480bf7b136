"""The process of one job: it reports its progress, and ends when the server does."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
import warnings
from collections import Counter
from dataclasses import asdict
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError, GalleryNotFoundError, LookalikeError
from .messages import error_as_json, receive, send

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from ..types import Progress

NICENESS = 10  # searches run first
PROGRESS_SECONDS = 0.2
MIN_RATE_SECONDS = 1.0  # an earlier rate is unreliable


def run(connection: Connection, folder: str, kind: str, values: dict[str, Any]) -> None:
    """Run one job; the last message says how it ended."""
    warnings.filterwarnings("ignore", module="PIL|pillow_heif")
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(NICENESS)
    for module in ("lance", "lookalike.gallery"):  # an interrupted import can't be repeated
        import_module(module)
    message: dict[str, Any]
    try:
        _interrupt_on_message(connection)
        methods = JobMethods(connection, folder)
        message = {"report": getattr(methods, kind)(values)}
    except KeyboardInterrupt:
        message = {"cancelled": True}
    except LookalikeError as error:
        message = error_as_json(error)
    with contextlib.suppress(OSError):
        send(connection, message)


class JobMethods:
    """One method for each kind of job: it takes a JSON object and returns one, the report."""

    def __init__(self, connection: Connection, folder: str) -> None:
        """Open the gallery; progress goes to the connection."""
        from ..gallery import Gallery

        self._connection = connection
        self._gallery = Gallery.open(folder)
        self._started = self._reported = time.monotonic()

    def index(self, values: dict[str, Any]) -> dict[str, Any]:
        """Index the given folders, or all known ones."""
        from .uploads import FOLDER

        paths = values["paths"]
        if not paths:
            with contextlib.suppress(GalleryNotFoundError):
                paths = [root.path for root in self._gallery.info().roots]
            paths = [path for path in paths if path != str(self._gallery.folder / FOLDER)]
        if not paths:
            raise ArgumentError("The gallery has no folders yet; choose one to index.")

        def on_progress(progress: Progress) -> None:
            if self._is_due() or progress.optimizing:
                self._report(**_progress_as_json(progress))

        report = self._gallery.index(
            *paths,
            exclude=values["exclude"],
            include_hidden=values["include_hidden"],
            open_archives=values["open_archives"],
            allow_private_urls=values["allow_private_urls"],
            column=values["column"],
            copies=values["copies"],
            on_progress=on_progress,
        )
        return asdict(report)

    def prune(self, values: dict[str, Any]) -> dict[str, Any]:
        """Remove the rows of deleted files."""

        def on_rows(done: int, of: int) -> None:
            self._report_stage("Checking files", done, of)

        report = self._gallery.prune(dry_run=values["dry_run"], on_rows=on_rows)
        return asdict(report)

    def duplicates(self, values: dict[str, Any]) -> dict[str, Any]:
        """Find groups of duplicates, and store them for the server."""
        from . import duplicates_cache

        basis = duplicates_cache.basis_of(self._gallery)
        left_out = list[str]()
        groups = self._gallery.duplicates(
            kind=values["kind"], on_progress=self._report_stage, on_left_out=left_out.append
        )
        duplicates_cache.save(self._gallery.cache, values["kind"], basis, groups, left_out)
        return {"groups": len(groups), "left_out": len(left_out)}

    def check(self, values: dict[str, Any]) -> dict[str, Any]:
        """Decide which duplicates of some groups may go, and store the verdicts for the server."""
        from . import duplicates_cache

        kind = duplicates_cache.find_kind(self._gallery.cache, values["kind"], values["paths"])
        paths = set(values["paths"])
        groups = [
            group
            for group in duplicates_cache.load(self._gallery.cache, kind)
            if any(other.member.path in paths for other in group.others)
        ]
        checked = self._gallery.check_duplicates(groups, on_progress=self._report_stage)
        duplicates_cache.put(self._gallery.cache, kind, checked)
        states = Counter(other.state for group in checked for other in group.others)
        return {"kind": kind, "goes": states["goes"], "stays": states["stays"]}

    def trash(self, values: dict[str, Any]) -> dict[str, Any]:
        """Move duplicates that go to the system's trash."""
        from . import duplicates_cache

        paths = values["paths"]
        kind = duplicates_cache.find_kind(self._gallery.cache, values["kind"], paths)
        duplicates_cache.check_decisions(self._gallery, kind)
        groups = duplicates_cache.load(self._gallery.cache, kind)
        try:
            report = self._gallery.trash(groups, paths=set(paths), on_progress=self._report_stage)
        finally:  # stopped or not
            gone = {path for path in paths if not os.path.lexists(path)}
            duplicates_cache.remove(self._gallery.cache, gone)
        left = [asdict(refusal) for refusal in report.left]
        return {"moved": list(report.moved), "left": left, "frees": report.bytes_freed}

    def undo(self, values: dict[str, Any]) -> dict[str, Any]:
        """Bring files back from the trash."""
        report = self._gallery.undo_trash(*values["paths"], on_progress=self._report_stage)
        left = [asdict(refusal) for refusal in report.left]
        return {"restored": list(report.restored), "left": left}

    def map(self, values: dict[str, Any]) -> dict[str, Any]:
        """Compute the map, and store it for the server."""
        from . import map_cache

        return map_cache.make(self._gallery, on_progress=self._report_stage, **values)

    def _report_stage(self, stage: str, done: int, of: int) -> None:
        if self._is_due():
            seconds = round(time.monotonic() - self._started, 1)
            self._report(stage=stage, done=done, todo=of, seconds=seconds)

    def _is_due(self) -> bool:
        now = time.monotonic()
        is_due = now - self._reported >= PROGRESS_SECONDS
        if is_due:
            self._reported = now
        return is_due

    def _report(self, **progress: Any) -> None:
        send(self._connection, {"progress": progress})


def _progress_as_json(progress: Progress) -> dict[str, Any]:
    rate = progress.done / progress.seconds if progress.seconds >= MIN_RATE_SECONDS else 0.0
    seconds_left = None
    if rate and not progress.listing:
        seconds_left = round((progress.todo - progress.done) / rate, 1)
    return {
        **asdict(progress),
        "seconds": round(progress.seconds, 1),
        "rate": round(rate, 1),
        "seconds_left": seconds_left,
        "stage": "Updating the search index" if progress.optimizing else "Indexing",
    }


def _interrupt_on_message(connection: Connection) -> None:
    """Turn any message, and the server's end, into one Ctrl-C: the job commits and stops."""
    is_interrupted = threading.Event()

    def interrupt(_signal: int, _frame: Any) -> None:
        if not is_interrupted.is_set():
            is_interrupted.set()
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)

    def watch() -> None:
        import _thread

        with contextlib.suppress(EOFError, OSError, ValueError):
            receive(connection)
        _thread.interrupt_main()

    threading.Thread(target=watch, daemon=True).start()
