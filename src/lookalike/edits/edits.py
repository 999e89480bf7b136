"""The table of edits, for training and for measuring.

An edit takes an RGB picture of any size, a generator for its random choices, a strength in 0..1
and, if it needs them, other pictures. It returns an RGB picture whose sides are at most twice the
longer side of the input. The same generator state gives the same pixels. The kinds are those of the
copy detection literature: SSCD (Pizzi et al. 2022, arXiv 2202.10261) and the DISC21 challenge
(Douze et al. 2021, arXiv 2106.09672).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from . import colour, frames, geometry, overlay, quality

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from PIL import Image

STRENGTHS = {"light": 0.0, "medium": 0.5, "strong": 1.0}
MAX_EDITS = 3  # that `random_edit` applies to one picture
_COUNT_PROBABILITIES = (0.45, 0.35, 0.2)  # of one, two, three edits
_COMBINED_STRENGTH = 0.7  # at most, for each of several edits, so that the picture stays visible


class Edit(Protocol):
    """An entry of the table."""

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
            random: makes the choices that the strength leaves open.
            strength: 0 (light) to 1 (strong).
            others: pictures to show beside it or to paste it on; plain colours without any.
        """
        ...


def _single(
    edit: Callable[[Image.Image, np.random.Generator, float], Image.Image],
) -> Edit:
    """Adapt an edit that needs no other pictures."""

    def apply(
        image: Image.Image,
        random: np.random.Generator,
        strength: float,
        others: Sequence[Image.Image] = (),
    ) -> Image.Image:
        del others
        return edit(image, random, strength)

    return apply


def _sequence(*names: str) -> Edit:
    """Apply several edits of the table in turn, each at a lower strength."""

    def apply(
        image: Image.Image,
        random: np.random.Generator,
        strength: float,
        others: Sequence[Image.Image] = (),
    ) -> Image.Image:
        for name in names:
            image = EDITS[name](image, random, strength * _COMBINED_STRENGTH, others)
        return image

    return apply


# Training never uses these, so figures on them hold for unforeseen edits.
HELD_OUT: dict[str, Edit] = {
    "perspective": _single(geometry.perspective),
    "photographed": _single(quality.photographed),
    "posterised": _single(colour.posterised),
    "screenshot": _single(frames.screenshot),
    "sharpened": _single(quality.sharpened),
    "sticker": _single(overlay.sticker),
}
TRAINED: dict[str, Edit] = {
    "blurred": _single(quality.blurred),
    "bordered": _single(frames.bordered),
    "brightened": _single(colour.brightened),
    "captioned": _single(overlay.captioned),
    "collage": frames.collage,
    "cropped": _single(geometry.cropped),
    "grey": _single(colour.grey),
    "low-quality": _single(quality.low_quality),
    "mirrored": _single(geometry.mirrored),
    "negative": _single(colour.negative),
    "noisy": _single(quality.noisy),
    "padded": _single(frames.padded),
    "pasted": frames.pasted,
    "rotated": _single(geometry.rotated),
    "saturated": _single(colour.saturated),
    "sketched": _single(colour.sketched),
    "small": _single(geometry.small),
    "stretched": _single(geometry.stretched),
    "tilted": _single(geometry.tilted),
    "tinted": _single(colour.tinted),
    "turned": _single(geometry.turned),
    "warm": _single(colour.warm),
    "watermarked": _single(overlay.watermarked),
}
COMBINED: dict[str, Edit] = {
    "disguised": _sequence("mirrored", "rotated", "tinted"),
    "reposted": _sequence("cropped", "captioned", "low-quality"),
}
EDITS: dict[str, Edit] = dict(sorted({**TRAINED, **COMBINED, **HELD_OUT}.items()))
# Each removes much of the picture, so `random_edit` applies at most one of them.
_DRASTIC = frozenset({"collage", "cropped", "negative", "pasted", "sketched", "small"})


def random_edit(
    image: Image.Image, random: np.random.Generator, *, others: Sequence[Image.Image]
) -> Image.Image:
    """Apply one to three edits of `TRAINED` in random order and strength, after SSCD's training.

    Args:
        image: RGB.
        random: chooses the edits and their parameters.
        others: pictures to show beside it or to paste it on.

    Returns:
        RGB; the sides are at most twice the longer side of `image`.

    Example:
        >>> import numpy as np
        >>> from PIL import Image
        >>> from lookalike.edits import random_edit
        >>> image = Image.open("query.jpg").convert("RGB")
        >>> copy = random_edit(image, np.random.default_rng(7), others=[])
        >>> copy.mode, copy.tobytes() == image.tobytes()
        ('RGB', False)
    """
    names = list(TRAINED)
    count = 1 + int(random.choice(MAX_EDITS, p=_COUNT_PROBABILITIES))
    max_strength = 1.0 if count == 1 else _COMBINED_STRENGTH
    max_side, has_drastic = 2 * max(image.size), False
    for index in random.permutation(len(names)):
        name = names[index]
        if name in _DRASTIC:
            if has_drastic:
                continue
            has_drastic = True
        image = TRAINED[name](image, random, float(random.uniform(0, max_strength)), others)
        image.thumbnail((max_side, max_side))
        count -= 1
        if count == 0:
            break
    return image
