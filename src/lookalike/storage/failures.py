"""What fails in a disk, a bucket or in Lance: in plain words, and tried again where that helps."""

from __future__ import annotations

import contextlib
import functools
import re
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from ..errors import StorageError
from .bucket import explain, is_store_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

P = ParamSpec("P")
T = TypeVar("T")

READ_ATTEMPTS = 3
UNKNOWN_COMMIT = "may or may not have been applied"  # as Lance says it


@contextlib.contextmanager
def storage_errors() -> Iterator[None]:
    """Turn the errors of the disk and of Lance into `StorageError`."""
    import pyarrow as pa

    try:
        yield
    except (OSError, RuntimeError, ValueError, pa.ArrowException) as error:
        text = re.sub(
            r",? /\S+\.rs:\S+", "", " ".join(str(error).split())
        )  # a line of Lance's source
        if is_store_error(text):
            raise StorageError(f"The gallery can't be used: {explain(text)}") from error
        if isinstance(error, ValueError) and not isinstance(error, pa.ArrowException):
            raise
        raise StorageError(
            "The gallery can't be read or written; check that its disk has space and is writable, "
            f"then run the command again ({text[:300]})."
        ) from error


@contextlib.contextmanager
def resolving(version: Callable[[], int]) -> Iterator[None]:
    """Look whether a commit was made where the object store lost the answer.

    Only this process writes, under its lease, so a version after the newest is that commit.
    """
    before = version()
    try:
        yield
    except OSError as error:
        if UNKNOWN_COMMIT not in str(error) or version() <= before:
            raise


def retry_reads(read: Callable[P, T]) -> Callable[P, T]:
    """Retry a read if a writer has just deleted the files of the version that it took."""

    @functools.wraps(read)
    def retried(*arguments: P.args, **options: P.kwargs) -> T:
        for _ in range(READ_ATTEMPTS - 1):
            with contextlib.suppress(StorageError):
                return read(*arguments, **options)
        return read(*arguments, **options)

    return retried
