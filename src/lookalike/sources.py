"""Where pictures come from: folders walked, files read."""

from __future__ import annotations

import contextlib
import errno
import fnmatch
import hashlib
import os
import re
import stat
from typing import IO, TYPE_CHECKING

from .decode import HEAD_BYTES, sniff
from .errors import ArgumentError, NotAPictureError, PictureError
from .types import Refusal, Root, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

MAX_FILE_BYTES = 2**30
STREAM_CHUNK_BYTES = 2**20
CONTENT_HASH_BYTES = 16  # of the 32 of SHA-256; 10^9 pictures collide with a chance of 10^-21
TRY_AGAIN = -1  # as a refusal's mtime: the disk failed, not the file, so the next run asks again
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
PICTURE_SUFFIXES = frozenset(
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".apng",
        ".webp",
        ".gif",
        ".bmp",
        ".dib",
        ".tif",
        ".tiff",
        ".avif",
        ".avifs",
        ".heic",
        ".heif",
        ".hif",
        ".jp2",
        ".j2k",
        ".jpx",
        ".jpf",
        ".j2c",
        ".jpc",
        ".ico",
    }
)
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
        include_hidden: whether to list what begins with a dot. `._*` (macOS resource forks) and
            `SKIPPED_FOLDERS` are left out always.
        skip: folders (absolute paths) to leave out, such as the gallery's own.
        on_unreadable: told of every folder that can't be listed.
    """
    if not os.path.isdir(root):
        source = stat_source(root)
        if source:
            yield source
        return
    visited: set[tuple[int, int]] = set()
    folders, links = [root], list[str]()
    while folders or links:
        folder = folders.pop() if folders else links.pop(0)
        try:
            entries = _entries(folder, visited)
        except OSError as error:
            on_unreadable(Refusal(folder, f"folder can't be listed: {error.strerror}"))
            continue
        below = list[str]()
        for entry in entries:
            if _left_out(entry, root, exclude, include_hidden, skip):
                continue
            with contextlib.suppress(OSError):  # gone since, or a loop of links
                if entry.is_dir():
                    (links if entry.is_symlink() else below).append(entry.path)
                elif entry.is_file():
                    status = entry.stat()
                    yield Source(entry.path, status.st_size, status.st_mtime_ns)
                elif entry.is_symlink() and _has_picture_suffix(entry.name):
                    on_unreadable(Refusal(entry.path, "the link leads nowhere"))
        folders += reversed(below)


def read(source: Source) -> bytes:
    """Read a picture's bytes once; files of other kinds are recognised by their first bytes.

    Raises:
        NotAPictureError: neither the content nor the name is a picture's.
        PictureError: larger than `MAX_FILE_BYTES`, or named like a picture but none.
        OSError: it can't be read, or is no longer there.
    """
    # Not blocking: should a pipe stand there by now, opening it must not wait for a writer.
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
    with open(os.open(source.path, flags), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise PictureError("not a regular file")
        head = file.read(HEAD_BYTES)
        if sniff(head) is None:
            if _has_picture_suffix(source.path):
                raise PictureError(
                    "not a picture, in spite of its name" if head else "the file is empty"
                )
            raise NotAPictureError("not a picture that lookalike knows")
        if status.st_size > MAX_FILE_BYTES:
            raise PictureError(f"too large: over {MAX_FILE_BYTES // 2**20} MiB")
        # By its size: a larger read would set that much memory aside first.
        return head + file.read(max(status.st_size - len(head), 0))


def read_stream(file: IO[bytes]) -> bytes:
    """Read a binary stream of unknown length to its end.

    Raises:
        PictureError: it is longer than `MAX_FILE_BYTES`.
        ArgumentError: it gives text.
    """
    chunks, total = list[bytes](), 0
    while chunk := file.read(STREAM_CHUNK_BYTES):
        if not isinstance(chunk, bytes):
            raise ArgumentError("Open the query's file in binary mode, as open(path, 'rb').")
        chunks.append(chunk)
        total += len(chunk)
        if total > MAX_FILE_BYTES:
            raise PictureError(f"too large: over {MAX_FILE_BYTES // 2**20} MiB")
    return b"".join(chunks)


def size_in_words(count: int) -> str:
    """Write a number of bytes as kB or MB."""
    return f"{count / 1e6:,.1f} MB" if count >= 1e6 else f"{count / 1e3:,.1f} kB"  # noqa: PLR2004


def content_hash(data: bytes) -> bytes:
    """Name a file's content: the first `CONTENT_HASH_BYTES` bytes of its SHA-256."""
    return hashlib.sha256(data).digest()[:CONTENT_HASH_BYTES]


def check_id(one: str) -> None:
    """See that a text is the id of a picture: its content hash as hexadecimal digits.

    Raises:
        ArgumentError: it is not.
    """
    if not re.fullmatch(r"[0-9a-f]{32}", one):
        raise ArgumentError(f"{one[:80]!r} is no id; one has 32 hexadecimal digits.")


def is_gone(path: str) -> bool:
    """Tell whether a file is certainly not there; one that can't be asked about is not gone."""
    try:
        os.stat(path)
    except OSError as error:
        return error.errno in _GONE
    except ValueError:  # a path this system can't have
        return True
    return False


def look_at_root(path: str) -> Root:
    """Tell whether a root can be read now.

    An empty folder counts as offline: it is what an unmounted disk leaves behind.
    """
    try:
        with os.scandir(path) as scan:
            if any(True for _ in scan):
                return Root(path, online=True)
        return Root(path, online=False, reason="the folder is empty, as if its disk was unmounted")
    except OSError as error:
        return Root(path, online=False, reason=error.strerror or type(error).__name__)


def stat_source(path: str) -> Source | None:
    """Look at one file; None where there is no regular one, or it can't be asked about."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return Source(path, status.st_size, status.st_mtime_ns)


def _entries(folder: str, visited: set[tuple[int, int]]) -> list[os.DirEntry[str]]:
    """List a folder in order; nothing where it was visited already."""
    status = os.stat(folder)
    identity = (status.st_dev, status.st_ino)
    if identity in visited and status.st_ino:
        return []
    visited.add(identity)
    with os.scandir(folder) as scan:
        return sorted(scan, key=lambda entry: entry.name)


def _has_picture_suffix(path: str) -> bool:
    return os.path.splitext(path)[1].lower() in PICTURE_SUFFIXES


def _left_out(
    entry: os.DirEntry[str],
    root: str,
    exclude: Collection[str],
    include_hidden: bool,  # noqa: FBT001
    skip: Collection[str],
) -> bool:
    name = entry.name
    if name.startswith("._") or name in SKIPPED_FOLDERS or entry.path in skip:
        return True
    if name.startswith(".") and not include_hidden:
        return True
    if not exclude:
        return False
    below = os.path.relpath(entry.path, root).replace(os.sep, "/")
    return any(
        fnmatch.fnmatch(name, pattern) or fnmatch.fnmatch(below, pattern) for pattern in exclude
    )
