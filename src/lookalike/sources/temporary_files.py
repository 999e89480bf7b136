"""Archives that are far away or packed as a whole, copied to a temporary file as they are read.

So each is read once, from its beginning to its end, whatever the order in which its members are
asked for, and never stands in memory.
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

MAX_COPIED_BYTES = 16 * 2**30  # in temporary files at a time, before the oldest is dropped
MAX_COPIES = 64
IDLE_SECONDS = 5.0  # one that was not read for so long is dropped without regret
_POLL_SECONDS = 0.05
MAX_RATIO = 200  # pictures never unpack to so much more; what a bomb holds does
RATIO_FROM_BYTES = 32 * 2**20
_UNPACKERS: dict[str, Any] = {
    "gz": gzip.open,
    "tgz": gzip.open,
    "bz2": bz2.open,
    "xz": lzma.open,
}


class StreamCopy:
    """What a stream has given so far, in a file without a name; more is drawn when asked for."""

    def __init__(self, chunks: Callable[[], Iterator[bytes]]) -> None:
        """Take the stream, which is opened by the first reading."""
        self._chunks = chunks
        self._stream: Iterator[bytes] | None = None
        self._file = tempfile.TemporaryFile(prefix="lookalike-")  # noqa: SIM115  see the next line
        weakref.finalize(self, self._file.close)
        self._lock = threading.Lock()
        self._complete = False
        self.copied = 0
        self.read_at = time.monotonic()

    def read(self, start: int, count: int) -> bytes:
        """Read bytes from some place on; fewer where it ends.

        Raises:
            OSError: the stream broke, or the disk of the temporary files is full.
        """
        with self._lock:
            self.read_at = time.monotonic()
            self._draw(start + count)
            self._file.seek(start)
            return self._file.read(count)

    def length(self) -> int:
        """Draw all there is; give the number of bytes."""
        with self._lock:
            self._draw(None)
            return self.copied

    def _draw(self, until: int | None) -> None:
        if self._complete or (until is not None and self.copied >= until):
            return
        if self._stream is None:
            self._stream = self._chunks()
        self._file.seek(self.copied)
        while until is None or self.copied < until:
            try:
                piece = next(self._stream, None)
            except BaseException:
                self._stream = None  # the next reading begins anew
                self.copied = 0
                raise
            if piece is None:
                self._complete = True
                break
            self._file.write(piece)
            self.copied += len(piece)
        self._file.flush()


class CopyReader(io.RawIOBase):
    """A copy as a file of its own position."""

    def __init__(self, copy: StreamCopy) -> None:
        """Begin at its start."""
        self._copy = copy
        self._at = 0

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that it can be read from any place."""
        return True

    def tell(self) -> int:
        """Tell the position."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at}
        start = base[whence] if whence in base else self._copy.length()
        self._at = max(start + offset, 0)
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Read what there is, up to the buffer's size."""
        data = self._copy.read(self._at, len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class CopyCache:
    """The copies at hand, by what they are of."""

    def __init__(self) -> None:
        """Begin with none."""
        self._copies: OrderedDict[object, StreamCopy] = OrderedDict()
        self._lock = threading.Lock()
        self._process = os.getpid()

    def of(self, key: object, chunks: Callable[[], Iterator[bytes]]) -> StreamCopy:
        """Give the copy of a thing, begun now where there is none."""
        with self._lock:
            if self._process != os.getpid():  # a fork shares the files' positions
                self._copies, self._process = OrderedDict(), os.getpid()
            found = self._copies.get(key)
        if found:
            return found
        self._make_room()
        with self._lock:
            return self._copies.setdefault(key, StreamCopy(chunks))

    def drop(self) -> None:
        """Let go of all; one that is being read goes when that is done."""
        with self._lock:
            self._copies = OrderedDict()

    def _make_room(self) -> None:
        """Drop the oldest while there are too many, once nobody has read it for a while."""
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
    """Let go of all copies."""
    _copies.drop()


def open_archive(archive: Source, chunks: Callable[[], Iterator[bytes]]) -> IO[bytes]:
    """Open an archive to be read from any place, unpacked as a whole where it is packed so."""
    packing = archive.path.lower().rpartition(".")[2]
    if packing not in _UNPACKERS and is_local(archive.path):
        return open(archive.path, "rb")
    view = CopyReader(
        _copies.of(archive, functools.partial(_unpacked, packing, archive.size, chunks))
    )
    return io.BufferedReader(view)


def _unpacked(packing: str, size: int, chunks: Callable[[], Iterator[bytes]]) -> Iterator[bytes]:
    if packing not in _UNPACKERS:
        yield from chunks()
        return
    total = 0
    with _UNPACKERS[packing](io.BufferedReader(_Stream(chunks()))) as file:
        while piece := file.read(STREAM_CHUNK_BYTES):
            total += len(piece)
            if total > RATIO_FROM_BYTES and size >= 0 and total > MAX_RATIO * size:
                raise PictureError(
                    f"the archive unpacks to over {MAX_RATIO} times its size, as a bomb does"
                )
            yield piece


class _Stream(io.RawIOBase):
    """Pieces as a file to be read from its beginning to its end."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = piece
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


_copies = CopyCache()
