from __future__ import annotations

import math
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from lookalike.errors import ArgumentError, EncoderError
from lookalike.finetune import training_loop
from lookalike.finetune.data import Batches, LabelledSet, Reader, labelled_set
from lookalike.finetune.network import EmbeddingNetwork
from lookalike.finetune.training_loop import Trainer, TrainingProgress
from lookalike.sources import list_labelled
from tests.finetune.conftest import TinyTrunk

NOTHING = LabelledSet((), (), ())


@pytest.fixture
def make(labelled: Callable[..., Path]) -> Callable[..., Trainer]:
    pictures = labelled_set(list_labelled(labelled(red=6, green=6)))

    def trainer(*, epochs: int = 6, run: str = "this") -> Trainer:
        with torch.random.fork_rng():
            torch.manual_seed(2)
            network = EmbeddingNetwork(TinyTrunk(), classes=2)
        network.general.weight.data = torch.eye(12)
        network.copies.weight.data = torch.eye(12)
        batches = Batches(pictures, Reader(TinyTrunk.preprocessing), seed=0)
        return Trainer(network, batches, epochs=epochs, device="cpu", run=run)

    return trainer


def weights(trainer: Trainer) -> list[torch.Tensor]:
    state = trainer.averaged_network().state_dict()
    return [state[name] for name in sorted(state)]


def test_training_learns_the_labels_and_changes_nothing_else(
    make: Callable[..., Trainer], tmp_path: Path
) -> None:
    trainer = make(epochs=30)
    before = {k: v.clone() for k, v in trainer.network.state_dict().items()}
    trainer.train(NOTHING, checkpoint=str(tmp_path / "c"))
    after = trainer.averaged_network().state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {
        "copies.weight",
        "embed_class.weight",
        "proxies",
        "trunk.second.weight",
        "trunk.second.bias",
    }
    labels = trainer.history.parts["labels"]
    assert labels[-1] < labels[0] - 0.1
    assert len(trainer.history.loss) == 30
    assert all(map(math.isnan, trainer.history.validation))


def test_the_general_similarities_are_held_to_those_of_the_start(
    make: Callable[..., Trainer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = torch.from_numpy(make().batches.batch(0).first_views)

    def general(network: EmbeddingNetwork) -> torch.Tensor:
        with torch.inference_mode():
            return network.general_vector(network.trunk(pixels))

    def change(weight: float) -> float:
        monkeypatch.setattr(training_loop, "SIMILARITY_WEIGHT", weight)
        trainer = make(epochs=30)
        before = general(trainer.network)
        trainer.train(NOTHING, checkpoint=str(tmp_path / "c"))
        after = general(trainer.averaged_network())
        return float((after @ after.T - before @ before.T).abs().mean())

    assert change(100.0) < 0.5 * change(0.0)


def test_the_copies_head_learns(make: Callable[..., Trainer], tmp_path: Path) -> None:
    trainer = make(epochs=30)
    trainer.train(NOTHING, checkpoint=str(tmp_path / "c"))
    copies = trainer.history.parts["copies"]
    assert min(copies[-5:]) < copies[0]


def test_a_resumed_run_equals_an_uninterrupted_one(
    make: Callable[..., Trainer], tmp_path: Path
) -> None:
    checkpoint = str(tmp_path / "c.safetensors")
    whole, first, second = make(), make(), make()
    whole.train(NOTHING, checkpoint=str(tmp_path / "other"))

    def interrupt(now: TrainingProgress) -> None:
        if now.step == 4:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        first.train(NOTHING, checkpoint=checkpoint, on_progress=interrupt)
    assert first.step in {4, 5}  # the step is completed
    second.resume(checkpoint)
    assert second.step == first.step
    second.train(NOTHING, checkpoint=checkpoint)
    assert second.step == whole.step
    assert second.history.loss == whole.history.loss
    for one, other in zip(weights(whole), weights(second), strict=True):
        assert torch.equal(one, other)


def test_a_checkpoint_is_safetensors_and_belongs_to_one_run(
    make: Callable[..., Trainer], tmp_path: Path
) -> None:
    checkpoint = str(tmp_path / "c.safetensors")
    make(epochs=1).train(NOTHING, checkpoint=checkpoint)
    with safe_open(checkpoint, "pt") as file:
        assert "numbers" in file.metadata()
    with pytest.raises(ArgumentError, match="other pictures or options"):
        make(epochs=1, run="that").resume(checkpoint)
    with pytest.raises(ArgumentError, match="no usable checkpoint"):
        make().resume(str(tmp_path / "missing"))
    Path(checkpoint).write_bytes(b"damaged")
    with pytest.raises(ArgumentError, match="no usable checkpoint"):
        make().resume(checkpoint)


def test_a_loss_that_is_not_finite_stops_training(
    make: Callable[..., Trainer], tmp_path: Path
) -> None:
    trainer = make()
    with torch.no_grad():
        trainer.network.proxies[0, 0] = math.nan
    with pytest.raises(EncoderError, match="not finite after 0 steps"):
        trainer.train(NOTHING, checkpoint=str(tmp_path / "c"))
