"""Whether one of two pictures is a copy of the other, and what was done to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..copies import changes, fingerprint, kind_of, percent, verify
from .query import prepare

if TYPE_CHECKING:
    from ..types import Match, Picture
    from .query import Query, QueryInput


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
            f"{percent(match.query_overlap)} of the first lies in the second, and "
            f"{percent(match.target_overlap)} of the second in the first."
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


def compare(one: QueryInput | Query, other: QueryInput | Query) -> Comparison:
    """Find how one picture lies in another.

    Args:
        one: as for `Gallery.search`: a path, bytes, a file, a PIL image or an RGB array.
        other: likewise.

    Raises:
        ArgumentError: one is of no known kind.
        PictureError: one can't be read or decoded.
    """
    asked = prepare(one), prepare(other)
    pictures = asked[0].picture, asked[1].picture
    match = verify(*map(fingerprint, pictures))
    kind = "exact" if np.array_equal(pictures[0].pixels, pictures[1].pixels) else kind_of(match)
    return Comparison((asked[0].name, asked[1].name), pictures, kind, match)
