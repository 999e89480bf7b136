"""Edited copies of pictures: variety for the projection beyond what the photographs show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PIL.Image import Image as Picture


def edited(
    batch: Sequence[NDArray[np.uint8]], random: np.random.Generator
) -> list[NDArray[np.uint8]]:
    """Return one edited copy of each picture, the kinds of edit in turn.

    Pictures are uint8 RGB [H, W, 3], all of one size, which the copies keep.
    """
    images = [Image.fromarray(pixels) for pixels in batch]
    copies = [EDITS[i % len(EDITS)](image, random) for i, image in enumerate(images)]
    copies[-1] = _tiled(images[:4])
    return [np.asarray(copy) for copy in copies]


def _part(image: Picture, random: np.random.Generator) -> Picture:
    """Cut out 5 to 60 % of the area, enlarged to the whole, mirrored every other time."""
    side = random.uniform(0.05, 0.6) ** 0.5
    x, y = random.uniform(0, 1 - side, 2)
    box = (x * image.width, y * image.height, (x + side) * image.width, (y + side) * image.height)
    part = image.resize(image.size, Image.Resampling.BILINEAR, box=box)
    return ImageOps.mirror(part) if random.random() < 0.5 else part


def _turned(image: Picture, random: np.random.Generator) -> Picture:
    """Turn by 90, 180 or 270 degrees."""
    return image.rotate(90 * int(random.integers(1, 4)))


def _recoloured(image: Picture, random: np.random.Generator) -> Picture:
    """Change saturation, contrast and the weight of each channel."""
    image = ImageEnhance.Color(image).enhance(random.uniform(0, 2))
    image = ImageEnhance.Contrast(image).enhance(random.uniform(0.4, 1.6))
    pixels = np.asarray(image) * random.uniform(0.5, 1.5, 3)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _inverted(image: Picture, _random: np.random.Generator) -> Picture:
    """Make the negative."""
    return ImageOps.invert(image)


def _outlined(image: Picture, _random: np.random.Generator) -> Picture:
    """Keep the edges only, bright on black, like a drawing."""
    return image.convert("L").filter(ImageFilter.FIND_EDGES).convert("RGB")


def _blurred(image: Picture, random: np.random.Generator) -> Picture:
    """Blur with a Gaussian of 2 to 8 pixels."""
    return image.filter(ImageFilter.GaussianBlur(random.uniform(2, 8)))


def _posterised(image: Picture, _random: np.random.Generator) -> Picture:
    """Leave four levels a channel, like a cheap print."""
    return ImageOps.posterize(image, 2)


def _tiled(images: Sequence[Picture]) -> Picture:
    """Put up to four pictures into one, two by two."""
    tiled = Image.new("RGB", images[0].size)
    half = (images[0].width // 2, images[0].height // 2)
    for i, image in enumerate(images):
        quarter = image.resize(half, Image.Resampling.BILINEAR)
        tiled.paste(quarter, (i % 2 * half[0], i // 2 * half[1]))
    return tiled


EDITS = (_part, _turned, _recoloured, _inverted, _outlined, _blurred, _posterised)
