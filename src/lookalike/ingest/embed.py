"""Decode and encode many picture files into one matrix of vectors, in memory."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..decode import decode
from ..errors import ArgumentError, PictureError
from ..sources import read, stat_source
from ..types import Progress, Refusal
from .chunk import CHUNK_PICTURES, refusal_reason
from .pool import ThreadPool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ..encoders import Encoder

MOVED_AT_ONCE_ROWS = 65_536
PROGRESS_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Embedded:
    """The result of `embed`.

    Attributes:
        vectors: float32 [N, D], unit length, in the order of the paths.
        kept: int64 [N], ascending: the index of each row's path.
        refusals: the files that could not be used, in the order of the paths.
    """

    vectors: NDArray[np.float32]
    kept: NDArray[np.int64]
    refusals: list[Refusal]


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
        encoder: called by many threads at once, with one core per call.
        workers: threads; 0 for one per core.
        on_progress: called in this thread, at most every `PROGRESS_SECONDS`, and at the end.

    Raises:
        ArgumentError: `workers` is negative.
        EncoderError: the encoder failed.
        KeyboardInterrupt: after the workers have stopped.

    Example:
        >>> from lookalike.encoders import load
        >>> from lookalike.ingest import embed
        >>> embedded = embed(["query.jpg", "missing.jpg"], load())
        >>> embedded.vectors.shape, embedded.kept.tolist()
        ((1, ...), [0])
        >>> embedded.refusals[0].reason
        'not there, or not a regular file'
    """
    import numpy as np

    if workers < 0:
        raise ArgumentError("workers must be 0, for one per core, or the number of threads.")
    total, done = len(paths), 0
    vectors = np.empty((total, encoder.dimensions), np.float32)
    reasons: dict[int, str] = {}

    def embed_rows(rows: range) -> int:
        inputs, usable = [], []
        for row in rows:
            if pool.stopping:
                break
            try:
                source = stat_source(paths[row])
                if source is None:
                    reasons[row] = "not there, or not a regular file"
                    continue
                inputs.append(encoder.prepare(decode(read(source))))
                usable.append(row)
            except (PictureError, MemoryError, OSError) as error:
                reasons[row] = refusal_reason(error)
        if usable:
            vectors[usable] = encoder.encode(inputs, threads=1)
        return len(rows)

    chunks = (
        range(start, min(start + CHUNK_PICTURES, total))
        for start in range(0, total, CHUNK_PICTURES)
    )
    pool = ThreadPool(chunks, embed_rows, threads=workers)
    started = reported = time.monotonic()
    try:
        pool.start()
        while done < total:
            done += sum(pool.receive())
            now = time.monotonic()
            if on_progress and (now - reported > PROGRESS_SECONDS or done == total):
                reported = now
                on_progress(
                    Progress(
                        listed=total,
                        listing=False,
                        todo=total,
                        done=done,
                        refused=len(reasons),
                        seconds=now - started,
                    )
                )
    finally:
        pool.stop()
    kept = np.setdiff1d(np.arange(total), np.fromiter(reasons, np.int64))
    refusals = [Refusal(paths[row], reasons[row]) for row in sorted(reasons)]
    return Embedded(_keep(vectors, kept), kept, refusals)


def _keep(vectors: NDArray[np.float32], kept: NDArray[np.int64]) -> NDArray[np.float32]:
    """Move the rows to keep to the front, in place: a second matrix could take gigabytes."""
    if len(kept) < len(vectors):
        for start in range(0, len(kept), MOVED_AT_ONCE_ROWS):
            rows = kept[start : start + MOVED_AT_ONCE_ROWS]
            vectors[start : start + len(rows)] = vectors[rows]
    return vectors[: len(kept)]
