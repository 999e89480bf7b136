"""What was done to a whole picture, in words: mirrored, turned, cropped, recoloured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SIDE_PIXELS = 160  # of the square pictures that are compared
SAME = 0.9  # correlation
BETTER = 0.3  # of what is missing to full correlation, by which another position must be better
BLUR_SIGMA = 1.2  # pixels: crops are tried in steps
CROPS = np.linspace(0.99, 0.5, 50).tolist()  # shares of a side
COLOURLESS, COLOURFUL = 1.5, 4.0  # levels of colour, on average
FLAT = 2.0  # levels, standard deviation: nothing to recognise a part by
RECOLOURED = 1.2  # levels of 255, on average
_MOVES: dict[str, Callable[[NDArray[np.float32]], NDArray[np.float32]]] = {
    "it is mirrored": lambda p: p[:, ::-1],
    "it is upside down": lambda p: p[::-1],
    "it is turned by 180 degrees": lambda p: p[::-1, ::-1],
    "it is turned by 90 degrees": lambda p: np.rot90(p, 1),
    "it is turned by 270 degrees": lambda p: np.rot90(p, 3),
    "it is mirrored and turned": lambda p: p.swapaxes(0, 1),
    "it is mirrored, and turned the other way": lambda p: p[::-1, ::-1].swapaxes(0, 1),
}


def describe_whole_change(kept: NDArray[np.uint8], other: NDArray[np.uint8]) -> str:
    """Say in one clause how the whole of a picture was changed; empty if it was not.

    Args:
        kept: uint8 [H, W, 3].
        other: uint8 [h, w, 3].
    """
    mine, theirs = _reduce(kept, SIDE_PIXELS), _reduce(other, SIDE_PIXELS)
    upright = _correlation(mine, theirs)
    needed = max(SAME, upright + BETTER * (1 - upright))
    part, whole = _crop_correlation(kept, theirs), _crop_correlation(other, mine)
    scores = {reason: _correlation(move(mine), theirs) for reason, move in _MOVES.items()}
    scores |= {"it is a crop": part, "it shows more": whole}
    best = max(scores, key=scores.__getitem__)
    if scores[best] > needed:
        return best
    return "it is a negative" if upright < -SAME else _recoloured(mine, theirs, upright)


def _recoloured(mine: NDArray[np.float32], theirs: NDArray[np.float32], upright: float) -> str:
    mean_colour, their_colour = (
        float(np.abs(picture - picture.mean(axis=2, keepdims=True)).mean())
        for picture in (mine, theirs)
    )
    if upright > SAME and their_colour < COLOURLESS and mean_colour > COLOURFUL:
        return "it is black and white"
    if upright > SAME and np.median(np.abs(mine - theirs)) > RECOLOURED:
        return "its colours or its brightness were changed"
    return ""


def _reduce(pixels: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    import cv2

    small = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), BLUR_SIGMA), np.float32)


def _luma(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    import cv2

    return np.asarray(cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY), np.float32)


def _correlation(mine: NDArray[np.float32], theirs: NDArray[np.float32]) -> float:
    one, two = _luma(mine).ravel(), _luma(theirs).ravel()
    one, two = one - one.mean(), two - two.mean()
    return float(one @ two) / max(float(np.sqrt((one @ one) * (two @ two))), 1e-6)


def _crop_correlation(pixels: NDArray[np.uint8], part: NDArray[np.float32]) -> float:
    """Return how well a part of a picture can be another whole picture."""
    import cv2

    template = _luma(part)
    if template.std() < FLAT:
        return -1.0
    best = -1.0
    for share in CROPS:
        large = _luma(_reduce(pixels, round(SIDE_PIXELS / share)))
        scores = cv2.matchTemplate(large, template, cv2.TM_CCOEFF_NORMED)
        best = max(best, float(scores[np.isfinite(scores)].max(initial=-1.0)))
    return best
