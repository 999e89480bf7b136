"""Edits of the colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_LEVELS = np.arange(256) / 255


def brightened(image: Image.Image, random: np.random.Generator, strength: float) -> Image.Image:
    """Change brightness by a gamma of 1.15 to 1.7, and contrast by 8 to 25%, up or down."""
    gamma = (1.15 + 0.55 * strength) ** random.choice((-1, 1))
    contrast = 1 + (0.08 + 0.17 * strength) * random.choice((-1, 1))
    return _mapped(image, *[lambda v: (v**gamma - 0.5) * contrast + 0.5] * 3)


def tinted(image: Image.Image, random: np.random.Generator, strength: float) -> Image.Image:
    """Scale the channels by up to 8 to 30%, up or down, as a wrong white balance does."""
    gains = 1 + (0.08 + 0.22 * strength) * random.permutation([-1, random.uniform(-1, 1), 1])
    return _mapped(image, *[lambda v, g=g: v * g for g in gains])


def warm(image: Image.Image, random: np.random.Generator, strength: float) -> Image.Image:
    """Apply a photo filter: warm highlights, faded blacks, dark corners."""
    amount = 0.5 + strength
    gains = (1 + 0.12 * amount, 1.0, 1 - 0.2 * amount)
    faded = 0.08 * amount
    toned = _mapped(image, *[lambda v, g=g: faded + v * (1 - 1.1 * faded) * g for g in gains])
    x, y = np.meshgrid(np.linspace(-1, 1, 64), np.linspace(-1, 1, 64))
    dark = 0.22 * amount * random.uniform(0.7, 1.3)
    return lit(toned, 1 - dark * np.clip((x * x + y * y - 0.4) / 1.2, 0, 1))


def grey(image: Image.Image, _random: np.random.Generator, strength: float) -> Image.Image:
    """Keep 40 to 0% of the colour."""
    return ImageEnhance.Color(image).enhance(0.4 - 0.4 * strength)


def saturated(image: Image.Image, _random: np.random.Generator, strength: float) -> Image.Image:
    """Make the colours 1.5 to 3 times as strong."""
    return ImageEnhance.Color(image).enhance(1.5 + 1.5 * strength)


def negative(image: Image.Image, _random: np.random.Generator, strength: float) -> Image.Image:
    """Invert: the brightness only, as dark mode does; from medium on, the colours, too.

    A strong one is also grey.
    """
    inverted = ImageOps.invert(image)
    if strength < 1 / 3:
        y, cb, cr = image.convert("YCbCr").split()
        return Image.merge("YCbCr", (ImageOps.invert(y), cb, cr)).convert("RGB")
    return inverted if strength < 2 / 3 else inverted.convert("L").convert("RGB")


def posterised(image: Image.Image, random: np.random.Generator, strength: float) -> Image.Image:
    """Reduce to 48 to 8 colours, with or without dithering, or to 4 to 2 bits a channel."""
    if random.random() < 0.5:
        return ImageOps.posterize(image, 4 - round(2 * strength))
    colours = round(48 * (8 / 48) ** strength)
    reduced = image.quantize(colours, Image.Quantize.FASTOCTREE)
    if random.random() < 0.5:
        reduced = image.quantize(palette=reduced, dither=Image.Dither.FLOYDSTEINBERG)
    return reduced.convert("RGB")


def sketched(image: Image.Image, random: np.random.Generator, strength: float) -> Image.Image:
    """Draw it in pencil, blended with the picture if weaker; half the time white on black."""
    plain = image.convert("L")
    soft = plain.filter(ImageFilter.BoxBlur(max(min(image.size) / 60, 1)))
    # A line is where the picture is darker than its surroundings.
    lines = ImageChops.subtract(soft, plain, scale=0.25)
    drawn = lines if random.random() < 0.5 else ImageOps.invert(lines)
    return Image.blend(image, drawn.convert("RGB"), 0.6 + 0.4 * strength)


def lit(image: Image.Image, light: NDArray[np.float64]) -> Image.Image:
    """Multiply by a light field [h, w] of 0..1, enlarged to the picture."""
    field = Image.fromarray(np.clip(light * 255 + 0.5, 0, 255).astype(np.uint8))
    field = field.resize(image.size, Image.Resampling.BILINEAR)
    return ImageChops.multiply(image, Image.merge("RGB", (field, field, field)))


def _mapped(
    image: Image.Image, *curves: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> Image.Image:
    """Map the levels of each channel, 0..1, by its own curve."""
    table = np.concatenate([np.clip(curve(_LEVELS) * 255 + 0.5, 0, 255) for curve in curves])
    return image.point(table.astype(np.uint8).tolist())
