from __future__ import annotations

import torch

from lookalike.finetune.mobilenet_edgetpu import FROZEN_BLOCKS, MobileNetEdgeTpu
from lookalike.finetune.network import CLASS_DIMENSIONS, EmbeddingNetwork
from tests.finetune.conftest import TinyTrunk


def test_vectors_have_unit_length_and_both_halves() -> None:
    network = EmbeddingNetwork(TinyTrunk(), classes=4)
    network.general.weight.data = torch.eye(18)
    network.settle()
    pixels = torch.randint(0, 256, (5, 32, 32, 3), dtype=torch.uint8)
    vectors = network(pixels)
    assert vectors.shape == (5, network.dimensions) == (5, 18 + CLASS_DIMENSIONS)
    assert torch.allclose(vectors.norm(dim=1), torch.ones(5), atol=1e-5)


def test_the_class_half_is_silent_where_no_class_is_believed() -> None:
    network = EmbeddingNetwork(TinyTrunk(), classes=100)
    network.general.weight.data = torch.eye(18)
    features = torch.rand(1, 18)
    with torch.no_grad():
        sure = network.class_vector(features)[0]
        network.proxies.copy_(torch.randn(100, CLASS_DIMENSIONS))
        network.settle()
        quiet = network.embed(features)[0, 18:].norm()
        network.proxies[7] = sure
        network.embed_class.weight.mul_(2)  # its length does not matter
        loud = network.embed(features)[0, 18:]
    assert quiet < 0.25
    assert loud.norm() > 0.6
    assert torch.argmax(network.proxies @ loud) == 7


def test_only_the_later_blocks_are_trained() -> None:
    trunk = MobileNetEdgeTpu()
    names = {name for name, _ in trunk.trained()}
    assert names <= {name for name, _ in trunk.named_parameters()}
    assert {name.split(".")[0] for name in names} == {"blocks", "head"}
    blocks = {int(name.split(".")[1]) for name in names if name.startswith("blocks")}
    assert blocks == set(range(FROZEN_BLOCKS, len(trunk.blocks)))


def test_the_packaged_trunk_has_the_parameters_of_its_paper() -> None:
    trunk = MobileNetEdgeTpu()
    assert round(sum(p.numel() for p in trunk.parameters()) / 1e6, 2) == 2.79
    with torch.inference_mode():
        features = trunk(torch.zeros(2, 224, 224, 3, dtype=torch.uint8))
    assert features.shape == (2, sum(trunk.groups)) == (2, 1280 + 96 + 96 + 160)
