"""MobileNetEdgeTPU 1.0, up to the pooled features, with batch norm folded into the convolutions.

Source of the network: mlcommons/mobile_models, ``v0_7/tflite``; Howard and Gupta, "Introducing the
Next Generation of On-Device Vision Models: MobileNetV3 and MobileNetEdgeTPU" (2019).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple, cast

from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

FEATURES = 1280  # numbers in a pooled feature vector
IMAGE_SIZE = 224  # pixels, both sides
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

    def forward(self, x: Tensor) -> Tensor:
        """Map float32 [N, C, H, W] to float32 [N, out, H / stride, W / stride]."""
        if self.after:
            x = functional.pad(x, (self.before, self.after, self.before, self.after))
        out: Tensor = self.conv(x)
        return functional.relu(out) if self.relu else out

    def parameters_in_numpy(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return weight [out, C / groups, k, k] and bias [out]."""
        state = self.conv.state_dict()
        return state["weight"].numpy(), state["bias"].numpy()


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

    def layers(self) -> Iterator[tuple[str, ConvLayer]]:
        """Give name and layer in the order of computation."""
        for name, layer in self.body.named_children():
            yield name, cast("ConvLayer", layer)

    def forward(self, x: Tensor) -> Tensor:
        """Map float32 [N, C, H, W] to float32 [N, out, H / stride, W / stride]."""
        out: Tensor = self.body(x)
        return x + out if self.residual else out


class MobileNetEdgeTpu(nn.Module):
    """The network from pixels to pooled features."""

    def __init__(self) -> None:
        """Lay out all layers; `load_trunk` fills them."""
        super().__init__()
        self.stem = ConvLayer(3, 32, kernel=3, stride=2)
        channels = [32, *(spec.out for spec in BLOCKS)]
        self.blocks = nn.ModuleList(map(Block, channels, BLOCKS))
        self.head = ConvLayer(channels[-1], FEATURES)

    def forward(self, pixels: Tensor) -> Tensor:
        """Map uint8 RGB [N, 224, 224, 3] to float32 [N, 1280], not normalised, all >= 0."""
        x = (pixels.permute(0, 3, 1, 2).float() - PIXEL_ZERO) * PIXEL_SCALE
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        pooled: Tensor = self.head(x).mean(dim=(2, 3))
        return pooled


def load_trunk(weights: Path) -> MobileNetEdgeTpu:
    """Return the network in evaluation mode with the weights of a safetensors file.

    Raises:
        RuntimeError: the file has other tensors than this network.
    """
    trunk = MobileNetEdgeTpu()
    trunk.load_state_dict(load_file(weights))
    trunk.eval()
    return trunk
