"""Verdicts on duplicates: what goes, what stays and why; and the cache of what was compared."""

from __future__ import annotations

import contextlib
import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..sources import CONTENT_HASH_BYTES
from ..storage import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

UNCHECKED, GOES, STAYS = "unchecked", "goes", "stays"
RULES_VERSION = 1  # raised when `what_is_lost` changes, so that every pair is compared again
FOLDER, FILE_NAME = "duplicates", "verdicts.json"
MAX_PAIRS = 200_000  # that are remembered, about 25 MB
MAX_FILE_BYTES = 64 * 2**20
MAX_REASON_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may happen to a duplicate.

    Attributes:
        state: `unchecked`; `goes`: a file that stays holds all that it holds; or `stays`.
        reason: why it stays, as one clause; empty for the others.
        holder: path of the file that holds all that it holds; empty unless it goes.

    Example:
        >>> import shutil
        >>> from lookalike import Gallery
        >>> _ = shutil.copy("photos/sunflower/image_0001.jpg", "photos/copy.jpg")
        >>> gallery = Gallery.open("gallery")
        >>> _ = gallery.index("photos")
        >>> groups = gallery.duplicates()
        >>> groups[0].others[0].verdict
        Verdict(state='unchecked', reason='', holder='')
        >>> gallery.check_duplicates(groups)[0].others[0].verdict
        Verdict(state='goes', reason='', holder='...image_0001.jpg')
    """

    state: str = UNCHECKED
    reason: str = ""
    holder: str = ""


NO_VERDICT = Verdict()


class VerdictCache:
    """What a file lacks of another, by the contents of both; safe for several threads.

    An entry is only as good as the rules that made it: one of another `RULES_VERSION` counts for
    nothing. So does a damaged file: the pairs are compared again.
    """

    def __init__(self, folder: Path) -> None:
        """Read the cache in a gallery's folder."""
        self._path = folder / FOLDER / FILE_NAME
        self._lost = _read(self._path)
        self._added: dict[str, str] = {}
        self._lock = threading.Lock()

    def get(self, holder: bytes, other: bytes) -> str | None:
        """Return what a content lacks of another: a clause, empty for nothing; None if unknown."""
        with self._lock:
            return self._lost.get(holder.hex() + other.hex())

    def put(self, holder: bytes, other: bytes, lost: str) -> None:
        """Remember what a content lacks of another."""
        with self._lock:
            key, lost = holder.hex() + other.hex(), lost[:MAX_REASON_CHARACTERS]
            self._lost[key] = self._added[key] = lost

    def save(self) -> None:
        """Write what was added, in one step; a cache that can't be written is done without."""
        with self._lock:
            if not self._added:
                return
            lost = {**_read(self._path), **self._added}  # another process may have added others
            lost = dict(list(lost.items())[-MAX_PAIRS:])
            with contextlib.suppress(OSError):
                write_atomically(self._path, _as_text(lost).encode("ascii"))
                self._added.clear()


def _as_text(lost: dict[str, str]) -> str:
    return json.dumps({"rules": RULES_VERSION, "lost": lost}) + "\n"


def _read(path: Path) -> dict[str, str]:
    """Read a cache; an empty one where there is none, or where it is not what lookalike writes."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        values = json.loads(data) if len(data) <= MAX_FILE_BYTES else {}
        if values["rules"] != RULES_VERSION:
            return {}
        return {key: lost for key, lost in values["lost"].items() if _is_entry(key, lost)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _is_entry(key: str, lost: object) -> bool:
    is_reason = isinstance(lost, str) and len(lost) <= MAX_REASON_CHARACTERS
    return is_reason and len(key) == 2 * 2 * CONTENT_HASH_BYTES
