from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from lookalike.decode import decode
from lookalike.decode.colour import is_blank

from .files import photo, saved


def drawing(colour: str, dot: str | None = None, size: tuple[int, int] = (200, 100)) -> Image.Image:
    image = Image.new("RGBA", size, (255, 255, 255, 0))
    draw = ImageDraw.Draw(image)
    draw.rectangle((20, 20, 180, 60), fill=colour)
    if dot:
        draw.rectangle((20, 70, 50, 80), fill=dot)
    return image


@pytest.mark.parametrize(
    ("image", "level"),
    [
        (drawing("black"), 255),
        (drawing("red"), 255),
        (drawing("white"), 0),
        (drawing("#f8f8f0"), 0),
        (drawing("white", "black"), 128),
        (drawing("white", "blue"), 0),
        (Image.new("RGBA", (60, 40), (9, 9, 9, 0)), 255),
    ],
)
def test_the_backdrop_shows_what_is_there(image: Image.Image, level: int) -> None:
    for name, options in (("PNG", {}), ("WEBP", {"lossless": True})):
        pixels = decode(saved(image, name, **options)).pixels
        assert abs(int(pixels[0, 0].mean()) - level) <= 1
        assert len(np.unique(pixels[0, 0])) == 1


def test_what_is_seen_on_white_stays_on_white() -> None:
    """A photo with a white ground and round corners; a drawing with a white inside."""
    image = Image.new("RGB", (200, 200), "white")
    image.paste(photo(size=(120, 120)), (40, 40))
    corners = Image.new("L", image.size)
    ImageDraw.Draw(corners).rounded_rectangle((0, 0, 199, 199), 30, fill=255)
    image.putalpha(corners)
    assert decode(saved(image, "PNG")).pixels[0, 0].tolist() == [255] * 3
    sticker = Image.new("RGBA", (200, 200), (0, 0, 0, 0))
    ImageDraw.Draw(sticker).ellipse((20, 20, 180, 180), fill="white", outline="black", width=20)
    assert decode(saved(sticker, "PNG")).pixels[0, 0].tolist() == [255] * 3


def test_white_art_is_told_apart() -> None:
    pixels = []
    for text in ("Acorn", "Beech"):
        image = Image.new("RGBA", (200, 100), (255, 255, 255, 0))
        ImageDraw.Draw(image).text((20, 20), text, fill="white", font_size=50)
        pixels.append(decode(saved(image, "PNG")).pixels)
    assert (pixels[0] != pixels[1]).mean() > 0.02


def test_blank() -> None:
    assert is_blank(np.full((90, 120, 3), 255, np.uint8))
    assert is_blank(np.random.default_rng(0).integers(240, 256, (90, 120, 3)).astype(np.uint8))
    assert not is_blank(np.asarray(photo()))
    line = np.full((900, 1200, 3), 255, np.uint8)
    line[400:405, 100:1100] = 0
    assert not is_blank(line)
