"""Finds files in the trash of Linux desktops, and brings them back.

The freedesktop.org specification: `info/NAME.trashinfo` says where `files/NAME` was. Nothing in it
is believed without the file's content hash.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
import tempfile
import urllib.parse
from typing import TYPE_CHECKING

from ..sources import content_hash

if TYPE_CHECKING:
    from collections.abc import Iterator

INFO_SUFFIX = ".trashinfo"
MAX_INFO_BYTES = 65_536
# What `os.link` says where a file can't get a second name, there or at all.
_NO_LINKS = {errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL}


def has_freedesktop_trash() -> bool:
    """Check whether this system's trash is laid out by the specification."""
    return sys.platform not in {"win32", "cygwin", "darwin"}


def home_trash() -> str:
    """Return the folder of the user's own trash."""
    data = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return os.path.join(data, "Trash")


def find_in_trash(path: str, content: bytes) -> str | None:
    """Return where in a trash a file is now that was at a path; None if it is in none.

    Args:
        path: absolute, where it was.
        content: its content hash.
    """
    if not has_freedesktop_trash():
        return None
    for trash in _trash_folders(path):
        for name in _names(trash, os.path.basename(path)):
            trashed = os.path.join(trash, "files", name)
            if _original_path(trash, name) == path and _has_content(trashed, content):
                return trashed
    return None


def put_back(trashed: str, path: str) -> None:
    """Move a file from the trash to where it was, which must be free.

    Raises:
        FileExistsError: something is there.
        OSError: it can't be moved; it is still in the trash.
    """
    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    try:
        os.link(trashed, path, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _copy(trashed, path)
    os.unlink(trashed)
    trash, name = os.path.split(os.path.dirname(trashed))[0], os.path.basename(trashed)
    with contextlib.suppress(OSError):
        os.unlink(os.path.join(trash, "info", name + INFO_SUFFIX))


def forget_failed_moves(path: str) -> None:
    """Delete what failed moves to the trash left there: notes about a file that never came."""
    if not has_freedesktop_trash():
        return
    for trash in _trash_folders(path):
        for name in _names(trash, os.path.basename(path)):
            came = os.path.lexists(os.path.join(trash, "files", name))
            if not came and _original_path(trash, name) == path:
                with contextlib.suppress(OSError):
                    os.unlink(os.path.join(trash, "info", name + INFO_SUFFIX))


def _trash_folders(path: str) -> Iterator[str]:
    """List the trash of the user, and those of the volume that a path is on."""
    yield home_trash()
    top = os.path.realpath(os.path.dirname(path))
    while not os.path.ismount(top):
        top = os.path.dirname(top)
    user = str(os.getuid())
    yield os.path.join(top, ".Trash", user)
    yield os.path.join(top, f".Trash-{user}")


def _names(trash: str, original: str) -> list[str]:
    """List the names in a trash that a file of a name may have got, the newest first."""
    stem = os.path.splitext(original)[0]
    found = list[tuple[int, str]]()
    with contextlib.suppress(OSError), os.scandir(os.path.join(trash, "info")) as entries:
        for entry in entries:
            if entry.name.startswith(stem) and entry.name.endswith(INFO_SUFFIX):
                with contextlib.suppress(OSError):
                    age = entry.stat(follow_symlinks=False).st_mtime_ns
                    found.append((age, entry.name.removesuffix(INFO_SUFFIX)))
    return [name for _, name in sorted(found, reverse=True)]


def _original_path(trash: str, name: str) -> str | None:
    """Return where a file in a trash was; None if its note can't be read."""
    try:
        with open(os.path.join(trash, "info", name + INFO_SUFFIX), "rb") as file:
            lines = file.read(MAX_INFO_BYTES).splitlines()
    except OSError:
        return None
    written = next((line[5:] for line in lines if line.startswith(b"Path=")), None)
    if not written:
        return None
    path = os.fsdecode(urllib.parse.unquote_to_bytes(written))
    if not os.path.isabs(path):  # relative to the folder that the trash is in
        above = os.path.dirname(trash)
        is_shared = os.path.basename(above) == ".Trash"
        path = os.path.join(os.path.dirname(above) if is_shared else above, path)
    return os.path.normpath(path)


def _has_content(path: str, content: bytes) -> bool:
    try:
        if os.path.islink(path) or not os.path.isfile(path):
            return False
        with open(path, "rb") as file:
            return content_hash(file.read()) == content
    except OSError:
        return False


def _copy(trashed: str, path: str) -> None:
    """Copy a file to a free path, in one step."""
    handle, copied = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".lookalike-")
    try:
        with open(trashed, "rb") as source, os.fdopen(handle, "wb") as target:
            shutil.copyfileobj(source, target)
            target.flush()
            os.fsync(target.fileno())
        shutil.copystat(trashed, copied)
        try:
            os.link(copied, path)
            os.unlink(copied)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            if os.path.lexists(path):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path) from error
            os.rename(copied, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(copied)
        raise
