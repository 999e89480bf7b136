"""MobileNetEdgeTPU 1.0, with batch norm folded into the convolutions; the packaged trunk.

Source of the network: mlcommons/mobile_models, ``v0_7/tflite``; Howard and Gupta, "Introducing the
Next Generation of On-Device Vision Models: MobileNetV3 and MobileNetEdgeTPU" (2019).
"""

from __future__ import annotations

from collections import OrderedDict
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..encoders import Preprocessing
from .network import Trunk

if TYPE_CHECKING:
    from collections.abc import Iterable

POOLED = 1280  # numbers in a pooled feature vector
IMAGE_SIZE = 224  # pixels, both sides
PIXEL_ZERO = 128  # the network reads (x - PIXEL_ZERO) * PIXEL_SCALE for x in 0..255
PIXEL_SCALE = 0.007874015718698502
FROZEN_BLOCKS = 13  # edges and textures are the same everywhere; and this halves the time
MIDDLE_BLOCKS = (12, 16, 20)  # whose means over the picture are features, too
MIDDLE_WEIGHT = 0.2  # of each


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


class ConvLayer(nn.Module):
    """Convolution with bias, TensorFlow's SAME padding for even inputs, and ReLU if wanted."""

    def __init__(  # noqa: PLR0913 - the five numbers that define a convolution
        self,
        channels: int,
        out: int,
        *,
        kernel: int = 1,
        stride: int = 1,
        groups: int = 1,
        relu: bool = True,
    ) -> None:
        """Lay out weights [out, channels / groups, kernel, kernel] and bias [out]."""
        super().__init__()
        total = kernel - stride  # of an even side; the odd pixel goes right and to the bottom
        self.before, self.after = total // 2, total - total // 2
        self.relu = relu
        self.conv = nn.Conv2d(channels, out, kernel, stride, groups=groups)
        # oneDNN's gradient of these is up to five times slower in bfloat16 than in float32.
        self.slow = groups > 1 and (kernel > 3 or stride > 1)  # noqa: PLR2004

    def forward(self, x: Tensor) -> Tensor:
        """Map float32 [N, C, H, W] to float32 [N, out, H / stride, W / stride]."""
        if self.after:
            x = functional.pad(x, (self.before, self.after, self.before, self.after))
        if self.slow and torch.is_grad_enabled():
            with torch.autocast(x.device.type, enabled=False):
                out: Tensor = self.conv(x.float())
        else:
            out = self.conv(x)
        return functional.relu(out) if self.relu else out


class Block(nn.Module):
    """Expansion (none in block 0), linear projection, perhaps a residual."""

    def __init__(self, channels: int, spec: BlockSpec) -> None:
        """Lay out the layers of one row of the table for an input of `channels`."""
        super().__init__()
        inner, kernel, stride = spec.expansion, spec.kernel, spec.stride
        layers = {}
        if spec.kind == "fused":
            layers["expand"] = ConvLayer(channels, inner, kernel=kernel, stride=stride)
        elif spec.kind == "inverted":
            layers["expand"] = ConvLayer(channels, inner)
            layers["depthwise"] = ConvLayer(
                inner, inner, kernel=kernel, stride=stride, groups=inner
            )
        layers["project"] = ConvLayer(inner, spec.out, relu=False)
        self.body = nn.Sequential(OrderedDict(layers))
        self.residual = spec.residual

    def forward(self, x: Tensor) -> Tensor:
        """Map float32 [N, C, H, W] to float32 [N, out, H / stride, W / stride]."""
        out: Tensor = self.body(x)
        return x + out if self.residual else out


class MobileNetEdgeTpu(Trunk):
    """From pixels to the pooled features, with the means of three blocks on the way.

    The early means hold texture and colour, which the last layer, made to tell 1,000 classes
    apart, has thrown away: they help most on pictures unlike photographs.
    """

    groups = (POOLED, *(BLOCKS[number].out for number in MIDDLE_BLOCKS))
    weights = (1.0, *(MIDDLE_WEIGHT for _ in MIDDLE_BLOCKS))
    powers = (0.75, *(1.0 for _ in MIDDLE_BLOCKS))
    standardised = (False, *(True for _ in MIDDLE_BLOCKS))
    preprocessing = Preprocessing(width=IMAGE_SIZE, height=IMAGE_SIZE)
    name = "MobileNetEdgeTPU 1.0"

    def __init__(self, *, concepts: int = 0) -> None:
        """Lay out all layers; `concepts` is how many classes a classifier tells apart, if any."""
        super().__init__()
        self.stem = ConvLayer(3, 32, kernel=3, stride=2)
        channels = [32, *(spec.out for spec in BLOCKS)]
        self.blocks = nn.ModuleList(map(Block, channels, BLOCKS))
        self.head = ConvLayer(channels[-1], POOLED)
        if concepts:
            self.classifier = nn.Linear(POOLED, concepts)

    def frozen(self, pixels: Tensor) -> Tensor:
        """Run stem and the first blocks: [N, 96, 14, 14]."""
        x = (pixels.permute(0, 3, 1, 2).float() - PIXEL_ZERO) * PIXEL_SCALE
        shared: Tensor = self.stem(x.contiguous(memory_format=torch.channels_last))
        for block in self.blocks[:FROZEN_BLOCKS]:
            shared = block(shared)
        return shared

    def tail(self, x: Tensor) -> Tensor:
        """Run the other blocks and pool: [N, 1280 + 96 + 96 + 160]."""
        middle = [x.float().mean(dim=(2, 3))]
        for number, block in enumerate(self.blocks[FROZEN_BLOCKS:], FROZEN_BLOCKS):
            x = block(x)
            if number in MIDDLE_BLOCKS:
                middle.append(x.float().mean(dim=(2, 3)))
        pooled = self.head(x).float().mean(dim=(2, 3))
        return torch.cat([pooled, *middle], dim=1)

    def trained(self) -> Iterable[tuple[str, nn.Parameter]]:
        """Give the weights of the later blocks and of the last convolution."""
        later = (
            (f"blocks.{number}.{name}", parameter)
            for number in range(FROZEN_BLOCKS, len(self.blocks))
            for name, parameter in self.blocks[number].named_parameters()
        )
        return chain(later, ((f"head.{name}", p) for name, p in self.head.named_parameters()))
