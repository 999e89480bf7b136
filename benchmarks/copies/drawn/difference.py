"""Where two drawings of one size differ, by their pixels: what is true of a pair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

Box = tuple[float, float, float, float]  # x, y, width, height

CELLS = 100  # along the longer side
SEEN_LEVELS = 40  # of 255, in any channel: a difference that a person sees
CONTENT_LEVELS = 24  # of 255, between the lightest and the darkest of a cell that shows something
CELL_SHARE = 0.02  # of a cell's pixels, from which it counts as different
PLACE_SHARE = 1 / 60  # of the longer side: the least width and height of a place worth pointing at
BACKDROP = "#7f7f7f"  # behind what is transparent


class Difference(NamedTuple):
    """What tells two drawings apart.

    Attributes:
        share: of the cells that show something in either drawing, those that differ, 0..1.
        box: around all pixels that differ, at least `PLACE_SHARE` of the longer side each way.
        pixels: how many differ.
        filled: the share of the box's cells that differ; low if there are several places.
        least_side: the shorter side around the pixels that differ.
    """

    share: float
    box: Box
    pixels: int
    filled: float
    least_side: int


def difference(one: Image.Image, other: Image.Image) -> Difference | None:
    """Compare two drawings of one size; None if nobody would see a difference."""
    first, second = (_opaque(image) for image in (one, other))
    differs = np.abs(first.astype(np.int16) - second).max(axis=2) >= SEEN_LEVELS
    if not differs.any():
        return None
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    top, bottom, left, right = (int(k) for k in (rows[0], rows[-1], columns[0], columns[-1]))
    side = max(max(one.size) // CELLS, 1)
    different = _cells(differs, side).mean(axis=(2, 3)) >= CELL_SHARE
    shows = np.zeros_like(different)
    for pixels in (first, second):
        cells = _cells(pixels.max(axis=2), side)
        shows |= cells.max(axis=(2, 3)) - cells.min(axis=(2, 3)) >= CONTENT_LEVELS
    shows |= different
    inside = different[top // side : bottom // side + 1, left // side : right // side + 1]
    return Difference(
        share=float(different.sum() / max(shows.sum(), 1)),
        box=_at_least(left, top, right + 1, bottom + 1, one.size),
        pixels=int(differs.sum()),
        filled=float(inside.mean()) if inside.size else 1.0,
        least_side=min(right - left, bottom - top) + 1,
    )


def meets(box: Box, place: Box) -> bool:
    """Whether two boxes share at least a tenth of their union."""
    width = min(box[0] + box[2], place[0] + place[2]) - max(box[0], place[0])
    height = min(box[1] + box[3], place[1] + place[3]) - max(box[1], place[1])
    shared = max(width, 0) * max(height, 0)
    return shared >= 0.1 * (box[2] * box[3] + place[2] * place[3] - shared)


def _opaque(image: Image.Image) -> NDArray[np.uint8]:
    if image.mode != "RGBA":
        return np.asarray(image)
    page = Image.new("RGBA", image.size, BACKDROP)
    return np.asarray(Image.alpha_composite(page, image).convert("RGB"))


def _cells(pixels: NDArray[Any], side: int) -> NDArray[Any]:
    """View [H, W] as cells [rows, columns, side, side], without what is left over at the end."""
    rows, columns = max(pixels.shape[0] // side, 1), max(pixels.shape[1] // side, 1)
    cut = pixels[: rows * side, : columns * side]
    return cut.reshape(rows, side, columns, side).swapaxes(1, 2)


def _at_least(left: int, top: int, right: int, bottom: int, size: tuple[int, int]) -> Box:
    least = PLACE_SHARE * max(size)
    width, height = max(right - left, least), max(bottom - top, least)
    return ((left + right - width) / 2, (top + bottom - height) / 2, width, height)
