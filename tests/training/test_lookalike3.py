"""The training of the packaged encoder: a step changes what it should, and a stop nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from lookalike.encoders import Preprocessing
from lookalike.finetune.efficientnet_lite import HIDDEN_SHAPE, POOLED, EfficientNetLite2
from lookalike.finetune.network import EmbeddingNetwork, Trunk, unit_rows
from training.lookalike3 import trainer
from training.lookalike3.large import EDGE_WEIGHT, TwoTrunks
from training.lookalike3.trainer import Trainer, fit_copies_head, fit_general_head
from training.lookalike3.views import KEPT_VIEWS, VIEWS, ViewCache

PICTURES = 12


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ViewCache:
    """Noise of 12 pictures."""
    monkeypatch.setattr(trainer, "BATCH_PICTURES", 4)
    monkeypatch.setattr(trainer, "STEPS", 2)
    monkeypatch.setattr(trainer, "CHECKPOINT_STEPS", 1)
    cache = ViewCache(tmp_path / "work", PICTURES)
    random = np.random.default_rng(0)
    cache.hidden[:] = random.normal(0, 1, (PICTURES, VIEWS, *HIDDEN_SHAPE))
    cache.original[:] = random.uniform(0, 1, (PICTURES, KEPT_VIEWS, POOLED))
    return cache


def network_at_start() -> EmbeddingNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = EmbeddingNetwork(EfficientNetLite2())
        features = torch.randn(400, POOLED).abs()
    fit_general_head(network, features)
    fit_copies_head(network, features)
    return network


def trained(cache: ViewCache, checkpoint: Path, stop_after: int | None = None) -> EmbeddingNetwork:
    network = network_at_start()

    def on_step(run: Trainer) -> None:
        if run.step - 1 == stop_after:
            raise KeyboardInterrupt

    probabilities = np.full(PICTURES, 1 / PICTURES)
    Trainer(network, cache, probabilities, seed=1).train(checkpoint, on_step)
    return network


def test_a_stopped_training_continues_and_only_the_later_blocks_and_the_copies_head_change(
    cache: ViewCache, tmp_path: Path
) -> None:
    whole = trained(cache, tmp_path / "whole.pt").state_dict()
    with pytest.raises(KeyboardInterrupt):
        trained(cache, tmp_path / "stopped.pt", stop_after=1)
    continued = trained(cache, tmp_path / "stopped.pt").state_dict()
    start = network_at_start().state_dict()
    changed = {name for name in start if not torch.equal(start[name], whole[name])}
    assert {"copies.weight", "trunk.head.conv.weight"} <= changed
    assert "general.weight" not in changed
    assert not {name for name in changed if "depthwise.conv.weight" in name}
    assert not {name for name in changed if name.startswith(("trunk.stem", "trunk.blocks.0."))}
    for name, tensor in whole.items():
        assert torch.equal(continued[name], tensor), name


def test_a_cache_of_other_pictures_is_refused(cache: ViewCache) -> None:
    with pytest.raises(ValueError, match="is of other pictures; delete"):
        ViewCache(cache.folder, PICTURES + 1)


class Fixed(Trunk):
    """Returns the same features for every picture."""

    preprocessing = Preprocessing(width=2, height=2)

    def __init__(self, features: list[float]) -> None:
        super().__init__()
        self.features = torch.tensor([features])
        self.dimensions = len(features)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.features.expand(len(pixels), -1)


def test_the_second_trunk_has_its_share_of_the_cosine() -> None:
    pixels = torch.zeros(1, 2, 2, 3, dtype=torch.uint8)
    one, other = (
        unit_rows(TwoTrunks(Fixed([2.0, 0.0]), Fixed(second))(pixels))
        for second in ([5.0, 0.0], [0.0, 1.0])
    )
    assert (one @ other.T).item() == pytest.approx(1 / (1 + EDGE_WEIGHT))
