"""What a match means: its kind, and how the query differs from the target."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..types import Match

COPY_CONFIDENCE = 0.9
COPY_AGREEMENT = 0.5  # below, most of the pixels differ, however well a few features fit
NEAR_INLIERS = 8  # unrelated pictures may share fewer
FULL_OVERLAP = 0.95  # an overlap from which a picture counts as shown in full
MIN_ROTATION_DEGREES = 2.0
MIN_STRETCH = 1.05


def kind_of(match: Match | None) -> str:
    """Return what a match, or None, means: `copy`, `near` or `different`."""
    if match and match.confidence >= COPY_CONFIDENCE and match.agreement >= COPY_AGREEMENT:
        return "copy"
    return "near" if match and match.inliers >= NEAR_INLIERS else "different"


def changes(match: Match) -> list[str]:
    """Describe how the query differs from the target.

    Example:
        >>> from PIL import Image
        >>> from lookalike.search import compare
        >>> half = Image.open("query.jpg").reduce(2)
        >>> changes(compare(half, "query.jpg").match)
        ['reduced to 50%']
    """
    edits = []
    matrix = np.linalg.inv(np.array(match.transform))[:2, :2]  # from the target to the query
    if match.flipped:
        edits.append("mirrored")
        matrix = np.diag([-1, 1]) @ matrix
    turn = math.degrees(math.atan2(matrix[1, 0] - matrix[0, 1], matrix[0, 0] + matrix[1, 1]))
    if abs(turn) >= MIN_ROTATION_DEGREES:
        direction = "clockwise" if turn > 0 else "anticlockwise"
        edits.append(f"rotated {abs(turn):.0f}\u00b0 {direction}")
    long, short = np.linalg.svd(matrix, compute_uv=False)
    if match.target_overlap < FULL_OVERLAP:
        edits.append(f"cropped to {percent(match.target_overlap)}")
    if match.query_overlap < FULL_OVERLAP:
        edits.append(f"part of a larger image ({percent(match.query_overlap)})")
    if long / short > MIN_STRETCH:
        edits.append(f"stretched by {percent(long / short - 1)}")
    scale = math.sqrt(long * short)
    if not 1 / MIN_STRETCH < scale < MIN_STRETCH:
        edits.append(f"{'enlarged' if scale > 1 else 'reduced'} to {percent(scale)}")
    return edits


def percent(share: float) -> str:
    """Format a share of 0..1 as a percentage."""
    return f"{100 * share:.0f}%"
