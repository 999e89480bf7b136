"""The roots of a gallery, from which it was indexed: which are online, and which files are gone."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

from ..errors import ArgumentError, OfflineError
from ..types import Root
from .addresses import (
    WEB,
    absolute,
    is_archive,
    is_list,
    is_local,
    is_under,
    scheme_of,
    split_member,
)
from .mounts import is_mounted
from .read import check_address, check_root, is_gone

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MAX_FOLDERS = 65_536  # whose state is remembered for one run


def split_online(
    paths: Iterable[str | os.PathLike[str]], roots: Sequence[str], *, private: bool = True
) -> tuple[list[str], list[str]]:
    """Split the paths to index into those that are online and those that are offline.

    An empty folder that is already a root is offline: its disk is missing. So is a URL in a private
    network, unless `private` allows it.

    Raises:
        ArgumentError: an address is invalid, or the library that reads it is not installed.
    """
    online, offline = list[str](), list[str]()
    for path in map(absolute, paths):
        check_address(path)
        if path in roots or not is_local(path):
            usable = check_root(path, private=private).online
        else:
            usable = os.path.isfile(path) or _is_listable(path)
        (online if usable else offline).append(path)
    return online, offline


def require_known(paths: Iterable[str | os.PathLike[str]], known: Iterable[str]) -> None:
    """Check that each local path is there, or is at or below a place that was there before.

    Args:
        paths: to index.
        known: the roots and mount points of the gallery.

    Raises:
        ArgumentError: one is not; it is mistyped, for a disk that is away is known.
    """
    places = [place for root in known for place in (root, root_folder(root))]
    for path in map(absolute, paths):
        file = split_member(path)[0]
        is_known = any(is_under(path, place) for place in places)
        if is_local(file) and is_gone(file) and not is_known:
            raise ArgumentError(f"{path} does not exist; check the path.")


def merge_roots(roots: Sequence[str], paths: Iterable[str]) -> tuple[str, ...]:
    """Add folders, and the folders of single files, to the roots.

    A root covers the folders below it, except one on another disk, which may be disconnected by
    itself. Archives and lists are roots of their own.
    """
    all_roots = list(roots)
    for path in paths:
        root = path if _is_root_itself(path) else os.path.dirname(path)
        if any(_is_covered(root, other) for other in all_roots):
            continue
        all_roots = [*(r for r in all_roots if not _is_covered(r, root)), root]
    return tuple(all_roots)


def root_folder(root: str) -> str:
    """Return the folder, bucket or archive that holds a root's pictures; for a list, its folder."""
    if not is_list(root):
        return root
    return root.rpartition("/")[0] if scheme_of(root) else os.path.dirname(root)


def require_online(roots: Iterable[str]) -> None:
    """Check that all roots are online.

    Raises:
        OfflineError: a root is not.
    """
    for root in map(check_root, roots):
        if not root.online:
            raise OfflineError(
                f"{root.path} is offline ({root.reason}); connect it, or remove its pictures "
                f"with: lookalike remove {root.path}"
            )


class DeletionCheck:
    """Check whether a file is certainly gone: all that held it is online, but it does not exist.

    A file outside of all roots, or in one that is offline, never counts as gone. Neither does one
    whose disk is not mounted, or below a folder that can't be listed. A URL is gone once its own
    server says so, for a list names URLs of many servers.

    Example:
        >>> from pathlib import Path
        >>> photos = str(Path("photos").resolve())
        >>> is_deleted = DeletionCheck([photos])
        >>> is_deleted(photos + "/no-such-file.jpg")
        True
    """

    def __init__(self, roots: Sequence[str], mounts: Iterable[str] = ()) -> None:
        """Take the roots, and the mount points that held files; each is checked once."""
        self._roots = sorted(roots, key=lambda root: len(root_folder(root)), reverse=True)
        self._unmounted = [root.path for root in unmounted(mounts)]
        self._is_online = functools.cache(lambda root: check_root(root).online)
        self._is_reachable = functools.lru_cache(_MAX_FOLDERS)(_is_reachable)

    def __call__(self, path: str) -> bool:
        """Check one path."""
        if scheme_of(path) in WEB:
            return is_gone(path, private=any(is_under(path, root) for root in self._roots))
        root = next((root for root in self._roots if is_under(path, root_folder(root))), None)
        if root is None or not self._is_online(root) or self.is_unmounted(path):
            return False
        if not is_gone(path):
            return False
        file = split_member(path)[0]
        return not is_local(file) or self._is_reachable(os.path.dirname(file))

    def is_unmounted(self, path: str) -> bool:
        """Check whether a mount point that held a file is not mounted."""
        return any(is_under(path, mount) for mount in self._unmounted)


def unmounted(mounts: Iterable[str]) -> list[Root]:
    """List the mount points that are not mounted now, as roots that are offline."""
    away = [mount for mount in mounts if not is_mounted(mount)]
    return [Root(mount, online=False, reason="its disk is not mounted") for mount in away]


def _is_reachable(folder: str) -> bool:
    """Check that a folder, or if it is gone what is left above it, can be listed."""
    while is_gone(folder) and folder != os.path.dirname(folder):
        folder = os.path.dirname(folder)
    return _is_listable(folder)


def _is_listable(path: str) -> bool:
    try:
        os.scandir(path).close()
    except OSError:
        return False
    return True


def _is_root_itself(path: str) -> bool:
    return not is_local(path) or is_archive(path) or is_list(path) or os.path.isdir(path)


def _is_covered(path: str, root: str) -> bool:
    """Check whether one root makes another needless."""
    if path == root:
        return True
    if is_archive(path) or is_list(path) or not is_under(path, root):
        return False
    return not is_local(path) or _same_disk(path, root)


def _same_disk(path: str, other: str) -> bool:
    try:
        return os.stat(path).st_dev == os.stat(other).st_dev
    except OSError:
        return False
