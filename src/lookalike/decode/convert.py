"""An opened image to a `Picture`: averaged down, in sRGB, upright."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..types import Picture, Properties
from .colour import has_alpha, to_rgb

if TYPE_CHECKING:
    from PIL import Image

ORIENTATION = 0x0112
_TRANSPOSE = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # EXIF orientation -> Image.Transpose
_FIRST_SWAPPED = 5  # orientations from here on swap width and height


def to_picture(image: Image.Image, whole: tuple[int, int], min_side: int) -> Picture:
    """Convert a loaded image.

    Args:
        image: as stored, whole or already reduced.
        whole: width and height of the whole picture, as stored.
        min_side: the least pixels of the shorter side, if the image has that many.

    Returns:
        the picture; of its properties only `has_alpha` is filled in.
    """
    import numpy as np

    icc = image.info.get("icc_profile")
    turn = orientation(image)
    is_transparent = has_alpha(image)
    factor = min(image.size) // min_side
    if factor > 1 and image.mode in ("L", "RGB", "RGBA", "CMYK", "LA"):
        image = image.reduce(factor)
    rgb = to_rgb(image, icc)
    factor = min(rgb.size) // min_side
    if factor > 1:
        rgb = rgb.reduce(factor)
    rgb = turn_upright(rgb, turn)
    if turn in _TRANSPOSE and turn >= _FIRST_SWAPPED:
        whole = (whole[1], whole[0])
    return Picture(np.asarray(rgb), *whole, properties=Properties(has_alpha=is_transparent))


def orientation(image: Image.Image) -> int:
    """Read the EXIF orientation; a damaged block or an invalid value counts as upright."""
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # noqa: BLE001  EXIF parsers raise anything; the pixels are good
        return 1


def turn_upright(image: Image.Image, turn: int) -> Image.Image:
    """Turn an image by its EXIF orientation."""
    from PIL import Image

    return image.transpose(Image.Transpose(_TRANSPOSE[turn])) if turn in _TRANSPOSE else image
