"""What people say about which files to keep: folders they prefer or protect, and an order."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError
from ..sources import absolute, is_under
from ..types import UNKNOWN
from .stored_json import damaged, read_json, write_json

if TYPE_CHECKING:
    from ..storage import Place, Store
    from .members import Member

FILE_NAME = "keep_rules.json"
ORDERS = ("oldest", "newest", "largest")
PATH_PREFIX = "path:"
MAX_FOLDERS = 1_000
MAX_CHARACTERS = 4_096  # of a folder or a pattern


@dataclass(frozen=True, slots=True)
class KeepRules:
    """Which of several files to keep, if they hold the same.

    A file never goes for one that holds less, whatever the rules say.

    Attributes:
        prefer: folders whose files are kept before others; those of the first one first.
        protect: folders of which nothing goes, and whose files are kept before all others.
        keep: `oldest` or `newest` (time of the last change), `largest` (pixels, then bytes), or
            `path:GLOB` for files whose path matches a pattern; None for the best quality.

    Raises:
        ArgumentError: there is no such order, or there are too many folders.

    Example:
        >>> from pathlib import Path
        >>> import shutil
        >>> from lookalike import Gallery, KeepRules
        >>> _ = shutil.copytree("photos/leopards", "photos/backup")
        >>> gallery = Gallery.open("gallery")
        >>> _ = gallery.index("photos")
        >>> group = gallery.duplicates(keep=KeepRules(prefer=("photos/backup",)))[0]
        >>> group.kept.path, group.why
        ('...photos/backup/...jpg', 'in a preferred folder')
    """

    prefer: tuple[str, ...] = ()
    protect: tuple[str, ...] = ()
    keep: str | None = None

    def __post_init__(self) -> None:
        """Make the folders absolute, and check all values."""
        for name in ("prefer", "protect"):
            folders = tuple(dict.fromkeys(map(absolute, getattr(self, name))))
            object.__setattr__(self, name, folders)
        keep = self.keep
        is_glob = keep is not None and keep.startswith(PATH_PREFIX) and keep != PATH_PREFIX
        if keep is not None and keep not in ORDERS and not is_glob:
            raise ArgumentError(
                f"There is no order {keep[:200]!r} of files to keep; use {', '.join(ORDERS)} or "
                "path:GLOB."
            )
        texts = (*self.prefer, *self.protect, keep or "")
        if len(texts) > MAX_FOLDERS or max(map(len, texts)) > MAX_CHARACTERS:
            raise ArgumentError(
                f"The rules have more than {MAX_FOLDERS:,} folders, or one whose path is too long; "
                "name a folder above them instead."
            )

    def added_to(self, stored: KeepRules) -> KeepRules:
        """Add these rules to others: these folders come first, this order replaces theirs."""
        return KeepRules(
            (*self.prefer, *stored.prefer),
            (*self.protect, *stored.protect),
            self.keep or stored.keep,
        )

    def protects(self, member: Member) -> bool:
        """Check whether a file must not go."""
        return any(is_under(member.path, folder) for folder in self.protect)

    def rank(self, member: Member) -> tuple[bool, int, tuple[float, ...]]:
        """Return the place of a file by the rules, for sorting: the lower, the better."""
        preferred = (k for k, folder in enumerate(self.prefer) if is_under(member.path, folder))
        return (
            not self.protects(member),
            next(preferred, len(self.prefer)),
            self._order(member),
        )

    def _order(self, member: Member) -> tuple[float, ...]:
        if self.keep is None:
            return ()
        if self.keep == "largest":
            return -member.width * member.height, -member.size
        if self.keep in ORDERS:
            if member.mtime_ns == UNKNOWN:
                return (sys.maxsize,)
            return (member.mtime_ns if self.keep == "oldest" else -member.mtime_ns,)
        return (not fnmatchcase(member.path, self.keep.removeprefix(PATH_PREFIX)),)

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }


def read_rules(folder: Place) -> KeepRules:
    """Read the rules that a gallery keeps.

    Raises:
        GalleryFormatError: their file is damaged.
    """
    return _parse(folder, read_json(folder, FILE_NAME).values)


def write_rules(folder: Place, rules: KeepRules) -> None:
    """Keep the rules in a gallery; the caller holds its lock."""
    write_json(folder, FILE_NAME, rules.as_json(), read_json(folder, FILE_NAME).revision)


def check_folders(store: Store, rules: KeepRules, *, known: KeepRules | None = None) -> None:
    """Check that the gallery has pictures in all folders of the rules.

    Args:
        store: the gallery's tables.
        rules: what people want.
        known: rules whose folders need no check: they may be offline, and have no row any more.

    Raises:
        ArgumentError: the gallery has none in one of them.
    """
    folders = {*rules.prefer, *rules.protect}
    for folder in sorted(folders - {*known.prefer, *known.protect} if known else folders):
        if next(store.paths(store.pictures, folder), None) is None:
            raise ArgumentError(
                f"The gallery has no picture at or under {folder}; list its folders with: "
                "lookalike info"
            )


def _parse(folder: Place, values: dict[str, Any]) -> KeepRules:
    try:
        prefer, protect = (_texts(values.get(name, [])) for name in ("prefer", "protect"))
        (keep,) = _texts([values["keep"]]) if values.get("keep") is not None else (None,)
        return KeepRules(prefer, protect, keep)
    except (TypeError, ValueError) as error:  # an `ArgumentError` is a ValueError
        raise damaged(folder, FILE_NAME) from error


def _texts(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError(values)
    return tuple(values)
