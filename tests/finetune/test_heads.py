from __future__ import annotations

import torch

from lookalike.finetune.heads import fit_heads
from lookalike.finetune.network import COPIES_DIMENSIONS, EmbeddingNetwork, unit_rows
from tests.finetune.conftest import TinyTrunk


class WideTrunk(TinyTrunk):
    """Says that it has more features than the copies head has rows."""

    dimensions = 150


def features(count: int, *, noisy: int, seed: int = 0) -> tuple[torch.Tensor, list[int]]:
    """Make features of two labels that differ in 0 and 1; feature `noisy` varies without meaning."""
    generator = torch.Generator().manual_seed(seed)
    labels = [n % 2 for n in range(count)]
    x = 1 + 0.05 * torch.rand(count, 12, generator=generator)
    x[torch.arange(count), torch.tensor(labels)] += 0.5
    x[:, noisy] += 3 * torch.rand(count, generator=generator)
    return x, labels


def test_features_that_vary_within_labels_weigh_less() -> None:
    network = EmbeddingNetwork(TinyTrunk(), classes=2)
    x, labels = features(400, noisy=5)
    fit_heads(network, x, x, labels)
    weights = network.general.weight.T @ network.general.weight  # the metric: [12, 12]
    assert weights[5, 5] < 0.9 * weights[3, 3]  # the ridge limits the effect

    def separation(vectors: torch.Tensor) -> float:
        same = torch.tensor(labels)[:, None] == torch.tensor(labels)[None]
        cosines = (vectors @ vectors.T).detach()
        return float((cosines[same].mean() - cosines[~same].mean()) / cosines[same].std())

    before = unit_rows(x)
    assert separation(network.general_vector(x)) > separation(before)


def test_features_that_edits_change_weigh_less() -> None:
    network = EmbeddingNetwork(TinyTrunk(), classes=2)
    x, _ = features(300, noisy=5)
    edited = x.clone()
    edited[:, 7] += torch.rand(300) * 2
    fit_heads(network, x, edited, [-1] * 300)  # no labels
    weights = network.general.weight.T @ network.general.weight
    assert weights[7, 7] < 0.9 * weights[3, 3]


def test_few_pictures_change_directions_little() -> None:
    network = EmbeddingNetwork(TinyTrunk(), classes=2)
    x, labels = features(6, noisy=9)
    fit_heads(network, x, x, labels)
    metric = network.general.weight.T @ network.general.weight
    assert metric.diagonal().min() > 0.4 * metric.diagonal().max()


def test_the_copies_head_starts_with_the_first_components() -> None:
    network = EmbeddingNetwork(WideTrunk())
    x = torch.rand(50, WideTrunk.dimensions)
    fit_heads(network, x, x, [-1] * 50)
    assert network.copies.weight.any()
    assert torch.equal(network.copies.weight, network.general.weight[:COPIES_DIMENSIONS])


def test_labels_of_one_picture_and_constant_features() -> None:
    network = EmbeddingNetwork(TinyTrunk(), classes=3)
    x = torch.zeros(3, 12)
    x[:, 0] = torch.tensor([1.0, 2.0, 3.0])
    fit_heads(network, x, x, [0, 1, 2])
    assert torch.isfinite(network.general_vector(x)).all()
