"""Compact descriptors and visual words; training/features.py learns the numbers behind them.

A SIFT descriptor becomes RootSIFT (Arandjelovic and Zisserman, "Three Things Everyone Should Know
to Improve Object Retrieval", 2012), and is projected onto 32 principal components of 16 levels
each. The components come from descriptors of pictures, their mirror images and their negatives. So
each is even or odd under both: a mirror image's descriptor is the same with some signs changed. A
visual word is a cell of the product of two vocabularies, one for each half of the rotated
components (Babenko and Lempitsky, "The Inverted Multi-Index", 2012).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .threads import matmul

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

FILE = Path(__file__).with_name("descriptor_model.npz")
DIMENSIONS = 32
LEVELS = 16
CENTRES_PER_HALF = 512
VOCABULARY_SIZE = CENTRES_PER_HALF**2
_MIDDLE_LEVEL = (LEVELS - 1) / 2


@dataclass(frozen=True, slots=True)
class DescriptorModel:
    """The learned numbers that turn SIFT into compact descriptors and visual words.

    Attributes:
        mean: float32 [128], of RootSIFT descriptors.
        components: float32 [128, 32], orthonormal columns.
        steps: float32 [32], from one level to the next.
        mirrored: bool [32], the dimensions whose sign changes in the mirror image.
        negative: bool [32], the dimensions whose sign changes in the negative.
        centres: float32 [2, 512, 16], of the two halves of the rotated dimensions.
        rotation: float32 [32, 32], applied before the halves are split.
    """

    mean: Floats
    components: Floats
    steps: Floats
    mirrored: NDArray[np.bool_]
    negative: NDArray[np.bool_]
    centres: Floats
    rotation: Floats

    def encode(self, sift: NDArray[Any]) -> NDArray[np.uint8]:
        """Compress SIFT descriptors, float [N, 128], to uint8 [N, 32], 0..15."""
        projected = matmul(root_sift(sift) - self.mean, self.components)
        levels = np.floor(projected / self.steps) + LEVELS / 2
        return np.asarray(np.clip(levels, 0, LEVELS - 1), np.uint8)

    def decode(self, codes: NDArray[np.uint8]) -> Floats:
        """Return the middle value of each level: float32 [N, 32]."""
        return (codes.astype(np.float32) - np.float32(_MIDDLE_LEVEL)) * self.steps

    def words(self, codes: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return the visual word of each descriptor: int64 [N], below `VOCABULARY_SIZE`."""
        halves = np.split(matmul(self.decode(codes), self.rotation), 2, axis=1)
        left, right = (
            ((centres**2).sum(axis=1) - 2 * matmul(half, centres.T)).argmin(axis=1)
            for half, centres in zip(halves, self.centres, strict=True)
        )
        return np.asarray(left * CENTRES_PER_HALF + right, np.int64)


def root_sift(sift: NDArray[Any]) -> Floats:
    """Convert SIFT to RootSIFT: float32 [N, 128], unit length."""
    sums = np.maximum(sift.sum(axis=1, keepdims=True), 1)
    return np.asarray(np.sqrt(sift / sums), np.float32)


@functools.cache
def descriptor_model() -> DescriptorModel:
    """Load the packaged model, once."""
    with np.load(FILE, allow_pickle=False) as file:
        return DescriptorModel(**file)
