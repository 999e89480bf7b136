"""Temporary copies of archives that are remote or compressed as a whole, made as they are read.

So each archive is read once from its beginning to its end, in whatever order its members are read,
and is never held in memory.
"""

from __future__ import annotations

import bz2
import functools
import gzip
import io
import lzma
import os
import tempfile
import threading
import time
import weakref
from collections import OrderedDict
from typing import IO, TYPE_CHECKING, Any

from ..errors import PictureError
from .addresses import is_local
from .content import STREAM_CHUNK_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..types import Source

MAX_COPIED_BYTES = 16 * 2**30  # of all temporary files; beyond it the oldest is dropped
MAX_COPIES = 64
IDLE_SECONDS = 5.0  # a copy not read for so long may be dropped
_POLL_SECONDS = 0.05
MAX_RATIO = 200  # of unpacked to packed size: bombs exceed it, pictures never do
RATIO_FROM_BYTES = 32 * 2**20
_UNPACKERS: dict[str, Any] = {
    "gz": gzip.open,
    "tgz": gzip.open,
    "bz2": bz2.open,
    "xz": lzma.open,
}


class StreamCopy:
    """The part of a stream that was read so far, in an unnamed file; reads extend it."""

    def __init__(self, chunks: Callable[[], Iterator[bytes]]) -> None:
        """Open nothing yet: the first read opens the stream."""
        self._chunks = chunks
        self._stream: Iterator[bytes] | None = None
        self._file = tempfile.TemporaryFile(prefix="lookalike-")  # noqa: SIM115  see the next line
        weakref.finalize(self, self._file.close)
        self._lock = threading.Lock()
        self._is_complete = False
        self.copied = 0
        self.read_at = time.monotonic()

    def read(self, start: int, count: int) -> bytes:
        """Read bytes from `start` on; fewer at the end.

        Raises:
            OSError: the stream broke, or the disk of the temporary files is full.
        """
        with self._lock:
            self.read_at = time.monotonic()
            self._copy_until(start + count)
            self._file.seek(start)
            return self._file.read(count)

    def length(self) -> int:
        """Copy the whole stream and return its number of bytes."""
        with self._lock:
            self._copy_until(None)
            return self.copied

    def _copy_until(self, end: int | None) -> None:
        if self._is_complete or (end is not None and self.copied >= end):
            return
        if self._stream is None:
            self._stream = self._chunks()
        self._file.seek(self.copied)
        while end is None or self.copied < end:
            try:
                piece = next(self._stream, None)
            except BaseException:
                self._stream = None  # the next read starts again
                self.copied = 0
                raise
            if piece is None:
                self._is_complete = True
                break
            self._file.write(piece)
            self.copied += len(piece)
        self._file.flush()


class CopyReader(io.RawIOBase):
    """A file over a copy, with a position of its own."""

    def __init__(self, copy: StreamCopy) -> None:
        """Begin at its start."""
        self._copy = copy
        self._position = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position and return it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position}
        start = base[whence] if whence in base else self._copy.length()
        self._position = max(start + offset, 0)
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Read up to the buffer's size; return the number of bytes."""
        data = self._copy.read(self._position, len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


class CopyCache:
    """The copies of archives, by their key."""

    def __init__(self) -> None:
        """Start with none."""
        self._copies: OrderedDict[object, StreamCopy] = OrderedDict()
        self._lock = threading.Lock()
        self._process = os.getpid()

    def get(self, key: object, chunks: Callable[[], Iterator[bytes]]) -> StreamCopy:
        """Return the copy with this key; start one if there is none."""
        with self._lock:
            if self._process != os.getpid():  # forked processes share the positions in files
                self._copies, self._process = OrderedDict(), os.getpid()
            copy = self._copies.get(key)
        if copy:
            return copy
        self._make_room()
        with self._lock:
            return self._copies.setdefault(key, StreamCopy(chunks))

    def clear(self) -> None:
        """Drop all copies; one that is being read is deleted afterwards."""
        with self._lock:
            self._copies = OrderedDict()

    def _make_room(self) -> None:
        """While there are too many copies, drop the oldest as soon as it is idle."""
        while True:
            with self._lock:
                if not self._is_full():
                    return
                key, oldest = next(iter(self._copies.items()))
                if time.monotonic() - oldest.read_at >= IDLE_SECONDS:
                    del self._copies[key]
                    continue
            time.sleep(_POLL_SECONDS)

    def _is_full(self) -> bool:
        total = sum(copy.copied for copy in self._copies.values())
        return len(self._copies) >= MAX_COPIES or total >= MAX_COPIED_BYTES


def release() -> None:
    """Drop all copies."""
    _copies.clear()


def open_archive(archive: Source, chunks: Callable[[], Iterator[bytes]]) -> IO[bytes]:
    """Open an archive for reading at any position, unpacked if it is compressed as a whole."""
    suffix = archive.path.lower().rpartition(".")[2]
    if suffix not in _UNPACKERS and is_local(archive.path):
        return open(archive.path, "rb")
    reader = CopyReader(
        _copies.get(archive, functools.partial(_unpacked, suffix, archive.size, chunks))
    )
    return io.BufferedReader(reader)


def _unpacked(suffix: str, size: int, chunks: Callable[[], Iterator[bytes]]) -> Iterator[bytes]:
    if suffix not in _UNPACKERS:
        yield from chunks()
        return
    total = 0
    with _UNPACKERS[suffix](io.BufferedReader(_Stream(chunks()))) as file:
        while piece := file.read(STREAM_CHUNK_BYTES):
            total += len(piece)
            if total > RATIO_FROM_BYTES and size >= 0 and total > MAX_RATIO * size:
                raise PictureError(
                    f"the archive unpacks to over {MAX_RATIO} times its size, like a zip bomb"
                )
            yield piece


class _Stream(io.RawIOBase):
    """A file over chunks, read from its beginning to its end."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


_copies = CopyCache()
