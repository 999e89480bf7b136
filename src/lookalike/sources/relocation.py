"""A place of pictures that has moved: what its addresses are now."""

from __future__ import annotations

import ntpath
import os
import posixpath
import re
from dataclasses import dataclass

from .addresses import absolute, is_absolute, is_archive, is_list, scheme_of

_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")
MEMBER = "!/"  # after it, `/` separates names on every system


@dataclass(frozen=True, slots=True)
class Relocation:
    r"""A folder, disk, bucket, archive or list that has moved, perhaps to another kind of system.

    Attributes:
        old: where it was: an absolute path of any system, such as `C:\\Photos`, or a URL.
        new: where it is.

    Example:
        >>> moved = Relocation("C:\\Users\\me\\Photos", "/media/me/photos")
        >>> moved("C:\\Users\\me\\Photos\\2024\\a.jpg")
        '/media/me/photos/2024/a.jpg'
        >>> moved("C:\\Users\\me\\Photos (old)\\a.jpg")
        'C:\\Users\\me\\Photos (old)\\a.jpg'
    """

    old: str
    new: str

    @property
    def separators(self) -> tuple[str, str]:
        """What separates names in the old and in the new place."""
        return _separator(self.old), _separator(self.new)

    @property
    def folders(self) -> tuple[str, str]:
        """Both places with a separator at their end: the prefixes of what is below them."""
        old, new = (
            place if place.endswith(separator) else place + separator
            for place, separator in zip((self.old, self.new), self.separators, strict=True)
        )
        return old, new

    @property
    def has_members(self) -> bool:
        """Whether the old place may be an archive or a list, which has members."""
        return is_archive(self.old) or is_list(self.old)

    def __call__(self, address: str) -> str:
        """Return what an address is now: the same, if it is not at or below the old place."""
        old, new = self.folders
        if address == self.old:
            return self.new
        if address.startswith(old):
            file, sign, member = address.removeprefix(old).partition(MEMBER)
            return new + file.replace(*self.separators) + sign + member
        if self.has_members and address.startswith(self.old + MEMBER):
            return self.new + address.removeprefix(self.old)
        return address


def any_absolute(address: str | os.PathLike[str]) -> str:
    """Return the absolute form of an address of this system, or of another one.

    Raises:
        ArgumentError: it is a URL without a bucket or host, or with a password.
    """
    text = os.fspath(address)
    if _WINDOWS.match(text):
        return ntpath.normpath(text)
    if text.startswith("/"):
        return posixpath.normpath(text)
    return absolute(text)


def is_absolute_anywhere(address: str) -> bool:
    """Check whether an address is a URL, or an absolute path of this system or another one."""
    return bool(_WINDOWS.match(address)) or address.startswith("/") or is_absolute(address)


def _separator(address: str) -> str:
    if scheme_of(address) or address.startswith("/"):
        return "/"
    return "\\" if _WINDOWS.match(address) else os.sep
