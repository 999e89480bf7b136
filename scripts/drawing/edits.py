"""Edits that turn a picture into a copy which a copy search has to find."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont, ImageOps

from drawing import LABELS, draw

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

CAPTIONS = (
    ("ME, BEFORE COFFEE", "ME, AFTER COFFEE"),
    ("WHEN THE WEEKEND", "FINALLY BEGINS"),
    ("FIVE MORE MINUTES", "THEY SAID"),
    ("NOT ALL WHO WANDER", "HAVE CHECKED THE MAP"),
)


def cropped(image: Image.Image, rng: Random) -> Image.Image:
    """Keep 55 to 75 % of each side."""
    width, height = (round(side * rng.uniform(0.55, 0.75)) for side in image.size)
    left, top = rng.randint(0, image.width - width), rng.randint(0, image.height - height)
    return image.crop((left, top, left + width, top + height))


def mirrored(image: Image.Image, _rng: Random) -> Image.Image:
    """Swap left and right."""
    return ImageOps.mirror(image)


def rotated(image: Image.Image, rng: Random) -> Image.Image:
    """Turn by 5 to 12 degrees and cut the empty corners away."""
    degrees = rng.uniform(5, 12) * rng.choice((-1, 1))
    turned = image.rotate(degrees, Image.Resampling.BICUBIC)
    inset_x, inset_y = round(image.height * 0.12), round(image.width * 0.12)
    return turned.crop((inset_x, inset_y, image.width - inset_x, image.height - inset_y))


def captioned(image: Image.Image, rng: Random) -> Image.Image:
    """Add a white bar with words above, and one below."""
    lines = rng.choice(CAPTIONS)
    bar = round(image.height * 0.15)
    page = Image.new("RGB", (image.width, image.height + 2 * bar), "white")
    page.paste(image, (0, bar))
    pen = ImageDraw.Draw(page)
    for words, middle in zip(lines, (bar / 2, page.height - bar / 2), strict=True):
        size = min(bar * 0.55, image.width * 1.5 / len(words))
        font = ImageFont.load_default(size=size)
        pen.text((page.width / 2, middle), words, fill="black", font=font, anchor="mm")
    return page


def grey(image: Image.Image, _rng: Random) -> Image.Image:
    """Drop the colours."""
    return ImageOps.grayscale(image).convert("RGB")


def warm(image: Image.Image, rng: Random) -> Image.Image:
    """Shift the colours as a photo filter does: warm lights, faded blacks."""
    strength = rng.uniform(0.8, 1.2)
    gains = (1 + 0.12 * strength, 1.0, 1 - 0.2 * strength)
    channels = [
        band.point(lambda v, g=gain: round(min(22 + v * 0.9 * g, 255)))
        for band, gain in zip(image.split(), gains, strict=True)
    ]
    return Image.merge("RGB", channels)


def low_quality(image: Image.Image, _rng: Random) -> Image.Image:
    """Save as JPEG of quality 15, and open again."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=15)
    return Image.open(buffer).convert("RGB")


def small(image: Image.Image, _rng: Random) -> Image.Image:
    """Shrink to a third."""
    size = (max(image.width // 3, 1), max(image.height // 3, 1))
    return image.resize(size, Image.Resampling.LANCZOS)


def blurred(image: Image.Image, rng: Random) -> Image.Image:
    """Soften by a radius of 1.5 to 2.5 pixels."""
    return image.filter(ImageFilter.GaussianBlur(rng.uniform(1.5, 2.5)))


def bordered(image: Image.Image, rng: Random) -> Image.Image:
    """Mount on white card with a dark frame about it."""
    side = min(image.size)
    shade = rng.choice(("#2b2622", "#10233a", "#5a3a24", "#111111"))
    card = ImageOps.expand(image, round(side * 0.08), "#f7f4ee")
    return ImageOps.expand(card, round(side * 0.045), shade)


def sticker(image: Image.Image, rng: Random) -> Image.Image:
    """Stick a smiling star on a corner."""
    scale, size = 4, round(min(image.size) * rng.uniform(0.26, 0.32))
    side = size * scale
    badge = Image.new("RGBA", (side, side))
    pen = ImageDraw.Draw(badge)
    middle = side / 2
    for radius, colour in ((0.5, "white"), (0.45, rng.choice(("#ffcc33", "#ff6f91", "#4cc9f0")))):
        spin = rng.uniform(0, 0.2) if radius == 0.45 else 0.0
        circle = (middle, middle, side * radius)
        pen.regular_polygon(circle, 12, rotation=spin * 57.3, fill=colour)
    for x in (0.36, 0.58):
        pen.ellipse([side * x, side * 0.34, side * (x + 0.07), side * 0.46], fill="#222222")
    mouth = [side * 0.3, side * 0.3, side * 0.7, side * 0.7]
    pen.arc(mouth, 25, 155, fill="#222222", width=round(side * 0.04))
    badge = badge.rotate(rng.uniform(-20, 20), Image.Resampling.BICUBIC)
    badge = badge.resize((size, size), Image.Resampling.LANCZOS)
    copy, gap = image.copy(), round(size * 0.15)
    x = rng.choice((gap, image.width - size - gap))
    y = rng.choice((gap, image.height - size - gap))
    copy.paste(badge, (x, y), badge)
    return copy


def pasted(image: Image.Image, rng: Random) -> Image.Image:
    """Lay it, smaller and framed in white, on another picture."""
    host = draw(rng.choice(LABELS), rng.randrange(1_000_000), (720, 540))
    share = rng.uniform(0.52, 0.62) * min(host.width / image.width, host.height / image.height)
    size = (round(image.width * share), round(image.height * share))
    print_ = ImageOps.expand(image.resize(size, Image.Resampling.LANCZOS), 8, "white")
    x = rng.randint(20, host.width - print_.width - 20)
    y = rng.randint(20, host.height - print_.height - 20)
    shadow = Image.new("L", host.size)
    shadow.paste(130, (x + 5, y + 8, x + 5 + print_.width, y + 8 + print_.height))
    shadow = ImageChops.invert(shadow.filter(ImageFilter.GaussianBlur(8)))
    host = ImageChops.multiply(host, Image.merge("RGB", (shadow, shadow, shadow)))
    host.paste(print_, (x, y))
    return host


def screenshot(image: Image.Image, rng: Random) -> Image.Image:
    """Show it in a phone's gallery: dark bars with buttons above and below."""
    width = 450
    shown = image.resize(
        (width, round(image.height * width / image.width)), Image.Resampling.LANCZOS
    )
    bar = 90
    page = Image.new("RGB", (width, shown.height + 2 * bar), "#15171c")
    page.paste(shown, (0, bar))
    pen = ImageDraw.Draw(page)
    clock = f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}"
    pen.text((24, 14), clock, fill="white", font=ImageFont.load_default(size=18))
    pen.text((24, 48), "< Album", fill="#8ab4f8", font=ImageFont.load_default(size=22))
    for k, word in enumerate(("Share", "Edit", "Delete")):
        middle = (width * (k + 0.5) / 3, page.height - bar / 2)
        pen.text(middle, word, fill="#c8ccd4", font=ImageFont.load_default(size=20), anchor="mm")
    return page


EDITS: dict[str, Callable[[Image.Image, Random], Image.Image]] = {
    "blurred": blurred,
    "bordered": bordered,
    "captioned": captioned,
    "cropped": cropped,
    "grey": grey,
    "low-quality": low_quality,
    "mirrored": mirrored,
    "pasted": pasted,
    "rotated": rotated,
    "screenshot": screenshot,
    "small": small,
    "sticker": sticker,
    "warm": warm,
}
