"""Undo what rounded weights change on average, before int8 is exported.

Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction" (2019):
rounding a convolution's weights moves the mean of each of its output channels, and the shifts add
up through the layers. Each bias takes back its channel's shift, as seen on pictures.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from .network import EmbeddingNetwork

WEIGHT_STEPS = 64  # of int8 weights with 7 bits: integers in -64..64, as `export.quantise` writes
PIXEL_AXES = (0, 2, 3)  # of [N, C, H, W]


def with_corrected_biases(network: EmbeddingNetwork, pixels: NDArray[np.uint8]) -> EmbeddingNetwork:
    """Copy the network, with the weights of its convolutions rounded and their biases corrected.

    Convolutions without a bias stay as they are. Memory holds the activations of the largest layer
    for all pictures.

    Args:
        network: in eval mode, on the CPU.
        pixels: uint8 [N, H, W, 3], of training pictures.
    """
    network = deepcopy(network)
    convolutions = [
        layer
        for layer in network.modules()
        if isinstance(layer, nn.Conv2d) and layer.bias is not None
    ]
    means: dict[nn.Module, Tensor] = {}

    def record(layer: nn.Module, _inputs: object, output: Tensor) -> None:
        means[layer] = output.mean(dim=PIXEL_AXES)

    def correct(layer: Any, _inputs: object, output: Tensor) -> Tensor:
        change = means[layer] - output.mean(dim=PIXEL_AXES)
        layer.bias.add_(change)
        return output + change.view(1, -1, 1, 1)  # what the layers after it see

    batch = torch.from_numpy(pixels)
    with torch.no_grad():
        _run_with_hook(network, convolutions, record, batch)
        for layer in convolutions:
            layer.weight.copy_(rounded(layer.weight))
        _run_with_hook(network, convolutions, correct, batch)
    return network


def rounded(weight: Tensor) -> Tensor:
    """Round weights [out, ...] to the numbers that int8 can represent, by output channel."""
    largest = weight.abs().amax(dim=tuple(range(1, weight.ndim)), keepdim=True)
    scale = (largest / WEIGHT_STEPS).clamp(min=torch.finfo(weight.dtype).tiny)
    return (weight / scale).round() * scale


def _run_with_hook(
    network: EmbeddingNetwork, layers: list[nn.Conv2d], hook: Callable[..., Any], batch: Tensor
) -> None:
    """Run the trunk once, with a hook after each of the layers."""
    handles = [layer.register_forward_hook(hook) for layer in layers]
    network.trunk(batch)
    for handle in handles:
        handle.remove()
