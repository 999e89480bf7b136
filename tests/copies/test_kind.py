from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps

from lookalike.copies.fingerprint import fingerprint
from lookalike.copies.kind import COPY_CONFIDENCE, NEAR_INLIERS, changes, kind_of
from lookalike.copies.verify import verify
from lookalike.decode import from_image
from lookalike.types import Box, Differences, Look, Match

from ..conftest import busy
from .drawn import matched, photo

SIZE = (480, 360)


@pytest.mark.parametrize(
    ("rows", "flipped", "expected"),
    [
        ([[1, 0, 0], [0, 1, 0]], False, []),
        ([[0, 1, 0], [-1, 0, 360]], False, ["rotated 90° clockwise"]),
        ([[0, -1, 480], [1, 0, 0]], False, ["rotated 90° anticlockwise"]),
        ([[-1, 0, 480], [0, 1, 0]], True, ["mirrored"]),
        ([[2, 0, 0], [0, 2, 0]], False, ["reduced to 50%"]),
        ([[1, 0, 0], [0, 1.6, 0]], False, ["stretched by 60%", "reduced to 79%"]),
    ],
)
def test_changes_in_words(rows: list[list[float]], flipped: bool, expected: list[str]) -> None:
    transform = tuple(map(tuple, [*rows, [0, 0, 1]]))
    match = Match(transform, 50, 0.2, 1.0, 1.0, 1.0, 1.0, flipped, np.empty((50, 4), np.float32))
    assert changes(match) == expected


@pytest.mark.parametrize(
    ("degrees", "expected"),
    [(-90, "rotated 90° clockwise"), (90, "rotated 90° anticlockwise")],
)
def test_the_direction_of_a_rotation(degrees: int, expected: str) -> None:
    rotated = busy(3, SIZE).rotate(degrees, expand=True)
    match = verify(*(fingerprint(from_image(image)) for image in (rotated, busy(3, SIZE))))
    assert match is not None
    assert changes(match) == [expected]


def flat_match(**options: Any) -> Match:
    eye = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    match = Match(eye, 50, 0.2, 1.0, 1.0, 1.0, 1.0, False, np.empty((50, 4), np.float32))
    return replace(match, **options)


def test_a_kind_needs_evidence() -> None:
    assert kind_of(None) == "different"
    assert kind_of(flat_match(confidence=COPY_CONFIDENCE)) == "copy"
    unsure = flat_match(confidence=COPY_CONFIDENCE - 0.01)
    assert kind_of(unsure) == "near"
    assert kind_of(replace(unsure, inliers=NEAR_INLIERS - 1)) == "different"
    other_pages = flat_match(differences=Differences(pages=0.5))
    assert kind_of(other_pages) == "near"
    assert kind_of(flat_match(differences=Differences(pages=0.05))) == "copy"


BOX = Box((0, 0, 9, 9), (0, 0, 9, 9))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"look": Look(saturation=0.05)}, ["in black and white"]),
        ({"look": Look(saturation=20.0)}, ["in colour"]),
        ({"look": Look(colour_shift=0.5, is_negative=True)}, ["as a negative"]),
        ({"look": Look(colour_shift=0.1)}, ["with other colours"]),
        ({"look": Look(saturation=1.6)}, ["with other colours"]),
        ({"look": Look(sharpness=0.3)}, ["blurred"]),
        ({"look": Look(sharpness=3.0)}, ["sharpened"]),
        ({"target_overlap": 0.5}, ["cropped to 50%"]),
        ({"query_overlap": 0.3}, ["part of a larger image (30%)"]),
        (
            {"differences": Differences(0.05, (BOX,)), "look": Look(added=0.6)},
            ["text or graphics added in 1 place"],
        ),
        (
            {"differences": Differences(0.05, (BOX, BOX)), "look": Look(added=-0.6)},
            ["covered or blurred in 2 places"],
        ),
        ({"differences": Differences(pages=0.5)}, ["with other pages or frames (50%)"]),
    ],
)
def test_what_was_done_in_words(options: dict[str, Any], expected: list[str]) -> None:
    assert changes(flat_match(**options)) == expected


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda image: image, []),
        (lambda image: image.crop((60, 40, 420, 320)), ["cropped to 58%"]),
        (ImageOps.mirror, ["mirrored"]),
        (ImageOps.invert, ["as a negative"]),
        (ImageOps.grayscale, ["in black and white"]),
        (lambda image: image.filter(ImageFilter.GaussianBlur(5)), ["blurred"]),
        (lambda image: image.reduce(3), ["reduced to 33%"]),
    ],
)
def test_what_was_done_to_a_photo_is_seen(
    edit: Callable[[Image.Image], Image.Image], expected: list[str]
) -> None:
    original = photo("butterfly/image_0010")
    assert changes(matched(edit(original), original)) == expected
