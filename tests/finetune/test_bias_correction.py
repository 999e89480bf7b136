from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from lookalike.finetune.bias_correction import rounded, with_corrected_biases
from lookalike.finetune.network import EmbeddingNetwork
from tests.finetune.conftest import TinyTrunk


@pytest.fixture
def network() -> EmbeddingNetwork:
    network = EmbeddingNetwork(TinyTrunk()).eval()
    with torch.no_grad():  # large weights make coarse steps for all others
        network.trunk.first.weight[:, 0, 0, 0] = 4.0
        network.trunk.second.weight[:, 0, 0, 0] = 4.0
    return network


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (16, 32, 32, 3), np.uint8)


def test_weights_take_the_steps_of_int8() -> None:
    weight = torch.randn(5, 3, 2, 2)
    weight[4] = 0
    largest = weight.abs().amax(dim=(1, 2, 3), keepdim=True)
    steps = rounded(weight)[:4] / (largest[:4] / 64)
    assert torch.allclose(steps, steps.round(), atol=1e-4)
    assert steps.abs().amax() == pytest.approx(64, abs=1e-4)
    assert (rounded(weight) - weight).abs().amax() <= largest.amax() / 128 + 1e-6
    assert not rounded(weight)[4].any()
    assert torch.allclose(rounded(rounded(weight)), rounded(weight), atol=1e-6)


def test_each_channel_has_the_mean_from_before_rounding(
    network: EmbeddingNetwork, pixels: np.ndarray
) -> None:
    corrected = with_corrected_biases(network, pixels)

    def means(network: EmbeddingNetwork) -> list[torch.Tensor]:
        found: list[torch.Tensor] = []
        for layer in (network.trunk.first, network.trunk.second):
            layer.register_forward_hook(
                lambda _layer, _inputs, output: found.append(output.mean(dim=(0, 2, 3)))
            )
        with torch.inference_mode():
            network.trunk(torch.from_numpy(pixels))
        return found

    uncorrected = EmbeddingNetwork(TinyTrunk())
    uncorrected.load_state_dict(network.state_dict())
    for layer in (uncorrected.trunk.first, uncorrected.trunk.second):
        layer.weight.data = rounded(layer.weight.data)
    before = means(network)
    for was, now, without in zip(before, means(corrected), means(uncorrected), strict=True):
        assert torch.allclose(was, now, atol=1e-4)
        assert not torch.allclose(was, without, atol=1e-3)


def test_the_network_itself_and_convolutions_without_bias_stay(
    network: EmbeddingNetwork, pixels: np.ndarray
) -> None:
    bare = nn.Conv2d(3, 6, 4, 4, bias=False)
    bare.weight.data = network.trunk.first.weight.data.clone()
    network.trunk.first = bare
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    corrected = with_corrected_biases(network, pixels).state_dict()
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name])
    changed = {name for name in before if not torch.equal(before[name], corrected[name])}
    assert changed == {"trunk.second.weight", "trunk.second.bias"}
