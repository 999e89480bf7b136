"""Many picture files to one matrix of embeddings, in memory.

Worker threads take a chunk each and read, decode and encode it by themselves, as in `ingest`: all
cores stay busy whichever of these is the slow one, and one bad file costs only itself.
"""

from __future__ import annotations

import itertools
import os
import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..decode import decode
from ..errors import ArgumentError, PictureError
from ..sources import read, stat_source
from ..types import Progress, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ..encoders import Encoder

CHUNK_PICTURES = 16  # a worker's portion, and the encoder's batch
MOVED_AT_ONCE_ROWS = 65_536
PROGRESS_SECONDS = 0.1
HALT_SECONDS = 5.0  # for a worker in the middle of a large picture
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Embedded:
    """What `embed` made of a list of paths.

    Attributes:
        vectors: float32 [N, D], unit length, in the order of the paths.
        kept: int64 [N], ascending: which path each row is of.
        refusals: the files that could not be used, in the order of the paths.
    """

    vectors: NDArray[np.float32]
    kept: NDArray[np.int64]
    refusals: list[Refusal]


class _Work:
    """What the workers of one `embed` share; each writes rows of its own."""

    def __init__(self, paths: Sequence[str], encoder: Encoder) -> None:
        import numpy as np

        self.paths, self.encoder = paths, encoder
        self.vectors = np.empty((len(paths), encoder.dimensions), np.float32)
        self.reasons: dict[int, str] = {}
        self.chunks = itertools.count(0, CHUNK_PICTURES)  # its next() is atomic
        self.done: queue.SimpleQueue[int | BaseException] = queue.SimpleQueue()
        self.stop = threading.Event()

    def run(self) -> None:
        try:
            while (start := next(self.chunks)) < len(self.paths) and not self.stop.is_set():
                self._chunk(range(start, min(start + CHUNK_PICTURES, len(self.paths))))
        except BaseException as error:  # noqa: BLE001  it is raised in the calling thread
            self.done.put(error)

    def _chunk(self, rows: range) -> None:
        inputs, usable = [], []
        for row in rows:
            try:
                source = stat_source(self.paths[row])
                if source is None:
                    self.reasons[row] = "not there, or no regular file"
                    continue
                inputs.append(self.encoder.prepare(decode(read(source))))
                usable.append(row)
            except PictureError as error:
                self.reasons[row] = str(error)
            except MemoryError:
                self.reasons[row] = "not enough memory for it"
            except OSError as error:
                self.reasons[row] = f"can't be read: {error.strerror}"
        if usable:
            self.vectors[usable] = self.encoder.encode(inputs, threads=1)
        self.done.put(len(rows))


def embed(
    paths: Sequence[str],
    encoder: Encoder,
    *,
    workers: int = 0,
    on_progress: Callable[[Progress], None] | None = None,
) -> Embedded:
    """Decode and encode picture files.

    Args:
        paths: of files; they may repeat.
        encoder: called by many threads at once, with one core a call.
        workers: threads; 0 for as many as there are cores.
        on_progress: called in this thread, at most every `PROGRESS_SECONDS`, and at the end.

    Raises:
        ArgumentError: `workers` is below 0.
        EncoderError: the encoder failed.
        KeyboardInterrupt: after the workers have stopped.
    """
    import numpy as np

    if workers < 0:
        raise ArgumentError("workers must be 0, for all cores, or the number of threads.")
    cores = os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count()
    work = _Work(paths, encoder)
    started = reported = time.monotonic()
    threads = [threading.Thread(target=work.run, daemon=True) for _ in range(workers or cores or 1)]
    done = 0
    try:
        for thread in threads:
            thread.start()
        while done < len(paths):
            try:
                through = work.done.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                through = 0
            if isinstance(through, BaseException):
                raise through
            done += through
            now = time.monotonic()
            if on_progress and (now - reported > PROGRESS_SECONDS or done == len(paths)):
                reported = now
                refused, total = len(work.reasons), len(paths)
                on_progress(Progress(total, False, total, done, refused, now - started))  # noqa: FBT003
    finally:
        work.stop.set()
        for thread in threads:
            if thread.ident is not None:  # it was started
                thread.join(HALT_SECONDS)
    kept = np.setdiff1d(np.arange(len(paths)), np.fromiter(work.reasons, np.int64))
    vectors = _keep(work.vectors, kept)
    refusals = [Refusal(paths[row], work.reasons[row]) for row in sorted(work.reasons)]
    return Embedded(vectors, kept, refusals)


def _keep(vectors: NDArray[np.float32], kept: NDArray[np.int64]) -> NDArray[np.float32]:
    """Move the rows kept to the front, in place: a second matrix could be gigabytes."""
    if len(kept) < len(vectors):
        for start in range(0, len(kept), MOVED_AT_ONCE_ROWS):
            rows = kept[start : start + MOVED_AT_ONCE_ROWS]
            vectors[start : start + len(rows)] = vectors[rows]
    return vectors[: len(kept)]
