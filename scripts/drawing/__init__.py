"""Pictures drawn from numbers alone: the scenes, by label, that the demo and the tests use."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from drawing.balloon import balloon
from drawing.butterfly import butterfly
from drawing.canvas import Canvas
from drawing.city import city_night
from drawing.desert import desert
from drawing.flower import flower
from drawing.forest import forest
from drawing.mountains import mountains
from drawing.planet import planet
from drawing.sailboat import sailboat
from drawing.sea import sea_sunset

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image

SCENES: dict[str, Callable[[Canvas], None]] = {
    "balloon": balloon,
    "butterfly": butterfly,
    "city-night": city_night,
    "desert": desert,
    "flower": flower,
    "forest": forest,
    "mountains": mountains,
    "planet": planet,
    "sailboat": sailboat,
    "sea-sunset": sea_sunset,
}
LABELS: tuple[str, ...] = tuple(SCENES)


def draw(label: str, seed: int, size: tuple[int, int] = (640, 480)) -> Image.Image:
    """Draw one picture (RGB); the same label, seed (0 or more) and size give the same pixels.

    Seeds in a row take turns with palettes and arrangements, so that neighbours differ most.

    Raises:
        ValueError: the label is none of `LABELS`.

    """
    if label not in SCENES:
        message = f"nobody here draws {label!r}; there are {', '.join(LABELS)}"
        raise ValueError(message)
    canvas = Canvas(size, (zlib.crc32(label.encode()), seed))
    SCENES[label](canvas)
    return canvas.finish()
