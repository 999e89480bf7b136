"""Fits the colours of one overlaid picture to the other's, so that filters are no differences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .pixels import largest, luma, sample
from .registration import MAX_LEVELS, UNTRUSTED, robust_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .pixels import Floats

MIN_NOISE_LEVELS = 4.0
FITTED_PIXELS = 1_500  # a colour map is fitted to at most so many
SMOOTH_PIXELS = 3  # side of the windows whose colours are fitted: blur is not a change of colours
SIMILARITY_PIXELS = 7  # side of a window
LEAST_SIMILARITY, LEAST_VARIANCE = 0.05, 25.0  # what hardly varies has little structure
PLAIN_TERMS = 6  # of a colour map for even light
MIN_UNEVEN_LEVELS, MAX_UNEVEN_SHARE = 3.0, 0.85  # of the error, that uneven light must explain
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def match_colours(
    query: Floats, target: Floats, mask: NDArray[np.bool_], trusted: NDArray[np.bool_]
) -> tuple[tuple[Floats, Floats], float, float]:
    """Fit the colours of one picture to those of the other, whichever works better.

    Black and white can be made from colours, but not the reverse. The fit starts where the
    structure agrees, as most of what two frames share may be another picture.

    Returns:
        both pictures, one of them in the other's colours, the typical error, and how far the
        colours that agree were mapped, on average, both in levels.
    """
    import cv2

    places = sample(mask, FITTED_PIXELS)
    likely = trusted.ravel()[places]
    likely |= not likely.any()
    similar = _similarity(luma(query), luma(target)).ravel()[places]
    similar = similar * np.where(likely, 1, UNTRUSTED)
    above, below = (
        np.asarray(cv2.blur(pixels, (SMOOTH_PIXELS, SMOOTH_PIXELS)), np.float32).reshape(-1, 3)[
            places
        ]
        for pixels in (query, target)
    )
    fits = [
        (*_fit(_terms(source), goal, similar, likely), source, goal)
        for source, goal in ((above, below), (below, above))
    ]
    spread, colours, source, goal = min(fits, key=lambda fit: fit[0])
    if spread > MIN_UNEVEN_LEVELS:
        light = _light(mask.shape, places)
        uneven, lit_colours = _fit(_terms(source, light), goal, similar, likely)
        if uneven < MAX_UNEVEN_SHARE * spread:
            colours = lit_colours
    changed, kept = (query, target) if source is above else (target, query)
    mapped = _map_colours(changed, colours)
    before, after, other = (pixels.reshape(-1, 3)[places] for pixels in (changed, mapped, kept))
    weights, noise = robust_weights(largest(np.abs(after - other)), MIN_NOISE_LEVELS, likely)
    shift = float(weights @ np.abs(after - before).mean(axis=1) / weights.sum())
    return (mapped, kept) if source is above else (kept, mapped), noise, shift


def _fit(
    terms: Floats, goal: Floats, weights: Floats, likely: NDArray[np.bool_]
) -> tuple[float, Floats]:
    """Fit a colour map robustly; return its mean error in levels, and the map, [T, 3].

    Colours that too few pixels tell of stay as they are.

    Args:
        terms: that it adds up, [N, T].
        goal: the colours that it should give, [N, 3].
        weights: to start with, [N].
        likely: bool [N], whose errors tell what is typical.
    """
    unchanged = np.eye(terms.shape[1], 3, dtype=np.float32)
    change = goal - terms @ unchanged
    for _ in range(3):
        weighted = terms.T * weights
        normal = weighted @ terms + np.eye(terms.shape[1], dtype=np.float32) * len(terms)
        colours = unchanged + np.linalg.solve(normal, weighted @ change)
        errors = largest(np.abs(goal - terms @ colours))
        weights, _ = robust_weights(errors, MIN_NOISE_LEVELS, likely)
    return float(np.minimum(errors, MAX_LEVELS).mean()), np.asarray(colours, np.float32)


def _map_colours(pixels: Floats, colours: Floats) -> Floats:
    """Apply a colour map, with or without light, to RGB pixels: float32 [h, w, 3]."""
    light = None
    if len(colours) > PLAIN_TERMS:
        light = _light(pixels.shape, np.arange(pixels.shape[0] * pixels.shape[1]))
    return np.asarray(_terms(pixels.reshape(-1, 3), light) @ colours, np.float32).reshape(
        pixels.shape
    )


def _terms(colours: Floats, light: Floats | None = None) -> Floats:
    """Return what a colour map adds up: the channels, two squares, a constant: [N, 6].

    With light [N, 4], as of `_light`, its products with the brightness, too: [N, 10].
    """
    red, green, blue = colours.T
    grey = colours @ _LUMA
    squares = grey**2 / 255, (red**2 - blue**2) / 255
    terms = np.stack([red, green, blue, *squares, np.full_like(red, 64)], axis=1)
    return terms if light is None else np.hstack([terms, light * grey[:, None]])


def _light(shape: tuple[int, ...], places: NDArray[np.intp]) -> Floats:
    """Return how light may fall off to a side or to the corners, at places of a picture: [N, 4]."""
    rows, columns = np.divmod(places, shape[1])
    y, x = rows / shape[0] * 2 - 1, columns / shape[1] * 2 - 1
    return np.stack([x, y, x * x, y * y], axis=1).astype(np.float32)


def _similarity(query: Floats, target: Floats) -> Floats:
    """Return how well the structure around each pixel agrees, also as a negative: [h, w], 0..1.

    Args:
        query: brightness, [h, w].
        target: brightness, [h, w].
    """
    import cv2

    def mean(values: Floats) -> Floats:
        return np.asarray(cv2.blur(values, (SIMILARITY_PIXELS, SIMILARITY_PIXELS)), np.float32)

    above, below = mean(query), mean(target)
    variances = mean(query * query) - above**2, mean(target * target) - below**2
    deviations = np.sqrt(np.maximum(variances[0], 0) * np.maximum(variances[1], 0))
    correlations = np.abs(mean(query * target) - above * below) / (deviations + LEAST_VARIANCE)
    return np.asarray((correlations + LEAST_SIMILARITY) ** 2, np.float32)
