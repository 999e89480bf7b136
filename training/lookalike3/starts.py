"""Write the two published networks' pooled features as encoders.

    python -m training.lookalike3.starts --lite2 efficientnet_lite2.pth
        --edgetpu mobilenet_edgetpu_100.safetensors --output FOLDER
    python -m benchmarks.world.measure world --encoder FOLDER/lite2.onnx --encoder ...

The second command measures what training gained over them.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from lookalike.finetune.export import add_card, export_float32, make_card
from lookalike.finetune.network import unit_rows

from .edgetpu import read_edgetpu
from .lite2 import read_lite2

if TYPE_CHECKING:
    from lookalike.finetune.efficientnet_lite import EfficientNetLite2

    from .edgetpu import MobileNetEdgeTpu


class MeanFeatures(torch.nn.Module):
    """The means of a network's last maps, scaled to unit length."""

    def __init__(self, trunk: EfficientNetLite2 | MobileNetEdgeTpu) -> None:
        """Wrap a trunk."""
        super().__init__()
        self.trunk = trunk
        self.dimensions = trunk.dimensions

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Map uint8 [N, H, W, 3] to float32 [N, F]."""
        maps = self.trunk.last_maps(self.trunk.forward_frozen(pixels))
        return unit_rows(maps.mean(dim=(2, 3)))


def main() -> None:
    """Write both encoders."""
    parser = argparse.ArgumentParser(
        prog="python -m training.lookalike3.starts", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--lite2", type=Path, required=True, help="weights of EfficientNet-Lite2")
    parser.add_argument("--edgetpu", type=Path, required=True, help="of MobileNetEdgeTPU")
    parser.add_argument("--output", type=Path, required=True, help="folder")
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    trunks = {"lite2": read_lite2(args.lite2), "edgetpu": read_edgetpu(args.edgetpu)}
    for name, trunk in trunks.items():
        network = MeanFeatures(trunk)
        card = make_card(network, name=name, license="Apache-2.0", source=trunk.name)
        (args.output / f"{name}.onnx").write_bytes(add_card(export_float32(network), card))


if __name__ == "__main__":
    main()
