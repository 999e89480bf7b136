"""The numbers behind descriptors and visual words, made by training/features.py.

A SIFT descriptor is rooted (Arandjelovic and Zisserman, "Three Things Everyone Should Know to
Improve Object Retrieval", 2012), brought to its principal components and cut to 16 levels each. The
components are of descriptors taken together with those of the mirror image and of the negative, so
that each is even or odd under both: the mirror image's descriptor is the same with the signs of
some dimensions changed. A visual word is a cell of the product of two vocabularies, of one half of
the turned components each (Babenko and Lempitsky, "The Inverted Multi-Index", 2012).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .threads import product

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

FILE = Path(__file__).with_name("basis.npz")
DIMENSIONS = 32
LEVELS = 16
CELLS = 512  # of each half
WORDS = CELLS**2
_MIDDLE = (LEVELS - 1) / 2


@dataclass(frozen=True, slots=True)
class Basis:
    """What descriptors and words are made with.

    Attributes:
        mean: float32 [128], of rooted SIFT descriptors.
        components: float32 [128, 32], orthonormal columns.
        steps: float32 [32], from level to level.
        mirrored: bool [32], the dimensions whose sign the mirror image changes.
        negative: bool [32], likewise the negative.
        centres: float32 [2, 512, 16], of the two halves of the turned dimensions.
        rotation: float32 [32, 32], which turns them.
    """

    mean: Floats
    components: Floats
    steps: Floats
    mirrored: NDArray[np.bool_]
    negative: NDArray[np.bool_]
    centres: Floats
    rotation: Floats

    def codes(self, sift: NDArray[Any]) -> NDArray[np.uint8]:
        """Bring SIFT descriptors, float [N, 128], to uint8 [N, 32], 0..15."""
        projected = product(rooted(sift) - self.mean, self.components)
        levels = np.floor(projected / self.steps) + LEVELS / 2
        return np.asarray(np.clip(levels, 0, LEVELS - 1), np.uint8)

    def values(self, codes: NDArray[np.uint8]) -> Floats:
        """Undo `codes`, but for what was cut: float32 [N, 32]."""
        return (codes.astype(np.float32) - np.float32(_MIDDLE)) * self.steps

    def words(self, codes: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Name the visual word of each descriptor: int64 [N], below `WORDS`."""
        turned = product(self.values(codes), self.rotation)
        halves = np.split(turned, 2, axis=1)
        first, second = (
            ((centres**2).sum(axis=1) - 2 * product(half, centres.T)).argmin(axis=1)
            for half, centres in zip(halves, self.centres, strict=True)
        )
        return np.asarray(first * CELLS + second, np.int64)


def rooted(sift: NDArray[Any]) -> Floats:
    """Make RootSIFT of SIFT: float32 [N, 128], unit length."""
    sums = np.maximum(sift.sum(axis=1, keepdims=True), 1)
    return np.asarray(np.sqrt(sift / sums), np.float32)


@functools.cache
def basis() -> Basis:
    """Read the numbers, once."""
    with np.load(FILE, allow_pickle=False) as file:
        return Basis(**file)
