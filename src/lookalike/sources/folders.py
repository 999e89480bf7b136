"""Folders and files of this machine's file system."""

from __future__ import annotations

import contextlib
import errno
import fnmatch
import os
import stat
from typing import TYPE_CHECKING

from ..decode import HEAD_BYTES
from ..errors import PictureError
from ..types import Refusal, Root, Source
from .addresses import ARCHIVE_SUFFIXES, is_archive, is_list
from .content import STREAM_CHUNK_BYTES, check_head, check_size, has_picture_suffix

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

# Folders that never hold the user's own pictures, hidden or not.
SKIPPED_FOLDERS = frozenset(
    {
        ".git",
        "@eaDir",  # Synology's thumbnails
        "node_modules",
        "#recycle",
        "$RECYCLE.BIN",
        "System Volume Information",
        "__MACOSX",
        "lost+found",
    }
)
_LIKE_MEMBERS = tuple(f"{suffix}!" for suffix in ARCHIVE_SUFFIXES)
_GONE = (errno.ENOENT, errno.ENOTDIR)


def walk(
    root: str,
    *,
    exclude: Collection[str] = (),
    include_hidden: bool = False,
    skip: Collection[str] = (),
    on_unreadable: Callable[[Refusal], None] = lambda _: None,
) -> Iterator[Source]:
    """List the regular files under a folder (or the one file that `root` is), in sorted order.

    Links to folders are followed after everything else, and no folder is entered twice, so that
    loops end and a picture is listed under its real path where it has one.

    Args:
        root: absolute path.
        exclude: glob patterns, matched with a file's or folder's name and with its path below
            `root` (`/` between the parts).
        include_hidden: whether to list names that begin with a dot. `._*` (macOS resource forks)
            and `SKIPPED_FOLDERS` are always left out.
        skip: folders (absolute paths) to leave out, such as the gallery's own.
        on_unreadable: called with every folder that can't be listed.
    """
    if not os.path.isdir(root):
        with contextlib.suppress(OSError):
            yield stat_file(root)
        return
    visited: set[tuple[int, int]] = set()
    folders, links = [root], list[str]()
    while folders or links:
        folder = folders.pop() if folders else links.pop(0)
        try:
            entries = _entries(folder, visited)
        except OSError as error:
            on_unreadable(Refusal(folder, f"the folder can't be listed: {error.strerror}"))
            continue
        below = list[str]()
        for entry in entries:
            name = os.path.relpath(entry.path, root) if exclude else entry.name
            if entry.path in skip or is_left_out(
                name, exclude=exclude, include_hidden=include_hidden
            ):
                continue
            with contextlib.suppress(OSError):  # gone since, or a loop of links
                if entry.is_dir():
                    if entry.name.lower().endswith(_LIKE_MEMBERS):
                        reason = "its name reads like an archive's members; rename the folder"
                        on_unreadable(Refusal(entry.path, reason))
                        continue
                    (links if entry.is_symlink() else below).append(entry.path)
                elif entry.is_file():
                    status = entry.stat()
                    yield Source(entry.path, status.st_size, status.st_mtime_ns)
                elif entry.is_symlink() and has_picture_suffix(entry.name):
                    on_unreadable(Refusal(entry.path, "the link is broken"))
        folders += reversed(below)


def read(source: Source) -> bytes:
    """Read a picture's bytes once; the first bytes show whether it is one.

    Raises:
        NotAPictureError: neither the content nor the name is a picture's.
        PictureError: it is larger than `MAX_FILE_BYTES`, or has only the name of a picture.
        OSError: it can't be read, or is gone.
    """
    # Not blocking: if a pipe has replaced the file, opening it must not wait for a writer.
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
    with open(os.open(source.path, flags), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise PictureError("not a regular file")
        head = file.read(HEAD_BYTES)
        check_head(head, source.path)
        check_size(status.st_size)
        # Exactly its size: a larger read would reserve that much memory first.
        return head + file.read(max(status.st_size - len(head), 0))


def is_gone(path: str) -> bool:
    """Check whether a file is certainly gone; one that can't be checked is not."""
    try:
        os.stat(path)
    except OSError as error:
        return error.errno in _GONE
    except ValueError:  # this system has no such paths
        return True
    return False


def check_root(path: str) -> Root:
    """Check whether a root can be read now.

    An empty folder counts as offline: an unmounted disk leaves one behind.
    """
    is_file = is_archive(path) or is_list(path)
    try:
        if is_file and not os.path.isdir(path):
            folder = os.path.dirname(path)
            root = Root(path, online=True) if os.path.isfile(path) else check_root(folder)
            return Root(path, online=root.online, reason=root.reason)
        with os.scandir(path) as scan:
            if any(True for _ in scan):
                return Root(path, online=True)
        return Root(path, online=False, reason="the folder is empty, as if its disk were unmounted")
    except OSError as error:
        return Root(path, online=False, reason=error.strerror or type(error).__name__)


def stat_file(path: str) -> Source:
    """Return one file's size and time.

    Raises:
        FileNotFoundError: it is certainly gone, or no regular file.
        OSError: it can't be checked.
    """
    try:
        status = os.stat(path)
    except NotADirectoryError as error:
        raise FileNotFoundError(error.errno, error.strerror) from error
    except ValueError as error:  # this system has no such paths
        raise FileNotFoundError(errno.ENOENT, str(error)) from error
    if not stat.S_ISREG(status.st_mode):
        raise FileNotFoundError(errno.EINVAL, "no regular file")
    return Source(path, status.st_size, status.st_mtime_ns)


def chunks(path: str) -> Iterator[bytes]:
    """Read a file in pieces.

    Raises:
        OSError: it can't be read, or is gone.
    """
    with open(path, "rb") as file:
        while piece := file.read(STREAM_CHUNK_BYTES):
            yield piece


def _entries(folder: str, visited: set[tuple[int, int]]) -> list[os.DirEntry[str]]:
    """List a folder in order; return nothing if it was visited before."""
    status = os.stat(folder)
    identity = (status.st_dev, status.st_ino)
    if identity in visited and status.st_ino:
        return []
    visited.add(identity)
    with os.scandir(folder) as scan:
        return sorted(scan, key=lambda entry: entry.name)


def is_left_out(path: str, *, exclude: Collection[str], include_hidden: bool) -> bool:
    """Check whether the options leave out one of the names in a path below a root or archive."""
    parts = path.replace(os.sep, "/").split("/")
    for name in parts:
        if name.startswith("._") or name in SKIPPED_FOLDERS:
            return True
        if name.startswith(".") and name not in {".", ".."} and not include_hidden:
            return True
    below = ["/".join(parts[: k + 1]) for k in range(len(parts))] if exclude else ()
    return any(
        fnmatch.fnmatch(name, pattern) or fnmatch.fnmatch(path, pattern)
        for pattern in exclude
        for name, path in zip(parts, below, strict=True)
    )
