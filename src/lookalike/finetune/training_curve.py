"""Plot a training run: loss and validation mAP by epoch."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .training_loop import History

_STYLES = ("--", ":", "-.", (0, (1, 3)), (0, (8, 2)))
_LEGEND = {"silence": "outlier exposure", "kept": "similarities"}  # of `History.parts`


def draw_curve(history: History, path: str, *, title: str) -> None:
    """Write the curves as a PNG of 1,200 x 675 pixels."""
    from matplotlib.figure import Figure  # pyplot would set global state
    from matplotlib.ticker import MaxNLocator

    epochs = range(1, len(history.loss) + 1)
    figure = Figure(figsize=(8, 4.5), dpi=150, layout="constrained")
    left = figure.subplots()
    left.plot(epochs, history.loss, color="#1f4e79", marker="o", markersize=3, label="loss")
    for style, (name, values) in zip(itertools.cycle(_STYLES), history.parts.items(), strict=False):
        label = f"part: {_LEGEND.get(name, name)}"
        left.plot(epochs, values, color="#1f4e79", alpha=0.6, linestyle=style, label=label)
    left.set_xlabel("epoch")
    left.set_ylabel("loss", color="#1f4e79")
    left.set_ylim(bottom=0)
    left.xaxis.set_major_locator(MaxNLocator(integer=True))
    left.spines["top"].set_visible(False)
    if not all(map(math.isnan, history.validation)):
        right = left.twinx()
        right.plot(epochs, history.validation, color="#b3541e", marker="s", markersize=3)
        right.set_ylabel("mAP of the class head, held-out pictures", color="#b3541e")
        right.spines["top"].set_visible(False)
    figure.legend(frameon=False, fontsize=8, ncols=6, loc="outside lower center")
    left.set_title(title, loc="left", fontsize=10)
    figure.savefig(path)
