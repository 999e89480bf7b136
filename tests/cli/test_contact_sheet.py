from __future__ import annotations

import numpy as np
from PIL import Image

from lookalike import Gallery
from lookalike.cli.contact_sheet import (
    CELL_PIXELS,
    GAP_PIXELS,
    MAX_HITS,
    contact_sheet,
    open_picture,
)
from lookalike.search.query import prepare
from lookalike.types import Hit

from ..conftest import draw


def test_the_sheet_shows_query_and_hits(gallery: Gallery) -> None:
    searches = []
    for seed in (3, 7):
        found = gallery.search(draw(seed), top=3)
        searches.append((f"query {seed}", prepare(draw(seed)).picture, found))
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
