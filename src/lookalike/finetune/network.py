"""The network that is trained and exported: a trunk and up to three heads, joined to one vector.

The general head keeps the similarities of the original trunk. The class head adds the labels that
training learned; the concept head adds the trunk's own classifier, if it has one. These two
contribute little for pictures that resemble none of their classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..encoders import Input, Preprocessing

GENERAL_DIMENSIONS = 384
CLASS_DIMENSIONS = 64
CONCEPT_DIMENSIONS = 64
# How certain a head must be to contribute, and its weight: chosen on held-out train pictures, on
# labels left out of training, and on five other collections, see docs/benchmarks/encoder.md.
EVIDENCE_TEMPERATURE = 0.11
MIN_CLASSES = 100  # fewer are padded with classes of cosine 0, or two would be too certain
CONCEPT_TEMPERATURE = 1.25
CONCEPT_WEIGHT = 0.5
_PROXY_STD = 0.05  # at the start: short enough for the optimiser to turn them


class Trunk(nn.Module):
    """Pixels to features; the base class of architectures.

    Attributes:
        part_sizes: dimensions of the parts of the features; the first part is the pooled features.
            Each part is scaled to unit length.
        part_weights: squared weight of each part.
        part_powers: exponent that each part's values are raised to first: below 1 where none is
            negative and a few large ones would dominate.
        part_standardised: whether to subtract a part's mean over the training pictures and divide
            by its deviation.
        classifier: maps the pooled features to the classes of the trunk's own training; None if
            unknown. It is not trained.
        preprocessing: from picture to pixels.
        name: for the card.
    """

    part_sizes: tuple[int, ...]
    part_weights: tuple[float, ...]
    part_powers: tuple[float, ...]
    part_standardised: tuple[bool, ...]
    preprocessing: Preprocessing
    name: str

    def __init__(self) -> None:
        """Start without a classifier."""
        super().__init__()
        self.classifier: nn.Linear | None = None

    def forward_frozen(self, pixels: Tensor) -> Tensor:
        """Run the layers that are not trained, on uint8 [N, H, W, 3]."""
        raise NotImplementedError

    def forward_trained(self, hidden: Tensor) -> Tensor:
        """Run the layers that are trained, on the output of `forward_frozen`.

        Returns:
            features float32 [N, F], F = sum(part_sizes).
        """
        raise NotImplementedError

    def trained_parameters(self) -> Iterable[tuple[str, nn.Parameter]]:
        """Return the parameters of `forward_trained`, by name."""
        raise NotImplementedError

    def forward(self, pixels: Tensor) -> Tensor:
        """Map uint8 [N, H, W, 3] to float32 [N, F]."""
        return self.forward_trained(self.forward_frozen(pixels))


class HubTrunk(Trunk):
    """A Hugging Face vision model, trained as a whole."""

    part_weights = (1.0,)
    part_powers = (1.0,)
    part_standardised = (False,)
    mean: Tensor
    std: Tensor

    def __init__(
        self, module: nn.Module, *, dimensions: int, preprocessing: Preprocessing, input_: Input
    ) -> None:
        """Take a module that maps normalised float32 [N, 3, H, W] to float32 [N, D]."""
        super().__init__()
        self.module = module
        self.part_sizes = (dimensions,)
        self.preprocessing = preprocessing
        self.scale = input_.scale
        self.register_buffer("mean", torch.tensor(input_.mean or (0.0,) * 3).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(input_.std or (1.0,) * 3).view(3, 1, 1))

    def forward_frozen(self, pixels: Tensor) -> Tensor:
        """Normalise the pixels: float32 [N, 3, H, W]."""
        x = pixels.permute(0, 3, 1, 2).float() * self.scale
        normalised: Tensor = (x - self.mean) / self.std
        return normalised

    def forward_trained(self, hidden: Tensor) -> Tensor:
        """Run the model."""
        features: Tensor = self.module(hidden)
        return features.float()

    def trained_parameters(self) -> Iterable[tuple[str, nn.Parameter]]:
        """Return every weight, by name."""
        return ((f"module.{name}", p) for name, p in self.module.named_parameters())


class EmbeddingNetwork(nn.Module):
    """Trunk and heads: uint8 pixels [N, H, W, 3] to float32 [N, D], unit length.

    D is the sum of `GENERAL_DIMENSIONS` (or F, if less), `CLASS_DIMENSIONS` and, if the trunk has a
    classifier, `CONCEPT_DIMENSIONS`.

    The class part of a vector is the mean of the class proxies, weighted by the softmax of the
    picture's cosines with them. Pictures of one class are close together near its proxy; for a
    picture that resembles no class, the mean of many proxies is short, and the general part
    decides. The concept part is computed in the same way from the classifier's classes.
    """

    mean: Tensor
    deviation: Tensor
    concepts: Tensor

    def __init__(self, trunk: Trunk, *, classes: int) -> None:
        """Create heads for a trunk."""
        super().__init__()
        self.trunk = trunk
        features = sum(trunk.part_sizes)
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("deviation", torch.ones(features))
        self.general = nn.Linear(features, min(GENERAL_DIMENSIONS, features), bias=False)
        nn.init.zeros_(self.general.weight)
        self.embed_class = nn.Linear(trunk.part_sizes[0], CLASS_DIMENSIONS, bias=False)
        self.proxies = nn.Parameter(torch.randn(classes, CLASS_DIMENSIONS) * _PROXY_STD)
        nn.init.normal_(self.embed_class.weight, std=trunk.part_sizes[0] ** -0.5)
        if trunk.classifier:
            self.register_buffer("concepts", concept_proxies(trunk.classifier.weight))

    @property
    def dimensions(self) -> int:
        """D."""
        concept_dimensions = CONCEPT_DIMENSIONS if self.trunk.classifier else 0
        return self.general.out_features + CLASS_DIMENSIONS + concept_dimensions

    def balance(self, features: Tensor) -> Tensor:
        """Standardise, exponentiate and weight each part of the features: [N, F] to [N, F]."""
        trunk, parts, start = self.trunk, [], 0
        features = (features - self.mean) / self.deviation  # 0 and 1 where not standardised
        for size, weight, power in zip(
            trunk.part_sizes, trunk.part_weights, trunk.part_powers, strict=True
        ):
            part = features[:, start : start + size]
            if power != 1.0:
                part = part.clamp(min=0).pow(power)
            parts.append(unit_rows(part) * weight**0.5)
            start += size
        return torch.cat(parts, dim=1)

    def pooled(self, features: Tensor) -> Tensor:
        """Return the pooled part of the features: [N, F] to [N, part_sizes[0]]."""
        return features[:, : self.trunk.part_sizes[0]]

    def general_vector(self, features: Tensor) -> Tensor:
        """Map features [N, F] to the general part: [N, G], unit length."""
        return unit_rows(self.general(self.balance(features)))

    def class_vector(self, features: Tensor) -> Tensor:
        """Map features [N, F] to the space of the proxies: [N, CLASS_DIMENSIONS], unit length."""
        return unit_rows(self.embed_class(unit_rows(self.pooled(features))))

    def class_cosines(self, features: Tensor) -> Tensor:
        """Compare features [N, F] with each of C classes: [N, C]."""
        return self.class_vector(features) @ unit_rows(self.proxies).T

    def embed(self, features: Tensor, proxies: Tensor) -> Tensor:
        """Join the heads: [N, D], unit length.

        Args:
            features: [N, F].
            proxies: the network's own [C, CLASS_DIMENSIONS], unit length.
        """
        cosines = functional.linear(self.class_vector(features), proxies)  # [N, C]
        classes = len(proxies)
        cosines = functional.pad(cosines, (0, max(MIN_CLASSES - classes, 0)))
        evidence = torch.softmax(cosines / EVIDENCE_TEMPERATURE, dim=1)[:, :classes]
        parts = [self.general_vector(features), evidence @ proxies]
        if self.trunk.classifier:
            logits = self.concept_logits(features)  # [N, K]
            evidence = torch.softmax(logits / CONCEPT_TEMPERATURE, dim=1)
            parts.append(evidence @ self.concepts * CONCEPT_WEIGHT**0.5)
        return unit_rows(torch.cat(parts, dim=1))

    def concept_logits(self, features: Tensor) -> Tensor:
        """Run the trunk's classifier, which must exist: logits [N, K]."""
        classifier = self.trunk.classifier
        if classifier is None:
            raise RuntimeError(f"{self.trunk.name} has no classifier")
        logits: Tensor = classifier(self.pooled(features))
        return logits

    def normalise_proxies(self) -> None:
        """Scale the proxies to unit length, after training.

        The exported file then holds them unchanged, and they can be read back.
        """
        with torch.no_grad():
            self.proxies.copy_(unit_rows(self.proxies))

    def forward(self, pixels: Tensor) -> Tensor:
        """Map uint8 RGB [N, H, W, 3] to float32 [N, D], unit length; after `normalise_proxies`."""
        return self.embed(self.trunk(pixels), self.proxies)


@torch.no_grad()
def concept_proxies(weight: Tensor) -> Tensor:
    """Reduce a classifier's weights [K, F] to proxies [K, CONCEPT_DIMENSIONS], unit length.

    By principal components, so that classes with similar weights are close together. Columns beyond
    K or F are zero.
    """
    rows = unit_rows(weight - weight.mean(dim=0))
    _, _, components = torch.linalg.svd(rows, full_matrices=False)
    reduced = rows @ components[:CONCEPT_DIMENSIONS].T
    return unit_rows(functional.pad(reduced, (0, CONCEPT_DIMENSIONS - reduced.shape[1])))


def unit_rows(x: Tensor) -> Tensor:
    """Scale rows to unit length; a row of zeros stays."""
    return functional.normalize(x, dim=1)


def copy_state(module: nn.Module) -> dict[str, Any]:
    """Copy a module's parameters and buffers, by name."""
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
