"""Trains the student's later blocks and its general head to see as both teachers do.

The target of a view is the teachers' features side by side, reduced to principal components of the
training pictures. The student learns its cosine with the target, and the cosines within the batch
(Tung and Mori, "Similarity-Preserving Knowledge Distillation", 2019). The teachers saw each view
themselves: a fixed target for a changed picture teaches less (Beyer et al., "Knowledge
Distillation: A Good Teacher Is Patient and Consistent", 2022).
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from lookalike.finetune.bias_correction import rounded
from lookalike.finetune.features import autocast
from lookalike.finetune.losses import similarity_distillation
from lookalike.finetune.network import unit_rows

from .views import MILD, WHOLE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from lookalike.finetune.network import EmbeddingNetwork

    from .views import ViewCache

EDGE_WEIGHT = 0.7  # of the second teacher's cosine; the first has 1
WHITENING = 0.2  # exponent: 0 keeps the variances of the components, 0.5 makes them alike
LARGEST = 10  # the variance of this component, and of those before it, counts as one
FITTED_PICTURES = 14_000  # for the components
BATCH_PICTURES = 64  # in two views each
STEPS = 1_600
RATE = 2e-3  # AdamW's, at its highest, times the root mean square of a weight
MIN_SIZE = 0.05  # of a bias, for its rate
WARMUP_STEPS = 40
AVERAGE_DECAY = 0.995
SIMILARITY_WEIGHT = 0.3
MAX_GRADIENT_NORM = 1.0
CHECKPOINT_STEPS = 100


class Targets(NamedTuple):
    """From the teachers' features to what the student learns."""

    components: Tensor  # [2F, G]

    def __call__(self, lite: Tensor, edge: Tensor) -> Tensor:
        """Map two [N, F] to [N, G], unit length."""
        return unit_rows(_joint(lite, edge) @ self.components)


def fit_head(network: EmbeddingNetwork, lite: Tensor, edge: Tensor) -> Targets:
    """Set the general head to the principal components of the student's features at its start.

    Args:
        network: of the first teacher's trunk.
        lite: float32 [N, F], features of the first teacher.
        edge: float32 [N, F], features of the second.

    Returns:
        targets, rotated towards the student's vectors; a rotation changes no cosine.
    """
    start = unit_rows(lite)
    head = _principal_components(start, network.general.out_features)
    joint = _joint(lite, edge)
    components = _principal_components(joint, network.general.out_features)
    left, _, right = torch.linalg.svd(unit_rows(joint @ components).T @ unit_rows(start @ head))
    with torch.no_grad():
        network.general.weight.copy_(head.T)
    return Targets(components @ left @ right)


def _joint(lite: Tensor, edge: Tensor) -> Tensor:
    """Put the teachers' features side by side: two [N, F] to [N, 2F]."""
    return torch.cat([unit_rows(lite), unit_rows(edge) * EDGE_WEIGHT**0.5], dim=1)


def _principal_components(features: Tensor, dimensions: int) -> Tensor:
    """Return the matrix [F, dimensions] to the components of [N, F], whitened a little."""
    values, vectors = torch.linalg.eigh((features.T @ features).double())  # ascending
    values, vectors = values.flip(0)[:dimensions], vectors.flip(1)[:, :dimensions]
    return (vectors * (values / values[LARGEST] + 1e-3) ** -WHITENING).float()


class Distillation:
    """Trains a network on the views of a cache; stops after any step and continues exactly.

    Attributes:
        step: steps done.
        losses: of the last steps: 1 - cosine with the target, and the change of cosines.
    """

    def __init__(
        self,
        network: EmbeddingNetwork,
        targets: Targets,
        cache: ViewCache,
        probabilities: NDArray[np.float64],
        *,
        seed: int,
    ) -> None:
        """Prepare; `probabilities` [N] say how often each picture of the cache is used."""
        self.network, self.targets, self.cache = network.eval(), targets, cache
        self.probabilities, self.seed, self.step = probabilities, seed, 0
        self.losses: deque[tuple[float, float]] = deque(maxlen=25)
        network.requires_grad_(requires_grad=False)
        self.trained = [
            *(parameter for _, parameter in network.trunk.trained_parameters()),
            network.general.weight,
        ]
        for parameter in self.trained:
            parameter.requires_grad = True
        self.optimizer = torch.optim.AdamW(
            [{"params": [p], "rate": RATE * _size(p)} for p in self.trained],
            weight_decay=0.0,
            betas=(0.9, 0.99),
        )
        self.average = [parameter.detach().clone() for parameter in self.trained]
        for layer in network.trunk.modules():
            if isinstance(layer, nn.Conv2d) and layer.weight.requires_grad:
                parametrize.register_parametrization(layer, "weight", _Rounded())

    def train(self, checkpoint: Path, on_step: Callable[[Distillation], None]) -> None:
        """Train to the last step, with checkpoints, and keep the averaged weights.

        Continues from a checkpoint that exists.
        """
        if checkpoint.exists():
            self._restore(torch.load(checkpoint, weights_only=True))
        while self.step < STEPS:
            self._train_step()
            self.step += 1
            on_step(self)
            if self.step % CHECKPOINT_STEPS == 0 or self.step == STEPS:
                part = checkpoint.with_suffix(".part")
                torch.save(self._state(), part)
                part.replace(checkpoint)
        for layer in self.network.modules():
            if parametrize.is_parametrized(layer, "weight"):
                parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
        with torch.no_grad():
            for parameter, average in zip(self.trained, self.average, strict=True):
                parameter.copy_(average)

    def _state(self) -> dict[str, Any]:
        return {
            "trained": [parameter.detach() for parameter in self.trained],
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
            "components": self.targets.components,
            "step": self.step,
        }

    def _restore(self, state: dict[str, Any]) -> None:
        with torch.no_grad():
            for parameter, value in zip(self.trained, state["trained"], strict=True):
                parameter.copy_(value)
        self.average = state["average"]
        self.optimizer.load_state_dict(state["optimizer"])
        self.targets = Targets(state["components"])
        self.step = state["step"]

    def _train_step(self) -> None:
        decay = (1 + math.cos(math.pi * self.step / STEPS)) / 2
        for group in self.optimizer.param_groups:
            group["lr"] = group["rate"] * decay * min(1.0, (self.step + 1) / WARMUP_STEPS)
        random = np.random.default_rng((self.seed, self.step))
        rows = random.choice(
            len(self.probabilities), BATCH_PICTURES, replace=False, p=self.probabilities
        )
        mild = random.choice(MILD, BATCH_PICTURES)
        views = np.concatenate([np.full(BATCH_PICTURES, WHOLE), mild])
        rows = np.concatenate([rows, rows])
        hidden, lite, edge = (
            torch.from_numpy(array[rows, views]).float()
            for array in (self.cache.hidden, self.cache.lite, self.cache.edge)
        )
        targets = self.targets(lite, edge)
        with autocast("cpu"):
            features = self.network.trunk.forward_trained(
                hidden.contiguous(memory_format=torch.channels_last)
            )
        vectors = self.network.general_vector(features)
        far = 1 - (vectors * targets).sum(dim=1).mean()
        change = similarity_distillation(vectors, targets)
        self.optimizer.zero_grad()
        torch.autograd.backward(far + SIMILARITY_WEIGHT * change)
        torch.nn.utils.clip_grad_norm_(self.trained, MAX_GRADIENT_NORM)
        self.optimizer.step()
        self.losses.append((float(far.detach()), float(change.detach())))

        kept = min(AVERAGE_DECAY, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for parameter, average in zip(self.trained, self.average, strict=True):
                average.lerp_(parameter, 1 - kept)


class _Rounded(nn.Module):
    """A weight as int8 will have it; its gradient passes unchanged."""

    def forward(self, weight: Tensor) -> Tensor:
        return weight + (rounded(weight) - weight).detach()


def _size(parameter: Tensor) -> float:
    size = float(parameter.detach().square().mean().sqrt())
    return size if parameter.ndim > 1 else max(size, MIN_SIZE)
