from __future__ import annotations

import pytest
import torch

from lookalike.finetune.efficientnet_lite import (
    FROZEN_BLOCKS,
    HIDDEN_SHAPE,
    ConvLayer,
    EfficientNetLite2,
)
from lookalike.finetune.network import CLASS_DIMENSIONS, COPIES_SHARE, EmbeddingNetwork
from tests.finetune.conftest import TinyTrunk


def network_of(classes: int) -> EmbeddingNetwork:
    """Make a network whose general head and copies head return the features, scaled to 1."""
    network = EmbeddingNetwork(TinyTrunk(), classes=classes)
    network.general.weight.data = torch.eye(12)
    network.copies.weight.data = torch.eye(12)
    network.normalise_proxies()
    return network


@pytest.mark.parametrize(("classes", "more"), [(0, 0), (4, CLASS_DIMENSIONS)])
def test_vectors_have_unit_length_and_all_parts(classes: int, more: int) -> None:
    network = network_of(classes)
    pixels = torch.randint(0, 256, (5, 32, 32, 3), dtype=torch.uint8)
    vectors = network(pixels)
    assert vectors.shape == (5, network.dimensions) == (5, 12 + 12 + more)
    assert torch.allclose(vectors.norm(dim=1), torch.ones(5), atol=1e-5)


def test_the_packaged_network_has_512_dimensions() -> None:
    network = EmbeddingNetwork(EfficientNetLite2())
    assert (network.general.out_features, network.copies.out_features) == (384, 128)
    assert network.dimensions == 512


def test_the_copies_have_their_share_of_the_cosine() -> None:
    network = network_of(0)
    network.copies.weight.data = torch.ones(1, 12)  # says the same of every picture
    one, other = network.embed(torch.eye(12)[:2])  # at a right angle in the general part
    assert (one @ other).item() == pytest.approx(COPIES_SHARE)


def test_the_class_part_is_short_if_no_class_is_likely() -> None:
    network = network_of(100)
    features = torch.rand(1, 12)
    with torch.no_grad():
        vector = network.class_vector(features)[0]
        network.proxies.copy_(torch.randn(100, CLASS_DIMENSIONS))
        network.normalise_proxies()
        unknown = network.embed(features)[0, 24:].norm()
        network.proxies[7] = vector
        network.embed_class.weight.mul_(2)  # its length does not matter
        known = network.embed(features)[0, 24:]
    assert unknown < 0.4
    assert known.norm() > 0.6
    assert torch.argmax(network.proxies @ known) == 7


def test_two_classes_need_as_much_evidence_as_a_hundred() -> None:
    network = network_of(2)
    with torch.no_grad():
        network.proxies.copy_(torch.eye(CLASS_DIMENSIONS)[:2])
        network.embed_class.weight.zero_()
        network.embed_class.weight[2] = 1  # at a right angle to both
        class_part = network.embed(torch.rand(1, 12))[0, 24:]
    assert class_part.norm() < 0.02  # a softmax over these two alone would be one half each


def test_only_the_later_blocks_are_trained() -> None:
    trunk = EfficientNetLite2()
    names = {name for name, _ in trunk.trained_parameters()}
    assert names <= {name for name, _ in trunk.named_parameters()}
    assert {name.split(".")[0] for name in names} == {"blocks", "head"}
    blocks = {int(name.split(".")[1]) for name in names if name.startswith("blocks")}
    assert blocks == set(range(FROZEN_BLOCKS, len(trunk.blocks)))
    assert not [name for name in names if name.endswith("depthwise.conv.weight")]


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (5, 1), (3, 2), (5, 2)])
def test_a_depthwise_convolution_trains_as_any_other(kernel: int, stride: int) -> None:
    layer = ConvLayer(6, 6, kernel=kernel, stride=stride, groups=6)
    x = torch.randn(2, 6, 8, 8, requires_grad=True)
    with torch.no_grad():
        expected = layer(x)
    found = layer(x)
    assert torch.allclose(found, expected, atol=1e-6)
    noise = torch.randn_like(found)
    found.backward(noise)
    gradients = x.grad, layer.conv.bias.grad
    x.grad = layer.conv.bias.grad = None
    padded = torch.nn.functional.pad(x, (layer.before, layer.after, layer.before, layer.after))
    torch.relu(layer.conv(padded)).clamp(max=6).backward(noise)
    for gradient, plain in zip(gradients, (x.grad, layer.conv.bias.grad), strict=True):
        assert torch.allclose(gradient, plain, atol=1e-5)


def test_the_packaged_trunk_has_the_parameters_of_its_paper() -> None:
    trunk = EfficientNetLite2()
    assert round(sum(p.numel() for p in trunk.parameters()) / 1e6, 2) == 4.78
    with torch.inference_mode():
        hidden = trunk.forward_frozen(torch.zeros(2, 224, 224, 3, dtype=torch.uint8))
        assert hidden.shape == (2, *HIDDEN_SHAPE)
        assert trunk.forward_trained(hidden).shape == (2, trunk.dimensions) == (2, 1280)
