"""Mount points: folders whose files are on another disk, which may be away some day."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from .addresses import is_local, is_under, split_member

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..types import Source

_TABLE = "/proc/self/mountinfo"  # Linux; elsewhere the numbers of the disks must do
_POINT = 4  # the field with the mount point
_ESCAPE = re.compile(r"\\([0-7]{3})")


class MountPoints:
    """The mount points that hold a gallery's files, in folders and above them.

    A link to a folder on another disk is one, too.

    Attributes:
        paths: those known and those found.
    """

    def __init__(self, known: Iterable[str]) -> None:
        """Start with those known, mounted or not."""
        self.paths = set(known)
        self._checked = set[str]()
        self._table = _mount_table()

    def expected(self, roots: Iterable[str]) -> tuple[str, ...]:
        """Return those known, and all now mounted below roots, for a run that may be killed."""
        below = (p for root in roots for p in self._table if is_under(p, root))
        return tuple(sorted({*self.paths, *below}))

    def watch(self, sources: Iterable[Source]) -> Iterator[Source]:
        """Pass sources on, and note what holds them."""
        for source in sources:
            archive = split_member(source.path)[0]
            if is_local(archive):
                self.add(os.path.dirname(archive))
            yield source

    def add(self, folder: str) -> None:
        """Note the mount points among a folder and those above it, except the topmost."""
        while folder not in self._checked and folder != os.path.dirname(folder):
            self._checked.add(folder)
            if _is_mounted(folder, self._table):
                self.paths.add(folder)
            folder = os.path.dirname(folder)


def is_mounted(path: str) -> bool:
    """Check whether a folder is a mount point now, or a link to a folder on another disk."""
    return _is_mounted(path, _mount_table())


def _is_mounted(path: str, table: set[str]) -> bool:
    try:
        on_another_disk = os.stat(path).st_dev != os.stat(os.path.dirname(path)).st_dev
    except (OSError, ValueError):
        return False
    return on_another_disk or os.path.realpath(path) in table  # one disk may be mounted twice


def _mount_table() -> set[str]:
    try:
        with open(_TABLE, encoding="utf-8", errors="surrogateescape") as file:
            points = [line.split(" ")[_POINT] for line in file]
    except OSError:
        return set()
    return {_ESCAPE.sub(lambda code: chr(int(code[1], 8)), point) for point in points}
