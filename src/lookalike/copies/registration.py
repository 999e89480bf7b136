"""A transform between two grey pictures, improved to a fraction of a pixel.

Gauss-Newton steps on the pixels (Lucas and Kanade, "An Iterative Image Registration Technique with
an Application to Stereo Vision", 1981), with weights that let places which differ count little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .geometry import Transform
    from .pixels import Floats

MIN_SHARED_PIXELS = 64  # of the overlay; a smaller one shows too little
MAX_SHIFT_PIXELS = 1.5  # of one Gauss-Newton step
STEPS = 3
REFINED_PIXELS, REFINED_SHARE = 8_000, 0.1  # that a step looks at, whichever is more
MAX_LEVELS = 30.0  # of 255; a larger error counts as so much
MEDIAN_OF = 700  # errors, of all
MIN_GAIN = 0.98  # a transform is better if its error is below so much of the other's
UNTRUSTED = 0.02  # the first weight of what is not known to agree, relative to the rest
COVERED = 0.99  # of a pixel, from which it shows something of the other picture
_DAMPING, _EPSILON = 1e-4, 1e-6


def refine(
    above: Floats,
    below: Floats,
    starts: Sequence[Transform],
    trusted: NDArray[np.bool_],
) -> Transform | None:
    """Improve the best of some transforms between two grey pictures, while steps help.

    Of transforms that are about as good, the first is taken.

    Args:
        above: brightness, [H, W].
        below: brightness, [h, w].
        starts: from the first picture's pixels to the second's.
        trusted: bool [h, w], where both are known to agree.
    """
    registration = _Registration(above, below, trusted)
    best: _Fit | None = None
    for start in starts:
        fit = registration.fit(start)
        if fit and (best is None or fit.error < MIN_GAIN * best.error):
            best = fit
    if best is None:
        return None
    for _ in range(STEPS):
        fit = registration.fit(registration.step(best) @ best.warp)
        if fit is None or fit.error >= MIN_GAIN * best.error:
            break
        best = fit
    return best.warp


class _Fit(NamedTuple):
    """How well a transform fits: the warped picture, and the errors where both show something."""

    warp: Transform
    error: float
    warped: Floats
    shared: NDArray[np.bool_]
    gain: float
    errors: Floats
    weights: Floats


class _Registration:
    """Gauss-Newton steps towards the transform that maps one grey picture onto another."""

    def __init__(self, above: Floats, below: Floats, trusted: NDArray[np.bool_]) -> None:
        import cv2

        self._above = above
        self._below: Floats = np.asarray(cv2.GaussianBlur(below, (0, 0), 1.0), np.float32)
        height, width = below.shape
        looked_at = max(REFINED_PIXELS, height * width * REFINED_SHARE)
        step = max(round((height * width / looked_at) ** 0.5), 1)
        self._sampled, self._pixels_each = np.s_[::step, ::step], step**2
        self._priors = np.where(trusted[self._sampled], 1, UNTRUSTED).astype(np.float32)
        # In coordinates of -1..1, so that all six unknowns are of the same size.
        half = max(width, height) / 2
        self._to_unit = np.array(
            [[1 / half, 0, -width / 2 / half], [0, 1 / half, -height / 2 / half], [0, 0, 1]]
        )
        rows, columns = np.mgrid[0:height:step, 0:width:step].astype(np.float32)
        self._places = np.stack(
            [(columns - width / 2) / half, (rows - height / 2) / half, np.ones_like(rows)]
        )

    def fit(self, warp: Transform) -> _Fit | None:
        """Warp one picture, and compare; None if they share too little."""
        import cv2

        size = self._below.shape[1::-1]
        warped: Floats = cv2.GaussianBlur(
            cv2.warpPerspective(self._above, warp, size), (0, 0), 1.0
        ).astype(np.float32, copy=False)
        cover = cv2.warpPerspective(np.ones(self._above.shape, np.float32), warp, size)
        shared = cover[self._sampled] > COVERED
        if shared.sum() * self._pixels_each < MIN_SHARED_PIXELS:
            return None
        values, goals = warped[self._sampled][shared], self._below[self._sampled][shared]
        priors = self._priors[shared]
        gain, errors, weights = _match_levels(values, goals, priors)
        error = float(priors @ np.minimum(np.abs(errors), MAX_LEVELS) / priors.sum())
        return _Fit(warp, error, warped, shared, gain, errors, weights)

    def step(self, fit: _Fit) -> Transform:
        """Return the affine transform that moves the warped picture closer."""
        import cv2

        gradients = [
            cv2.Sobel(fit.warped, cv2.CV_32F, *order, scale=fit.gain / 8)[self._sampled][fit.shared]
            for order in ((1, 0), (0, 1))
        ]
        places = self._places[:, fit.shared]
        jacobian = np.concatenate([gradient * places for gradient in gradients])
        weighted = jacobian * fit.weights
        normal = (weighted @ jacobian.T).astype(np.float64)
        normal += np.eye(len(normal)) * (np.trace(normal) * _DAMPING + _EPSILON)
        shift = np.linalg.solve(normal, weighted @ fit.errors)
        shift = shift.clip(-MAX_SHIFT_PIXELS, MAX_SHIFT_PIXELS).reshape(2, 3)
        move = np.eye(3)
        move[:2] += shift @ self._to_unit
        return np.asarray(np.linalg.inv(move))


def _match_levels(values: Floats, goals: Floats, priors: Floats) -> tuple[float, Floats, Floats]:
    """Fit `goals` by a gain and a bias, robustly; return gain, errors and weights, [N]."""
    weights, trusted = priors, priors == priors.max()
    for _ in range(3):
        total = weights.sum()
        mean, goal = (weights @ values) / total, (weights @ goals) / total
        deviations = weights * (values - mean)
        gain = float(deviations @ (goals - goal) / (deviations @ (values - mean) + 1e-3 * total))
        errors = goals - goal - gain * (values - mean)
        weights = priors * robust_weights(np.abs(errors), 2.0, trusted)[0]
    return gain, errors, weights


def robust_weights(
    errors: Floats, least: float, typical: NDArray[np.bool_] | None = None
) -> tuple[Floats, float]:
    """Return weights that fall with the error, [N] (Cauchy's), and the errors' typical size.

    Args:
        errors: absolute, [N].
        least: size.
        typical: bool [N], which errors tell the size; all if it is not given.
    """
    telling = errors if typical is None else errors[typical]
    step = -(-len(telling) // MEDIAN_OF)
    telling = telling[::step]
    middle = len(telling) // 2
    size = max(1.5 * float(np.partition(telling, middle)[middle]), least)
    return np.asarray(1 / (1 + (errors / size) ** 2), np.float32), size
