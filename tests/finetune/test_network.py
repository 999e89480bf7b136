from __future__ import annotations

import pytest
import torch

from lookalike.finetune.mobilenet_edgetpu import FROZEN_BLOCKS, MobileNetEdgeTpu
from lookalike.finetune.network import (
    CLASS_DIMENSIONS,
    CONCEPT_DIMENSIONS,
    EmbeddingNetwork,
    concept_proxies,
)
from tests.finetune.conftest import TinyTrunk


@pytest.mark.parametrize(("concepts", "more"), [(0, 0), (9, CONCEPT_DIMENSIONS)])
def test_vectors_have_unit_length_and_all_parts(concepts: int, more: int) -> None:
    network = EmbeddingNetwork(TinyTrunk(concepts=concepts), classes=4)
    network.general.weight.data = torch.eye(18)
    network.normalise_proxies()
    pixels = torch.randint(0, 256, (5, 32, 32, 3), dtype=torch.uint8)
    vectors = network(pixels)
    assert vectors.shape == (5, network.dimensions) == (5, 18 + CLASS_DIMENSIONS + more)
    assert torch.allclose(vectors.norm(dim=1), torch.ones(5), atol=1e-5)


def test_the_class_part_is_short_if_no_class_is_likely() -> None:
    network = EmbeddingNetwork(TinyTrunk(), classes=100)
    network.general.weight.data = torch.eye(18)
    features = torch.rand(1, 18)
    with torch.no_grad():
        vector = network.class_vector(features)[0]
        network.proxies.copy_(torch.randn(100, CLASS_DIMENSIONS))
        network.normalise_proxies()
        unknown = network.embed(features, network.proxies)[0, 18:].norm()
        network.proxies[7] = vector
        network.embed_class.weight.mul_(2)  # its length does not matter
        known = network.embed(features, network.proxies)[0, 18:]
    assert unknown < 0.4
    assert known.norm() > 0.6
    assert torch.argmax(network.proxies @ known) == 7


def test_two_classes_need_as_much_evidence_as_a_hundred() -> None:
    network = EmbeddingNetwork(TinyTrunk(), classes=2)
    network.general.weight.data = torch.eye(18)
    with torch.no_grad():
        network.proxies.copy_(torch.eye(CLASS_DIMENSIONS)[:2])
        network.embed_class.weight.zero_()
        network.embed_class.weight[2] = 1  # at a right angle to both
        class_part = network.embed(torch.rand(1, 18), network.proxies)[0, 18:]
    assert class_part.norm() < 0.02  # a softmax over these two alone would be one half each


def test_the_concept_part_follows_the_classifier() -> None:
    trunk = TinyTrunk(concepts=3)
    assert trunk.classifier is not None
    with torch.no_grad():
        trunk.classifier.weight.copy_(torch.eye(12)[:3] * 40)
        trunk.classifier.bias.zero_()
    network = EmbeddingNetwork(trunk, classes=2)
    network.general.weight.data = torch.eye(18)
    network.normalise_proxies()
    with torch.no_grad():
        concept_part = network.embed(torch.eye(18)[:3], network.proxies)[:, -CONCEPT_DIMENSIONS:]
    assert torch.equal((concept_part @ network.concepts.T).argmax(dim=1), torch.arange(3))


def test_similar_concepts_are_close() -> None:
    torch.manual_seed(0)
    weight = torch.randn(30, 12)
    weight[1] = weight[0] + 0.1 * torch.randn(12)
    proxies = concept_proxies(weight)
    assert proxies.shape == (30, CONCEPT_DIMENSIONS)
    assert torch.allclose(proxies.norm(dim=1), torch.ones(30), atol=1e-5)
    assert (proxies @ proxies[0]).argsort()[-2] == 1


def test_only_the_later_blocks_are_trained() -> None:
    trunk = MobileNetEdgeTpu()
    names = {name for name, _ in trunk.trained_parameters()}
    assert names <= {name for name, _ in trunk.named_parameters()}
    assert {name.split(".")[0] for name in names} == {"blocks", "head"}
    blocks = {int(name.split(".")[1]) for name in names if name.startswith("blocks")}
    assert blocks == set(range(FROZEN_BLOCKS, len(trunk.blocks)))


def test_the_packaged_trunk_has_the_parameters_of_its_paper() -> None:
    trunk = MobileNetEdgeTpu()
    assert round(sum(p.numel() for p in trunk.parameters()) / 1e6, 2) == 2.79
    with torch.inference_mode():
        features = trunk(torch.zeros(2, 224, 224, 3, dtype=torch.uint8))
    assert features.shape == (2, sum(trunk.part_sizes)) == (2, 1280 + 96 + 96 + 160)
