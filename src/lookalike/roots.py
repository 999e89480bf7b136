"""The folders a gallery was indexed from, and what their absence means."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

from .errors import OfflineError
from .sources import is_gone, look_at_root

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def is_under(path: str, root: str) -> bool:
    """Tell whether a path is a root or below it."""
    return path == root or path.startswith(root if root.endswith(os.sep) else root + os.sep)


def sort_paths(
    paths: Iterable[str | os.PathLike[str]], roots: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Split the paths to index into those that can be read and those that are offline.

    An empty folder that is a root with pictures known from it is offline: a disk is missing.
    """
    online, offline = list[str](), list[str]()
    for path in map(os.path.abspath, paths):
        if path in roots:
            usable = look_at_root(path).online
        else:
            usable = os.path.isfile(path) or _is_listable(path)
        (online if usable else offline).append(path)
    return online, offline


def joined(roots: Sequence[str], paths: Iterable[str]) -> tuple[str, ...]:
    """Add the folders indexed, and those of single files, to the roots.

    A folder below another counts by that one, unless it is on a disk of its own, which may be
    disconnected while the other is not.
    """
    all_roots = list(roots)
    for path in paths:
        root = path if os.path.isdir(path) else os.path.dirname(path)
        if any(is_under(root, other) and _same_disk(root, other) for other in all_roots):
            continue
        below = [r for r in all_roots if is_under(r, root) and _same_disk(r, root)]
        all_roots = [*(r for r in all_roots if r not in below), root]
    return tuple(all_roots)


def require_online(roots: Iterable[str]) -> None:
    """Refuse what needs every file.

    Raises:
        OfflineError: a root can't be reached.
    """
    for root in map(look_at_root, roots):
        if not root.online:
            raise OfflineError(
                f"{root.path} is offline ({root.reason}); connect it, or give its pictures up "
                f"with: lookalike remove {root.path}"
            )


class Lost:
    """Tell whether a file is certainly gone: its root is online, and it is not there.

    A path under no root, or under one that is offline, is never lost.
    """

    def __init__(self, roots: Sequence[str]) -> None:
        """Take the roots; each is looked at once, when first needed."""
        self._roots = sorted(roots, key=len, reverse=True)
        self._is_online = functools.cache(lambda root: look_at_root(root).online)

    def __call__(self, path: str) -> bool:
        """Tell it of one path."""
        root = next((root for root in self._roots if is_under(path, root)), None)
        return root is not None and self._is_online(root) and is_gone(path)


def _is_listable(path: str) -> bool:
    try:
        os.scandir(path).close()
    except OSError:
        return False
    return True


def _same_disk(path: str, other: str) -> bool:
    try:
        return os.stat(path).st_dev == os.stat(other).st_dev
    except OSError:
        return False
