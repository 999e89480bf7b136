"""The add line: list, read, decode, encode, commit, in threads joined by bounded queues.

One thread lists. As many workers as there are cores take chunks of the list; each reads, decodes
and encodes its chunk by itself, so that all cores stay busy whichever of these is the slow one. The
calling thread commits. What a killed process loses is what was not committed: seconds of work.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import queue
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from ..copies import pack, single_threaded, stored_fingerprint
from ..decode import decode
from ..errors import NotAPictureError, PictureError, StorageError
from ..sources import TRY_AGAIN, content_hash, read
from ..types import IndexReport, Progress, Record, Source
from .ledger import Claims, Ledger, Outcome
from .seen import SeenFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ..encoders import Encoder
    from ..storage import Store
    from .ledger import Granting

CHUNK_PICTURES = 16  # a worker's portion, and the encoder's batch
GPU_CHUNK_PICTURES = 128  # likewise, where the encoder runs on a GPU
LISTED_AHEAD_CHUNKS = 8_192  # how far the listing may run ahead, so that the time left is known
DONE_AHEAD_CHUNKS = 64
PROGRESS_SECONDS = 0.1
HALT_SECONDS = 5.0  # for a worker in the middle of a large picture
_POLL_SECONDS = 0.1


class Listing:
    """A thread that lists files, leaves out what is known, and cuts the rest into chunks.

    Attributes:
        chunks: the portions, and at the end None.
        listed: files seen so far.
        unseen: of those, how many are new or changed.
        running: whether there are more to come.
        error: what ended it early.
    """

    def __init__(self, sources: Iterator[Source], known: SeenFiles, pictures: int) -> None:
        """Take the files, what is known, and how many pictures make a chunk."""
        self.chunks: queue.Queue[list[Source] | None] = queue.Queue(LISTED_AHEAD_CHUNKS)
        self.listed = self.unseen = 0
        self.running = True
        self.error: BaseException | None = None
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(sources, known, pictures))
        self.thread.daemon = True

    def _run(self, listing: Iterator[Source], known: SeenFiles, pictures: int) -> None:
        chunk: list[Source] = []
        try:
            while not self.stop.is_set() and (sources := list(itertools.islice(listing, 256))):
                self.listed += len(sources)
                unseen = known.unseen(sources)
                self.unseen += len(unseen)
                chunk += unseen
                while len(chunk) >= pictures:
                    _put(self.chunks, chunk[:pictures], self.stop)
                    chunk = chunk[pictures:]
            if chunk:
                _put(self.chunks, chunk, self.stop)
        except BaseException as error:  # noqa: BLE001  it is raised in the calling thread
            self.error = error
        self.running = False
        _put(self.chunks, None, self.stop)

    def progress(self, ledger: Ledger, seconds: float) -> Progress:
        """Tell how far an ingest is."""
        return Progress(
            listed=self.listed,
            listing=self.running,
            todo=self.unseen,
            done=ledger.through,
            refused=ledger.refused,
            seconds=seconds,
        )


class _Workers:
    """The workers of one ingest, and the queues between them and the calling thread."""

    def __init__(self, listing: Listing, claims: Claims, encoder: Encoder, *, copies: bool) -> None:
        self.listing, self.claims, self.encoder, self.copies = listing, claims, encoder, copies
        self.done: queue.Queue[list[Outcome] | BaseException | None]
        self.done = queue.Queue(DONE_AHEAD_CHUNKS)
        self.stop = listing.stop
        workers = os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count()
        self.running = workers or 1
        work = [threading.Thread(target=self._guard, daemon=True) for _ in range(self.running)]
        self.threads = [listing.thread, *work]

    def _guard(self) -> None:
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001  it is raised in the calling thread
            _put(self.done, error, self.stop)

    def _work(self) -> None:
        todo = self.listing.chunks
        while not self.stop.is_set():
            try:
                chunk = todo.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            if chunk is None:
                _put(todo, None, self.stop)  # for the next worker
                break
            found = process(chunk, self.encoder, self.claims, copies=self.copies, read=read)
            _put(self.done, found, self.stop)
        _put(self.done, None, self.stop)

    def receive(self) -> list[Outcome]:
        """Wait a moment for what a worker is through with; raise what went wrong in a thread."""
        if self.listing.error:
            raise self.listing.error
        try:
            outcomes = self.done.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            return []
        if isinstance(outcomes, BaseException):
            raise outcomes
        if outcomes is None:  # a worker has no more to do
            self.running -= 1
            return []
        return outcomes

    def halt(self) -> list[list[Outcome]]:
        """Stop the threads; give what is through and was not taken."""
        self.stop.set()
        for thread in self.threads:
            thread.join(HALT_SECONDS)
        left = []
        with contextlib.suppress(queue.Empty):
            while True:
                left.append(self.done.get_nowait())
        return [outcomes for outcomes in left if isinstance(outcomes, list)]


def chunk_pictures(encoder: Encoder) -> int:
    """Tell how many pictures an encoder is given at once."""
    on_gpu = getattr(encoder, "device", "cpu") != "cpu"  # a user's own need not have it
    return GPU_CHUNK_PICTURES if on_gpu else CHUNK_PICTURES


def process(
    chunk: Sequence[Source],
    encoder: Encoder,
    claims: Granting,
    *,
    copies: bool,
    read: Callable[[Source], bytes],
) -> list[Outcome]:
    """Read, decode and encode a few files; those that are gone by now have no outcome.

    Args:
        chunk: the files.
        encoder: called for one core.
        claims: asked whether a content is to be encoded, and to have a fingerprint.
        copies: whether fingerprints are kept.
        read: gives the bytes, and raises as `sources.read` does.
    """
    outcomes, inputs, sized = [], [], []
    for source in chunk:
        content = None
        try:
            data = read(source)
            content = content_hash(data)
            if not claims.claim(content, source.path):
                outcomes.append(Outcome(source, content))
                continue
            picture = decode(data)
            inputs.append(encoder.prepare(picture))
            fingerprint = None
            if copies and claims.lacks_fingerprint(content):
                fingerprint = pack(stored_fingerprint(picture))
            sized.append((source, content, (picture.width, picture.height), fingerprint))
        except NotAPictureError:
            outcomes.append(Outcome(source))
        except PictureError as error:
            outcomes.append(Outcome(source, content, reason=str(error)))
        except MemoryError:
            outcomes.append(Outcome(to_retry(source), content, reason="not enough memory for it"))
        except FileNotFoundError:
            continue  # it went away since it was listed
        except OSError as error:
            outcomes.append(Outcome(to_retry(source), reason=f"can't be read: {error.strerror}"))
    vectors = encoder.encode(inputs, threads=1).astype("float16")
    for (source, content, sides, fingerprint), vector in zip(sized, vectors, strict=True):
        record = Record(source, content, *sides, vector, fingerprint)
        outcomes.append(Outcome(source, content, record))
    return outcomes


def to_retry(source: Source) -> Source:
    """Mark a source that could not be read for the machine's sake, not the file's."""
    return replace(source, mtime_ns=TRY_AGAIN)


def ingest(
    listing: Iterator[Source],
    store: Store,
    encoder: Encoder,
    *,
    is_lost: Callable[[str], bool],
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> IndexReport:
    """Bring every listed picture that is new or changed into the store, and its index up to date.

    Args:
        listing: the files; run in a thread of its own.
        store: locked by the caller.
        encoder: of the store's vectors.
        is_lost: tells whether the file at a path is certainly gone, so that a file of the same
            bytes elsewhere is that one, moved.
        on_progress: called in this thread, at most every `PROGRESS_SECONDS`.

    Raises:
        StorageError: a commit failed; what was committed before stays.
        EncoderError: the encoder failed.
        KeyboardInterrupt: after the pictures that were through have been committed.
    """
    started = time.monotonic()
    known = SeenFiles(store)
    claims = Claims(known)
    ledger = Ledger(store, known, claims, is_lost)
    queued = Listing(listing, known, chunk_pictures(encoder))
    line = _Workers(queued, claims, encoder, copies=store.copies)
    reported = started
    stack = contextlib.ExitStack()
    if store.copies:  # the workers take all cores
        stack.enter_context(single_threaded())
    for thread in line.threads:
        thread.start()
    try:
        while line.running:
            ledger.take(line.receive())
            ledger.commit_when_due()
            now = time.monotonic()
            if now - reported > PROGRESS_SECONDS or not line.running:
                reported = now
                on_progress(queued.progress(ledger, now - started))
    except StorageError:
        raise
    except BaseException:  # Ctrl-C above all: keep what is through
        for outcomes in line.halt():
            ledger.take(outcomes)
        ledger.commit()
        raise
    finally:
        line.halt()
        stack.close()
    ledger.commit()
    now = time.monotonic()
    on_progress(replace(queued.progress(ledger, now - started), optimizing=True))
    store.optimize()
    return ledger.report(unchanged=queued.listed - queued.unseen, seconds=now - started)


def _put(to: queue.Queue, item: object, stop: threading.Event) -> None:  # type: ignore[type-arg]
    """Put, but never hang once the line was stopped."""
    while True:
        try:
            return to.put(item, timeout=_POLL_SECONDS)
        except queue.Full:
            if stop.is_set():
                return None
