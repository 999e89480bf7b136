"""The network that is trained and exported: one trunk, up to three voices, one vector.

The general head keeps the similarities that the trunk came with. The class head adds what the
labels taught, the trunk's own classifier, where it has one, what it was taught before; both fall
silent on pictures that look like nothing they know.
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
# How sure a voice must be to speak, and how loud it then is: chosen on held-out train pictures, on
# labels left out of training and on five foreign collections, see docs/benchmarks/encoder.md.
EVIDENCE_TEMPERATURE = 0.11
LEAST_CLASSES = 100  # of fewer, strangers of cosine 0 make up the number, lest two be too sure
CONCEPT_TEMPERATURE = 1.25
CONCEPT_WEIGHT = 0.5
_PROXY_LENGTH = 0.05  # a number's size at the start: short enough for the optimiser to turn them


class Trunk(nn.Module):
    """Pixels to features; what an architecture must tell of itself.

    Attributes:
        groups: sizes of the parts of the features; each is brought to unit length by itself.
        weights: of the parts, their squares' shares of the whole.
        powers: exponent of each part's values, before: below 1 where none is negative and a few
            large ones would drown the others.
        standardised: whether a part's mean and deviation over the training pictures are taken out.
        classifier: tells apart what the trunk was taught before, by its pooled features; None
            where that is not known. It is not trained on.
        preprocessing: from picture to pixels.
        name: for the card.
    """

    groups: tuple[int, ...]
    weights: tuple[float, ...]
    powers: tuple[float, ...]
    standardised: tuple[bool, ...]
    preprocessing: Preprocessing
    name: str

    def __init__(self) -> None:
        """Begin without a classifier."""
        super().__init__()
        self.classifier: nn.Linear | None = None

    def frozen(self, pixels: Tensor) -> Tensor:
        """Do what is not trained: uint8 [N, H, W, 3] to what `tail` takes."""
        raise NotImplementedError

    def tail(self, x: Tensor) -> Tensor:
        """Do what is trained: to features float32 [N, sum(groups)]; the first part is pooled."""
        raise NotImplementedError

    def trained(self) -> Iterable[tuple[str, nn.Parameter]]:
        """Give what `tail` holds, by name."""
        raise NotImplementedError

    def forward(self, pixels: Tensor) -> Tensor:
        """Map uint8 [N, H, W, 3] to float32 [N, sum(groups)]."""
        return self.tail(self.frozen(pixels))


class HubTrunk(Trunk):
    """A Hugging Face vision model; all of it is trained."""

    weights = (1.0,)
    powers = (1.0,)
    standardised = (False,)
    mean: Tensor
    std: Tensor

    def __init__(
        self, module: nn.Module, *, dimensions: int, preprocessing: Preprocessing, input_: Input
    ) -> None:
        """Take a module that maps normalised float32 [N, 3, H, W] to float32 [N, D]."""
        super().__init__()
        self.module = module
        self.groups = (dimensions,)
        self.preprocessing = preprocessing
        self.scale = input_.scale
        self.register_buffer("mean", torch.tensor(input_.mean or (0.0,) * 3).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(input_.std or (1.0,) * 3).view(3, 1, 1))

    def frozen(self, pixels: Tensor) -> Tensor:
        """Normalise."""
        x = pixels.permute(0, 3, 1, 2).float() * self.scale
        normalised: Tensor = (x - self.mean) / self.std
        return normalised

    def tail(self, x: Tensor) -> Tensor:
        """Run the model."""
        features: Tensor = self.module(x)
        return features.float()

    def trained(self) -> Iterable[tuple[str, nn.Parameter]]:
        """Give every weight."""
        return ((f"module.{name}", p) for name, p in self.module.named_parameters())


class EmbeddingNetwork(nn.Module):
    """Trunk and heads: uint8 pixels [N, H, W, 3] to float32 [N, D], unit length.

    D is `GENERAL_DIMENSIONS`, or the number of features where that is less, and
    `CLASS_DIMENSIONS`, and `CONCEPT_DIMENSIONS` where the trunk has a classifier. The class part of
    the vector is the mean of the class proxies, weighed by the softmax of the picture's cosines
    with them. Pictures that look like one class lie together by its proxy; on a picture that looks
    like none, the mean of many proxies is short, and the general part decides. The concept part is
    the same of what the classifier tells apart.
    """

    mean: Tensor
    deviation: Tensor
    concepts: Tensor

    def __init__(self, trunk: Trunk, *, classes: int) -> None:
        """Lay out heads for a trunk."""
        super().__init__()
        self.trunk = trunk
        features = sum(trunk.groups)
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("deviation", torch.ones(features))
        self.general = nn.Linear(features, min(GENERAL_DIMENSIONS, features), bias=False)
        nn.init.zeros_(self.general.weight)
        self.embed_class = nn.Linear(trunk.groups[0], CLASS_DIMENSIONS, bias=False)
        self.proxies = nn.Parameter(torch.randn(classes, CLASS_DIMENSIONS) * _PROXY_LENGTH)
        nn.init.normal_(self.embed_class.weight, std=trunk.groups[0] ** -0.5)
        if trunk.classifier:
            self.register_buffer("concepts", concept_proxies(trunk.classifier.weight))

    @property
    def dimensions(self) -> int:
        """D."""
        of_concepts = CONCEPT_DIMENSIONS if self.trunk.classifier else 0
        return self.general.out_features + CLASS_DIMENSIONS + of_concepts

    def balanced(self, features: Tensor) -> Tensor:
        """Make the general head's input: each part powered, standardised, weighed; [N, F]."""
        trunk, parts, start = self.trunk, [], 0
        features = (features - self.mean) / self.deviation  # of 0 and 1, where not standardised
        for size, weight, power in zip(trunk.groups, trunk.weights, trunk.powers, strict=True):
            part = features[:, start : start + size]
            if power != 1.0:
                part = part.clamp(min=0).pow(power)
            parts.append(unit(part) * weight**0.5)
            start += size
        return torch.cat(parts, dim=1)

    def general_vector(self, features: Tensor) -> Tensor:
        """Map features to the general half: [N, up to GENERAL_DIMENSIONS], unit length."""
        return unit(self.general(self.balanced(features)))

    def class_vector(self, features: Tensor) -> Tensor:
        """Map features to the space of the proxies: [N, CLASS_DIMENSIONS], unit length."""
        pooled = features[:, : self.trunk.groups[0]]
        return unit(self.embed_class(unit(pooled)))

    def class_cosines(self, features: Tensor) -> Tensor:
        """Compare with every class: [N, classes]."""
        return self.class_vector(features) @ unit(self.proxies).T

    def embed(self, features: Tensor, proxies: Tensor) -> Tensor:
        """Join the heads: [N, D], unit length; `proxies` are the network's own, at unit length."""
        cosines = functional.linear(self.class_vector(features), proxies)
        classes = len(proxies)
        cosines = functional.pad(cosines, (0, max(LEAST_CLASSES - classes, 0)))
        evidence = torch.softmax(cosines / EVIDENCE_TEMPERATURE, dim=1)[:, :classes]
        parts = [self.general_vector(features), evidence @ proxies]
        if self.trunk.classifier:
            evidence = torch.softmax(self.beliefs(features) / CONCEPT_TEMPERATURE, dim=1)
            parts.append(evidence @ self.concepts * CONCEPT_WEIGHT**0.5)
        return unit(torch.cat(parts, dim=1))

    def beliefs(self, features: Tensor) -> Tensor:
        """Ask the trunk's classifier, which must be there: logits [N, concepts]."""
        classifier = self.trunk.classifier
        if classifier is None:
            raise RuntimeError(f"{self.trunk.name} has no classifier")
        logits: Tensor = classifier(features[:, : self.trunk.groups[0]])
        return logits

    def settle(self) -> None:
        """Bring the proxies to unit length, once they are no longer trained.

        Then they stand in an exported file as they are here, and can be read back.
        """
        with torch.no_grad():
            self.proxies.copy_(unit(self.proxies))

    def forward(self, pixels: Tensor) -> Tensor:
        """Map uint8 RGB [N, H, W, 3] to float32 [N, D], unit length; first `settle`."""
        return self.embed(self.trunk(pixels), self.proxies)


@torch.no_grad()
def concept_proxies(weight: Tensor) -> Tensor:
    """Place a classifier's classes by their weights [K, F]: [K, CONCEPT_DIMENSIONS], unit length.

    Classes whose weights are alike lie together, in the principal directions of all; columns that
    so few classes or features leave over are zero.
    """
    rows = unit(weight - weight.mean(dim=0))
    _, _, directions = torch.linalg.svd(rows, full_matrices=False)
    placed = rows @ directions[:CONCEPT_DIMENSIONS].T
    return unit(functional.pad(placed, (0, CONCEPT_DIMENSIONS - placed.shape[1])))


def unit(x: Tensor) -> Tensor:
    """Bring rows to unit length; a row of zeros stays."""
    return functional.normalize(x, dim=1)


def state(module: nn.Module) -> dict[str, Any]:
    """Copy what a module holds, by name."""
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
