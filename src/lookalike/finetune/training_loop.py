"""The training loop; it can stop after any step and resume exactly."""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import threading
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..errors import ArgumentError, EncoderError
from . import losses
from .features import autocast, mean_average_precision, trunk_features
from .network import copy_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor
    from typing_extensions import Self

    from .data import Batch, Batches, LabelledSet
    from .network import EmbeddingNetwork, Trunk

LEARNING_RATE = 4e-4  # AdamW's, at its highest
CLASS_HEAD_FACTOR = 10.0  # it starts from scratch
WEIGHT_DECAY = 0.02
WARMUP_STEPS = 100
MAX_GRADIENT_NORM = 1.0
AVERAGE_DECAY = 0.998  # of the moving average of the weights, which is exported
OUTLIER_WEIGHT = 0.3
COPIES_WEIGHT = 0.75
SIMILARITY_WEIGHT = 1.0
_NUMBERS_KEY = "numbers"  # of the checkpoint's JSON in the file's metadata


@dataclass(slots=True)
class History:
    """The course of a run so far; lists have one entry for each epoch.

    Attributes:
        loss: mean over the epoch's steps.
        parts: the terms of the loss, by name; they add up to `loss`.
        validation: mAP of the class head on held-out pictures, 0..1; NaN without any.
        seconds: of training.
    """

    loss: list[float] = field(default_factory=list)
    parts: dict[str, list[float]] = field(default_factory=dict)
    validation: list[float] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """Progress of a training run.

    Attributes:
        step: steps done.
        steps: steps in all.
        views: seen by the network in this epoch.
        seconds: since the epoch began.
        loss: running mean.
        validation: the last measured, see `History`.
    """

    step: int
    steps: int
    views: int
    seconds: float
    loss: float
    validation: float


class Trainer:
    """Trains a network, keeps the moving average of its weights, and writes checkpoints."""

    def __init__(
        self,
        network: EmbeddingNetwork,
        batches: Batches,
        *,
        epochs: int,
        device: str,
        run: str,
    ) -> None:
        """Prepare; `run` identifies everything that decides the result, for `resume` to check."""
        self.network = network.to(device).eval()  # batch norm and dropout stay fixed
        self.batches, self.device, self.run = batches, device, run
        self.steps = epochs * len(batches)
        self.step = 0
        self.history = History()
        self.original = _OriginalTrunk(network.trunk)
        self.average = copy_state(network)
        network.requires_grad_(requires_grad=False)
        trunk = [parameter for _, parameter in network.trunk.trained_parameters()]
        later = [*trunk, *network.copies.parameters()]  # trained before, so at a lower rate
        class_head = [*network.embed_class.parameters(), network.proxies]
        self.trained = [*later, *class_head]
        for parameter in self.trained:
            parameter.requires_grad = True
        self.optimizer = torch.optim.AdamW(
            [
                {"params": later, "rate": LEARNING_RATE},
                {"params": class_head, "rate": LEARNING_RATE * CLASS_HEAD_FACTOR},
            ],
            weight_decay=WEIGHT_DECAY,
            betas=(0.9, 0.98),
        )
        self._sums: dict[str, float] = {}  # of the losses in this epoch

    def train(
        self,
        held_out: LabelledSet,
        *,
        checkpoint: str,
        on_progress: Callable[[TrainingProgress], None] = lambda _: None,
    ) -> None:
        """Train to the last step; write a checkpoint after each epoch and on Ctrl-C.

        Raises:
            EncoderError: the loss is not finite.
            KeyboardInterrupt: stopped; the checkpoint is written.
        """
        started, first_step = time.monotonic(), self.step
        batches = self.batches.prefetch(self.step, self.steps)
        with _DeferredInterrupt() as interrupt, contextlib.closing(batches):
            for batch in batches:
                loss = self._train_step(batch)
                self.step += 1
                seconds = time.monotonic() - started
                if self.step % len(self.batches) == 0:
                    self._end_epoch(held_out)
                    self.history.seconds += time.monotonic() - started
                    started, first_step = time.monotonic(), self.step
                    self.save(checkpoint)
                views = 2 * (self.step - first_step) * len(batch.labels)
                last = self.history.validation[-1] if self.history.validation else math.nan
                on_progress(TrainingProgress(self.step, self.steps, views, seconds, loss, last))
                if interrupt.requested:
                    self.history.seconds += time.monotonic() - started
                    self.save(checkpoint)
                    raise KeyboardInterrupt

    def _train_step(self, batch: Batch) -> float:
        """Train on one batch of N pictures; return the epoch's mean loss so far."""
        warmup = min(1.0, (self.step + 1) / WARMUP_STEPS)
        decay = (1 + math.cos(math.pi * self.step / self.steps)) / 2
        for group in self.optimizer.param_groups:
            group["lr"] = group["rate"] * warmup * decay

        network = self.network
        pixels = torch.from_numpy(np.concatenate([batch.first_views, batch.second_views]))
        pixels = pixels.to(self.device)  # [2N, H, W, 3]
        labels = torch.from_numpy(batch.labels).to(self.device)  # [N]
        view_labels = torch.cat([labels, labels])  # [2N]
        with autocast(self.device), torch.no_grad():
            hidden = network.trunk.forward_frozen(pixels)
            original = self.original(hidden)  # [2N, F], before training
        with autocast(self.device):
            features = network.trunk.forward_trained(hidden)  # [2N, F]

        cosines = network.class_cosines(features)  # [2N, K]
        first, second = network.copies_vector(features).chunk(2)  # [N, C] each
        general = network.general_vector(features)  # [2N, G]
        kept = losses.similarity_distillation(general, network.general_vector(original))
        parts = {  # by the names in checkpoints
            "labels": losses.normalised_softmax(cosines, view_labels),
            "silence": OUTLIER_WEIGHT * losses.outlier_exposure(cosines, view_labels),
            "copies": COPIES_WEIGHT * losses.instance_discrimination(first, second, labels),
            "kept": SIMILARITY_WEIGHT * kept,
        }
        loss = torch.stack(list(parts.values())).sum()
        if not torch.isfinite(loss):
            raise EncoderError(
                f"The loss is not finite after {self.step} steps; train with another --seed, or "
                "start from another network."
            )

        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.trained, MAX_GRADIENT_NORM)
        self.optimizer.step()
        self._update_average()
        for name, part in {"loss": loss, **parts}.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(part.detach())
        return self._sums["loss"] / (self.step % len(self.batches) + 1)

    def _update_average(self) -> None:
        decay = min(AVERAGE_DECAY, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            current = self.network.state_dict()
            for name, average in self.average.items():
                if average.is_floating_point():
                    average.lerp_(current[name], 1 - decay)

    def _end_epoch(self, held_out: LabelledSet) -> None:
        """Record the epoch's losses, and measure the averaged network."""
        steps = len(self.batches)
        self.history.loss.append(self._sums.pop("loss") / steps)
        for name, total in self._sums.items():
            self.history.parts.setdefault(name, []).append(total / steps)
        self._sums = {}
        current = copy_state(self.network)
        self.network.load_state_dict(self.average)
        features = trunk_features(self.network, held_out, self.batches.reader)
        vectors = self.network.class_vector(features.to(self.device)).detach().cpu().numpy()
        self.history.validation.append(mean_average_precision(vectors, held_out.labels))
        self.network.load_state_dict(current)

    def averaged_network(self) -> EmbeddingNetwork:
        """Return the network with its averaged weights, in eval mode."""
        self.network.load_state_dict(self.average)
        self.network.normalise_proxies()
        return self.network

    def save(self, path: str) -> None:
        """Write a checkpoint of everything that the next step needs; atomically."""
        from safetensors.torch import save_file

        tensors = {f"network.{k}": v for k, v in copy_state(self.network).items()}
        tensors |= {f"average.{k}": v for k, v in self.average.items()}
        for n, moments in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{n}.{k}": torch.as_tensor(v) for k, v in moments.items()}
        numbers = {
            "run": self.run,
            "step": self.step,
            "history": asdict(self.history),
            "sums": self._sums,
        }
        tensors = {name: tensor.cpu().contiguous() for name, tensor in tensors.items()}
        save_file(tensors, path + ".part", {_NUMBERS_KEY: json.dumps(numbers)})
        os.replace(path + ".part", path)

    def resume(self, path: str) -> None:
        """Restore the state of a checkpoint.

        Raises:
            ArgumentError: it does not exist, can't be read, or belongs to another run.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, "pt", device=self.device) as file:
                numbers = json.loads(file.metadata()[_NUMBERS_KEY])
                names = file.keys()
                tensors = {name: file.get_tensor(name) for name in names}
        except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
            raise ArgumentError(
                f"There is no usable checkpoint at {path} ({error}); leave out --resume."
            ) from error
        if numbers["run"] != self.run:
            raise ArgumentError(
                f"The checkpoint {path} belongs to a run with other pictures or options; use the "
                "same again, or delete it to start over."
            )
        self.network.load_state_dict(_without_prefix(tensors, "network."))
        self.average = _without_prefix(tensors, "average.")
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _without_prefix(tensors, "optimizer.").items():
            n, _, key = name.partition(".")
            moments.setdefault(int(n), {})[key] = tensor
        optimizer = self.optimizer.state_dict()
        optimizer["state"] = moments
        self.optimizer.load_state_dict(optimizer)
        self.step, self._sums = numbers["step"], numbers["sums"]
        self.history = History(**numbers["history"])


class _OriginalTrunk:
    """The trained layers of a trunk, with a copy of their weights from before training."""

    def __init__(self, trunk: Trunk) -> None:
        self._layers = _TrainedLayers(trunk)
        self._weights = copy_state(self._layers)

    def __call__(self, hidden: Tensor) -> Tensor:
        features: Tensor = torch.func.functional_call(self._layers, self._weights, hidden)
        return features


class _TrainedLayers(torch.nn.Module):
    """A trunk whose forward is `forward_trained`, so that it can run with other weights."""

    def __init__(self, trunk: Trunk) -> None:
        super().__init__()
        self.trunk = trunk

    def forward(self, hidden: Tensor) -> Tensor:
        return self.trunk.forward_trained(hidden)


class _DeferredInterrupt:
    """Delays Ctrl-C to the end of the step, so that the state is consistent; not a second one."""

    def __init__(self) -> None:
        self.requested = False

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGINT, self._request)
        return self

    def __exit__(self, *_: object) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._previous)

    def _request(self, *_: object) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True


def _without_prefix(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
