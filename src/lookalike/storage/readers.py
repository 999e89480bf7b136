"""Which readers are open, so that a writer deletes nothing that one of them reads.

A reader holds a shared lock on the newest file in the folder `readers`. A writer that is about to
delete adds a newer one, and waits until nobody holds the earlier ones: whoever comes later reads
the newest versions, which stay. Where the place or the system has no such locks, a reader whose
files are gone reads again, see `failures.retry_reads`.
"""

from __future__ import annotations

import os
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from .failures import storage_errors

if TYPE_CHECKING:
    from .place import Place

FOLDER = "readers"
WAIT_SECONDS = 2.0  # for readers that are open; most searches take less
_POLL_SECONDS = 0.01


class Reader:
    """A reader of a gallery: open until nobody refers to it any more."""

    def __init__(self, place: Place) -> None:
        """Open it; what it reads from now on stays on disk."""
        while files := _files(place):
            try:
                descriptor = _lock(files[-1], shared=True)
            except (BlockingIOError, FileNotFoundError):
                continue  # a writer has just added a newer one
            except OSError:
                return  # nothing can be locked here
            close = weakref.finalize(self, os.close, descriptor)
            if _files(place)[-1] == files[-1]:
                return
            close()  # the writer may have looked before it was locked


def wait_for_readers(place: Place) -> bool:
    """Wait for the readers that are open now; return whether none of them is left.

    The caller holds the gallery's lock for writing.

    Raises:
        StorageError: the disk is full or read-only.
    """
    _expect_deletions(place)
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        for file in _files(place)[:-1]:
            if not _is_locked(file):
                file.unlink()
        if not has_deletions(place):
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)


def prepare_for_readers(place: Place) -> None:
    """Make the first file that readers lock, before anything is there that could be deleted.

    Raises:
        StorageError: the disk is full or read-only.
    """
    if not _files(place):
        _expect_deletions(place)


def _expect_deletions(place: Place) -> None:
    """Note that something is to be deleted once the readers that are open now are not any more.

    Raises:
        StorageError: the disk is full or read-only.
    """
    if isinstance(place, Path) and os.name != "nt":
        newest = max((int(file.name) for file in _files(place)), default=0)
        with storage_errors():
            (place / FOLDER).mkdir(parents=True, exist_ok=True)
            (place / FOLDER / str(newest + 1)).touch()


def has_deletions(place: Place) -> bool:
    """Check whether something is to be deleted that readers keep, or that a killed writer left."""
    return len(_files(place)) > 1


def _files(place: Place) -> list[Path]:
    """List the files that readers lock, the newest last; none where there are no such locks."""
    if not isinstance(place, Path) or os.name == "nt":
        return []
    try:
        names = os.listdir(place / FOLDER)
    except OSError:
        return []
    return [place / FOLDER / name for name in sorted(filter(str.isdecimal, names), key=int)]


def _lock(file: Path, *, shared: bool) -> int:
    import fcntl

    descriptor = os.open(file, os.O_RDONLY if shared else os.O_RDWR)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _is_locked(file: Path) -> bool:
    try:
        os.close(_lock(file, shared=False))
    except BlockingIOError:
        return True
    except OSError:  # nothing can be locked here
        return False
    return False
