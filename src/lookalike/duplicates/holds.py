"""Whether one file holds all that another holds, so that the other may go."""

from __future__ import annotations

from ..decode import inspect
from .held_pixels import pixels_lost

MAX_NAMED = 3  # entries of metadata in a reason


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
    written, details = inspect(kept).metadata, inspect(other)
    if details.properties.has_video:
        return "it has a video, which the kept file may not have"
    missing = [name for name, value in details.metadata.items() if written.get(name) != value]
    if missing:
        named = ", ".join(sorted(missing)[:MAX_NAMED])
        more = f" and {len(missing) - MAX_NAMED} more" if len(missing) > MAX_NAMED else ""
        return f"the kept file does not have its {named}{more}"
    return pixels_lost(kept, other)
