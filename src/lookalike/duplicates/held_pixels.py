"""Stand-in until the full-resolution check is merged."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

_MAX_DIFFERENCE = 12


def pixels_lost(kept: bytes, other: bytes) -> str:
    """Say which pixels of the other file the kept one lacks; empty if none."""
    one, two = (Image.open(io.BytesIO(data)).convert("RGB") for data in (kept, other))
    if one.width * two.height != one.height * two.width or one.width < two.width:
        return "its frame differs"
    one = one.resize(two.size, Image.Resampling.BOX)
    worst = np.abs(np.asarray(one, np.int16) - np.asarray(two, np.int16)).mean()
    return "it looks different" if worst > _MAX_DIFFERENCE else ""
