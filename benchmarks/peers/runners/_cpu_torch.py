"""Makes torchvision importable with a CPU build of torch. Runners that need it import it first.

The torchvision wheel is built for torch with CUDA. With a CPU build its compiled operators can't be
loaded, and its import fails where it describes two of them. Declaring these two is enough, as no
network here calls them.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch

_library = torch.library.Library("torchvision", "FRAGMENT")  # declarations end with this object


def _declare_operators() -> None:
    spec = importlib.util.find_spec("torchvision")
    for folder in spec.submodule_search_locations if spec else []:
        try:
            torch.ops.load_library(next(Path(folder).glob("_C*")))
        except (OSError, StopIteration):
            for name in ("nms", "qnms"):
                _library.define(
                    f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
                )


_declare_operators()
