"""Small pictures that stand inside the page."""

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


def thumbnail(path: str) -> str:
    """Give the middle square of a picture as a `data:` URI; empty where it can't be read."""
    square = _square(path, SIDE_PIXELS)
    return _uri(square, _QUALITY) if square else ""


def sprite(
    paths: Sequence[str], *, on_progress: Callable[[int, int], None] = lambda _done, _of: None
) -> tuple[str, int]:
    """Draw many pictures as tiles of one, row after row.

    Returns:
        its `data:` URI, and how many tiles a row has. A picture that can't be read is grey.
    """
    from PIL import Image

    columns = max(1, math.isqrt(max(len(paths) - 1, 0)) + 1)
    rows = max(1, -(-len(paths) // columns))
    whole = Image.new("RGB", (columns * TILE_PIXELS, rows * TILE_PIXELS), "#999")
    for n, path in enumerate(paths):
        tile = _square(path, TILE_PIXELS)
        if tile:
            whole.paste(tile, (n % columns * TILE_PIXELS, n // columns * TILE_PIXELS))
        on_progress(n + 1, len(paths))
    return _uri(whole, _TILE_QUALITY), columns


def open_thumbnail(path: str, *, min_side: int) -> Image.Image | None:
    """Decode a picture, its shorter side `min_side` at least; None where it can't be read."""
    from PIL import Image

    source = stat_source(path)
    try:
        picture = decode(read(source), min_side=min_side) if source else None
    except (OSError, PictureError, MemoryError):
        return None
    return Image.fromarray(picture.pixels) if picture else None


def data_uri(image: Image.Image, kind: str, **options: int) -> str:
    """Give a picture as a `data:` URI of one of Pillow's formats, with the format's options."""
    data = io.BytesIO()
    image.save(data, kind, **options)
    coded = base64.b64encode(data.getvalue()).decode("ascii")
    return f"data:image/{kind.lower()};base64,{coded}"


def _square(path: str, side: int) -> Image.Image | None:
    from PIL import ImageOps

    picture = open_thumbnail(path, min_side=2 * side)
    return ImageOps.fit(picture, (side, side)) if picture else None


def _uri(image: Image.Image, quality: int) -> str:
    return data_uri(image, "WEBP", quality=quality, method=4)
