from __future__ import annotations

import math
from pathlib import Path

from PIL import Image

from lookalike.finetune.curve import draw_curve
from lookalike.finetune.loop import History


def test_a_picture_of_the_training(tmp_path: Path) -> None:
    history = History(loss=[3.0, 2.0], parts={"labels": [2.0, 1.0]}, validation=[0.5, 0.7])
    unknown = History(loss=[3.0], validation=[math.nan])
    for name, one in (("known.png", history), ("unknown.png", unknown)):
        draw_curve(one, str(tmp_path / name), title="tiny: 20 pictures of 2 labels")
        with Image.open(tmp_path / name) as image:
            assert image.size == (1200, 675)
            assert len(image.convert("RGB").getcolors(1 << 20) or []) > 20
