"""What a match means: its kind, and how the query differs from the target."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..types import Match

COPY_CONFIDENCE = 0.9
NEAR_INLIERS = 8  # unrelated pictures may share fewer
MAX_PAGES_SHARE = 0.1  # of the other pages of a copy that may differ
FULL_OVERLAP = 0.95  # an overlap from which a picture counts as shown in full
MIN_ROTATION_DEGREES = 2.0
MIN_STRETCH = 1.05
GREY_SATURATION = 0.3  # relative to the other picture; below, it is black and white
MIN_COLOUR_SHIFT = 0.016
MUCH_BLURRED, MIN_BLURRED_COLOUR_SHIFT = 0.6, 0.04  # a blur dulls colours
SATURATIONS = 0.75, 1 / 0.75  # beyond these, colours were changed
ADDED = 0.3  # more, or less, detail in the places that differ
BLURRED, SHARPENED = 0.86, 1.3  # sharpness, relative to the other picture


def kind_of(match: Match | None) -> str:
    """Return what a match, or None, means: `copy`, `near` or `different`."""
    if match is None:
        return "different"
    if match.confidence >= COPY_CONFIDENCE and match.differences.pages <= MAX_PAGES_SHARE:
        return "copy"
    return "near" if match.inliers >= NEAR_INLIERS else "different"


def changes(match: Match) -> list[str]:
    """Describe how the query differs from the target.

    Example:
        >>> from PIL import Image
        >>> from lookalike.search import compare
        >>> half = Image.open("query.jpg").reduce(2)
        >>> changes(compare(half, "query.jpg").match)
        ['reduced to 50%']
    """
    return [*_placements(match), *_looks(match), *_local_changes(match)]


def _placements(match: Match) -> list[str]:
    """Say how the frame was changed."""
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


def _looks(match: Match) -> list[str]:
    """Say what was done to all of it."""
    look, edits = match.look, []
    shift = MIN_COLOUR_SHIFT if look.sharpness > MUCH_BLURRED else MIN_BLURRED_COLOUR_SHIFT
    is_as_vivid = SATURATIONS[0] < look.saturation < SATURATIONS[1]
    if look.saturation < GREY_SATURATION:
        edits.append("in black and white")
    elif look.saturation > 1 / GREY_SATURATION and look.colour_shift < shift:
        edits.append("in colour")
    elif not look.is_negative and (look.colour_shift > shift or not is_as_vivid):
        edits.append("with other colours")
    if look.is_negative:
        edits.append("as a negative")
    if look.sharpness < BLURRED:
        edits.append("blurred")
    elif look.sharpness > SHARPENED:
        edits.append("sharpened")
    return edits


def _local_changes(match: Match) -> list[str]:
    """Say how many places differ, and how."""
    count = len(match.differences.boxes)
    edits = []
    if count:
        verb = "text or graphics added"
        if match.look.added < -ADDED:
            verb = "covered or blurred"
        edits.append(f"{verb} in {count} {'place' if count == 1 else 'places'}")
    if match.differences.pages:
        edits.append(f"with other pages or frames ({percent(match.differences.pages)})")
    return edits


def percent(share: float) -> str:
    """Format a share of 0..1 as a percentage."""
    return f"{100 * share:.0f}%"
