"""Trains the later blocks and the copies head to find edited copies, and to keep all else.

A picture's edited view must be nearer to the picture, by the copies head, than other pictures are
(Pizzi et al., "A Self-Supervised Descriptor for Image Copy Detection", 2022). What the general head
says of a picture, whole or changed mildly, must stay what it was.
"""

from __future__ import annotations

import math
from collections import deque
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from lookalike.finetune.features import autocast
from lookalike.finetune.losses import COPIES_TEMPERATURE, similarity_distillation
from lookalike.finetune.network import unit_rows

from .views import EDITED, MILD, WHOLE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from lookalike.finetune.network import EmbeddingNetwork

    from .views import ViewCache

WHITENING = 0.1  # exponent: 0 keeps the variances of the components, 0.5 makes them alike
LARGEST = 10  # the variance of this component, and of those before it, counts as one
FITTED_PICTURES = 14_000  # for the components
BATCH_PICTURES = 64  # in three views each
STEPS = 1_500
RATE = 1.5e-3  # AdamW's, at its highest, times the root mean square of a weight
MIN_SIZE = 0.05  # of a bias, for its rate
WARMUP_STEPS = 50
AVERAGE_DECAY = 0.995
KEPT_WEIGHT = 2.0
SIMILARITY_WEIGHT = 0.3  # beside the cosine with the vector before training
EDITED_WEIGHT = 0.05  # of the general vector of an edited view
COPIES_WEIGHT = 0.15
ENTROPY_WEIGHT = 0.8  # beside the discrimination of copies
BANK_PICTURES = 4_096  # of earlier steps, to tell apart from
MAX_GRADIENT_NORM = 1.0
CHECKPOINT_STEPS = 100


def fit_general_head(network: EmbeddingNetwork, features: Tensor) -> None:
    """Set the general head to principal components of features [N, F]."""
    _fit(network.general, unit_rows(features), WHITENING)


def fit_copies_head(network: EmbeddingNetwork, features: Tensor) -> None:
    """Set the copies head to principal components of features [N, F], as training starts."""
    rows = unit_rows(features)
    _fit(network.copies, rows - rows.mean(dim=0), 0.5)


@torch.no_grad()
def _fit(head: nn.Linear, rows: Tensor, whitening: float) -> None:
    head.weight.copy_(_principal_components(rows, head.out_features, whitening).T)


def _principal_components(rows: Tensor, dimensions: int, whitening: float) -> Tensor:
    """Return the matrix [F, dimensions] to the components of [N, F], whitened."""
    values, vectors = torch.linalg.eigh((rows.T @ rows).double())  # ascending
    values, vectors = values.flip(0)[:dimensions], vectors.flip(1)[:, :dimensions]
    return (vectors * (values / values[LARGEST] + 1e-3) ** -whitening).float()


class Trainer:
    """Trains a network on the views of a cache; stops after any step and continues.

    Attributes:
        step: steps done.
        losses: of the last steps: each a term of the loss by name, before its weight.
    """

    def __init__(
        self,
        network: EmbeddingNetwork,
        cache: ViewCache,
        probabilities: NDArray[np.float64],
        *,
        seed: int,
    ) -> None:
        """Prepare; `probabilities` [N] say how often each picture of the cache is used."""
        self.network, self.cache = network.eval(), cache
        self.probabilities, self.seed, self.step = probabilities, seed, 0
        self.losses: deque[dict[str, float]] = deque(maxlen=25)
        self.bank = torch.zeros(0, network.copies.out_features)
        network.requires_grad_(requires_grad=False)
        self.trained = [
            *(parameter for _, parameter in network.trunk.trained_parameters()),
            network.copies.weight,
        ]
        for parameter in self.trained:
            parameter.requires_grad = True
        self.optimizer = torch.optim.AdamW(
            [{"params": [p], "rate": RATE * _size(p)} for p in self.trained],
            weight_decay=0.0,
            betas=(0.9, 0.99),
        )
        self.average = [parameter.detach().clone() for parameter in self.trained]

    def train(self, checkpoint: Path, on_step: Callable[[Trainer], None]) -> None:
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
        with torch.no_grad():
            for parameter, average in zip(self.trained, self.average, strict=True):
                parameter.copy_(average)

    def _state(self) -> dict[str, Any]:
        return {
            "trained": [parameter.detach() for parameter in self.trained],
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
            "bank": self.bank,
            "step": self.step,
        }

    def _restore(self, state: dict[str, Any]) -> None:
        with torch.no_grad():
            for parameter, value in zip(self.trained, state["trained"], strict=True):
                parameter.copy_(value)
        self.average, self.bank, self.step = state["average"], state["bank"], state["step"]
        self.optimizer.load_state_dict(state["optimizer"])

    def _train_step(self) -> None:
        decay = (1 + math.cos(math.pi * self.step / STEPS)) / 2
        for group in self.optimizer.param_groups:
            group["lr"] = group["rate"] * decay * min(1.0, (self.step + 1) / WARMUP_STEPS)
        random = np.random.default_rng((self.seed, self.step))
        rows = random.choice(
            len(self.probabilities), BATCH_PICTURES, replace=False, p=self.probabilities
        )
        views = np.stack(
            [
                np.full(len(rows), WHOLE),
                *(random.choice(kind, len(rows)) for kind in (MILD, EDITED)),
            ]
        )  # [3, N]
        hidden = torch.from_numpy(self.cache.hidden[rows, views].astype(np.float32)).flatten(0, 1)
        original = torch.from_numpy(self.cache.original[rows, views[:2]].astype(np.float32))
        with autocast("cpu"):
            features = self.network.trunk.forward_trained(
                hidden.contiguous(memory_format=torch.channels_last)
            )
        terms = self._terms(features, original.flatten(0, 1))
        self.optimizer.zero_grad()
        torch.autograd.backward(
            KEPT_WEIGHT * (terms["far"] + SIMILARITY_WEIGHT * terms["change of cosines"])
            + EDITED_WEIGHT * terms["far edited"]
            + COPIES_WEIGHT * (terms["copies"] + ENTROPY_WEIGHT * terms["entropy"])
        )
        torch.nn.utils.clip_grad_norm_(self.trained, MAX_GRADIENT_NORM)
        self.optimizer.step()
        self.losses.append({name: float(term.detach()) for name, term in terms.items()})

        kept = min(AVERAGE_DECAY, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for parameter, average in zip(self.trained, self.average, strict=True):
                average.lerp_(parameter, 1 - kept)

    def _terms(self, features: Tensor, original: Tensor) -> dict[str, Tensor]:
        """Compute the terms of the loss, each a number.

        Args:
            features: [3N, F]: of N whole pictures, of as many mild views, and of edited ones.
            original: [2N, F], of the first two kinds, before training.
        """
        network, count = self.network, len(original) // 2
        general, targets = network.general_vector(features), network.general_vector(original)
        copies = network.copies_vector(features).view(3, count, -1)
        terms = {
            "far": _distance(general[: 2 * count], targets),
            "change of cosines": similarity_distillation(general[: 2 * count], targets),
            "far edited": _distance(general[2 * count :], targets[:count]),
            "copies": _discrimination(copies, self.bank),
            "entropy": _closeness(copies[WHOLE], self.bank),
        }
        self.bank = torch.cat([copies[WHOLE].detach(), self.bank])[:BANK_PICTURES]
        return terms


def _distance(vectors: Tensor, targets: Tensor) -> Tensor:
    """Return the mean of 1 - cosine."""
    return 1 - (vectors * targets).sum(dim=1).mean()


def _discrimination(copies: Tensor, bank: Tensor) -> Tensor:
    """Tell each view's picture from all others, by each other view: [V, N, C] and [M, C]."""
    picture = torch.arange(copies.shape[1])
    losses = [
        functional.cross_entropy(view @ torch.cat([other, bank]).T / COPIES_TEMPERATURE, picture)
        for view, other in permutations(copies, 2)
    ]
    return torch.stack(losses).mean()


def _closeness(vectors: Tensor, bank: Tensor) -> Tensor:
    """Return minus the mean logarithm of the distance to the nearest other picture.

    SSCD's differential entropy: it spreads the vectors.
    """
    others = torch.cat([vectors, bank])
    distances = (2 - 2 * vectors @ others.T).clamp(min=1e-6).sqrt()
    itself = torch.eye(len(vectors), len(others)) * 9  # farther than any
    return -(distances + itself).amin(dim=1).clamp(min=0.05).log().mean()


def _size(parameter: Tensor) -> float:
    size = float(parameter.detach().square().mean().sqrt())
    return size if parameter.ndim > 1 else max(size, MIN_SIZE)
