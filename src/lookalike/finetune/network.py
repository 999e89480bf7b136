"""The network that is trained and exported: a trunk and up to three heads, joined to one vector.

The general head says what a picture looks like, the copies head which picture it is, whatever was
done to it. The class head adds the labels that fine-tuning learned; it contributes little for
pictures that resemble none of them.
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
COPIES_DIMENSIONS = 128
COPIES_SHARE = 0.2  # of the cosine of two pictures; the general head has the rest
CLASS_DIMENSIONS = 64
# How certain the class head must be to contribute: chosen on held-out train pictures, on labels
# left out of training, and on five other collections, see docs/benchmarks/appendix.md.
EVIDENCE_TEMPERATURE = 0.11
MIN_CLASSES = 100  # fewer are padded with classes of cosine 0, or two would be too certain
_PROXY_STD = 0.05  # at the start: short enough for the optimiser to turn them


class Trunk(nn.Module):
    """Pixels to features; the base class of architectures.

    Attributes:
        dimensions: F, of the features.
        preprocessing: from picture to pixels.
        name: for the card.
    """

    dimensions: int
    preprocessing: Preprocessing
    name: str

    def forward_frozen(self, pixels: Tensor) -> Tensor:
        """Run the layers that are not trained, on uint8 [N, H, W, 3]."""
        raise NotImplementedError

    def forward_trained(self, hidden: Tensor) -> Tensor:
        """Run the layers that are trained, on the output of `forward_frozen`.

        Returns:
            features float32 [N, F].
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

    mean: Tensor
    std: Tensor

    def __init__(
        self, module: nn.Module, *, dimensions: int, preprocessing: Preprocessing, input_: Input
    ) -> None:
        """Take a module that maps normalised float32 [N, 3, H, W] to float32 [N, D]."""
        super().__init__()
        self.module = module
        self.dimensions = dimensions
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

    The general head and the copies head are matrices, applied to features of unit length; D is
    the sum of `GENERAL_DIMENSIONS` and `COPIES_DIMENSIONS` (or F, if less) and, with classes,
    `CLASS_DIMENSIONS`. Heads of zeros have not been fitted yet.

    The class part of a vector is the mean of the class proxies, weighted by the softmax of the
    picture's cosines with them. Pictures of one class are close together near its proxy; for a
    picture that resembles no class, the mean of many proxies is short, and the other parts decide.
    """

    def __init__(self, trunk: Trunk, *, classes: int = 0) -> None:
        """Create heads for a trunk; without classes, there is no class head."""
        super().__init__()
        self.trunk = trunk
        features = trunk.dimensions
        self.general = nn.Linear(features, min(GENERAL_DIMENSIONS, features), bias=False)
        self.copies = nn.Linear(features, min(COPIES_DIMENSIONS, features), bias=False)
        nn.init.zeros_(self.general.weight)
        nn.init.zeros_(self.copies.weight)
        self.classes = classes
        if classes:
            self.embed_class = nn.Linear(features, CLASS_DIMENSIONS, bias=False)
            self.proxies = nn.Parameter(torch.randn(classes, CLASS_DIMENSIONS) * _PROXY_STD)
            nn.init.normal_(self.embed_class.weight, std=features**-0.5)

    @property
    def dimensions(self) -> int:
        """D."""
        dimensions = self.general.out_features + self.copies.out_features
        return dimensions + CLASS_DIMENSIONS * bool(self.classes)

    def general_vector(self, features: Tensor) -> Tensor:
        """Map features [N, F] to the general part: [N, G], unit length."""
        return unit_rows(self.general(unit_rows(features)))

    def copies_vector(self, features: Tensor) -> Tensor:
        """Map features [N, F] to the copies part: [N, C], unit length."""
        return unit_rows(self.copies(unit_rows(features)))

    def class_vector(self, features: Tensor) -> Tensor:
        """Map features [N, F] to the space of the proxies: [N, CLASS_DIMENSIONS], unit length."""
        return unit_rows(self.embed_class(unit_rows(features)))

    def class_cosines(self, features: Tensor) -> Tensor:
        """Compare features [N, F] with each of K classes: [N, K]."""
        return self.class_vector(features) @ unit_rows(self.proxies).T

    def embed(self, features: Tensor) -> Tensor:
        """Join the heads, after `normalise_proxies`: [N, F] to [N, D], unit length."""
        parts = [
            self.general_vector(features) * (1 - COPIES_SHARE) ** 0.5,
            self.copies_vector(features) * COPIES_SHARE**0.5,
        ]
        if self.classes:
            cosines = functional.linear(self.class_vector(features), self.proxies)  # [N, K]
            cosines = functional.pad(cosines, (0, max(MIN_CLASSES - self.classes, 0)))
            evidence = torch.softmax(cosines / EVIDENCE_TEMPERATURE, dim=1)[:, : self.classes]
            parts.append(evidence @ self.proxies)
        return unit_rows(torch.cat(parts, dim=1))

    def normalise_proxies(self) -> None:
        """Scale the proxies to unit length, after training.

        The exported file then holds them unchanged, and they can be read back.
        """
        if self.classes:
            with torch.no_grad():
                self.proxies.copy_(unit_rows(self.proxies))

    def forward(self, pixels: Tensor) -> Tensor:
        """Map uint8 RGB [N, H, W, 3] to float32 [N, D], unit length; after `normalise_proxies`."""
        return self.embed(self.trunk(pixels))


def unit_rows(x: Tensor) -> Tensor:
    """Scale rows to unit length; a row of zeros stays."""
    return functional.normalize(x, dim=1)


def copy_state(module: nn.Module) -> dict[str, Any]:
    """Copy a module's parameters and buffers, by name."""
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
