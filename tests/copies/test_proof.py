from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from lookalike.copies.overlay import Side
from lookalike.copies.proof import Alignment, as_tuples, differing_samples, prove

from ..conftest import busy
from .drawn import photo, saved, screen, side

SIZE = (480, 360)


def alignment(
    transform: np.ndarray, places: np.ndarray, others: np.ndarray | None = None
) -> Alignment:
    """Align two pictures by features at places of the query that agree exactly.

    Other places have features, too, that do not agree.
    """
    mapped = places @ transform[:2, :2].T + transform[:2, 2]
    points = np.hstack([places, mapped]).astype(np.float32)
    more = np.empty((0, 2), np.float32) if others is None else others
    query, target = (np.vstack([own, more]) for own in (points[:, :2], points[:, 2:]))
    return Alignment(transform, points, 0.2, query, target)


def grid(left: int, top: int, right: int, bottom: int, count: int = 10) -> np.ndarray:
    columns, rows = np.meshgrid(np.linspace(left, right, count), np.linspace(top, bottom, count))
    return np.stack([columns.ravel(), rows.ravel()], axis=1)


def test_equal_pictures_are_proved_by_all_that_they_show() -> None:
    picture = side(photo("elephant/image_0001"))
    match, evidence = prove(picture, picture, alignment(np.eye(3), grid(10, 10, 470, 350)))
    assert evidence is not None
    assert match.confidence > 0.95
    assert (match.query_overlap, match.target_overlap) == pytest.approx((1, 1), abs=0.01)
    assert (evidence.inliers, evidence.inlier_share) == (100, 1)
    assert evidence.spread > 0.8
    assert evidence.share == 0
    assert evidence.worst_error < 0.05
    assert evidence.sharpness > 0.95


def test_a_header_does_not_speak_for_the_rest() -> None:
    one, other = (screen(photo(f"{name}/image_0002")) for name in ("ferry", "elephant"))
    header = alignment(np.eye(3), grid(20, 5, 500, 95, 5), grid(10, 110, 530, 990, 15))
    match, evidence = prove(side(one), side(other), header)
    assert evidence is not None
    assert match.confidence < 0.5
    assert evidence.spread < 0.5
    assert evidence.share > 0.25
    assert (match.query_overlap, match.target_overlap) == pytest.approx((1, 1), abs=0.02)


@pytest.mark.parametrize("name", ["leopards/image_0002", "starfish/image_0001"])
def test_a_part_stands_for_all_where_frames_do_not_coincide(name: str) -> None:
    """A picture was cropped to (200, 100, 650, 475), then enlarged by 1.2 and pasted."""
    original = photo(name, (800, 600))
    page = screen(original.crop((200, 100, 650, 475)))
    to_original = np.array([[1 / 1.2, 0, 200], [0, 1 / 1.2, 100 - 110 / 1.2], [0, 0, 1]])
    inside = alignment(to_original, grid(20, 130, 520, 540))
    match, _ = prove(side(page), side(original), inside)
    assert match.confidence > 0.9
    assert match.query_overlap == pytest.approx(0.45, abs=0.06)
    assert match.target_overlap == pytest.approx(0.35, abs=0.05)
    assert match.differences.share < 0.05


def test_a_part_may_have_its_features_in_one_place() -> None:
    original = photo("starfish/image_0001", (800, 600))
    page = screen(original.crop((200, 100, 650, 475)))
    to_original = np.array([[1 / 1.2, 0, 200], [0, 1 / 1.2, 100 - 110 / 1.2], [0, 0, 1]])
    corner = alignment(to_original, grid(20, 130, 80, 170))
    match, _ = prove(side(page), side(original), corner)
    assert match.query_overlap == pytest.approx(0.45, abs=0.06)
    assert match.differences.share < 0.05


def test_pictures_that_share_too_little_have_no_evidence() -> None:
    picture = side(busy(1, SIZE))
    beside = np.array([[1.0, 0, 479.5], [0, 1, 0], [0, 0, 1]])
    match, evidence = prove(picture, picture, alignment(beside, grid(0, 0, 9, 9)))
    assert evidence is None
    assert (match.confidence, match.agreement) == (0, 0)


def test_a_look_tells_colours_and_sharpness() -> None:
    original = photo("butterfly/image_0010")
    aligned = alignment(np.eye(3), grid(10, 10, 470, 350))
    grey, _ = prove(side(original.convert("L").convert("RGB")), side(original), aligned)
    assert grey.look.saturation < 0.2
    small = original.resize((96, 72)).resize(SIZE, Image.Resampling.BICUBIC)
    blurred, _ = prove(side(small), side(original), aligned)
    assert blurred.look.sharpness < 0.8
    again, _ = prove(side(saved(original, 90)), side(original), aligned)
    assert again.look.sharpness == pytest.approx(1, abs=0.1)
    assert again.look.saturation == pytest.approx(1, abs=0.1)
    assert again.look.colour_shift < 0.01


def samples(*names: str) -> list[Side]:
    return [side(photo(f"{name}/image_0002", (120, 90))) for name in names]


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [
        (("ferry", "elephant"), ("ferry", "elephant"), 0),
        (("ferry", "elephant"), ("ferry", "butterfly"), 0.5),
        (("ferry", "elephant"), ("butterfly", "sunflower"), 1),
        (("ferry",), ("ferry", "butterfly", "sunflower"), 0),
        (("ferry", "sunflower"), ("ferry", "butterfly", "flamingo", "sunflower"), 0),
    ],
)
def test_samples_are_compared_at_their_places(
    one: tuple[str, ...], other: tuple[str, ...], share: float
) -> None:
    for pair in ((one, other), (other, one)):
        query, target = (samples(*names) for names in pair)
        assert differing_samples(query, target, np.eye(3)) == share


def test_blank_samples_are_the_same() -> None:
    blank = [side(Image.new("RGB", (120, 90), "white"))]
    assert differing_samples(blank, blank, np.eye(3)) == 0
    assert differing_samples(blank, samples("ferry"), np.eye(3)) == 1


def test_transforms_are_scaled_to_end_in_one() -> None:
    assert as_tuples(np.diag([4.0, 6, 2])) == ((2, 0, 0), (0, 3, 0), (0, 0, 1))
