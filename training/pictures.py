"""Which pictures are fitted on and which are measured, and how they reach the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
from PIL import Image

from benchmarks.retrieval import BACKGROUND
from lookalike.decode import decode
from training.mobilenet_edgetpu import IMAGE_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from benchmarks.retrieval import CaltechPicture

Item = TypeVar("Item")


def prepared(path: Path) -> NDArray[np.uint8]:
    """Return a picture as the network reads it, uint8 RGB [224, 224, 3]."""
    image = Image.fromarray(decode(path.read_bytes()).pixels)
    return np.asarray(image.resize((IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.BILINEAR))


def batched(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Cut a sequence into pieces of `size`; the last may be shorter."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def split(
    pictures: Sequence[CaltechPicture], *, hold_out: bool
) -> tuple[list[CaltechPicture], dict[str, list[CaltechPicture]]]:
    """Return the pictures to fit on, and those to measure by the name of their group.

    Without `hold_out`: all train pictures, and `test`. With it test pictures are not used at all;
    held out of train are every fourth category (`unseen categories`) and every fifth picture of the
    others (`unseen pictures`). Every choice of the recipe is made on these.
    """
    train = [picture for picture in pictures if not picture.is_test]
    if not hold_out:
        return train, {"test": [p for p in pictures if p.is_test and p.category != BACKGROUND]}
    categories = sorted({picture.category for picture in train} - {BACKGROUND})
    unseen = set(categories[2::4])
    fit = []
    held: dict[str, list[CaltechPicture]] = {"unseen pictures": [], "unseen categories": []}
    for number, picture in enumerate(train):
        if picture.category in unseen:
            held["unseen categories"].append(picture)
        elif number % 5 or picture.category == BACKGROUND:
            fit.append(picture)
        else:
            held["unseen pictures"].append(picture)
    return fit, held
