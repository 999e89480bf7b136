"""Lets torchvision be imported beside a torch without CUDA. Imported first by runners that need it.

The wheel of torchvision is built for torch with CUDA; beside the CPU's torch its compiled operators
can't be loaded, and then it fails at import as it describes two of them. It is enough to declare
those: transforms and networks are Python, and no network here calls them.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch

_declared = torch.library.Library("torchvision", "FRAGMENT")  # as long as the process lives


def _declare() -> None:
    found = importlib.util.find_spec("torchvision")
    for folder in found.submodule_search_locations if found else []:
        try:
            torch.ops.load_library(next(Path(folder).glob("_C*")))
        except (OSError, StopIteration):
            for name in ("nms", "qnms"):
                _declared.define(
                    f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
                )


_declare()
