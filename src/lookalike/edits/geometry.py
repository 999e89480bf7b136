"""Edits of the geometry: cropped, rotated, mirrored, stretched, shrunk."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

if TYPE_CHECKING:
    from collections.abc import Sequence

MIN_SIDE_PIXELS = 32  # of a shrunk copy's shorter side, if the picture has as many
_FILLS = ((0, 0, 0), (255, 255, 255), (128, 128, 128))


def cropped(image: Image.Image, random: np.random.Generator, strength: float) -> Image.Image:
    """Crop 70 to 20% of the area, anywhere, at another aspect ratio."""
    return _cut(image, random, 0.7 - 0.5 * strength)


def mirrored(image: Image.Image, random: np.random.Generator, strength: float) -> Image.Image:
    """Mirror left and right, and crop 100 to 70% of the area."""
    flipped = ImageOps.mirror(image)
    return _cut(flipped, random, 1 - 0.3 * strength) if strength else flipped


def turned(image: Image.Image, random: np.random.Generator, strength: float) -> Image.Image:
    """Rotate by 90 degrees; medium: by 180; strong: by 90, and mirrored."""
    if strength >= 2 / 3:
        ways = (Image.Transpose.TRANSPOSE, Image.Transpose.TRANSVERSE)
    elif strength >= 1 / 3:
        return image.transpose(Image.Transpose.ROTATE_180)
    else:
        ways = (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270)
    return image.transpose(ways[random.integers(2)])


def rotated(image: Image.Image, random: np.random.Generator, strength: float) -> Image.Image:
    """Rotate by 4 to 20 degrees and crop the empty corners away."""
    degrees = _degrees(random, strength)
    turned = image.rotate(degrees, Image.Resampling.BICUBIC)
    width, height = _inscribed(image.width, image.height, math.radians(abs(degrees)))
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return turned.crop((left, top, left + width, top + height))


def tilted(image: Image.Image, random: np.random.Generator, strength: float) -> Image.Image:
    """Rotate by 4 to 20 degrees and fill the empty corners with black, white or grey."""
    fill = _FILLS[random.integers(len(_FILLS))]
    degrees = _degrees(random, strength)
    return image.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=fill)


def stretched(image: Image.Image, random: np.random.Generator, strength: float) -> Image.Image:
    """Make it wider or taller by a factor of 1.15 to 1.75; the area stays."""
    factor = (1.15 + 0.6 * strength) ** (0.5 if random.random() < 0.5 else -0.5)
    size = (max(round(image.width * factor), 1), max(round(image.height / factor), 1))
    return image.resize(size, Image.Resampling.BICUBIC)


def small(image: Image.Image, _random: np.random.Generator, strength: float) -> Image.Image:
    """Shrink the sides to 50 to 20%."""
    least = min(MIN_SIDE_PIXELS / min(image.size), 1)
    factor = max(0.5 - 0.3 * strength, least)
    size = (max(round(image.width * factor), 1), max(round(image.height * factor), 1))
    return image.resize(size, Image.Resampling.LANCZOS)


def perspective(image: Image.Image, random: np.random.Generator, strength: float) -> Image.Image:
    """View it from the side: each corner moves inwards by up to 8 to 24% of the sides."""
    quad = _corners(random, 0.08 + 0.16 * strength)
    return warped(image, quad, fill=None)


def warped(
    image: Image.Image,
    corners: Sequence[tuple[float, float]],
    *,
    fill: tuple[int, int, int] | None,
) -> Image.Image:
    """Warp by a homography, at the picture's own size.

    Args:
        image: RGB.
        corners: upper left, upper right, lower right, lower left, each as (x, y) in shares of the
            sides. Without `fill` they are the points of the picture that become the corners of the
            result; with it, the points of the result to which the picture's corners move.
        fill: colour outside the picture.
    """
    size = np.array(image.size, float)
    square = np.array([(0, 0), (1, 0), (1, 1), (0, 1)]) * size
    points = np.array(corners) * size
    result, source = (square, points) if fill is None else (points, square)
    # Eight equations for the eight coefficients of a homography from the result to the source.
    rows = []
    for (x, y), (u, v) in zip(result, source, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    coefficients = np.linalg.solve(np.array(rows), source.ravel()).tolist()
    return image.transform(
        image.size,
        Image.Transform.PERSPECTIVE,
        coefficients,
        Image.Resampling.BILINEAR,
        fillcolor=fill,
    )


def _corners(random: np.random.Generator, most: float) -> list[tuple[float, float]]:
    """Move each corner of the unit square inwards by up to `most`."""
    inwards = random.uniform(0.2, 1, (4, 2)) * most
    square = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], float)
    moved = square + inwards * np.where(square > 0, -1, 1)
    return [(float(x), float(y)) for x, y in moved]


def _cut(image: Image.Image, random: np.random.Generator, share: float) -> Image.Image:
    """Crop a share of the area, at an aspect ratio that differs by up to a quarter."""
    most = min(1.25, 1 / share)
    aspect = most ** random.uniform(-1, 1)
    width = min(max(round(image.width * (share * aspect) ** 0.5), 1), image.width)
    height = min(max(round(image.height * (share / aspect) ** 0.5), 1), image.height)
    left = int(random.integers(image.width - width + 1))
    top = int(random.integers(image.height - height + 1))
    return image.crop((left, top, left + width, top + height))


def _degrees(random: np.random.Generator, strength: float) -> float:
    return (4 + 16 * strength) * float(random.uniform(0.85, 1.15) * random.choice((-1, 1)))


def _inscribed(width: int, height: int, angle: float) -> tuple[int, int]:
    """Return the size of the largest upright rectangle in a picture rotated by `angle`.

    The rectangle has the picture's aspect ratio.

    `angle` is in radians, 0 to pi / 2.
    """
    sine, cosine = math.sin(angle), math.cos(angle)
    factor = min(
        width / (width * cosine + height * sine), height / (width * sine + height * cosine)
    )
    return max(int(width * factor), 1), max(int(height * factor), 1)
