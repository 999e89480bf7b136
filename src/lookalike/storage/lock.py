"""The lock of a gallery's only writer: the system's, or a lease in an object store."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from ..errors import GalleryBusyError, StorageError
from .bucket import Bucket
from .lease import hold_lease
from .readers import prepare_for_readers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .place import Place

FILE_NAME = "lock"


@contextlib.contextmanager
def write_lock(folder: Place) -> Iterator[None]:
    """Hold a gallery's lock, and create its folder if needed. It ends with the process.

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
        prepare_for_readers(folder)
    except Timeout as error:
        raise GalleryBusyError(
            f"Another lookalike is writing to {folder}; run the command again when it is done."
        ) from error
    except OSError as error:
        raise StorageError(
            f"The gallery {folder} can't be written ({error.strerror}); check its permissions, or "
            "choose another folder with --gallery."
        ) from error
    try:
        yield
    finally:
        lock.release()
