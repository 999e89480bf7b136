"""Index files: list, read, decode, encode, commit.

One thread lists. Workers take chunks of the list; each reads, decodes and encodes its chunk by
itself, so that all cores stay busy whichever of these is the slow one. The workers are threads, see
`threads`, or tasks of a Ray cluster, see `cluster`. Only the calling thread commits. A killed
process loses what was not committed: seconds of work.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from ..errors import StorageError
from ..types import Progress
from .cluster import ClusterWorkers
from .ledger import Batch, Ledger
from .nodes import connect
from .seen import SeenFiles
from .shard import ShardConfig
from .threads import ThreadWorkers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..encoders import Encoder
    from ..storage import Store
    from ..types import IndexReport, Source

PROGRESS_SECONDS = 0.1
Workers: TypeAlias = ThreadWorkers | ClusterWorkers


@dataclass(frozen=True, kw_only=True)
class IngestOptions:
    """How to run an ingest.

    Attributes:
        is_lost: tells whether the file at a path is certainly gone, so that a file of the same
            bytes elsewhere is that file, moved.
        before_optimizing: called once all files are done, before the indexes are updated and what
            no row needs is dropped.
        on_progress: called in the calling thread, at most every `PROGRESS_SECONDS`.
        ray: None for threads; `local` to start Ray on this machine for this run, `auto` for the
            cluster that this machine is a node of, or HOST:PORT of its head.
        device: for the encoders of a cluster's workers, see `encoders.load`.
    """

    is_lost: Callable[[str], bool]
    before_optimizing: Callable[[], None] = lambda: None
    on_progress: Callable[[Progress], None] = lambda _: None
    ray: str | None = None
    device: str = "auto"


def ingest(
    files: Iterator[Source], store: Store, encoder: Encoder, options: IngestOptions
) -> IndexReport:
    """Add every listed picture that is new or changed to the store, and update its indexes.

    Args:
        files: the listing; run in a thread of its own.
        store: locked by the caller; with Ray, in a place that all nodes see.
        encoder: of the store's vectors; a cluster's workers load it by its source.
        options: where to run, and what to call.

    Raises:
        StorageError: a commit failed; what was committed before stays.
        EncoderError: the encoder failed, or a worker can't load it.
        ArgumentError: `ray` is not an address.
        ClusterError: the extra is missing, there is no cluster, or its workers keep dying.
        KeyboardInterrupt: after the finished pictures have been committed.
    """
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        workers: Workers
        if options.ray is None:
            seen = SeenFiles(store)
            workers = ThreadWorkers(files, seen, store, encoder)
        else:
            ray = stack.enter_context(connect(options.ray))
            store.create()
            seen = SeenFiles(store)
            config = ShardConfig.of(store, encoder, options.device)
            workers = ClusterWorkers(ray, files, seen, store, config)
        ledger = Ledger(store, seen, workers.claims, options.is_lost)
        return _run(workers, ledger, options, started)


def _run(workers: Workers, ledger: Ledger, options: IngestOptions, started: float) -> IndexReport:
    listing = workers.listing
    reported = started

    def progress() -> Progress:
        return Progress(
            listed=listing.listed,
            listing=listing.running,
            todo=listing.todo,
            done=ledger.done,
            refused=ledger.refused,
            seconds=time.monotonic() - started,
        )

    try:
        workers.start()
        while not workers.finished:
            for outcomes, fragments in workers.receive():
                ledger.add(outcomes, fragments)
            listing.check()
            ledger.commit_when_due()
            if workers.finished:
                ledger.commit()
                workers.retry(ledger.unresolved())
            now = time.monotonic()
            if now - reported > PROGRESS_SECONDS or workers.finished:
                reported = now
                options.on_progress(progress())
    except StorageError:
        raise
    except BaseException:  # Ctrl-C above all: keep what is done
        for outcomes, fragments in _stop(workers):
            ledger.add(outcomes, fragments)
        ledger.commit()
        raise
    finally:
        workers.stop()
    last = progress()
    options.on_progress(replace(last, optimizing=True))
    options.before_optimizing()
    workers.update_index(ledger.added)
    report = ledger.report(unchanged=listing.listed - listing.todo, seconds=last.seconds)
    return replace(report, nulls=listing.nulls)


def _stop(workers: Workers) -> list[Batch]:
    try:
        return workers.stop()
    except KeyboardInterrupt:  # pressed again: without waiting any longer
        return workers.stop()
