"""The folders a gallery was indexed from, and what their absence means."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

from ..errors import OfflineError
from .addresses import WEB, absolute, is_archive, is_list, is_local, is_under, scheme_of
from .read import check_address, check_root, is_gone

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def split_online(
    paths: Iterable[str | os.PathLike[str]], roots: Sequence[str], *, private: bool = True
) -> tuple[list[str], list[str]]:
    """Split the paths to index into those that can be read and those that are offline.

    An empty folder that is a root with pictures known from it is offline: a disk is missing. So is
    a URL in a private network, unless it is allowed.

    Raises:
        ArgumentError: an address can't be meant, or what reads it is not installed.
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


def merge_roots(roots: Sequence[str], paths: Iterable[str]) -> tuple[str, ...]:
    """Add the folders indexed, and those of single files, to the roots.

    A folder below another counts by that one, unless it is on a disk of its own, which may be
    disconnected while the other is not. Archives and lists are roots themselves.
    """
    all_roots = list(roots)
    for path in paths:
        root = path if _is_root_itself(path) else os.path.dirname(path)
        if any(_counts_by(root, other) for other in all_roots):
            continue
        all_roots = [*(r for r in all_roots if not _counts_by(r, root)), root]
    return tuple(all_roots)


def root_folder(root: str) -> str:
    """Give the folder, bucket or archive whose pictures are a root's: of a list, where it lies."""
    if not is_list(root):
        return root
    return root.rpartition("/")[0] if scheme_of(root) else os.path.dirname(root)


def require_online(roots: Iterable[str]) -> None:
    """Refuse what needs every file.

    Raises:
        OfflineError: a root can't be reached.
    """
    for root in map(check_root, roots):
        if not root.online:
            raise OfflineError(
                f"{root.path} is offline ({root.reason}); connect it, or give its pictures up "
                f"with: lookalike remove {root.path}"
            )


class DeletionCheck:
    """Tell whether a file is certainly gone: its root is online, and it is not there.

    A path under no root, or under one that is offline, is never lost. What a URL names is, once
    its server says so: a list names many, each from a server of its own.
    """

    def __init__(self, roots: Sequence[str]) -> None:
        """Take the roots; each is looked at once, when first needed."""
        self._roots = sorted(roots, key=lambda root: len(root_folder(root)), reverse=True)
        self._is_online = functools.cache(lambda root: check_root(root).online)

    def __call__(self, path: str) -> bool:
        """Tell it of one path."""
        if scheme_of(path) in WEB:
            return is_gone(path, private=any(is_under(path, root) for root in self._roots))
        root = next((root for root in self._roots if is_under(path, root_folder(root))), None)
        return root is not None and self._is_online(root) and is_gone(path)


def _is_listable(path: str) -> bool:
    try:
        os.scandir(path).close()
    except OSError:
        return False
    return True


def _is_root_itself(path: str) -> bool:
    return not is_local(path) or is_archive(path) or is_list(path) or os.path.isdir(path)


def _counts_by(path: str, root: str) -> bool:
    """Tell whether a root below another needs no place of its own."""
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
