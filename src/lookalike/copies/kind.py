"""What a match means: its kind, and what was done to the picture."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..types import Match

COPY_CONFIDENCE = 0.9
COPY_AGREEMENT = 0.5  # however exactly a few features fit: of less, most is something else
NEAR_INLIERS = 8  # fewer may be found in pictures that have nothing to do with each other
WHOLE = 0.95  # an overlap that is as good as all
TURNED_DEGREES = 2.0
STRETCHED = 1.05


def kind_of(match: Match | None) -> str:
    """Name what a match, or none, means: `copy`, `near` or `different`."""
    if match and match.confidence >= COPY_CONFIDENCE and match.agreement >= COPY_AGREEMENT:
        return "copy"
    return "near" if match and match.inliers >= NEAR_INLIERS else "different"


def changes(match: Match) -> list[str]:
    """Say what was done to the target to get the query: `["mirrored", "cropped to 40%"]`."""
    done = []
    matrix = np.linalg.inv(np.array(match.transform))[:2, :2]  # from the target to the query
    if match.flipped:
        done.append("mirrored")
        matrix = np.diag([-1, 1]) @ matrix
    turn = math.degrees(math.atan2(matrix[1, 0] - matrix[0, 1], matrix[0, 0] + matrix[1, 1]))
    if abs(turn) >= TURNED_DEGREES:
        done.append(f"rotated {abs(turn):.0f}\u00b0 {'clockwise' if turn > 0 else 'anticlockwise'}")
    long, short = np.linalg.svd(matrix, compute_uv=False)
    if match.target_overlap < WHOLE:
        done.append(f"cropped to {percent(match.target_overlap)}")
    if match.query_overlap < WHOLE:
        done.append(f"part of a larger image ({percent(match.query_overlap)})")
    if long / short > STRETCHED:
        done.append(f"stretched by {percent(long / short - 1)}")
    size = math.sqrt(long * short)
    if not 1 / STRETCHED < size < STRETCHED:
        done.append(f"{'enlarged' if size > 1 else 'reduced'} to {percent(size)}")
    return done


def percent(share: float) -> str:
    """Write a share of 0..1 as a percentage."""
    return f"{100 * share:.0f}%"
