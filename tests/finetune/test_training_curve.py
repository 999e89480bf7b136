from __future__ import annotations

import math
from pathlib import Path

from PIL import Image

from lookalike.finetune.training_curve import draw_curve
from lookalike.finetune.training_loop import History


def test_a_plot_of_the_training(tmp_path: Path) -> None:
    history = History(loss=[3.0, 2.0], parts={"labels": [2.0, 1.0]}, validation=[0.5, 0.7])
    unknown = History(loss=[3.0], validation=[math.nan])
    for name, one in (("known.png", history), ("unknown.png", unknown)):
        draw_curve(one, str(tmp_path / name), title="tiny: 20 pictures of 2 labels")
        with Image.open(tmp_path / name) as image:
            assert image.size == (1200, 675)
            assert len(image.convert("RGB").getcolors(1 << 20) or []) > 20


def test_every_part_of_the_loss_is_drawn(tmp_path: Path) -> None:
    names = [f"part {n}" for n in range(7)]
    parts = {name: [0.5, 0.1 * n] for n, name in enumerate(names)}
    seen = set()
    for count in range(8):
        history = History([3.0, 2.0], {n: parts[n] for n in names[:count]}, [0.5, 0.7])
        draw_curve(history, str(tmp_path / "x.png"), title="x")
        seen.add((tmp_path / "x.png").read_bytes())
    assert len(seen) == 8
