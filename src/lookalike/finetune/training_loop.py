"""The training loop, from the first step to the last; it can stop anywhere and go on exactly."""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import threading
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..errors import ArgumentError, EncoderError
from ..evaluate import retrieval_metrics
from . import losses
from .data import prepared
from .network import state, unit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor
    from typing_extensions import Self

    from .data import Batches, LabelledSet, Reader
    from .network import EmbeddingNetwork

TRUNK_RATE = 4e-4  # AdamW's learning rate at its highest
HEADS_FASTER = 10.0  # the heads start from nothing
WEIGHT_DECAY = 0.02
WARMUP_STEPS = 100
LONGEST_GRADIENT = 1.0
AVERAGING = 0.998  # of the weights over the steps; the average is what is exported
COPIES_WEIGHT = 0.75
KEPT_WEIGHT = 1.0
BELIEFS_WEIGHT = 0.5
SILENCE_WEIGHT = 0.3
PICTURES_AT_ONCE = 32
_NUMBERS = "numbers"  # the checkpoint's JSON, in the file's metadata


@dataclass(slots=True)
class History:
    """What a run has seen so far; one entry an epoch.

    Attributes:
        loss: mean over the epoch's steps.
        parts: the losses that it is the sum of, by name, likewise.
        validation: mAP of the class head on pictures held out, 0..1; NaN where none are.
        seconds: of the training up to now.
    """

    loss: list[float] = field(default_factory=list)
    parts: dict[str, list[float]] = field(default_factory=dict)
    validation: list[float] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Training:
    """How far a training is.

    Attributes:
        step: steps done.
        steps: of how many.
        pictures: views through the network in this run so far.
        seconds: of this run.
        loss: running mean.
        validation: the last measured, see `History`.
    """

    step: int
    steps: int
    pictures: int
    seconds: float
    loss: float
    validation: float


class Trainer:
    """The network in training, its average, and what brings both back after a stop."""

    def __init__(
        self,
        network: EmbeddingNetwork,
        batches: Batches,
        *,
        epochs: int,
        device: str,
        run: str,
    ) -> None:
        """Prepare; `run` names everything that decides the result, so that no other goes on."""
        self.network = network.to(device).eval()  # batch norm and dropout stay as they are
        self.batches, self.device, self.run = batches, device, run
        self.steps = epochs * len(batches)
        self.step = 0
        self.history = History()
        self.original = {name: tensor.to(device) for name, tensor in state(network.trunk).items()}
        self.average = state(network)
        for parameter in network.parameters():
            parameter.requires_grad_(False)  # noqa: FBT003
        self.trunk = [parameter for _, parameter in network.trunk.trained()]
        self.heads = [*network.embed_class.parameters(), network.proxies]
        for parameter in (*self.trunk, *self.heads):
            parameter.requires_grad_(True)  # noqa: FBT003
        groups = [{"params": self.trunk}, {"params": self.heads}]
        self.optimizer = torch.optim.AdamW(groups, weight_decay=WEIGHT_DECAY, betas=(0.9, 0.98))
        self._sums: dict[str, float] = {}

    def train(
        self,
        held_out: LabelledSet,
        *,
        checkpoint: str,
        on_progress: Callable[[Training], None] = lambda _: None,
    ) -> None:
        """Run from where it is to the last step; write a checkpoint after each epoch and on Ctrl-C.

        Raises:
            EncoderError: the loss is no longer a number.
            KeyboardInterrupt: stopped; the checkpoint is written.
        """
        began, first = time.monotonic(), self.step
        batches = self.batches.run(self.step, self.steps)
        with _Interrupt() as interrupt, contextlib.closing(batches):
            for batch in batches:
                loss = self._step(batch.one, batch.other, torch.from_numpy(batch.labels))
                self.step += 1
                seconds = time.monotonic() - began
                if self.step % len(self.batches) == 0:
                    self._end_epoch(held_out)
                    self.history.seconds += time.monotonic() - began
                    began, first = time.monotonic(), self.step
                    self.save(checkpoint)
                views = 2 * (self.step - first) * (self.batches.size + self.batches.made)
                last = self.history.validation[-1] if self.history.validation else math.nan
                on_progress(Training(self.step, self.steps, views, seconds, loss, last))
                if interrupt.asked:
                    self.history.seconds += time.monotonic() - began
                    self.save(checkpoint)
                    raise KeyboardInterrupt

    def _step(
        self, one: np.ndarray[Any, Any], other: np.ndarray[Any, Any], labels: Tensor
    ) -> float:
        """Look at N pictures in two views each, and change the weights a little."""
        for group, rate in zip(
            self.optimizer.param_groups, (TRUNK_RATE, TRUNK_RATE * HEADS_FASTER), strict=True
        ):
            warm = min(1.0, (self.step + 1) / WARMUP_STEPS)
            group["lr"] = rate * warm * (1 + math.cos(math.pi * self.step / self.steps)) / 2
        network, labels = self.network, labels.to(self.device)
        pixels = torch.from_numpy(np.concatenate([one, other])).to(self.device)
        with autocast(self.device), torch.no_grad():
            shared = network.trunk.frozen(pixels)
            original = torch.func.functional_call(
                _Tail(network.trunk), _tail(self.original), shared
            )
        with autocast(self.device):
            features = network.trunk.tail(shared)  # [2N, F]
        pooled = network.trunk.groups[0]
        both = torch.cat([labels, labels])
        cosines = network.class_cosines(features)  # [2N, C]
        seen, before = unit(features[:, :pooled]), unit(original[:, :pooled])
        one_vector, other_vector = network.general_vector(features).chunk(2)
        parts = {
            "labels": losses.normalised_softmax(cosines, both),
            "silence": SILENCE_WEIGHT * losses.silence(cosines, both),
            "copies": COPIES_WEIGHT * losses.copies(one_vector, other_vector, labels),
            "kept": KEPT_WEIGHT * losses.kept_similarities(seen, before),
        }
        if network.trunk.classifier:
            believed, known = network.beliefs(features), network.beliefs(original)
            parts["beliefs"] = BELIEFS_WEIGHT * losses.kept_beliefs(believed, known)
        loss = torch.stack(list(parts.values())).sum()
        if not torch.isfinite(loss):
            raise EncoderError(
                f"The loss is no number after {self.step} steps; train with another --seed, or "
                "start from another network."
            )
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_([*self.trunk, *self.heads], LONGEST_GRADIENT)
        self.optimizer.step()
        keep = min(AVERAGING, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            now = self.network.state_dict()
            for name, averaged in self.average.items():
                if averaged.is_floating_point():
                    averaged.lerp_(now[name], 1 - keep)
        for name, part in {"loss": loss, **parts}.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(part.detach())
        return self._sums["loss"] / (self.step % len(self.batches) + 1)

    def _end_epoch(self, held_out: LabelledSet) -> None:
        steps = len(self.batches)
        self.history.loss.append(self._sums.pop("loss") / steps)
        for name, total in self._sums.items():
            self.history.parts.setdefault(name, []).append(total / steps)
        self._sums = {}
        training = state(self.network)
        self.network.load_state_dict(self.average)
        features = trunk_features(self.network, held_out, self.batches.reader, self.device)
        vectors = self.network.class_vector(features).detach().cpu().numpy()
        self.history.validation.append(mean_average_precision(vectors, held_out.labels))
        self.network.load_state_dict(training)

    def finished(self) -> EmbeddingNetwork:
        """Give the network with its averaged weights, in eval mode."""
        self.network.load_state_dict(self.average)
        self.network.settle()
        return self.network

    def save(self, path: str) -> None:
        """Write everything that the next step depends on; atomically."""
        from safetensors.torch import save_file

        tensors = {f"network.{k}": v for k, v in state(self.network).items()}
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
        save_file(tensors, path + ".part", {_NUMBERS: json.dumps(numbers)})
        os.replace(path + ".part", path)

    def resume(self, path: str) -> None:
        """Go back to where a checkpoint was written.

        Raises:
            ArgumentError: there is none, it can't be read, or it is of another training.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, "pt", device=self.device) as file:
                numbers = json.loads(file.metadata()[_NUMBERS])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
            raise ArgumentError(
                f"There is no checkpoint to go on from at {path} ({error}); leave out --resume."
            ) from error
        if numbers["run"] != self.run:
            raise ArgumentError(
                f"The checkpoint {path} is of a training with other pictures or options; give the "
                "same again, or delete it to begin anew."
            )
        self.network.load_state_dict(_under(tensors, "network."))
        self.average = _under(tensors, "average.")
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _under(tensors, "optimizer.").items():
            n, _, key = name.partition(".")
            moments.setdefault(int(n), {})[key] = tensor
        optimizer = self.optimizer.state_dict()
        optimizer["state"] = moments
        self.optimizer.load_state_dict(optimizer)
        self.step, self._sums = numbers["step"], numbers["sums"]
        self.history = History(**numbers["history"])


class _Interrupt:
    """Ctrl-C waits for the end of the step, so that the state is whole; a second one does not."""

    def __init__(self) -> None:
        self.asked = False

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._before)

    def _ask(self, *_: object) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


class _Tail(torch.nn.Module):
    """A trunk whose forward is only its tail, to be called with other weights."""

    def __init__(self, trunk: torch.nn.Module) -> None:
        super().__init__()
        self.trunk = trunk

    def forward(self, x: Tensor) -> Tensor:
        features: Tensor = self.trunk.tail(x)  # type: ignore[operator]
        return features


def _tail(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"trunk.{name}": tensor for name, tensor in weights.items()}


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def autocast(device: str) -> torch.autocast:
    """Compute in bfloat16 where the processor has instructions for it; weights stay float32."""
    fast = device != "cpu" or torch.cpu.get_capabilities().get("avx512_bf16", False)
    return torch.autocast(device.partition(":")[0], torch.bfloat16, enabled=fast)


@torch.inference_mode()
def trunk_features(  # noqa: PLR0913
    network: EmbeddingNetwork,
    pictures: LabelledSet,
    reader: Reader,
    device: str,
    *,
    edited_with: int | None = None,
    on_pictures: Callable[[int], None] = lambda _: None,
) -> Tensor:
    """Run the trunk over pictures: float32 [N, F], on the CPU.

    `edited_with` is the seed to edit them by first; None for the pictures as they are.
    """
    rows = [torch.empty(0, sum(network.trunk.groups))]
    done = 0
    for pixels in prepared(pictures.paths, reader, PICTURES_AT_ONCE, seed=edited_with):
        with autocast(device):
            features = network.trunk(torch.from_numpy(pixels).to(device))
        rows.append(features.float().cpu())
        done += len(pixels)
        on_pictures(done)
    return torch.cat(rows)


def mean_average_precision(vectors: np.ndarray[Any, Any], labels: Sequence[int]) -> float:
    """Measure leave-one-out retrieval; NaN where there is nothing to find."""
    if len(set(labels)) == len(labels):
        return math.nan
    return retrieval_metrics(vectors, labels, vectors, labels, leave_one_out=True, resamples=0)[
        "mAP"
    ].mean
