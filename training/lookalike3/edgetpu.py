"""MobileNetEdgeTPU 1.0, the second trunk of lookalike-3-large, with batch norm folded in.

Source of the network: mlcommons/mobile_models, ``v0_7/tflite``; Howard and Gupta, "Introducing the
Next Generation of On-Device Vision Models: MobileNetV3 and MobileNetEdgeTPU" (2019).
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from lookalike.encoders import Preprocessing
from lookalike.finetune.efficientnet_lite import IMAGE_SIZE, POOLED, ConvLayer
from lookalike.finetune.network import Trunk

if TYPE_CHECKING:
    from pathlib import Path

PIXEL_ZERO = 128  # the network reads (x - PIXEL_ZERO) * PIXEL_SCALE for x in 0..255
PIXEL_SCALE = 0.007874015718698502


class BlockSpec(NamedTuple):
    """One row of the architecture's table."""

    kind: str  # "fused": k x k expansion; "inverted": 1x1 and k x k depthwise; "projection"
    kernel: int
    stride: int
    expansion: int  # channels inside the block
    out: int
    residual: bool = False


def _stage(first: BlockSpec, repeats: int, expansion: int) -> list[BlockSpec]:
    """Return a first block and `repeats` residual ones of the same shape."""
    rest = first._replace(stride=1, expansion=expansion, residual=True)
    return [first] + [rest] * repeats


BLOCKS = (
    BlockSpec("projection", 1, 1, 32, 16),
    *_stage(BlockSpec("fused", 3, 2, 128, 32), 3, 128),
    *_stage(BlockSpec("fused", 3, 2, 256, 48), 3, 192),
    *_stage(BlockSpec("inverted", 3, 2, 384, 96), 3, 384),
    *_stage(BlockSpec("inverted", 3, 1, 768, 96), 3, 384),
    *_stage(BlockSpec("inverted", 5, 2, 768, 160), 3, 640),
    BlockSpec("inverted", 3, 1, 1280, 192),
)


_layer = partial(ConvLayer, activation=functional.relu)


class Block(nn.Module):
    """Expansion (none in block 0), linear projection, perhaps a residual connection."""

    def __init__(self, channels: int, spec: BlockSpec) -> None:
        """Create the layers of one row of the table for an input of `channels`."""
        super().__init__()
        inner, kernel, stride = spec.expansion, spec.kernel, spec.stride
        layers = {}
        if spec.kind == "fused":
            layers["expand"] = _layer(channels, inner, kernel=kernel, stride=stride)
        elif spec.kind == "inverted":
            layers["expand"] = _layer(channels, inner)
            layers["depthwise"] = _layer(inner, inner, kernel=kernel, stride=stride, groups=inner)
        layers["project"] = ConvLayer(inner, spec.out, activation=None)
        self.body = nn.Sequential(OrderedDict(layers))
        self.residual = spec.residual

    def forward(self, x: Tensor) -> Tensor:
        """Map float32 [N, C, H, W] to float32 [N, out, H / stride, W / stride]."""
        out: Tensor = self.body(x)
        return x + out if self.residual else out


class MobileNetEdgeTpu(Trunk):
    """Pixels to the pooled features."""

    dimensions = POOLED
    preprocessing = Preprocessing(width=IMAGE_SIZE, height=IMAGE_SIZE)
    name = "MobileNetEdgeTPU 1.0"

    def __init__(self) -> None:
        """Create all layers."""
        super().__init__()
        self.stem = _layer(3, 32, kernel=3, stride=2)
        channels = [32, *(spec.out for spec in BLOCKS)]
        self.blocks = nn.ModuleList(map(Block, channels, BLOCKS))
        self.head = _layer(channels[-1], POOLED)

    def forward_frozen(self, pixels: Tensor) -> Tensor:
        """Scale the pixels: float32 [N, 3, 224, 224]."""
        x = (pixels.permute(0, 3, 1, 2).float() - PIXEL_ZERO) * PIXEL_SCALE
        return x.contiguous(memory_format=torch.channels_last)

    def last_maps(self, hidden: Tensor) -> Tensor:
        """Run all layers: [N, 1280, 7, 7]."""
        maps = self.stem(hidden)
        for block in self.blocks:
            maps = block(maps)
        last: Tensor = self.head(maps)
        return last

    def forward_trained(self, hidden: Tensor) -> Tensor:
        """Run all layers and pool: [N, 1280]."""
        return self.last_maps(hidden).float().mean(dim=(2, 3))


def read_edgetpu(path: Path) -> MobileNetEdgeTpu:
    """Read the weights of a .safetensors file, dequantised, with batch norm folded in."""
    network = MobileNetEdgeTpu()
    network.load_state_dict(load_file(path))
    return network.eval()
