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

from .decode import decode
from .errors import NotAPictureError, PictureError, StorageError
from .fingerprints import stored_fingerprint
from .fingerprints.packed import pack
from .fingerprints.threads import one_thread
from .known import Known, content_key
from .ledger import Claims, Ledger, Outcome
from .sources import TRY_AGAIN, content_hash, read
from .types import IndexReport, Progress, Record, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .encoders import Encoder
    from .store import Store

CHUNK_PICTURES = 16  # a worker's portion, and the encoder's batch
LISTED_AHEAD_CHUNKS = 8_192  # how far the listing may run ahead, so that the time left is known
DONE_AHEAD_CHUNKS = 64
PROGRESS_SECONDS = 0.1
HALT_SECONDS = 5.0  # for a worker in the middle of a large picture
_POLL_SECONDS = 0.1


class _Line:
    """The threads of one ingest and the queues between them."""

    def __init__(self, listing: Iterator[Source], store: Store, encoder: Encoder) -> None:
        self.copies = store.copies
        self.known = known = Known(store)
        self.claims = Claims(known)
        self.encoder = encoder
        self.todo: queue.Queue[list[Source] | None] = queue.Queue(LISTED_AHEAD_CHUNKS)
        self.done: queue.Queue[list[Outcome] | BaseException | None]
        self.done = queue.Queue(DONE_AHEAD_CHUNKS)
        self.stop = threading.Event()
        self.listed = self.unseen = 0
        self.listing = True
        workers = os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count()
        self.workers = self.running = workers or 1
        targets = [lambda: self._list(listing), *[self._work] * self.workers]
        self.threads = [
            threading.Thread(target=self._guard, args=(target,), daemon=True) for target in targets
        ]

    def _guard(self, target: Callable[[], None]) -> None:
        try:
            target()
        except BaseException as error:  # noqa: BLE001  it is raised in the calling thread
            self._put(self.done, error)

    def _list(self, listing: Iterator[Source]) -> None:
        chunk: list[Source] = []
        while not self.stop.is_set() and (sources := list(itertools.islice(listing, 256))):
            self.listed += len(sources)
            unseen = self.known.unseen(sources)
            self.unseen += len(unseen)
            chunk += unseen
            while len(chunk) >= CHUNK_PICTURES:
                self._put(self.todo, chunk[:CHUNK_PICTURES])
                chunk = chunk[CHUNK_PICTURES:]
        if chunk:
            self._put(self.todo, chunk)
        self.listing = False
        for _ in range(self.workers):
            self._put(self.todo, None)

    def _work(self) -> None:
        while not self.stop.is_set():
            try:
                chunk = self.todo.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            if chunk is None:
                break
            self._put(self.done, self._process(chunk))
        self._put(self.done, None)

    def _process(self, chunk: list[Source]) -> list[Outcome]:
        outcomes, inputs, sized = [], [], []
        for source in chunk:
            content = None
            try:
                data = read(source)
                content = content_hash(data)
                if not self.claims.claim(content):
                    outcomes.append(Outcome(source, content))
                    continue
                picture = decode(data)
                inputs.append(self.encoder.prepare(picture))
                fingerprint = None
                if self.copies and content_key(content) not in self.known.fingerprinted:
                    fingerprint = pack(stored_fingerprint(picture))
                sized.append((source, content, (picture.width, picture.height), fingerprint))
            except NotAPictureError:
                outcomes.append(Outcome(source))
            except PictureError as error:
                outcomes.append(Outcome(source, content, reason=str(error)))
            except MemoryError:
                outcomes.append(Outcome(_again(source), content, reason="not enough memory for it"))
            except FileNotFoundError:
                continue  # it went away since it was listed
            except OSError as error:
                outcomes.append(Outcome(_again(source), reason=f"can't be read: {error.strerror}"))
        vectors = self.encoder.encode(inputs, threads=1).astype("float16")
        for (source, content, sides, fingerprint), vector in zip(sized, vectors, strict=True):
            record = Record(source, content, *sides, vector, fingerprint)
            outcomes.append(Outcome(source, content, record))
        return outcomes

    def progress(self, ledger: Ledger, seconds: float) -> Progress:
        """Tell how far the line is."""
        return Progress(
            listed=self.listed,
            listing=self.listing,
            todo=self.unseen,
            done=ledger.through,
            refused=ledger.refused,
            seconds=seconds,
        )

    def receive(self) -> list[Outcome]:
        """Wait a moment for what a worker is through with; raise what went wrong in a thread."""
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

    def _put(self, to: queue.Queue, item: object) -> None:  # type: ignore[type-arg]
        """Put, but never hang once the line was stopped."""
        while True:
            try:
                return to.put(item, timeout=_POLL_SECONDS)
            except queue.Full:
                if self.stop.is_set():
                    return None


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
    line = _Line(listing, store, encoder)
    ledger = Ledger(store, line.known, line.claims, is_lost)
    reported = started
    stack = contextlib.ExitStack()
    if store.copies:  # the workers take all cores
        stack.enter_context(one_thread())
    for thread in line.threads:
        thread.start()
    try:
        while line.running:
            ledger.take(line.receive())
            ledger.commit_when_due()
            now = time.monotonic()
            if now - reported > PROGRESS_SECONDS or not line.running:
                reported = now
                on_progress(line.progress(ledger, now - started))
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
    on_progress(replace(line.progress(ledger, now - started), optimizing=True))
    store.optimize()
    return ledger.report(unchanged=line.listed - line.unseen, seconds=now - started)


def _again(source: Source) -> Source:
    """Mark a source that could not be read for the machine's sake, not the file's."""
    return Source(source.path, source.size, TRY_AGAIN)
