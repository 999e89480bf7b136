"""What people do to pictures before they pass them on: one table for training and for measuring.

An edit takes an RGB picture of any size, a generator that decides everything left open, a strength
in 0..1 and, where it needs them, other pictures; it gives an RGB picture whose sides are at most
twice the longer side of the one given. The same generator state gives the same pixels. The kinds
are those of the copy detection literature: SSCD (Pizzi et al. 2022, arXiv 2202.10261) and the
DISC21 challenge (Douze et al. 2021, arXiv 2106.09672).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from . import colour, frames, geometry, overlay, quality

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from PIL import Image

STRENGTHS = {"light": 0.0, "medium": 0.5, "strong": 1.0}
MOST_EDITS = 3  # that `random_edit` does to one picture
_COUNTS = (0.45, 0.35, 0.2)  # how often one, two, three
_MILDER = 0.7  # the strongest of several, so that together they leave something to be seen


class Edit(Protocol):
    """What stands in the table."""

    def __call__(
        self,
        image: Image.Image,
        random: np.random.Generator,
        strength: float,
        others: Sequence[Image.Image] = (),
    ) -> Image.Image:
        """Return the edited copy.

        Args:
            image: RGB, at least 1 x 1.
            random: decides what the strength leaves open.
            strength: 0 (light) to 1 (strong).
            others: pictures that it may be shown with or laid on; without any, plain colours.
        """
        ...


def _alone(
    edit: Callable[[Image.Image, np.random.Generator, float], Image.Image],
) -> Edit:
    """Take an edit that needs no other pictures."""

    def call(
        image: Image.Image,
        random: np.random.Generator,
        strength: float,
        others: Sequence[Image.Image] = (),  # noqa: ARG001
    ) -> Image.Image:
        return edit(image, random, strength)

    return call


def _one_after_the_other(*names: str) -> Edit:
    """Join edits of the table, each at a milder strength."""

    def call(
        image: Image.Image,
        random: np.random.Generator,
        strength: float,
        others: Sequence[Image.Image] = (),
    ) -> Image.Image:
        for name in names:
            image = EDITS[name](image, random, strength * _MILDER, others)
        return image

    return call


# Never trained with, so that what is measured on them is said of edits that nobody foresaw.
HELD_OUT: dict[str, Edit] = {
    "perspective": _alone(geometry.perspective),
    "photographed": _alone(quality.photographed),
    "posterised": _alone(colour.posterised),
    "screenshot": _alone(frames.screenshot),
    "sharpened": _alone(quality.sharpened),
    "sticker": _alone(overlay.sticker),
}
TRAINED: dict[str, Edit] = {
    "blurred": _alone(quality.blurred),
    "bordered": _alone(frames.bordered),
    "brightened": _alone(colour.brightened),
    "captioned": _alone(overlay.captioned),
    "collage": frames.collage,
    "cropped": _alone(geometry.cropped),
    "grey": _alone(colour.grey),
    "low-quality": _alone(quality.low_quality),
    "mirrored": _alone(geometry.mirrored),
    "negative": _alone(colour.negative),
    "noisy": _alone(quality.noisy),
    "padded": _alone(frames.padded),
    "pasted": frames.pasted,
    "rotated": _alone(geometry.rotated),
    "saturated": _alone(colour.saturated),
    "sketched": _alone(colour.sketched),
    "small": _alone(geometry.small),
    "stretched": _alone(geometry.stretched),
    "tilted": _alone(geometry.tilted),
    "tinted": _alone(colour.tinted),
    "turned": _alone(geometry.turned),
    "warm": _alone(colour.warm),
    "watermarked": _alone(overlay.watermarked),
}
COMBINED: dict[str, Edit] = {
    "disguised": _one_after_the_other("mirrored", "rotated", "tinted"),
    "reposted": _one_after_the_other("cropped", "captioned", "low-quality"),
}
EDITS: dict[str, Edit] = dict(sorted({**TRAINED, **COMBINED, **HELD_OUT}.items()))
# Each takes much of the picture away, so only one of them in a row.
_DRASTIC = frozenset({"collage", "cropped", "negative", "pasted", "sketched", "small"})


def random_edit(
    image: Image.Image, random: np.random.Generator, *, others: Sequence[Image.Image]
) -> Image.Image:
    """Do one to three edits of `TRAINED` in random order and strength, after SSCD's training.

    Args:
        image: RGB.
        random: decides which, and how.
        others: pictures that it may be shown with or laid on.

    Returns:
        RGB, of another size than `image`, with sides of at most twice its longer side.
    """
    names = list(TRAINED)
    count = 1 + int(random.choice(MOST_EDITS, p=_COUNTS))
    most = 1.0 if count == 1 else _MILDER
    limit, drastic = 2 * max(image.size), False
    for index in random.permutation(len(names)):
        name = names[index]
        if name in _DRASTIC:
            if drastic:
                continue
            drastic = True
        image = TRAINED[name](image, random, float(random.uniform(0, most)), others)
        image.thumbnail((limit, limit))
        count -= 1
        if count == 0:
            break
    return image
