"""Small pictures embedded in an HTML page."""

from __future__ import annotations

import base64
import io
import math
from typing import TYPE_CHECKING

from ..decode import decode
from ..errors import PictureError
from ..sources import read, stat_source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PIL import Image

SIDE_PIXELS = 120
TILE_PIXELS = 44
_QUALITY, _TILE_QUALITY = 62, 45


def thumbnail_uri(path: str) -> str:
    """Return the central square of a picture as a `data:` URI; empty if it can't be read."""
    square = _square(path, SIDE_PIXELS)
    return _uri(square, _QUALITY) if square else ""


def sprite(
    paths: Sequence[str], *, on_progress: Callable[[int, int], None] = lambda _done, _of: None
) -> tuple[str, int]:
    """Draw many pictures as the tiles of one, row by row; a picture that can't be read is grey.

    Args:
        paths: the pictures.
        on_progress: called with the number of pictures drawn, and of all.

    Returns:
        the `data:` URI, and the number of tiles in a row.
    """
    from PIL import Image

    columns = max(1, math.isqrt(max(len(paths) - 1, 0)) + 1)
    rows = max(1, -(-len(paths) // columns))
    sheet = Image.new("RGB", (columns * TILE_PIXELS, rows * TILE_PIXELS), "#999")
    for n, path in enumerate(paths):
        tile = _square(path, TILE_PIXELS)
        if tile:
            sheet.paste(tile, (n % columns * TILE_PIXELS, n // columns * TILE_PIXELS))
        on_progress(n + 1, len(paths))
    return _uri(sheet, _TILE_QUALITY), columns


def open_thumbnail(path: str, *, min_side: int) -> Image.Image | None:
    """Decode a picture, its shorter side at least `min_side`; None if it can't be read."""
    from PIL import Image

    source = stat_source(path)
    try:
        picture = decode(read(source), min_side=min_side) if source else None
    except (OSError, PictureError, MemoryError):
        return None
    return Image.fromarray(picture.pixels) if picture else None


def data_uri(image: Image.Image, kind: str, **options: int) -> str:
    """Encode a picture as a `data:` URI, in a format of Pillow's and with its options."""
    data = io.BytesIO()
    image.save(data, kind, **options)
    encoded = base64.b64encode(data.getvalue()).decode("ascii")
    return f"data:image/{kind.lower()};base64,{encoded}"


def _square(path: str, side: int) -> Image.Image | None:
    from PIL import ImageOps

    picture = open_thumbnail(path, min_side=2 * side)
    return ImageOps.fit(picture, (side, side)) if picture else None


def _uri(image: Image.Image, quality: int) -> str:
    return data_uri(image, "WEBP", quality=quality, method=4)
