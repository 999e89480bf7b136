"""What is drawn on paper: queries with their best hits, and two pictures compared."""

from __future__ import annotations

import os
import textwrap
from typing import TYPE_CHECKING, Any

from ..decode import decode
from ..errors import ArgumentError, PictureError
from ..sources import read, stat_source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from PIL import Image, ImageDraw, ImageFont

    from ..search import Comparison
    from ..types import Hit, Picture

CELL_PIXELS = 200
GAP_PIXELS = 24
TEXT_PIXELS = 46
MAX_HITS = 10
PANEL_PIXELS = 420  # longer side of a compared picture
LINE_PIXELS = 24
MAX_LETTERS = 100  # of a line of text
MAX_JOINED = 40  # of the features that agree, so many are shown
_LAID_OVER = 200  # of 255, how much of the first picture is seen over the second
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
            title = f"{hit.score:.3f}" if hit.kind == "similar" else f"{hit.kind}, {hit.score:.3f}"
            _cell(
                sheet, draw, (x, y), open_picture(hit.path), title, os.path.basename(hit.path), _INK
            )
            x += step
        if not found:
            draw.text(_scaled(x, middle), "no hits", _FAINT, _font(15))
    return sheet.resize(size, Image.Resampling.LANCZOS)


def _cell(
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


def comparison_sheet(found: Comparison) -> Image.Image:
    """Draw two pictures, what they share outlined and joined, and the first over the second.

    Returns:
        an RGB picture, with what was found in words below.
    """
    from PIL import Image, ImageDraw

    panels = [_panel(picture) for picture in found.pictures]
    titles = [os.path.basename(name) for name in found.names]
    shown = found.match if found.kind != "different" else None
    if shown:
        panels.append(_laid_over(found, panels))
        titles.append("the first laid over the second")
    lefts = [GAP_PIXELS]
    for panel in panels:
        lefts.append(lefts[-1] + panel.width // _SCALE + GAP_PIXELS)
    words = [line for said in found.sentences for line in textwrap.wrap(said, MAX_LETTERS)]
    below = 2 * GAP_PIXELS + max(panel.height for panel in panels) // _SCALE
    size = (max(lefts[-1], MAX_LETTERS * 8), below + LINE_PIXELS * (len(words) + 2))
    sheet = Image.new("RGB", _scaled(*size), _PAPER)
    for panel, left in zip(panels, lefts, strict=False):
        sheet.paste(panel, _scaled(left, GAP_PIXELS))
    draw = ImageDraw.Draw(sheet, "RGBA")
    for title, left in zip(titles, lefts, strict=False):
        draw.text(_scaled(left, below - GAP_PIXELS + 4), _shortened(title, draw), _FAINT, _font(13))
    for n, line in enumerate(words):
        draw.text(_scaled(GAP_PIXELS, below + LINE_PIXELS * (n + 0.75)), line, _INK, _font(15))
    if shown:
        _joined(draw, found, panels, lefts)
    return sheet.resize(size, Image.Resampling.LANCZOS)


def _panel(picture: Picture) -> Image.Image:
    from PIL import Image, ImageOps

    side = PANEL_PIXELS * _SCALE
    return ImageOps.contain(Image.fromarray(picture.pixels), (side, side))


def _laid_over(found: Comparison, panels: Sequence[Image.Image]) -> Image.Image:
    """Lay the first picture where it lies in the second, which is grey."""
    import cv2
    import numpy as np
    from PIL import Image

    one, below = panels[0], panels[1].convert("L").convert("RGB")
    to = _shown(found, panels, 1) @ _transform(found) @ np.linalg.inv(_shown(found, panels, 0))
    laid = cv2.warpPerspective(np.asarray(one), to, below.size, flags=cv2.INTER_AREA)
    whole = np.full(one.size[::-1], _LAID_OVER, np.uint8)
    mask = cv2.warpPerspective(whole, to, below.size)
    below.paste(Image.fromarray(laid), mask=Image.fromarray(mask))
    return below


def _joined(
    draw: ImageDraw.ImageDraw,
    found: Comparison,
    panels: Sequence[Image.Image],
    lefts: Sequence[int],
) -> None:
    """Join features that agree by lines; outline in each picture what the other shows."""
    import numpy as np

    from ..copies import clip_to_picture, frame_corners, transform_points

    assert found.match is not None  # noqa: S101  the caller has seen to it
    forth = _transform(found)
    on_sheet = [np.eye(3), np.eye(3)]
    for k in (0, 1):
        moved = np.array([[1, 0, lefts[k] * _SCALE], [0, 1, GAP_PIXELS * _SCALE], [0, 0, 1]])
        on_sheet[k] = moved @ _shown(found, panels, k)
        other, own = found.pictures[1 - k], found.pictures[k]
        to = forth if k else np.linalg.inv(forth)
        outline = clip_to_picture(
            transform_points(to, frame_corners(other.width, other.height)), own.width, own.height
        )
        corners = [tuple(corner) for corner in transform_points(on_sheet[k], outline).tolist()]
        draw.line([*corners, corners[0]], _ACCENT, 3 * _SCALE, joint="curve")
    points = found.match.points
    points = points[:: max(len(points) // MAX_JOINED, 1)]
    ends = (
        transform_points(on_sheet[0], points[:, :2]),
        transform_points(on_sheet[1], points[:, 2:]),
    )
    for one, other in zip(*(end.tolist() for end in ends), strict=True):
        draw.line([tuple(one), tuple(other)], _ACCENT + "90", _SCALE)
        for x, y in (one, other):
            draw.ellipse([x - 5, y - 5, x + 5, y + 5], _ACCENT)


def _transform(found: Comparison) -> NDArray[Any]:
    import numpy as np

    assert found.match is not None  # noqa: S101  nothing is drawn without
    return np.array(found.match.transform)


def _shown(found: Comparison, panels: Sequence[Image.Image], which: int) -> NDArray[Any]:
    """Map a picture's pixels to those of its panel."""
    from ..copies import scale_transform

    picture = found.pictures[which]
    return scale_transform((picture.width, picture.height), panels[which].size)


def save(drawn: Image.Image, path: Path) -> None:
    """Write what was drawn; the name's ending tells the format.

    Raises:
        ArgumentError: it can't be written there.
    """
    try:
        drawn.save(path, quality=90)
    except (OSError, ValueError) as error:
        raise ArgumentError(
            f"{path} can't be written ({error}); choose another place, ending in .jpg or .png."
        ) from error


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
