from __future__ import annotations

import numpy as np
import pytest

from lookalike.copies.fingerprint import fingerprint
from lookalike.copies.kind import changes
from lookalike.copies.verify import verify
from lookalike.decode import from_image
from lookalike.types import Match

from ..conftest import busy

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
