"""The network that is trained and exported: one trunk, two heads, one vector.

The general head keeps the similarities that the trunk came with; the class head adds what the
labels taught, and falls silent on pictures that look like none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..encoders.card import Input, Preprocessing

GENERAL_DIMENSIONS = 384
CLASS_DIMENSIONS = 128
# How sure the class head must be to speak, and how loud it then is: chosen on held-out train
# pictures and on five foreign collections, see docs/encoders.md.
EVIDENCE_TEMPERATURE = 0.11
EVIDENCE_WEIGHT = 1.0
_PROXY_LENGTH = 0.05  # a number's size at the start: short enough for the optimiser to turn them


class Trunk(nn.Module):
    """Pixels to features; what an architecture must tell of itself.

    Attributes:
        groups: sizes of the parts of the features; each is brought to unit length by itself.
        weights: of the parts, their squares' shares of the whole.
        powers: exponent of each part's values, before: below 1 where none is negative and a few
            large ones would drown the others.
        standardised: whether a part's mean and deviation over the training pictures are taken out.
        preprocessing: from picture to pixels.
        name: for the card.
    """

    groups: tuple[int, ...]
    weights: tuple[float, ...]
    powers: tuple[float, ...]
    standardised: tuple[bool, ...]
    preprocessing: Preprocessing
    name: str

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
    """Trunk and both heads: uint8 pixels [N, H, W, 3] to float32 [N, D], unit length.

    D is `GENERAL_DIMENSIONS`, or the number of features where that is less, and
    `CLASS_DIMENSIONS`. The class half of the vector is the mean of the class proxies, weighed by
    the softmax of the picture's cosines with them. Pictures that look like one class lie together
    by its proxy; on a picture that looks like none, the mean of many proxies is short, and the
    general half decides.
    """

    mean: Tensor
    deviation: Tensor

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

    @property
    def dimensions(self) -> int:
        """D."""
        return self.general.out_features + CLASS_DIMENSIONS

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

    def embed(self, features: Tensor) -> Tensor:
        """Join both heads: [N, D], unit length; the proxies must be settled."""
        general = self.general_vector(features)
        cosines = functional.linear(self.class_vector(features), self.proxies)
        evidence = torch.softmax(cosines / EVIDENCE_TEMPERATURE, dim=1)
        known = (evidence @ self.proxies) * EVIDENCE_WEIGHT**0.5
        return unit(torch.cat([general, known], dim=1))

    def settle(self) -> None:
        """Bring the proxies to unit length, once they are no longer trained.

        Then they stand in an exported file as they are here, and can be read back.
        """
        with torch.no_grad():
            self.proxies.copy_(unit(self.proxies))

    def forward(self, pixels: Tensor) -> Tensor:
        """Map uint8 RGB [N, H, W, 3] to float32 [N, D], unit length."""
        return self.embed(self.trunk(pixels))


def unit(x: Tensor) -> Tensor:
    """Bring rows to unit length; a row of zeros stays."""
    return functional.normalize(x, dim=1)


def state(module: nn.Module) -> dict[str, Any]:
    """Copy what a module holds, by name."""
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
