"""The benchmark of grainy photographs: its duplicates go, its changed pictures stay."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.copies.camera import make_scene, take_photo
from benchmarks.copies.grainy import KINDS, make_pairs
from lookalike.duplicates.lost_pixels import pixels_lost

PHOTOS = sorted((Path(__file__).parents[3] / "samples" / "pictures").rglob("*.jpg"))
SIZE = (640, 480)


@pytest.mark.parametrize("iso", [100, 6400])
def test_duplicates_go_and_changed_ones_stay(iso: int) -> None:
    pairs = list(make_pairs(PHOTOS, SIZE, iso, np.random.default_rng(1)))
    assert [pair.kind for pair in pairs] == list(KINDS)
    reasons = [pixels_lost(pair.kept, pair.other) for pair in pairs]
    assert reasons == ["", "", "", "", "it differs at 1 place"]


def test_noise_grows_with_the_sensitivity() -> None:
    scene = make_scene(PHOTOS, SIZE, np.random.default_rng(2))
    flat = np.full_like(scene, 0.5)
    noise = [take_photo(flat, iso, np.random.default_rng(3)).std() for iso in (100, 800, 6400)]
    assert noise[0] < noise[1] < noise[2]


def test_the_same_state_gives_the_same_photo() -> None:
    one, two = (
        take_photo(make_scene(PHOTOS, SIZE, random), 400, random)
        for random in (np.random.default_rng(4), np.random.default_rng(4))
    )
    assert np.array_equal(one, two)
