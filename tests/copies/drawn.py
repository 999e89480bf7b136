"""Pictures of templates with other content, such as letters and screens of an app."""

from __future__ import annotations

import io
import random
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from lookalike.copies.fingerprint import fingerprint
from lookalike.copies.overlay import Side
from lookalike.copies.verify import verify
from lookalike.decode import from_image
from lookalike.types import Box, Match, Picture

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
WORDS = ["invoice", "paid", "customer", "account", "balance", "due", "before", "order", "tax"]


def photo(name: str, size: tuple[int, int] = (480, 360)) -> Image.Image:
    """Return a picture of `samples/pictures`, cropped and resized."""
    with Image.open(SAMPLES / "pictures" / f"{name}.jpg") as image:
        return ImageOps.fit(image.convert("RGB"), size, Image.Resampling.LANCZOS)


def letter(seed: int, *, lines: dict[int, str] | None = None) -> Image.Image:
    """Draw a page under a letterhead; `lines` has other text for some of its lines."""
    rng = random.Random(seed)
    image = Image.new("RGB", (620, 877), "white")
    pen = ImageDraw.Draw(image)
    pen.rectangle((30, 30, 590, 75), fill=(30, 60, 140))
    pen.text((40, 38), "ACME Ltd. - INVOICE", "white", ImageFont.load_default(24))
    for line in range(34):
        text = " ".join(rng.choice(WORDS) for _ in range(8))
        text = (lines or {}).get(line, text)
        pen.text((40, 95 + 21 * line), text, "black", ImageFont.load_default(14))
    return image


def line_box(line: int) -> tuple[float, float, float, float]:
    """Return where a line of a letter is."""
    return 40.0, 95.0 + 21 * line, 400.0, 20.0


def screen(picture: Image.Image) -> Image.Image:
    """Draw a phone's screen with an app that shows a picture across its width."""
    image = Image.new("RGB", (540, 1000), "white")
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 540, 45), fill="#222222")
    for at, text, fill, size in (
        ((20, 8), "12:45   LTE  83%", "white", 22),
        ((20, 62), "@anna_travels  - Follow", "black", 24),
        ((20, 580), "Like  Comment  Share  Save", "black", 24),
        ((20, 620), "1,204 likes", "black", 22),
    ):
        pen.text(at, text, fill, ImageFont.load_default(size))
    pen.rectangle((0, 940, 540, 1000), fill="#eeeeee")
    pen.text((30, 955), "Home   Search   +   Reels", "black", ImageFont.load_default(26))
    image.paste(ImageOps.fit(picture, (540, 450)), (0, 110))
    return image


def saved(image: Image.Image, quality: int) -> Image.Image:
    """Return a picture as JPEG leaves it."""
    data = io.BytesIO()
    image.save(data, "JPEG", quality=quality)
    return Image.open(data)


def side(image: Image.Image) -> Side:
    """Return a whole picture as one to be laid over another."""
    return Side(np.asarray(image.convert("RGB")), image.size)


def match(query: Image.Image | Picture, target: Image.Image | Picture) -> Match | None:
    """Verify two pictures."""
    pictures = (
        picture if isinstance(picture, Picture) else from_image(picture)
        for picture in (query, target)
    )
    return verify(*map(fingerprint, pictures))


def matched(query: Image.Image | Picture, target: Image.Image | Picture) -> Match:
    """Verify two pictures that match."""
    result = match(query, target)
    assert result is not None
    return result


def meets(box: tuple[float, ...], place: tuple[float, ...]) -> bool:
    """Check whether two rectangles, as x, y, width and height, overlap."""
    starts = max(box[0], place[0]), max(box[1], place[1])
    ends = min(box[0] + box[2], place[0] + place[2]), min(box[1] + box[3], place[1] + place[3])
    return all(start < end for start, end in zip(starts, ends, strict=True))


def covers(boxes: tuple[Box, ...], place: tuple[float, ...]) -> bool:
    """Check that boxes in the target mark a place, and nothing far from it."""
    x, y, width, height = place
    wide = (x - width, y - height - 10, 3 * width, 3 * height + 20)
    return any(meets(box.target, place) for box in boxes) and all(
        meets(box.target, wide) for box in boxes
    )
