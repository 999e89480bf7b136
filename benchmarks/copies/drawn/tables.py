"""The tables of templates: `TEST` to judge by, `DEVELOPMENT` to build with, no layout in both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.copies.drawn.sheet import Template

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.copies.drawn.sheet import Sheet

TEST: dict[str, Template] = {}
DEVELOPMENT: dict[str, Template] = {}

PAGE = ((1240, 1754), (1240, 1754), (1654, 2339), (2480, 3508))
LONG_SLIP = ((800, 2000), (640, 1760), (1000, 2400))
PHONE = ((750, 1334), (1080, 1920), (1080, 2220), (1170, 2532))
DESK = ((1366, 768), (1920, 1080), (1920, 1080), (2560, 1440), (3840, 2160))
SLIDE = ((1280, 720), (1600, 1200), (1920, 1080))
CARD = ((1011, 638), (1280, 808), (860, 540))
SQUARE = ((900, 900), (1200, 1200), (1600, 1600))


def template(
    table: dict[str, Template],
    sizes: tuple[tuple[int, int], ...],
    *,
    has_photo: bool = False,
    has_details: bool = True,
) -> Callable[[Callable[[Sheet], None]], Callable[[Sheet], None]]:
    """Enter a drawing function into a table, by its name."""

    def enter(draw: Callable[[Sheet], None]) -> Callable[[Sheet], None]:
        table[draw.__name__] = Template(draw.__name__, draw, sizes, has_photo, has_details)
        return draw

    return enter
