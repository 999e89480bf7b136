"""What fails in a disk, a bucket or in Lance: in plain words, and tried again where that helps."""

from __future__ import annotations

import contextlib
import errno
import functools
import re
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from ..errors import GalleryFormatError, StorageError
from .bucket import explain, is_store_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

P = ParamSpec("P")
T = TypeVar("T")

READ_ATTEMPTS = 3
GONE = "is gone"
NOT_AS_WRITTEN = "is not what was written"
UNKNOWN_COMMIT = "may or may not have been applied"  # as Lance says it
# What the disk, the system or another writer did; all else that Lance reports is about the bytes.
_NOT_DAMAGE = r"os error (?!2\b)\d|[Nn]o space left|[Cc]onflict|[Cc]oncurrent|may not have been"


@contextlib.contextmanager
def storage_errors() -> Iterator[None]:
    """Turn the errors of the disk and of Lance into `StorageError` and `GalleryFormatError`."""
    import pyarrow as pa

    try:
        yield
    except (OSError, RuntimeError, ValueError, pa.ArrowException) as error:
        text = _in_one_line(error)
        if is_store_error(text):
            raise StorageError(f"The gallery can't be used: {explain(text)}") from error
        number = getattr(error, "errno", None)
        if re.search(_NOT_DAMAGE, text) or number not in {None, errno.ENOENT}:
            raise StorageError(
                "The gallery can't be read or written; check that its disk has space and is "
                f"writable, then run the command again ({text[:300]})."
            ) from error
        raise _unreadable(text) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # Lance's own; Rust does not export its class
            raise
        raise _unreadable(_in_one_line(error)) from error


class DamageError(GalleryFormatError):
    """A file of a gallery is not as it was written.

    Attributes:
        path: of the file.
        problem: what is wrong, as the predicate of a sentence.
    """

    def __init__(self, path: object, problem: str) -> None:
        """Take what is damaged, and how."""
        super().__init__(str(path), problem)  # so that it can be sent to another process
        self.path, self.problem = str(path), problem

    def __str__(self) -> str:
        return (
            f"{self.path} {self.problem}: the gallery is damaged; see what can be made again with: "
            "lookalike check"
        )


def _unreadable(text: str) -> GalleryFormatError:
    return GalleryFormatError(
        "Files of the gallery are damaged or gone; see which, and what can be made again, with: "
        f"lookalike check ({text[:300]})."
    )


def _in_one_line(error: BaseException) -> str:
    """Return a message without the lines of Lance's source."""
    return re.sub(r",? /\S+\.rs:\S+", "", " ".join(str(error).split()))


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
            with contextlib.suppress(StorageError, GalleryFormatError):
                return read(*arguments, **options)
        return read(*arguments, **options)

    return retried
