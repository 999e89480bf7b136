"""Small measures of pixels, faster for three channels than NumPy's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float32]


def luma(pixels: NDArray[Any]) -> Floats:
    """Return the brightness of RGB pixels, uint8 or float32: float32 [h, w], 0..255."""
    import cv2

    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.float32)


def detail(grey: Floats) -> Floats:
    """Return the detail around each pixel of a grey picture: float32 [h, w], in levels.

    That of two to four pixels: finer detail is lost where a picture is moved by part of a pixel.
    """
    import cv2

    fine, coarse = (cv2.GaussianBlur(grey, (0, 0), sigma) for sigma in (0.8, 2.0))
    return np.asarray(np.abs(fine - coarse), np.float32)


def largest(values: NDArray[Any]) -> NDArray[Any]:
    """Return the largest of three channels, the last axis; NumPy's `max` is slow for so few."""
    return np.asarray(np.maximum(np.maximum(values[..., 0], values[..., 1]), values[..., 2]))


def sample(mask: NDArray[np.bool_], count: int) -> NDArray[np.intp]:
    """Return where a mask is set, every so many, at most `count`: places in the flat mask."""
    places = np.flatnonzero(mask)
    return places[:: max(-(-len(places) // count), 1)]
