"""Whether one of two pictures is a copy of the other, and how they differ."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..copies import (
    FULL_OVERLAP,
    Side,
    changes,
    fingerprint,
    kind_of,
    look_closely,
    percent,
    verify,
)
from ..decode import decode_frames
from ..types import Differences
from .query import prepare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ..types import Match, Picture
    from .query import Query, QueryInput

MIN_SHARE = 0.01  # that is told as a percentage
MIN_SIDE_PIXELS = 1_400  # the shorter side of a picture is decoded to at least so many


@dataclass(frozen=True, slots=True)
class Comparison:
    """The result of `compare`.

    In the sentences "your picture" is the first argument of `compare`, "this one" the second.

    Attributes:
        names: of your picture and of this one: paths, or the kinds of objects they were.
        pictures: your picture and this one, decoded.
        kind: `exact` (all pixels are equal), `copy` (one was made from the other), `near` (both
            show the same thing or scene, but neither is a copy), `different`.
        match: how your picture lies over this one; None if no geometry fits.

    Example:
        >>> from PIL import Image
        >>> half = Image.open("query.jpg").reduce(2)
        >>> comparison = compare(half, "query.jpg")
        >>> comparison.kind
        'copy'
        >>> comparison.sentences[0]
        'Your picture is a copy of this one, reduced to 50%.'
    """

    names: tuple[str, str]
    pictures: tuple[Picture, Picture] = field(repr=False)
    kind: str
    match: Match | None

    @property
    def sentences(self) -> tuple[str, ...]:
        """The result in words: the relation, the differences, the shared parts, the evidence."""
        match = self.match
        if self.kind == "exact":
            return ("Both are the same picture: every pixel is equal.",)
        if self.kind == "different" or match is None:
            return ("The pictures are different: neither appears in the other.",)
        relation = [_copy_sentence(match)] if self.kind == "copy" else _near_sentences(match)
        evidence = (
            f"{match.inliers} features agree to {match.residual:.2f} pixels, and the overlapping "
            f"pixels correlate at {match.agreement:.2f}. Confidence: {match.confidence:.3f}."
        )
        differences = _difference_sentences(self.kind, match.differences)
        return (*relation, *differences, _shares_sentence(match), evidence)

    def as_json(self) -> dict[str, Any]:
        """Return everything but the pictures as JSON values."""
        match = self.match.as_json() if self.match else None
        return {"one": self.names[0], "other": self.names[1], "kind": self.kind, "match": match}


def compare(one: QueryInput | Query, other: QueryInput | Query) -> Comparison:
    """Check whether one picture is a copy of the other.

    Args:
        one: your picture, as for `Gallery.search`: a path, bytes, a file, a PIL image or an RGB
            array.
        other: the picture to compare it with, likewise.

    Raises:
        ArgumentError: a picture is of an unknown kind.
        PictureError: a picture can't be read or decoded.
    """
    queries = [prepare(query, min_side=MIN_SIDE_PIXELS) for query in (one, other)]
    query, target = (query.picture for query in queries)
    match = verify(fingerprint(query), fingerprint(target))
    kind = kind_of(match)
    if _are_equal(*queries):
        kind = "exact"
    elif match and kind == "copy":
        match = look_closely(match, _side(query), _side(target))
        kind = kind_of(match)
    return Comparison((queries[0].name, queries[1].name), (query, target), kind, match)


def _side(picture: Picture) -> Side:
    return Side(picture.pixels, (picture.width, picture.height))


def _are_equal(query: Query, target: Query) -> bool:
    """Check whether both have the same pixels at full resolution, on every page and frame."""
    pictures = query.picture, target.picture
    sizes = {(picture.width, picture.height, picture.properties.has_alpha) for picture in pictures}
    if len(sizes) > 1 or not np.array_equal(pictures[0].pixels, pictures[1].pixels):
        return False  # a quick look at what is decoded already
    is_any = False
    for one, other in itertools.zip_longest(_frames(query), _frames(target)):
        if one is None or other is None or not np.array_equal(one, other):
            return False
        is_any = True
    return is_any


def _frames(query: Query) -> Iterator[NDArray[Any]]:
    """Return every page and frame at full resolution; none of pixels that were reduced."""
    if query.data is not None:
        return decode_frames(query.data)
    picture = query.picture
    is_whole = picture.pixels.shape[:2] == (picture.height, picture.width)
    return iter([picture.pixels] if is_whole else [])


def _copy_sentence(match: Match) -> str:
    verb = "is" if match.query_overlap >= FULL_OVERLAP else "contains"
    noun = "mirrored copy" if match.flipped else "copy"
    # "Contains" says that it is part of a larger image, and "mirrored" comes first.
    edits = changes(replace(match, query_overlap=1.0))[match.flipped :]
    if not changes(match):
        edits = ["re-saved"]
    return f"Your picture {verb} a {noun} of this one{f', {_listed(edits)}' if edits else ''}."


def _near_sentences(match: Match) -> list[str]:
    relation = "Both show the same thing or scene, but neither is a copy: their pixels differ."
    edits = _listed(changes(replace(match, differences=Differences())))  # these get a sentence
    return [relation, f"Your picture, compared with this one: {edits}."] if edits else [relation]


def _difference_sentences(kind: str, differences: Differences) -> list[str]:
    sentences = []
    count = len(differences.boxes)
    share = percent(differences.share) if differences.share >= MIN_SHARE else "less than 1%"
    if kind == "copy" and count:
        places = "1 place" if count == 1 else f"{count} places"
        sentences.append(f"It is the same but for {places} ({share} of what both show).")
    elif kind == "near" and differences.share:
        sentences.append(f"{share[0].upper()}{share[1:]} of what both show differs.")
    if differences.pages:
        pages = percent(max(differences.pages, MIN_SHARE))
        sentences.append(f"Their other pages or frames differ, too ({pages}).")
    return sentences


def _shares_sentence(match: Match) -> str:
    yours, this = (
        "all" if overlap >= FULL_OVERLAP else percent(overlap)
        for overlap in (match.query_overlap, match.target_overlap)
    )
    if yours == this == "all":
        return "Each shows all of the other."
    sentence = f"{yours} of your picture appears in this one, and {this} of this one in yours."
    return sentence[0].upper() + sentence[1:]


def _listed(words: list[str]) -> str:
    """Join words as in "a, b and c"."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
