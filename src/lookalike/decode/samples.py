"""Which frame or page stands for a file, and a few of the others, decoded small."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..types import Properties
from .colour import is_blank
from .convert import to_picture
from .depth import prepare_levels
from .limits import LARGE_PIXELS, check_size

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..types import Picture
    from .sequence import Sequence

MAX_SAMPLES = 8
_SAMPLE_SIDE = 128  # pixels of the longer side
_MAX_PAGE_PIXELS = 80_000_000  # of all pages that are decoded besides the first
_MAX_FRAME_PIXELS = 32_000_000  # likewise of frames, which can't be reached without those before
_MAX_BLANK_PAGES = 8  # after which the first page stands for a file, blank as it is


def choose(
    sequence: Sequence, first: Picture, data: bytes, name: str, min_side: int
) -> tuple[Picture, tuple[NDArray[np.uint8], ...]]:
    """Choose the picture that stands for a file: the first one, or if it is blank a later one.

    Args:
        sequence: of at least two pages or frames.
        first: the first one, decoded.
        data: the whole file.
        name: its format.
        min_side: the least pixels of the shorter side of what is chosen.

    Returns:
        the picture, with `has_alpha` of all that was decoded, and up to `MAX_SAMPLES` of the
        others, evenly spread, in order; those that are damaged or beyond the budget are left out.
    """
    count = len(sequence.numbers)
    last = count - 1
    places = sorted({round(step * last / MAX_SAMPLES) for step in range(MAX_SAMPLES + 1)})
    reach = count
    if sequence.is_animation:
        reach = min(count, 1 + _MAX_FRAME_PIXELS // (first.width * first.height))
        if len(places) > 1 and places[1] >= reach > 1:
            places = [0, reach - 1]
        places = [place for place in places if place < reach]
    chosen, chosen_at, samples = first, 0, {0: _shrink(first)}
    has_alpha = first.properties.has_alpha
    looks_for_more = is_blank(first.pixels)
    steps = range(1, reach if sequence.is_animation else min(reach, 1 + _MAX_BLANK_PAGES))
    budget, most = _MAX_PAGE_PIXELS, max(LARGE_PIXELS, first.width * first.height)
    for place in sorted({*places, *(steps if looks_for_more else ())} - {0}):
        if place not in places and not looks_for_more:
            continue
        try:
            image = sequence.show(place)
            check_size(*image.size)
            pixels = image.width * image.height
            budget -= 0 if sequence.is_animation else pixels
            if budget < 0 or pixels > most:
                continue
            image.load()
            prepare_levels(image, data, name)
            picture = to_picture(image, image.size, min_side if looks_for_more else _SAMPLE_SIDE)
        except Exception:  # noqa: BLE001  plugins raise anything; a damaged page is left out
            if sequence.is_animation:
                break
            continue
        has_alpha |= picture.properties.has_alpha
        if looks_for_more and not is_blank(picture.pixels):
            chosen, chosen_at, looks_for_more = picture, place, False
        if place in places:
            samples[place] = _shrink(picture)
    samples.pop(chosen_at if chosen_at in samples else 0)
    properties = Properties(has_alpha=has_alpha)
    return replace(chosen, properties=properties), tuple(samples.values())


def _shrink(picture: Picture) -> NDArray[np.uint8]:
    import numpy as np
    from PIL import Image

    image = Image.fromarray(picture.pixels)
    image.thumbnail((_SAMPLE_SIDE, _SAMPLE_SIDE), Image.Resampling.BOX)
    return np.asarray(image)
