"""Whether one file holds all that another holds, so that the other may go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..decode import inspect
from .lost_pixels import pixels_lost

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_NAMED = 3  # entries of metadata in a reason
MAX_ENTRIES, MAX_CHARACTERS = 1_000, 65_536  # `inspect` tells no more entries, nor longer ones


def what_is_lost(kept: bytes, other: bytes) -> str:
    """Say what the other file holds that the kept one does not.

    Args:
        kept: the bytes of the file that stays.
        other: the bytes of the file that would go.

    Returns:
        one clause; empty if the kept file holds all that the other holds: its pixels at full
        resolution, pages, frames, transparency and bits, an embedded video, and what people and
        cameras wrote into it.

    Raises:
        PictureError: one of them can't be read in full.
    """
    if kept == other:
        return ""
    details = inspect(other)
    if details.properties.has_video:
        return "it has a video, which the kept file may not have"
    return _lost_metadata(inspect(kept).metadata, details.metadata) or pixels_lost(kept, other)


def _lost_metadata(kept: Mapping[str, str], other: Mapping[str, str]) -> str:
    """Say what is written in one file and not in the other; an entry may have several lines."""
    if len(other) >= MAX_ENTRIES or any(len(value) >= MAX_CHARACTERS for value in other.values()):
        return "more is written in it than can be compared"
    missing = [
        name
        for name, value in other.items()
        if not set(value.split("\n")) <= set(kept.get(name, "").split("\n"))
    ]
    if not missing:
        return ""
    named = ", ".join(sorted(missing)[:MAX_NAMED])
    more = f" and {len(missing) - MAX_NAMED} more" if len(missing) > MAX_NAMED else ""
    return f"the kept file does not have its {named}{more}"
