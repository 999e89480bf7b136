"""Contact sheets and drawn comparisons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from lookalike import Gallery
from lookalike.cli.contact_sheet import (
    CELL_PIXELS,
    GAP_PIXELS,
    MAX_HITS,
    comparison_sheet,
    contact_sheet,
    open_picture,
)
from lookalike.search import compare, prepare
from lookalike.types import Hit

from ..conftest import busy, draw


def test_the_sheet_shows_query_and_hits(gallery: Gallery) -> None:
    searches = [
        (f"query {seed}", prepare(draw(seed)).picture, gallery.search(draw(seed), top=3))
        for seed in (3, 7)
    ]
    sheet = contact_sheet(searches)
    assert sheet.mode == "RGB"

    def cell(x: int) -> Image.Image:
        box = (x, GAP_PIXELS, x + CELL_PIXELS, GAP_PIXELS + CELL_PIXELS)
        return sheet.crop(box).crop((20, 50, 180, 150)).resize((16, 10))

    step = CELL_PIXELS + GAP_PIXELS
    first = GAP_PIXELS + step + 2 * GAP_PIXELS
    query, best, second = (np.asarray(cell(x), np.int16) for x in (GAP_PIXELS, first, first + step))
    assert np.abs(query - best).mean() < 4
    assert np.abs(query - second).mean() > 20


def test_odd_hits_are_drawn_too() -> None:
    hits = [Hit(n + 1, f"/gone/{'very long name ' * 9}\udce9{n}.jpg", 0.5, 3, 4) for n in range(40)]
    picture = prepare(draw(1)).picture
    wide = contact_sheet([("x", picture, hits), ("y", picture, [])])
    assert wide.width < (MAX_HITS + 2) * (CELL_PIXELS + GAP_PIXELS)
    assert contact_sheet([("x", picture, [])]).width > CELL_PIXELS
    assert open_picture("/gone/x.jpg") is None
    assert open_picture(__file__) is None


def test_a_comparison_names_your_picture_and_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = busy(1, (480, 360))
    original.save(tmp_path / "original.png")
    original.crop((0, 0, 100, 360)).save(tmp_path / f"{'long name ' * 9}.png")
    comparison = compare(tmp_path / f"{'long name ' * 9}.png", tmp_path / "original.png")
    texts = []
    draw_text = ImageDraw.ImageDraw.text

    def text(self: ImageDraw.ImageDraw, xy: Any, text: str, *options: Any) -> None:
        texts.append(text)
        draw_text(self, xy, text, *options)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", text)
    comparison_sheet(comparison)
    assert texts[0].startswith("Your p")
    assert "…" in texts[0]
    assert texts[0].endswith(".png")
    assert texts[1:3] == ["This one: original.png", "Your picture over this one"]
    assert " ".join(texts[3:]) == " ".join(comparison.sentences)
