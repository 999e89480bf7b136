"""EfficientNet-Lite2, the packaged trunk, with batch norm folded into the convolutions.

Source of the network: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural
Networks" (2019), in the form for int8 of tensorflow/tpu, ``efficientnet/lite``: ReLU6, and neither
squeeze-and-excitation nor swish.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..encoders import Preprocessing
from .network import Trunk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

POOLED = 1280  # dimensions of the pooled features
IMAGE_SIZE = 224  # pixels, both sides
PIXEL_ZERO = 127  # the network reads (x - PIXEL_ZERO) / PIXEL_STEPS for x in 0..255
PIXEL_STEPS = 128
FROZEN_BLOCKS = 11  # edges, textures and parts are the same everywhere
HIDDEN_SHAPE = (88, 14, 14)  # after them
# Radenovic et al., "Fine-Tuning CNN Image Retrieval with No Human Annotation" (2019)
POOLING_POWER = 3
STEM = 32  # channels
_MIN_POWER = 1e-9  # where the gradient of the root is finite


class Stage(NamedTuple):
    """One row of the architecture's table; width and depth are those of Lite2."""

    blocks: int
    kernel: int
    stride: int  # of the first block
    expansion: int  # of the channels, inside a block
    out: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(3, 3, 2, 6, 24),
    Stage(3, 5, 2, 6, 48),
    Stage(4, 3, 2, 6, 88),
    Stage(4, 5, 1, 6, 120),
    Stage(5, 5, 2, 6, 208),
    Stage(1, 3, 1, 6, 352),
)


class ConvLayer(nn.Module):
    """Convolution with bias, TensorFlow's SAME padding, and perhaps an activation."""

    def __init__(  # noqa: PLR0913  the shape of a convolution
        self,
        channels: int,
        out: int,
        *,
        kernel: int = 1,
        stride: int = 1,
        groups: int = 1,
        activation: Callable[[Tensor], Tensor] | None = functional.relu6,
    ) -> None:
        """Create weights [out, channels / groups, kernel, kernel] and bias [out]."""
        super().__init__()
        self.activation = activation
        # Of an even side; an odd pixel goes right and down.
        self.before, self.after = (kernel - stride) // 2, (kernel - stride + 1) // 2
        self.conv = nn.Conv2d(channels, out, kernel, stride, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        """Map float32 [N, C, H, W] to float32 [N, out, H / stride, W / stride]."""
        if self.conv.groups > 1 and torch.is_grad_enabled():
            out = self._train_depthwise(x)
        else:
            out = self.conv(self._padded(x))
        return self.activation(out) if self.activation else out

    def _padded(self, x: Tensor) -> Tensor:
        if not self.after:
            return x
        return functional.pad(x, (self.before, self.after, self.before, self.after))

    def _train_depthwise(self, x: Tensor) -> Tensor:
        """Compute the same where the gradient of oneDNN is slow in bfloat16."""
        if self.conv.stride == (1, 1):
            same: Tensor = _FixedDepthwise.apply(  # type: ignore[no-untyped-call]  # of torch
                x, self.conv.weight, self.conv.bias
            )
            return same
        with torch.autocast(x.device.type, enabled=False):
            out: Tensor = self.conv(self._padded(x).float())
        return out.to(x.dtype)


class _FixedDepthwise(torch.autograd.Function):
    """A depthwise convolution of stride 1 whose weights are not trained.

    The gradient of its input is a convolution, too, with the kernels turned by 180 degrees.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(weight)
        return _convolve(x, weight, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, Tensor]:
        (gradient,), (weight,) = gradients, ctx.saved_tensors
        turned = weight.flip(2, 3).to(gradient.dtype)
        return _convolve(gradient, turned), None, gradient.float().sum(dim=(0, 2, 3))


def _convolve(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Convolve each channel with its kernel: [N, C, H, W] to the same shape."""
    return functional.conv2d(x, weight, bias, padding=weight.shape[-1] // 2, groups=len(weight))


class Block(nn.Module):
    """Expansion (none if it is 1), depthwise convolution, linear projection; maybe residual."""

    def __init__(self, channels: int, stage: Stage, stride: int) -> None:
        """Create the layers of a block for an input of `channels`."""
        super().__init__()
        inner = channels * stage.expansion
        self.expand = ConvLayer(channels, inner) if stage.expansion > 1 else None
        self.depthwise = ConvLayer(inner, inner, kernel=stage.kernel, stride=stride, groups=inner)
        self.project = ConvLayer(inner, stage.out, activation=None)
        self.residual = stride == 1 and channels == stage.out

    def forward(self, x: Tensor) -> Tensor:
        """Map float32 [N, C, H, W] to float32 [N, out, H / stride, W / stride]."""
        hidden = x if self.expand is None else self.expand(x)
        out: Tensor = self.project(self.depthwise(hidden))
        return x + out if self.residual else out


class EfficientNetLite2(Trunk):
    """Pixels to the pooled features."""

    dimensions = POOLED
    preprocessing = Preprocessing(width=IMAGE_SIZE, height=IMAGE_SIZE)
    name = "EfficientNet-Lite2"

    def __init__(self) -> None:
        """Create all layers."""
        super().__init__()
        self.stem = ConvLayer(3, STEM, kernel=3, stride=2)
        channels, blocks = STEM, []
        for stage in STAGES:
            for number in range(stage.blocks):
                blocks.append(Block(channels, stage, 1 if number else stage.stride))
                channels = stage.out
        self.blocks = nn.ModuleList(blocks)
        self.head = ConvLayer(channels, POOLED)

    def forward_frozen(self, pixels: Tensor) -> Tensor:
        """Run the stem and the first blocks: [N, *HIDDEN_SHAPE]."""
        x = (pixels.permute(0, 3, 1, 2).float() - PIXEL_ZERO) / PIXEL_STEPS  # [N, 3, 224, 224]
        hidden: Tensor = self.stem(x.contiguous(memory_format=torch.channels_last))
        for block in self.blocks[:FROZEN_BLOCKS]:
            hidden = block(hidden)
        return hidden

    def forward_trained(self, hidden: Tensor) -> Tensor:
        """Run the other blocks and pool: [N, 1280]."""
        maps = self.last_maps(hidden).float()  # 0..6
        powers = (maps**POOLING_POWER).mean(dim=(2, 3)).clamp(min=_MIN_POWER)
        pooled: Tensor = powers ** (1 / POOLING_POWER)
        return pooled

    def last_maps(self, hidden: Tensor) -> Tensor:
        """Run the other blocks: [N, 1280, 7, 7]."""
        for block in self.blocks[FROZEN_BLOCKS:]:
            hidden = block(hidden)
        maps: Tensor = self.head(hidden)
        return maps

    def trained_parameters(self) -> Iterable[tuple[str, nn.Parameter]]:
        """Return the parameters of the later blocks and of the last convolution, by name.

        The depthwise kernels are not trained: that takes three times as long.
        """
        blocks = (
            (f"blocks.{number}.{name}", parameter)
            for number in range(FROZEN_BLOCKS, len(self.blocks))
            for name, parameter in self.blocks[number].named_parameters()
            if name != "depthwise.conv.weight"
        )
        return chain(blocks, ((f"head.{name}", p) for name, p in self.head.named_parameters()))
