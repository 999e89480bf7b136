"""Synthetic pictures: textures, shapes and letters, which have no label.

In training they represent everything outside the labels: the class head learns to give them no
class, and the trunk to keep their similarities. Learning from synthetic pictures: Baradad et al.,
"Learning to See by Looking at Noise" (2021); outliers: Hendrycks et al., "Deep Anomaly Detection
with Outlier Exposure" (2019).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

if TYPE_CHECKING:
    from numpy.random import Generator

SIDE = 256  # pixels
_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789&%$#@?!+=*"
_WHITE = (255, 255, 255)
_Colour = tuple[int, int, int]


def synthetic_picture(random: Generator) -> Image.Image:
    """Draw one RGB picture of `SIDE` x `SIDE`; the generator makes every choice."""
    image = _KINDS[int(random.integers(len(_KINDS)))](random)
    if random.random() < 0.25:
        image = image.filter(ImageFilter.GaussianBlur(random.uniform(0.5, 3)))
    return image


def _noise(random: Generator) -> Image.Image:
    """Draw noise whose spectrum falls with the frequency, as in natural pictures."""
    axis = np.fft.fftfreq(SIDE)
    frequency = np.hypot(*np.meshgrid(axis, axis)) + 1 / SIDE
    noise = np.fft.ifft2(
        np.fft.fft2(random.normal(size=(3, SIDE, SIDE))) / frequency ** random.uniform(0.5, 2.2)
    )
    values = np.moveaxis(noise.real, 0, -1)
    if random.random() < 0.3:
        values = np.repeat(values[..., :1], 3, axis=-1)
    return _full_range(values @ (np.eye(3) + random.normal(0, 0.4, (3, 3))))


def _gratings(random: Generator) -> Image.Image:
    """Draw overlapping waves and stripes."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    values = np.zeros((SIDE, SIDE, 3))
    for _ in range(int(random.integers(1, 4))):
        angle, phase = random.uniform(0, np.pi), random.uniform(0, 2 * np.pi)
        along = x * np.cos(angle) + y * np.sin(angle)
        bend = random.uniform(0, 3) * np.sin(6 * y + phase)
        wave = np.sin(2 * np.pi * random.uniform(2, 40) * along + phase + bend)
        wave = np.sign(wave) if random.random() < 0.5 else wave
        values += wave[..., None] * random.normal(0, 1, 3)
    return _full_range(values)


def _dead_leaves(random: Generator) -> Image.Image:
    """Draw overlapping shapes of many sizes (the dead leaves model)."""
    image = Image.new("RGB", (SIDE, SIDE), _colour(random))
    draw = ImageDraw.Draw(image)
    palette = [_colour(random) for _ in range(int(random.integers(2, 12)))]
    kind = int(random.integers(4))
    for _ in range(int(random.integers(20, 400))):
        x, y = random.uniform(-20, SIDE + 20, 2)
        size = min(90.0, 4 / random.uniform(0.02, 1))
        w, h = size * random.uniform(0.3, 1.2, 2)
        fill = palette[int(random.integers(len(palette)))]
        shape = kind if kind < 3 else int(random.integers(3))
        if shape == 0:
            draw.ellipse((x - w, y - h, x + w, y + h), fill=fill)
        elif shape == 1:
            draw.rectangle((x - w, y - h, x + w, y + h), fill=fill)
        else:
            corners = random.uniform(-size, size, (int(random.integers(3, 7)), 2))
            draw.polygon([(x + dx, y + dy) for dx, dy in corners], fill=fill)
    return image


def _letters(random: Generator) -> Image.Image:
    """Write one or two large letters, or a page of random text."""
    background = _WHITE if random.random() < 0.5 else _colour(random)
    contrast = (0, 0, 0) if sum(background) > 380 else _WHITE
    ink = _colour(random) if random.random() < 0.5 else contrast
    image = Image.new("RGB", (SIDE, SIDE), background)
    draw = ImageDraw.Draw(image)
    if random.random() < 0.4:
        font = ImageFont.load_default(int(random.integers(90, 220)))
        at = random.normal(SIDE / 2, 15, 2)
        draw.text(tuple(at), _text(random, int(random.integers(1, 3))), ink, font, anchor="mm")
    else:
        size = int(random.integers(12, 50))
        font = ImageFont.load_default(size)
        for y in np.arange(0, SIDE, size * 1.2):
            draw.text((random.uniform(-5, 20), y), _text(random, 40), ink, font)
    return image.rotate(float(random.normal(0, 8)), fillcolor=background)


def _shapes(random: Generator) -> Image.Image:
    """Draw a few shapes, filled or outlined, like clip art or an icon."""
    side = 2 * SIDE  # shrunk at the end, for smooth edges
    image = Image.new("RGB", (side, side), _WHITE if random.random() < 0.6 else _colour(random))
    draw = ImageDraw.Draw(image)
    for _ in range(int(random.integers(1, 9))):
        x, y = random.uniform(0.1, 0.9, 2) * side
        w, h = random.uniform(0.05, 0.45, 2) * side
        box = (x - w, y - h, x + w, y + h)
        line, width = _colour(random), int(random.integers(2, 20))
        fill = _colour(random) if random.random() < 0.6 else None
        kind = int(random.integers(5))
        if kind == 0:
            draw.ellipse(box, fill, line, width)
        elif kind == 1:
            draw.rounded_rectangle(box, min(w, h) * random.uniform(0, 0.4), fill, line, width)
        elif kind == 2:
            angles = np.sort(random.uniform(0, 2 * np.pi, int(random.integers(3, 10))))
            reach = random.uniform(0.4, 1, len(angles))
            points = zip(
                x + w * reach * np.cos(angles), y + h * reach * np.sin(angles), strict=True
            )
            draw.polygon([*points], fill, line, width)
        elif kind == 3:
            steps = random.uniform(-1, 1, (int(random.integers(2, 8)), 2)) * (w, h)
            draw.line([(x + dx, y + dy) for dx, dy in steps], line, width, joint="curve")
        else:
            draw.arc(box, random.uniform(0, 360), random.uniform(0, 360), line, width)
    return image.resize((SIDE, SIDE), Image.Resampling.BILINEAR)


def _enlarged(random: Generator) -> Image.Image:
    """Enlarge a picture of few pixels, such as a scanned digit or an icon."""
    image = (_letters, _shapes, _dead_leaves)[int(random.integers(3))](random)
    side = int(random.integers(8, 40))
    image = image.resize((side, side), Image.Resampling.BILINEAR)
    if random.random() < 0.5:
        image = image.convert("L").convert("RGB")
    if random.random() < 0.4:
        image = Image.eval(image, lambda value: 255 - value)
    smooth = random.random() < 0.6
    filter_ = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
    return image.resize((SIDE, SIDE), filter_)


def _blend(random: Generator) -> Image.Image:
    """Combine two pictures, with a mask of thresholded noise."""
    first, second = (_SINGLE[int(random.integers(len(_SINGLE)))](random) for _ in range(2))
    mask = _noise(random).convert("L").point(lambda value: 255 if value > 128 else 0)
    return Image.composite(first, second, mask)


def _full_range(values: np.ndarray) -> Image.Image:
    low, high = np.percentile(values, (1, 99))
    pixels = (values - low) / (high - low + 1e-9) * 255
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _colour(random: Generator) -> _Colour:
    red, green, blue = (int(value) for value in random.integers(0, 256, 3))
    return red, green, blue


def _text(random: Generator, length: int) -> str:
    characters = _CHARACTERS + " " * 8
    return "".join(characters[int(n)] for n in random.integers(0, len(characters), length))


_SINGLE = (_noise, _gratings, _dead_leaves, _letters, _shapes, _enlarged)
_KINDS = (*_SINGLE, _blend)
