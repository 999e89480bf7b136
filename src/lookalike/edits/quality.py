"""Edits of the quality: compressed, blurred, sharpened, noisy, photographed."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter

from .colour import lit
from .geometry import warped

if TYPE_CHECKING:
    from numpy.typing import NDArray


def low_quality(image: Image.Image, _random: np.random.Generator, strength: float) -> Image.Image:
    """Re-save as a JPEG of quality 50 to 8."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=round(50 * (8 / 50) ** strength))
    return Image.open(buffer).convert("RGB")


def blurred(image: Image.Image, _random: np.random.Generator, strength: float) -> Image.Image:
    """Blur with a Gaussian radius of 0.4 to 2% of the shorter side."""
    radius = (0.004 + 0.016 * strength) * min(image.size)
    return image.filter(ImageFilter.GaussianBlur(max(radius, 0.7)))


def sharpened(image: Image.Image, _random: np.random.Generator, strength: float) -> Image.Image:
    """Sharpen the edges by 100 to 350%."""
    radius = max(min(image.size) / 120, 1)
    return image.filter(ImageFilter.UnsharpMask(radius, round(100 + 250 * strength), 2))


def noisy(image: Image.Image, random: np.random.Generator, strength: float) -> Image.Image:
    """Add Gaussian noise of 8 to 40 levels; half the time the same in all channels."""
    channels = 3 if random.random() < 0.5 else 1
    noise = random.standard_normal((image.height, image.width, channels), np.float32)
    noise *= 8 + 32 * strength
    pixels = np.asarray(image) + noise
    return Image.fromarray(np.clip(pixels, 0, 255, out=pixels).astype(np.uint8))


def photographed(image: Image.Image, random: np.random.Generator, strength: float) -> Image.Image:
    """Photograph a print or a screen of it.

    At an angle on a table, in uneven light, a little blurred, noisy, with moire.
    """
    margin = 0.05 + 0.05 * strength
    inwards = margin * random.uniform(0.3, 1.6, (4, 2))
    inside = np.array([(0, 0), (1, 0), (1, 1), (0, 1)])
    corners = inside + inwards * np.where(inside > 0, -1, 1)
    table = random.integers(40, 200) + random.integers(-20, 21, 3)
    copy = warped(image, corners.tolist(), fill=tuple(table.tolist()))
    copy = copy.filter(ImageFilter.BoxBlur((0.003 + 0.006 * strength) * min(image.size)))
    copy = lit(copy, _uneven(random, strength))
    grain = random.standard_normal((copy.height, copy.width), np.float32)
    grain *= np.float32(3 + 7 * strength)
    grain += _waves(random, copy.size, 4 + 10 * strength)
    pixels = np.asarray(copy, np.int16) + grain.astype(np.int16)[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255, out=pixels).astype(np.uint8))


def _uneven(random: np.random.Generator, strength: float) -> NDArray[np.float64]:
    """Return a light field [64, 64] in 0..1 that falls off to one side, with a soft shadow."""
    x, y = np.meshgrid(np.linspace(-1, 1, 64), np.linspace(-1, 1, 64))
    angle, edge = random.uniform(0, 2 * np.pi), random.uniform(0, 1)
    across = x * np.cos(angle) + y * np.sin(angle)
    shadow = 1 / (1 + np.exp(-8 * (across - edge)))
    fall = (0.1 + 0.2 * strength) * (across + 1.4) / 2.8
    return np.asarray(1 - fall - (0.1 + 0.2 * strength) * shadow)


def _waves(
    random: np.random.Generator, size: tuple[int, int], height: float
) -> NDArray[np.float32]:
    """Return moire [H, W]: one slow diagonal wave, `height` levels high."""
    angle = random.uniform(0, np.pi)
    length = random.uniform(0.02, 0.06) * min(size)  # pixels
    turn = 2 * np.pi / max(length, 3)
    x = np.arange(size[0], dtype=np.float32) * np.float32(turn * np.cos(angle))
    y = np.arange(size[1], dtype=np.float32)[:, None] * np.float32(turn * np.sin(angle))
    # sin(x + y) by its addition theorem, which needs no sine for each pixel.
    wave = np.sin(x) * np.cos(y) + np.cos(x) * np.sin(y)
    return np.asarray(np.float32(height / 2) * wave)
