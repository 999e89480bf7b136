from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

from lookalike.report.thumbnails import SIDE_PIXELS, TILE_PIXELS, sprite, thumbnail_uri

from ..conftest import fill, save


def open_uri(uri: str) -> Image.Image:
    kind, data = uri.split(",")
    assert kind == "data:image/webp;base64"
    return Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")


def test_a_thumbnail_is_the_central_square(tmp_path: Path) -> None:
    wide = Image.new("RGB", (600, 200), "blue")
    wide.paste("red", (200, 0, 400, 200))
    wide.save(tmp_path / "wide.png")
    shown = open_uri(thumbnail_uri(str(tmp_path / "wide.png")))
    assert shown.size == (SIDE_PIXELS, SIDE_PIXELS)
    assert np.abs(np.asarray(shown).mean(axis=(0, 1)) - (255, 0, 0)).max() < 12
    assert len(thumbnail_uri(str(save(tmp_path / "1.jpg", 1)))) < 8_000


def test_an_unreadable_picture_has_no_thumbnail(tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_text("x")
    assert (
        thumbnail_uri(str(tmp_path / "bad.jpg")) == thumbnail_uri(str(tmp_path / "gone.jpg")) == ""
    )


def test_a_sprite_has_a_tile_for_each_picture(tmp_path: Path) -> None:
    paths = [str(path) for path in fill(tmp_path, 5)]
    calls: list[tuple[int, int]] = []
    uri, columns = sprite(
        [*paths, str(tmp_path / "gone.jpg")], on_progress=lambda *a: calls.append(a)
    )
    whole = open_uri(uri)
    assert columns == 3
    assert whole.size == (3 * TILE_PIXELS, 2 * TILE_PIXELS)
    assert calls[-1] == (6, 6)
    pixels = np.asarray(whole, np.int16)
    for n, path in enumerate(paths):
        y, x = n // 3 * TILE_PIXELS, n % 3 * TILE_PIXELS
        tile = pixels[y : y + TILE_PIXELS, x : x + TILE_PIXELS]
        with Image.open(path) as picture:
            middle = picture.crop((20, 0, 140, 120)).resize((TILE_PIXELS, TILE_PIXELS))
        assert np.abs(tile - np.asarray(middle, np.int16)).mean() < 16
    grey = pixels[TILE_PIXELS + 5 : -5, 2 * TILE_PIXELS + 5 : -5]
    assert np.abs(grey - 0x99).max() < 12


def test_a_sprite_of_nothing() -> None:
    assert sprite([])[1] == 1
