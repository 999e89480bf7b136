"""One writer at a time: a lock that the system frees when its process dies, or a lease."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from ..errors import GalleryBusyError, StorageError
from .lease import hold_lease
from .place import Bucket

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .place import Place

FILE_NAME = "lock"


@contextlib.contextmanager
def write_lock(folder: Place) -> Iterator[None]:
    """Hold a gallery's lock; its folder is made where it is not there yet.

    Raises:
        GalleryBusyError: another process, or another thread of this one, is writing.
        StorageError: the folder can't be written.
    """
    from filelock import FileLock, Timeout

    if isinstance(folder, Bucket):
        with hold_lease(folder):
            yield
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / FILE_NAME, timeout=0, thread_local=False)
        lock.acquire()
    except Timeout as error:
        raise GalleryBusyError(
            f"Another lookalike is writing to {folder}; run this again when it is done."
        ) from error
    except OSError as error:
        raise StorageError(
            f"The gallery {folder} can't be written ({error.strerror}); see its rights, or choose "
            "another folder with --gallery."
        ) from error
    try:
        yield
    finally:
        lock.release()
