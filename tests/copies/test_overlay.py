from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps

from lookalike.copies.geometry import frame_corners, scale_transform, transform_points
from lookalike.copies.overlay import Overlay, Side, equally_sharp, lay_over

from ..conftest import busy
from .drawn import photo, screen, side

SIZE = (480, 360)


def laid(query: Side, target: Side, transform: np.ndarray, **options: int) -> Overlay:
    overlay = lay_over(query, target, transform, **options)
    assert overlay is not None
    return overlay


def off(one: np.ndarray, other: np.ndarray, size: tuple[int, int]) -> float:
    """Return how far apart two transforms map the corners of a frame."""
    corners = frame_corners(*size)
    return float(np.abs(transform_points(one, corners) - transform_points(other, corners)).max())


def test_a_picture_over_itself_is_equal_everywhere() -> None:
    overlay = laid(side(busy(1, SIZE)), side(busy(1, SIZE)), np.eye(3))
    assert overlay.mask.all()
    assert np.abs(overlay.matched[0] - overlay.matched[1]).mean() < 1
    assert np.allclose(overlay.transform, np.eye(3), atol=1e-3)


def test_the_transform_is_improved_to_a_part_of_a_pixel() -> None:
    target = photo("elephant/image_0001")
    query = target.crop((60, 40, 420, 310))
    exact = np.array([[1.0, 0, 60], [0, 1, 40], [0, 0, 1]])
    about = exact @ np.array([[1.004, 0.002, -0.9], [-0.002, 0.996, 0.8], [0, 0, 1]])
    assert off(about, exact, query.size) > 1
    overlay = laid(side(query), side(target), about, max_pixels=200_000)
    assert off(overlay.transform, exact, query.size) < 0.4
    assert overlay.mask.shape == pytest.approx((270, 360), abs=2)
    to_target = transform_points(overlay.from_grid, np.zeros((1, 2)))
    assert np.abs(to_target - [60, 40]).max() < 1.5


@pytest.mark.parametrize("factor", [2, 3])
@pytest.mark.parametrize("size", [(480, 360), (479, 359), (478, 361), (293, 300)])
def test_a_frame_cut_by_a_part_of_a_pixel_keeps_its_scale(
    size: tuple[int, int], factor: int
) -> None:
    """As `Image.reduce` leaves it: the ratio of sizes is not quite the scale."""
    target = photo("ferry/image_0005", size)
    query = target.reduce(factor)
    exact = np.diag([factor, factor, 1.0])
    about = exact @ np.array([[1.003, 0, -0.5], [0, 0.997, 0.5], [0, 0, 1]])
    overlay = laid(side(query), side(target), about)
    assert off(overlay.transform, exact, query.size) < 0.3
    assert np.abs(overlay.query - overlay.target).mean() < 1
    back = laid(side(target), side(query), np.linalg.inv(about))
    assert off(back.transform, np.linalg.inv(exact), target.size) < 0.2
    assert np.abs(back.query - back.target).mean() < 1


@pytest.mark.parametrize("max_pixels", [2_000, 20_000, 100_000])
@pytest.mark.parametrize("turned", [False, True])
def test_the_grid_is_that_of_the_coarser_picture(max_pixels: int, turned: bool) -> None:
    large, small = photo("ferry/image_0005", (800, 600)), photo("ferry/image_0005", (400, 300))
    query, target = (small, large) if turned else (large, small)
    exact = scale_transform(query.size, target.size)
    overlay = laid(side(query), side(target), exact, max_pixels=max_pixels)
    assert overlay.mask.size == pytest.approx(min(max_pixels, 400 * 300), rel=0.05)
    assert np.abs(overlay.query - overlay.target).mean() < 4
    height, width = overlay.mask.shape
    corner = transform_points(overlay.from_grid, np.array([[width, height]], float))
    assert np.abs(corner - target.size).max() < target.size[0] / width


def test_the_grid_is_no_finer_than_either_picture() -> None:
    """A thumbnail may be larger than its picture."""
    large, small = photo("ferry/image_0005", (400, 300)), photo("ferry/image_0005", (100, 75))
    thumbnail = Side(np.asarray(small.resize((200, 150), Image.Resampling.BICUBIC)), small.size)
    exact = np.diag([0.25, 0.25, 1])
    for overlay in (
        laid(side(large), thumbnail, exact),
        laid(thumbnail, side(large), np.linalg.inv(exact)),
    ):
        assert overlay.mask.shape == pytest.approx((75, 100), abs=1)
        assert np.abs(overlay.query - overlay.target).mean() < 4


@pytest.mark.parametrize(
    ("edit", "maps_query"),
    [
        (ImageOps.grayscale, False),
        (ImageOps.invert, None),
        (lambda image: image.point(lambda value: 40 + 0.6 * value), None),
    ],
)
def test_colours_that_changed_everywhere_are_matched(edit: object, maps_query: bool | None) -> None:
    original = photo("butterfly/image_0010")
    query = edit(original).convert("RGB")  # type: ignore[operator]
    overlay = laid(side(query), side(original), np.eye(3))
    assert np.abs(overlay.matched[0] - overlay.matched[1]).mean() < 3
    assert np.abs(overlay.query - overlay.target).mean() > 10
    if maps_query is False:  # grey is made from colours, not the reverse
        assert overlay.matched[0] is overlay.query


def test_a_place_that_changed_does_not_bend_the_rest() -> None:
    original = photo("butterfly/image_0010")
    query = original.copy()
    query.paste(photo("dalmatian/image_0007", (160, 120)), (200, 150))
    overlay = laid(side(query), side(original), np.eye(3))
    assert off(overlay.transform, np.eye(3), SIZE) < 0.5
    errors = np.abs(overlay.matched[0] - overlay.matched[1]).max(axis=2)
    inside = np.zeros(errors.shape, bool)
    scale = errors.shape[1] / 480
    rows, columns = (slice(int(a * scale), int(b * scale)) for a, b in ((150, 270), (200, 360)))
    inside[rows, columns] = True
    assert np.median(errors[~inside]) < 3
    assert np.median(errors[inside]) > 30


@pytest.mark.parametrize("name", ["ferry/image_0005", "ferry/image_0023"])
def test_colours_follow_what_agrees_although_most_is_another_picture(name: str) -> None:
    original = photo(name, (800, 600))
    page = screen(original.crop((200, 100, 650, 475)))
    to_original = np.array([[1 / 1.2, 0, 200], [0, 1 / 1.2, 100 - 110 / 1.2], [0, 0, 1]])
    overlay = laid(side(page), side(original), to_original)
    corners = transform_points(
        np.linalg.inv(overlay.from_grid), np.array([[210.0, 110], [640, 465]])
    ).astype(int)
    (left, top), (right, bottom) = corners
    errors = np.abs(overlay.matched[0] - overlay.matched[1])[top:bottom, left:right]
    assert errors.mean() < 8


@pytest.mark.parametrize("turned", [False, True])
def test_the_edge_of_a_picture_that_goes_on_in_the_other_is_left_out(turned: bool) -> None:
    """There, a part of a pixel shows what is beyond."""
    original = photo("starfish/image_0001", (180, 150))
    page = Image.new("RGB", (300, 300), "white")
    page.paste(original, (60, 60))
    shift = np.array([[1.0, 0, -60.4], [0, 1, -59.7], [0, 0, 1]])
    if turned:
        overlay = laid(side(original), side(page), np.linalg.inv(shift))
    else:
        overlay = laid(side(page), side(original), shift)
    rows, columns = np.nonzero(overlay.mask)
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == pytest.approx((148, 178), abs=2)
    assert np.abs(overlay.query - overlay.target)[overlay.mask].mean() < 4
    whole = laid(side(original), side(original), np.eye(3))
    assert whole.mask.all()


def test_frames_that_hardly_meet_have_no_overlay() -> None:
    picture = side(busy(1, SIZE))
    for x in (479.5, 600.0, -900.0):
        assert lay_over(picture, picture, np.array([[1, 0, x], [0, 1, 0], [0, 0, 1]])) is None


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3), (9, 9)])
def test_tiny_pictures_raise_nothing(size: tuple[int, int]) -> None:
    tiny, large = Image.new("RGB", size, "red"), busy(1, SIZE)
    for query, target in ((tiny, tiny), (tiny, large), (large, tiny)):
        transform = scale_transform(query.size, target.size)
        overlay = lay_over(side(query), side(target), transform)
        assert overlay is None or np.isfinite(overlay.transform).all()


@pytest.mark.parametrize("mirrored", [False, True])
def test_what_was_moved_by_whole_pixels_is_laid_over_exactly(mirrored: bool) -> None:
    original = photo("ferry/image_0005")
    page = Image.new("RGB", (600, 500), "white")
    page.paste(ImageOps.mirror(original) if mirrored else original, (70, 90))
    exact = np.array([[1.0, 0, -70], [0, 1, -90], [0, 0, 1]])
    if mirrored:
        exact = np.array([[-1.0, 0, 550], [0, 1, -90], [0, 0, 1]])
    about = exact @ np.array([[1.003, 0.002, -0.8], [-0.002, 0.998, 0.7], [0, 0, 1]])
    corners = np.array([[20.0, 20], [460, 20], [20, 340], [460, 340]])
    points = np.hstack([transform_points(np.linalg.inv(exact), corners), corners])
    overlay = lay_over(side(page), side(original), about, points, max_pixels=500_000)
    assert overlay is not None
    assert off(overlay.transform, exact, page.size) < 0.01
    assert np.abs(overlay.query - overlay.target)[overlay.mask].max() <= 1


@pytest.mark.parametrize("blurs_query", [True, False])
def test_the_sharper_picture_is_blurred_to_the_other(blurs_query: bool) -> None:
    sharp = photo("elephant/image_0001")
    blurred = sharp.filter(ImageFilter.GaussianBlur(4))
    pictures = (side(blurred), side(sharp)) if blurs_query else (side(sharp), side(blurred))
    overlay = laid(*pictures, np.eye(3))
    assert (overlay.sharpness < 0.7) if blurs_query else (overlay.sharpness > 1.4)
    even = equally_sharp(overlay)

    def error(overlay: Overlay) -> float:
        return float(np.abs(overlay.matched[0] - overlay.matched[1]).mean())

    assert error(even) < 0.6 * error(overlay)
    again = laid(side(sharp), side(sharp), np.eye(3))
    assert equally_sharp(again) is again


def test_other_colours_are_not_another_sharpness() -> None:
    picture = photo("elephant/image_0001")
    for other in (
        picture.point(lambda level: 60 + level // 2),
        ImageOps.invert(picture),
        picture.convert("L").convert("RGB"),
    ):
        assert laid(side(other), side(picture), np.eye(3)).sharpness == pytest.approx(1, abs=0.08)
