"""What the process of a job does: it tells how far it is, and ends when the server does."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
import warnings
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError, GalleryNotFoundError, LookalikeError
from .messages import error_as_json, receive, send

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from ..types import Progress

NICENESS = 10  # who searches goes first
PROGRESS_SECONDS = 0.2
RATE_SECONDS = 1.0  # before which a rate says little


def run(connection: Connection, folder: str, kind: str, values: dict[str, Any]) -> None:
    """Do one job; its last message says how it ended."""
    warnings.filterwarnings("ignore", module="PIL|pillow_heif")
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(NICENESS)
    import lance  # noqa: F401  an import that is interrupted could not be made again

    from ..gallery import Gallery  # noqa: F401  likewise

    last: dict[str, Any]
    try:
        _be_stoppable(connection)
        chore = Job(connection, folder)
        last = {"report": getattr(chore, kind)(values)}
    except KeyboardInterrupt:
        last = {"cancelled": True}
    except LookalikeError as error:
        last = dict(error_as_json(error))
    with contextlib.suppress(OSError):
        send(connection, last)


class Job:
    """The jobs by name, each of which takes an object of JSON and gives one."""

    def __init__(self, connection: Connection, folder: str) -> None:
        """Work on the gallery at a place."""
        from ..gallery import Gallery

        self._connection = connection
        self._gallery = Gallery.open(folder)
        self._started = self._told = time.monotonic()

    def index(self, values: dict[str, Any]) -> dict[str, Any]:
        """Index folders: those named, or all that are known."""
        from .uploads import FOLDER

        paths = values["paths"]
        if not paths:
            with contextlib.suppress(GalleryNotFoundError):
                paths = [root.path for root in self._gallery.info().roots]
            paths = [path for path in paths if path != str(self._gallery.folder / FOLDER)]
        if not paths:
            raise ArgumentError("No folder is known yet; name one.")

        def on_progress(now: Progress) -> None:
            if self._is_due() or now.optimizing:
                self._tell(**_of_index(now))

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
        """Remove rows whose files are gone."""

        def on_rows(done: int, of: int) -> None:
            self._stage("Looking for files", done, of)

        report = self._gallery.prune(dry_run=values["dry_run"], on_rows=on_rows)
        return asdict(report)

    def duplicates(self, values: dict[str, Any]) -> dict[str, Any]:
        """Find the groups of duplicates, and leave them for the server."""
        from . import duplicates_cache

        version = self._gallery.version()
        left_out = list[str]()
        found = self._gallery.duplicates(
            kind=values["kind"], on_progress=self._stage, on_left_out=left_out.append
        )
        duplicates_cache.save(self._gallery.cache, values["kind"], version, found, left_out)
        return {"groups": len(found), "left_out": len(left_out)}

    def trash(self, values: dict[str, Any]) -> dict[str, Any]:
        """Move files to the trash that a group of duplicates proposes."""
        from ..duplicates import to_trash
        from . import duplicates_cache

        wanted = duplicates_cache.only(
            duplicates_cache.load(self._gallery.cache, values["kind"]), values["paths"]
        )
        moved = list[str]()

        def on_file(path: str, reason: str) -> None:
            if not reason:
                moved.append(path)

        try:
            report = to_trash(wanted, on_file=on_file)
        finally:
            if moved:
                self._gallery.remove(*moved)
                duplicates_cache.forget(self._gallery.cache, moved)
        left = [asdict(refusal) for refusal in report.left]
        return {"moved": list(report.moved), "left": left, "frees": report.bytes_freed}

    def map(self, values: dict[str, Any]) -> dict[str, Any]:
        """Lay out the map, and leave it for the server."""
        from . import map_cache

        return map_cache.make(self._gallery, on_progress=self._stage, **values)

    def _stage(self, stage: str, done: int, of: int) -> None:
        if self._is_due():
            seconds = round(time.monotonic() - self._started, 1)
            self._tell(stage=stage, done=done, todo=of, seconds=seconds)

    def _is_due(self) -> bool:
        now = time.monotonic()
        is_due = now - self._told >= PROGRESS_SECONDS
        if is_due:
            self._told = now
        return is_due

    def _tell(self, **progress: Any) -> None:
        send(self._connection, {"progress": progress})


def _of_index(now: Progress) -> dict[str, Any]:
    rate = now.done / now.seconds if now.seconds >= RATE_SECONDS else 0.0
    left = None if now.listing or not rate else round((now.todo - now.done) / rate, 1)
    stage = "Bringing the index up to date" if now.optimizing else "Indexing"
    values = asdict(now)
    return {
        **values,
        "seconds": round(now.seconds, 1),
        "rate": round(rate, 1),
        "seconds_left": left,
        "stage": stage,
    }


def _be_stoppable(connection: Connection) -> None:
    """Turn the server's word, and its end, into one Ctrl-C: then what is through is committed."""
    asked = threading.Event()

    def interrupt(_signal: int, _frame: Any) -> None:
        if not asked.is_set():
            asked.set()
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)

    def watch() -> None:
        import _thread

        with contextlib.suppress(EOFError, OSError, ValueError):
            receive(connection)
        _thread.interrupt_main()

    threading.Thread(target=watch, daemon=True).start()
