"""The contact sheet: queries at the left, their best hits beside them, with score and name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .decode import decode
from .errors import PictureError
from .sources import read, stat_source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image, ImageDraw, ImageFont

    from .types import Hit, Picture

CELL_PIXELS = 200
GAP_PIXELS = 24
TEXT_PIXELS = 46
MAX_HITS = 10
_PAPER, _FRAME, _INK, _FAINT, _ACCENT = "#fbfaf7", "#ebe8e0", "#23201c", "#837c71", "#b4532a"
_SCALE = 2  # text and corners are drawn larger and reduced


def contact_sheet(searches: Sequence[tuple[str, Picture | None, Sequence[Hit]]]) -> Image.Image:
    """Draw one line for each search.

    Args:
        searches: what to write under the query, the query (None where it was a text), and its
            hits, best first; the first `MAX_HITS` are drawn. What can't be read is an empty frame.

    Returns:
        an RGB picture.
    """
    from PIL import Image, ImageDraw

    hits = min(max((len(found) for _, _, found in searches), default=0), MAX_HITS)
    step = CELL_PIXELS + GAP_PIXELS
    row = CELL_PIXELS + TEXT_PIXELS + GAP_PIXELS
    left = 2 * GAP_PIXELS  # between the query and its hits
    size = (GAP_PIXELS + step * (1 + hits) + left, GAP_PIXELS + row * len(searches))
    sheet = Image.new("RGB", (size[0] * _SCALE, size[1] * _SCALE), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for line, (name, query, found) in enumerate(searches):
        y = GAP_PIXELS + line * row
        asked = Image.fromarray(query.pixels) if query else None
        _cell(sheet, draw, (GAP_PIXELS, y), asked, "query", name, _ACCENT)
        x = GAP_PIXELS + step + left
        middle = y + CELL_PIXELS // 2
        draw.line(_scaled(x - left, y, x - left, y + CELL_PIXELS), _FRAME, 2 * _SCALE)
        for hit in found[:MAX_HITS]:
            title = f"{hit.score:.3f}"
            _cell(
                sheet, draw, (x, y), open_picture(hit.path), title, os.path.basename(hit.path), _INK
            )
            x += step
        if not found:
            draw.text(_scaled(x, middle), "no hits", _FAINT, _font(15))
    return sheet.resize(size, Image.Resampling.LANCZOS)


def _cell(  # noqa: PLR0913, PLR0917
    sheet: Image.Image,
    draw: ImageDraw.ImageDraw,
    at: tuple[int, int],
    picture: Image.Image | None,
    title: str,
    name: str,
    ink: str,
) -> None:
    from PIL import Image, ImageDraw, ImageOps

    x, y = at
    side = CELL_PIXELS * _SCALE
    draw.rounded_rectangle(_scaled(x, y, x + CELL_PIXELS, y + CELL_PIXELS), 12, _FRAME)
    if picture:
        fitted = ImageOps.contain(picture, (side, side))
        corners = Image.new("L", fitted.size, 0)
        ImageDraw.Draw(corners).rounded_rectangle((0, 0, *fitted.size), 12, 255)
        middle = ((side - fitted.width) // 2, (side - fitted.height) // 2)
        sheet.paste(fitted, (x * _SCALE + middle[0], y * _SCALE + middle[1]), corners)
    draw.text(_scaled(x, y + CELL_PIXELS + 6), title, ink, _font(15))
    draw.text(_scaled(x, y + CELL_PIXELS + 25), _shortened(name, draw), _FAINT, _font(12))


def open_picture(path: str) -> Image.Image | None:
    """Decode the picture at a path; None where it can't be."""
    from PIL import Image

    source = stat_source(path)
    try:
        return Image.fromarray(decode(read(source)).pixels) if source else None
    except (OSError, PictureError):
        return None


def _shortened(name: str, draw: ImageDraw.ImageDraw) -> str:
    """Cut the middle out of a name that is too long, as its end tells files apart."""
    name = name.encode("utf-8", "replace").decode()
    short, font = name, _font(12)
    while draw.textlength(short, font) > CELL_PIXELS * _SCALE and len(name) > len(".."):
        name = name[: len(name) // 2 - 1] + name[len(name) // 2 + 1 :]
        short = name[: len(name) // 2] + "\u2026" + name[len(name) // 2 :]
    return short


def _scaled(*values: float) -> Any:
    return tuple(value * _SCALE for value in values)


def _font(pixels: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    from PIL import ImageFont

    for name in ("DejaVuSans.ttf", "Arial Unicode.ttf", "segoeui.ttf"):  # of wide coverage
        try:
            return ImageFont.truetype(name, pixels * _SCALE)
        except OSError:
            continue
    return ImageFont.load_default(pixels * _SCALE)
