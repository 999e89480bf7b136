"""Drawings: contact sheets of queries with their best hits, and two pictures compared."""

from __future__ import annotations

import os
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from ..decode import decode
from ..errors import ArgumentError, PictureError
from ..sources import read, stat_source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..search import Comparison
    from ..types import Box, Hit, Match, Picture

CELL_PIXELS = 200
GAP_PIXELS = 24
CAPTION_PIXELS = 46
MAX_HITS = 10
PANEL_PIXELS = 420  # longer side of a compared picture
LINE_PIXELS = 24
MAX_LINE_CHARACTERS = 100
MAX_JOINED_FEATURES = 40
_OVERLAY_OPACITY = 200  # of 255
_PAPER, _FRAME, _INK, _FAINT, _ACCENT = "#fbfaf7", "#ebe8e0", "#23201c", "#837c71", "#b4532a"
_MARK = "#ffd24a"  # on _INK: frames that stand out from any picture
_SCALE = 2  # everything is drawn larger and then reduced, to smooth text and corners


def contact_sheet(searches: Sequence[tuple[str, Picture | None, Sequence[Hit]]]) -> Image.Image:
    """Draw one row per search: the query and its best hits.

    Args:
        searches: the caption of the query, the query (None for a text), and its hits, best first,
            of which the first `MAX_HITS` are drawn. A file that can't be read is an empty frame.

    Returns:
        an RGB picture.
    """
    columns = min(max((len(hits) for _, _, hits in searches), default=0), MAX_HITS)
    step = CELL_PIXELS + GAP_PIXELS
    row = CELL_PIXELS + CAPTION_PIXELS + GAP_PIXELS
    margin = 2 * GAP_PIXELS  # between the query and its hits
    size = (GAP_PIXELS + step * (1 + columns) + margin, GAP_PIXELS + row * len(searches))
    sheet = Image.new("RGB", _scaled(*size), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for n, (name, query, hits) in enumerate(searches):
        x, y = GAP_PIXELS, GAP_PIXELS + n * row
        picture = Image.fromarray(query.pixels) if query else None
        _draw_cell(sheet, (x, y), picture, ("query", name), _ACCENT)
        x += step + margin
        draw.line(_scaled(x - margin, y, x - margin, y + CELL_PIXELS), _FRAME, 2 * _SCALE)
        if not hits:
            draw.text(_scaled(x, y + CELL_PIXELS // 2), "no hits", _FAINT, _font(15))
        for hit in hits[:MAX_HITS]:
            title = f"{hit.score:.3f}" if hit.kind == "similar" else f"{hit.kind}, {hit.score:.3f}"
            caption = title, os.path.basename(hit.path)
            _draw_cell(sheet, (x, y), open_picture(hit.path), caption, _INK)
            x += step
    return sheet.resize(size, Image.Resampling.LANCZOS)


def _draw_cell(
    sheet: Image.Image,
    corner: tuple[int, int],
    picture: Image.Image | None,
    caption: tuple[str, str],
    ink: str,
) -> None:
    """Draw a picture in a frame, with a title in `ink` and a name below."""
    draw = ImageDraw.Draw(sheet)
    (x, y), (title, name) = corner, caption
    side = CELL_PIXELS * _SCALE
    draw.rounded_rectangle(_scaled(x, y, x + CELL_PIXELS, y + CELL_PIXELS), 12, _FRAME)
    if picture:
        fitted = ImageOps.contain(picture, (side, side))
        mask = Image.new("L", fitted.size, 0)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, *fitted.size), 12, 255)
        offset = (side - fitted.width) // 2, (side - fitted.height) // 2
        sheet.paste(fitted, (x * _SCALE + offset[0], y * _SCALE + offset[1]), mask)
    draw.text(_scaled(x, y + CELL_PIXELS + 6), title, ink, _font(15))
    font = _font(12)
    draw.text(_scaled(x, y + CELL_PIXELS + 25), _shortened(name, font, side), _FAINT, font)


def comparison_sheet(comparison: Comparison) -> Image.Image:
    """Draw two pictures side by side, with outlines and lines for the parts that they share.

    If they share any, a third panel shows your picture laid over this one. Numbered frames show
    in all panels where the two differ.

    Returns:
        an RGB picture, with the comparison's sentences below.
    """
    from ..copies import scale_transform

    panels = [_panel(picture) for picture in comparison.pictures]
    to_panels = [
        scale_transform((picture.width, picture.height), panel.size)
        for picture, panel in zip(comparison.pictures, panels, strict=True)
    ]
    yours, this = (os.path.basename(name) for name in comparison.names)
    titles = [f"Your picture: {yours}", f"This one: {this}"]
    match = comparison.match if comparison.kind != "different" else None
    if match:
        between = to_panels[1] @ np.array(match.transform) @ np.linalg.inv(to_panels[0])
        panels.append(_overlay(panels, between))
        titles.append("Your picture over this one")
    lefts = [GAP_PIXELS]
    for panel in panels:
        lefts.append(lefts[-1] + panel.width // _SCALE + GAP_PIXELS)
    wrapped = (textwrap.wrap(text, MAX_LINE_CHARACTERS) for text in comparison.sentences)
    lines = [line for text in wrapped for line in text]
    bottom = 2 * GAP_PIXELS + max(panel.height for panel in panels) // _SCALE
    size = (max(lefts[-1], MAX_LINE_CHARACTERS * 8), bottom + LINE_PIXELS * (len(lines) + 2))
    sheet = Image.new("RGB", _scaled(*size), _PAPER)
    draw = ImageDraw.Draw(sheet, "RGBA")
    font = _font(13)
    for panel, title, left in zip(panels, titles, lefts, strict=False):
        sheet.paste(panel, _scaled(left, GAP_PIXELS))
        name = _shortened(title, font, max(panel.width, CELL_PIXELS * _SCALE))
        draw.text(_scaled(left, bottom - GAP_PIXELS + 4), name, _FAINT, font)
    for n, line in enumerate(lines):
        draw.text(_scaled(GAP_PIXELS, bottom + LINE_PIXELS * (n + 0.75)), line, _INK, _font(15))
    if match:
        for n, left in enumerate(lefts[:2]):
            shift = np.array([[1, 0, left * _SCALE], [0, 1, GAP_PIXELS * _SCALE], [0, 0, 1]])
            to_panels[n] = shift @ to_panels[n]
        _draw_shared(draw, comparison.pictures, match, to_panels)
        of_overlay = to_panels[1].copy()
        of_overlay[0, 2] += (lefts[2] - lefts[1]) * _SCALE
        _draw_differences(draw, match.differences.boxes, (*to_panels, of_overlay))
    return sheet.resize(size, Image.Resampling.LANCZOS)


def _panel(picture: Picture) -> Image.Image:
    side = PANEL_PIXELS * _SCALE
    return ImageOps.contain(Image.fromarray(picture.pixels), (side, side))


def _overlay(panels: Sequence[Image.Image], transform: NDArray[Any]) -> Image.Image:
    """Lay the first panel, transformed, over a grey copy of the second."""
    import cv2

    yours, below = panels[0], panels[1].convert("L").convert("RGB")
    laid = cv2.warpPerspective(np.asarray(yours), transform, below.size, flags=cv2.INTER_AREA)
    opacity = np.full(yours.size[::-1], _OVERLAY_OPACITY, np.uint8)
    mask = cv2.warpPerspective(opacity, transform, below.size)
    below.paste(Image.fromarray(laid), mask=Image.fromarray(mask))
    return below


def _draw_shared(
    draw: ImageDraw.ImageDraw,
    pictures: tuple[Picture, Picture],
    match: Match,
    to_sheet: Sequence[NDArray[Any]],
) -> None:
    """Outline in each picture what the other shows, and join features that agree by lines.

    Args:
        draw: the sheet.
        pictures: your picture and this one.
        match: how your picture lies over this one.
        to_sheet: for each picture, the 3 x 3 transform from its pixels to the sheet's.
    """
    from ..copies import clip_to_picture, frame_corners, transform_points

    forward = np.array(match.transform)
    transforms = np.linalg.inv(forward), forward  # from the other picture to each
    for own, other, transform, placed in zip(
        pictures, pictures[::-1], transforms, to_sheet, strict=True
    ):
        frame = transform_points(transform, frame_corners(other.width, other.height))
        outline = transform_points(placed, clip_to_picture(frame, own.width, own.height))
        corners = [tuple(corner) for corner in outline.tolist()]
        draw.line([*corners, corners[0]], _ACCENT, 3 * _SCALE, joint="curve")
    points = match.points[:: max(len(match.points) // MAX_JOINED_FEATURES, 1)]
    starts = transform_points(to_sheet[0], points[:, :2]).tolist()
    ends = transform_points(to_sheet[1], points[:, 2:]).tolist()
    for start, end in zip(starts, ends, strict=True):
        draw.line([tuple(start), tuple(end)], _ACCENT + "90", _SCALE)
        for x, y in (start, end):
            draw.ellipse([x - 5, y - 5, x + 5, y + 5], _ACCENT)


def _draw_differences(
    draw: ImageDraw.ImageDraw, boxes: Sequence[Box], to_sheet: Sequence[NDArray[Any]]
) -> None:
    """Frame and number the places that differ.

    Args:
        draw: the sheet.
        boxes: the places.
        to_sheet: for your picture, this one and the overlay, the 3 x 3 transform from its pixels
            to the sheet's, which only scales and shifts.
    """
    font = _font(12)
    for number, box in enumerate(boxes, 1):
        for (x, y, width, height), placed in zip(
            (box.query, box.target, box.target), to_sheet, strict=True
        ):
            left, top = placed[0, 0] * x + placed[0, 2], placed[1, 1] * y + placed[1, 2]
            right, bottom = left + placed[0, 0] * width, top + placed[1, 1] * height
            frame = [left - 8, top - 8, right + 8, bottom + 8]
            draw.rectangle(frame, outline=_INK, width=5 * _SCALE)
            draw.rectangle(
                [n + d for n, d in zip(frame, (3, 3, -3, -3), strict=True)],
                outline=_MARK,
                width=2 * _SCALE,
            )
            text_width = font.getlength(str(number))
            label = [frame[0], frame[1] - 16 * _SCALE, frame[0] + text_width + 6 * _SCALE, frame[1]]
            draw.rectangle(label, _INK)
            draw.text((label[0] + 3 * _SCALE, label[1]), str(number), _MARK, font)


def save(image: Image.Image, path: Path) -> None:
    """Write a picture in the format that the path's ending names.

    Raises:
        ArgumentError: it can't be written there.
    """
    try:
        image.save(path, quality=90)
    except (OSError, ValueError) as error:
        raise ArgumentError(
            f"{path} can't be written ({error}); choose another place, ending in .jpg or .png."
        ) from error


def open_picture(path: str) -> Image.Image | None:
    """Decode the picture at a path; None if it can't be read."""
    source = stat_source(path)
    try:
        return Image.fromarray(decode(read(source)).pixels) if source else None
    except (OSError, PictureError):
        return None


def _shortened(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """Cut the middle out of a text that is too long, as its end tells files apart."""
    text = text.encode("utf-8", "replace").decode()
    short = text
    while font.getlength(short) > width and len(text) > len(".."):
        text = text[: len(text) // 2 - 1] + text[len(text) // 2 + 1 :]
        short = text[: len(text) // 2] + "\u2026" + text[len(text) // 2 :]
    return short


def _scaled(*values: float) -> Any:
    return tuple(value * _SCALE for value in values)


def _font(pixels: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for name in ("DejaVuSans.ttf", "Arial Unicode.ttf", "segoeui.ttf"):  # which cover many scripts
        try:
            return ImageFont.truetype(name, pixels * _SCALE)
        except OSError:
            continue
    return ImageFont.load_default(pixels * _SCALE)
