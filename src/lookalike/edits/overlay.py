"""Edits that add something to the picture: captions, watermarks, stickers."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    import numpy as np

MIN_FONT_PIXELS = 5
_FIRST_LINES = (
    "FIVE MORE MINUTES", "If only", "ME, BEFORE COFFEE", "my cat, when", "Nobody at all:",
    "NOT ALL WHO WANDER", "That moment when", "THIS IS HOW", "WHEN THE WEEKEND", "why is it that",
)  # fmt: skip
_SECOND_LINES = (
    "ALL BY MYSELF", "every single time", "FINALLY BEGINS", "HAVE CHECKED THE MAP", "I see it",
    "it is Monday again", "ME, AFTER COFFEE", "somebody says food", "they said", "you meet the sea",
)  # fmt: skip
_MARKS = ("© photo", "SAMPLE", "www.example.com", "@someone", "STOCK", "12/08/2019 14:05")
_BADGES = ("#ffcc33", "#ff6f91", "#4cc9f0", "#8ac926", "#f25c54")
_BADGE_KINDS = 3
_BADGE_PIXELS = 256  # badges are drawn once at this size, then resized


@functools.lru_cache(maxsize=256)
def font(pixels: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return Pillow's own font at a size in pixels."""
    return ImageFont.load_default(size=max(pixels, MIN_FONT_PIXELS))


def captioned(image: Image.Image, random: np.random.Generator, strength: float) -> Image.Image:
    """Add a caption bar above or below, 10 to 24% of the height; from medium on both.

    One in three has no bars but white text with a black outline on the picture, as on a meme.
    """
    bar = max(round(image.height * (0.1 + 0.14 * strength)), 1)
    both = strength >= 1 / 3
    above = both or random.random() < 0.5
    captions = _captions(random)
    if random.random() < 1 / 3:
        page, colours, edge = image.copy(), ("white", "white"), max(bar // 20, 1)
        middles = (bar * 0.6, page.height - bar * 0.6)
    else:
        bars = int(above) + int(both or not above)
        colours = ("white", "black") if random.random() < 0.7 else ("black", "white")
        page, edge = Image.new("RGB", (image.width, image.height + bars * bar), colours[0]), 0
        page.paste(image, (0, bar if above else 0))
        middles = (bar / 2, page.height - bar / 2)
    pen = ImageDraw.Draw(page)
    for text, middle, is_shown in zip(captions, middles, (above, both or not above), strict=True):
        if is_shown:
            size = font(round(min(bar * 0.55, image.width * 1.5 / len(text))))
            place, ink = (page.width / 2, middle), colours[1]
            pen.text(place, text, ink, size, "mm", stroke_width=edge, stroke_fill="black")
    return page


def watermarked(image: Image.Image, random: np.random.Generator, strength: float) -> Image.Image:
    """Add a translucent text: in a corner; medium: large and central; strong: all over."""
    mark = _MARKS[random.integers(len(_MARKS))]
    width, height = image.size
    mask = Image.new("L", image.size)
    pen = ImageDraw.Draw(mask)
    alpha = int(random.integers(110, 200))
    if strength < 1 / 3:
        size = font(round(min(height * 0.08, width * 0.7 / len(mark))))
        x, anchor = (width * 0.03, "ls") if random.random() < 0.5 else (width * 0.97, "rs")
        pen.text((x, height * 0.96), mark, alpha, size, anchor)
    elif strength < 2 / 3:
        size = font(round(min(height * 0.3, width * 1.6 / len(mark))))
        pen.text((width / 2, height * random.uniform(0.35, 0.65)), mark, alpha, size, "mm")
    else:
        rows = 5
        size = font(round(min(height / rows * 0.6, width * 0.9 / len(mark))))
        for k in range(rows):
            y = height * (k + 0.5) / rows
            for x in (0.0, 0.5, 1.0):
                pen.text((width * (x + k % 2 * 0.25), y), mark, alpha, size, "mm")
    copy = image.copy()
    copy.paste("white" if random.random() < 0.7 else "black", (0, 0), mask)
    return copy


def sticker(image: Image.Image, random: np.random.Generator, strength: float) -> Image.Image:
    """Add one to four badges, each a quarter to a third of the shorter side wide.

    A single one is in a corner.
    """
    copy, count = image.copy(), 1 + round(3 * strength)
    for _ in range(count):
        size = max(round(min(image.size) * random.uniform(0.25, 0.34)), 1)
        kind, colour = int(random.integers(_BADGE_KINDS)), str(random.choice(_BADGES))
        badge = _badge(kind, colour).resize((size, size), Image.Resampling.BILINEAR)
        badge = badge.rotate(random.uniform(-25, 25), Image.Resampling.BILINEAR)
        at = random.uniform(0, 1, 2) if count > 1 else random.integers(0, 2, 2) * 0.9 + 0.05
        place = [round(float(k) * (n - size)) for k, n in zip(at, image.size, strict=True)]
        copy.paste(badge, (place[0], place[1]), badge)
    return copy


@functools.lru_cache(maxsize=_BADGE_KINDS * len(_BADGES))
def _badge(kind: int, colour: str) -> Image.Image:
    """Draw a smiling star, a heart, or an arrow: RGBA, square."""
    side = _BADGE_PIXELS
    badge = Image.new("RGBA", (side, side))
    pen = ImageDraw.Draw(badge)
    if kind == 0:
        middle = side / 2
        for radius, fill in ((0.5, "white"), (0.45, colour)):
            pen.regular_polygon((middle, middle, side * radius), 12, fill=fill)
        for x in (0.36, 0.58):
            pen.ellipse([side * x, side * 0.34, side * (x + 0.07), side * 0.46], fill="#222222")
        mouth = [side * 0.3, side * 0.3, side * 0.7, side * 0.7]
        pen.arc(mouth, 25, 155, fill="#222222", width=round(side * 0.04))
    elif kind == 1:
        for x in (0.05, 0.45):
            pen.ellipse([side * x, side * 0.12, side * (x + 0.5), side * 0.62], fill=colour)
        tip = [(0.09, 0.5), (0.91, 0.5), (0.5, 0.95)]
        pen.polygon([(side * x, side * y) for x, y in tip], fill=colour)
    else:
        arrow = [(0, 0.38), (0.55, 0.38), (0.55, 0.15), (1, 0.5), (0.55, 0.85), (0.55, 0.62)]
        points = [(side * x, side * y) for x, y in [*arrow, (0, 0.62)]]
        pen.polygon(points, fill=colour, outline="white", width=6)
    return badge


def _captions(random: np.random.Generator) -> tuple[str, str]:
    """Choose the texts above and below, half the time in capitals."""
    first, second = (str(random.choice(lines)) for lines in (_FIRST_LINES, _SECOND_LINES))
    return (first.upper(), second.upper()) if random.random() < 0.5 else (first, second)
