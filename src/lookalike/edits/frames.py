"""Edits that put the picture into a larger one: a frame, a phone screen, another picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from .overlay import font

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHADES = ("#2b2622", "#10233a", "#5a3a24", "#111111", "#ffffff", "#b08d57")
_SHARES = (0.6, 0.45, 0.35)  # of the other picture's area: light, medium, strong
_MAX_SIDE_RATIO = 1.9  # a page's longer side to the picture's


def padded(image: Image.Image, random: np.random.Generator, strength: float) -> Image.Image:
    """Pad to another aspect ratio: black, white, or the picture itself, enlarged and blurred.

    The picture keeps 85 to 52% of the area.
    """
    factor = 1 / (0.85 - 0.33 * strength)
    wide = random.random() < 0.5
    size = (round(image.width * (factor if wide else 1)), image.height)
    size = (size[0], round(image.height * (1 if wide else factor)))
    fill = random.integers(3)
    if fill == 0:
        tiny = ImageOps.fit(image, (32, 32), Image.Resampling.BOX)
        page = tiny.filter(ImageFilter.GaussianBlur(1.5)).resize(size, Image.Resampling.BICUBIC)
    else:
        page = Image.new("RGB", size, "black" if fill == 1 else "white")
    page.paste(image, ((size[0] - image.width) // 2, (size[1] - image.height) // 2))
    return page


def bordered(image: Image.Image, random: np.random.Generator, strength: float) -> Image.Image:
    """Add a white border of 3 to 13% of the shorter side, and a frame of 2 to 7% around it."""
    side, shade = min(image.size), _SHADES[random.integers(len(_SHADES))]
    card = ImageOps.expand(image, round(side * (0.03 + 0.1 * strength)), "#f7f4ee")
    return ImageOps.expand(card, max(round(side * (0.02 + 0.05 * strength)), 1), shade)


def pasted(
    image: Image.Image,
    random: np.random.Generator,
    strength: float,
    others: Sequence[Image.Image] = (),
) -> Image.Image:
    """Paste it on another picture, where it covers 60, 45 or 35% of the area.

    Half the time as a print, with a white edge and a shadow.
    """
    share = float(np.interp(strength, (0, 0.5, 1), _SHARES))
    other = _other(others, random)
    # The result has the picture's area, and the other's aspect ratio as far as the picture fits.
    aspect = other.width / other.height * image.height / image.width
    aspect = min(max(aspect, share**0.8), share**-0.8)
    size = (round(image.width * aspect**0.5), round(image.height / aspect**0.5))
    page = ImageOps.fit(other, (max(size[0], 1), max(size[1], 1)), Image.Resampling.BILINEAR)
    inner = [max(round(side * share**0.5), 1) for side in image.size]
    width, height = min(inner[0], page.width), min(inner[1], page.height)
    print_ = image.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=2)
    x = int(random.integers(page.width - width + 1))
    y = int(random.integers(page.height - height + 1))
    if random.random() < 0.5:
        edge = max(round(min(page.size) * 0.012), 1)
        box = (x - edge, y - edge, x + width + edge, y + height + edge)
        page = _shaded(page, box)
        page.paste("white", box)
    page.paste(print_, (x, y))
    return page


def collage(
    image: Image.Image,
    random: np.random.Generator,
    strength: float,
    others: Sequence[Image.Image] = (),
) -> Image.Image:
    """Combine it with others: two pictures, three in a row, or four."""
    count = 2 + round(2 * strength)
    columns, rows = (2, 2) if count == 4 else (count, 1)
    if count != 4 and random.random() < 0.5:
        columns, rows = rows, columns
    cell = (max(round(image.width / count**0.5), 1), max(round(image.height / count**0.5), 1))
    gap = round(min(cell) * random.choice((0, 0.04)))
    page_size = (columns * (cell[0] + gap) - gap, rows * (cell[1] + gap) - gap)
    page, picture_cell = Image.new("RGB", page_size, "white"), int(random.integers(count))
    for k in range(count):
        shown = image if k == picture_cell else _other(others, random)
        place = (k % columns * (cell[0] + gap), k // columns * (cell[1] + gap))
        page.paste(ImageOps.fit(shown, cell, Image.Resampling.BILINEAR), place)
    return page


def screenshot(image: Image.Image, random: np.random.Generator, strength: float) -> Image.Image:
    """Show it on a phone: between two bars; medium: in its gallery; strong: in somebody's post."""
    dark = random.random() < 0.5
    back, ink, dim = ("#15171c", "white", "#3a3f4a") if dark else ("white", "black", "#c8ccd4")
    ratio = random.uniform(1.78, 2.16)  # a phone's height to width
    longest, area = max(image.size), image.width * image.height
    width = max(round(min(_MAX_SIDE_RATIO * longest / ratio, area**0.5)), 1)
    height = round(width * ratio)
    bar = max(round(width * 0.14), 2)
    margin = round(width * 0.04) if strength >= 2 / 3 else 0
    head = 2 * bar if strength >= 2 / 3 else bar
    room = (max(width - 2 * margin, 1), max(height - head - 2 * bar, 1))
    shown = ImageOps.contain(image, room, Image.Resampling.BICUBIC)
    if strength < 1 / 3:
        width, height = shown.width, shown.height + 2 * bar
        margin = 0
    page = Image.new("RGB", (width, height), back)
    spare = height - bar - head - shown.height
    top = head if strength >= 2 / 3 or spare < 0 else head + spare // 2
    page.paste(shown, ((width - shown.width) // 2, top))
    pen = ImageDraw.Draw(page)
    clock = f"{random.integers(24):02}:{random.integers(60):02}"
    pen.text((bar * 0.4, bar * 0.35), clock, ink, font(bar // 3))
    battery = (width - bar, round(bar * 0.4), width - bar // 2, round(bar * 0.65))
    pen.rectangle(battery, outline=ink, fill=dim)
    for k, word in enumerate(("Share", "Edit", "Delete")):
        place = (width * (k + 0.5) / 3, height - bar / 2)
        pen.text(place, word, ink, font(bar // 3), "mm")
    if strength >= 2 / 3:
        pen.ellipse((margin, bar, margin + bar * 0.8, bar * 1.8), fill="#8ab4f8")
        pen.text(
            (margin + bar, bar * 1.4), f"user{random.integers(9999)}", ink, font(bar // 3), "lm"
        )
        below = top + shown.height + bar // 2
        for k in range(3):
            y = below + k * bar * 0.45
            line = (margin, y, width * random.uniform(0.5, 0.95), y + bar * 0.18)
            if line[3] < height - bar:
                pen.rectangle(line, fill=dim)
    return page


def _shaded(page: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
    """Darken the page around a box, more below it, as a shadow does."""
    shift = max(round(min(page.size) * 0.02), 1)
    # At an eighth of the size, because it is blurred anyway.
    small = (max(page.width // 8, 1), max(page.height // 8, 1))
    shadow = Image.new("L", small, 0)
    left, top, right, bottom = ((side + shift) // 8 for side in box)
    shadow.paste(140, (left, top, right, bottom))
    shadow = shadow.filter(ImageFilter.BoxBlur(max(shift / 8, 0.5)))
    page = page.copy()
    page.paste("black", (0, 0), shadow.resize(page.size, Image.Resampling.BILINEAR))
    return page


def _other(others: Sequence[Image.Image], random: np.random.Generator) -> Image.Image:
    """Choose another picture; without any, make a gradient of two colours."""
    if others:
        return others[int(random.integers(len(others)))]
    first, second = (tuple(random.integers(0, 256, 3).tolist()) for _ in range(2))
    size = (256, 256)
    ramp = Image.linear_gradient("L")
    return Image.composite(Image.new("RGB", size, first), Image.new("RGB", size, second), ramp)
