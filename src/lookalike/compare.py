"""Whether one of two pictures is a copy of the other, and what was done to it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from .fingerprints import fingerprint
from .query import look
from .verify import verify

if TYPE_CHECKING:
    from .query import Asked, Query
    from .types import Match, Picture

COPY_CONFIDENCE = 0.9
COPY_AGREEMENT = 0.5  # however exactly a few features fit: of less, most is something else
NEAR_INLIERS = 8  # fewer may be found in pictures that have nothing to do with each other
WHOLE = 0.95  # an overlap that is as good as all
TURNED_DEGREES = 2.0
STRETCHED = 1.05


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `compare` found.

    Attributes:
        names: of both: paths, or what kinds of objects they were.
        pictures: both, decoded.
        kind: `exact` (all pixels are equal), `copy` (one was made from the other), `near` (both
            show the same thing or scene, but are two pictures), `different`.
        match: how the first lies in the second; None where no geometry holds.
    """

    names: tuple[str, str]
    pictures: tuple[Picture, Picture] = field(repr=False)
    kind: str
    match: Match | None

    @property
    def sentences(self) -> tuple[str, ...]:
        """What was found, in words."""
        found = {
            "exact": "They are the same picture: all pixels are equal.",
            "copy": "One is a copy of the other.",
            "near": "They show the same thing, but are two pictures: their pixels do not agree.",
            "different": "They are different pictures: neither was found in the other.",
        }[self.kind]
        if self.match is None or self.kind in {"exact", "different"}:
            return (found,)
        match = self.match
        done = changes(match)
        shares = (
            f"{_percent(match.query_overlap)} of the first lies in the second, and "
            f"{_percent(match.target_overlap)} of the second in the first."
        )
        proof = (
            f"{match.inliers} features agree to {match.residual:.2f} pixels, and the pixels laid "
            f"over each other to {match.agreement:.2f}: confidence {match.confidence:.3f}."
        )
        said = f"Seen from the second, the first is {', '.join(done)}." if done else ""
        return tuple(filter(None, (found, said, shares, proof)))

    def as_json(self) -> dict[str, Any]:
        """Give everything as JSON values."""
        match = self.match.as_json() if self.match else None
        return {"one": self.names[0], "other": self.names[1], "kind": self.kind, "match": match}


def changes(match: Match) -> list[str]:
    """Say what was done to the target to get the query: `["mirrored", "cropped to 40 %"]`."""
    done = []
    matrix = np.linalg.inv(np.array(match.transform))[:2, :2]  # from the target to the query
    if match.flipped:
        done.append("mirrored")
        matrix = np.diag([-1, 1]) @ matrix
    turn = math.degrees(math.atan2(matrix[1, 0] - matrix[0, 1], matrix[0, 0] + matrix[1, 1]))
    if abs(turn) >= TURNED_DEGREES:
        done.append(
            f"turned by {abs(turn):.0f}\u00b0 {'clockwise' if turn > 0 else 'anticlockwise'}"
        )
    long, short = np.linalg.svd(matrix, compute_uv=False)
    if match.target_overlap < WHOLE:
        done.append(f"cropped to {_percent(match.target_overlap)}")
    if match.query_overlap < WHOLE:
        done.append(f"put into something larger, of which it fills {_percent(match.query_overlap)}")
    if long / short > STRETCHED:
        done.append(f"stretched by {_percent(long / short - 1)}")
    size = math.sqrt(long * short)
    if not 1 / STRETCHED < size < STRETCHED:
        done.append(f"{'enlarged' if size > 1 else 'reduced'} to {_percent(size)}")
    return done


def kind_of(match: Match | None) -> str:
    """Name what a match, or none, means: `copy`, `near` or `different`."""
    if match and match.confidence >= COPY_CONFIDENCE and match.agreement >= COPY_AGREEMENT:
        return "copy"
    return "near" if match and match.inliers >= NEAR_INLIERS else "different"


def compare(one: Query | Asked, other: Query | Asked) -> Comparison:
    """Find how one picture lies in another.

    Args:
        one: as for `Gallery.search`: a path, bytes, a file, a PIL image or an RGB array.
        other: likewise.

    Raises:
        ArgumentError: one is of no known kind.
        PictureError: one can't be read or decoded.
    """
    asked = look(one), look(other)
    pictures = asked[0].picture, asked[1].picture
    match = verify(*map(fingerprint, pictures))
    kind = "exact" if np.array_equal(pictures[0].pixels, pictures[1].pixels) else kind_of(match)
    return Comparison((asked[0].name, asked[1].name), pictures, kind, match)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
