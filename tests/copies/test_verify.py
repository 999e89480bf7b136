from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

from lookalike.copies.fingerprint import fingerprint, stored_fingerprint
from lookalike.copies.geometry import frame_corners, transform_points
from lookalike.copies.kind import kind_of
from lookalike.copies.packed import pack, unpack
from lookalike.copies.verify import inverse, verify
from lookalike.decode import from_image
from lookalike.types import Differences, Picture

from ..conftest import busy
from .drawn import SAMPLES, covers, letter, line_box, match, matched, photo, saved, screen

SIZE = (480, 360)
Edit = Callable[[Image.Image], Image.Image]


def test_a_picture_matches_itself() -> None:
    result = matched(busy(1, SIZE), busy(1, SIZE))
    assert np.allclose(result.transform, np.eye(3), atol=0.01)
    assert result.query_overlap == pytest.approx(1, abs=0.01)
    assert result.target_overlap == pytest.approx(1, abs=0.01)
    assert result.agreement > 0.99
    assert result.confidence > 0.95
    assert not result.flipped
    assert result.points.shape == (result.inliers, 4)
    assert (result.differences.share, result.differences.boxes) == (0, ())


def test_a_crop_is_located_to_the_pixel() -> None:
    target = busy(2, SIZE)
    query = target.crop((200, 100, 440, 280)).resize((480, 360))
    result = matched(query, target)
    corners = transform_points(np.array(result.transform), frame_corners(480, 360))
    expected = [[200, 100], [440, 100], [440, 280], [200, 280]]
    assert np.abs(corners - expected).max() < 2
    assert result.target_overlap == pytest.approx(0.25, abs=0.02)
    assert result.query_overlap > 0.98


def test_the_inverse_match_is_that_of_the_swapped_pictures() -> None:
    target = busy(2, SIZE)
    query = target.crop((200, 100, 440, 280)).resize((480, 360))
    left, right = inverse(matched(query, target)), matched(target, query)
    corners = [
        transform_points(np.array(match.transform), frame_corners(*SIZE)) for match in (left, right)
    ]
    assert np.abs(corners[0] - corners[1]).max() < 8
    assert left.query_overlap == pytest.approx(right.query_overlap, abs=0.01)
    assert left.target_overlap == pytest.approx(right.target_overlap, abs=0.01)
    moved = transform_points(np.array(left.transform), left.points[:, :2])
    assert np.abs(moved - left.points[:, 2:]).max() < 20
    back = inverse(left)
    assert np.allclose(back.transform, matched(query, target).transform)
    assert np.array_equal(back.points, matched(query, target).points)


def test_the_inverse_match_swaps_differences_and_look() -> None:
    target = photo("butterfly/image_0010")
    query = with_sticker(ImageOps.grayscale(target).convert("RGB")).resize((240, 180))
    there, back = matched(query, target), matched(target, query)
    turned = inverse(there)
    (box,) = there.differences.boxes
    assert turned.differences.boxes[0].query == box.target
    assert turned.differences.boxes[0].target == box.query
    assert box.target[2] == pytest.approx(2 * box.query[2], rel=0.05)
    assert turned.differences.share == there.differences.share
    assert there.look.added > 0.2
    assert turned.look.added == -there.look.added
    assert turned.look.saturation == pytest.approx(back.look.saturation, rel=0.3)
    assert turned.look.sharpness == pytest.approx(1 / there.look.sharpness)
    assert there.look.saturation < 0.1
    assert turned.look.saturation > 3
    assert inverse(turned).look.saturation == pytest.approx(there.look.saturation)


def test_a_mirrored_quarter_turn_is_recognized() -> None:
    target = busy(3, SIZE)
    query = ImageOps.mirror(target).rotate(90, expand=True)
    result = matched(query, target)
    assert result.flipped
    # The query's upper left corner is the target's upper left, its lower left the upper right.
    corners = transform_points(np.array(result.transform), frame_corners(*query.size))
    assert np.abs(corners[0] - [0, 0]).max() < 3
    assert np.abs(corners[3] - [480, 0]).max() < 3
    assert result.agreement > 0.95


def test_a_small_picture_on_a_page_is_located() -> None:
    target, page = busy(4, SIZE), busy(5, SIZE)
    page.paste(target.resize((240, 180)), (120, 90))
    result = matched(page, target)
    assert result.query_overlap == pytest.approx(0.25, abs=0.02)
    assert result.target_overlap > 0.97


def test_a_negative_is_a_copy() -> None:
    result = matched(ImageOps.invert(busy(6, SIZE)), busy(6, SIZE))
    assert kind_of(result) == "copy"
    assert result.look.is_negative
    assert not result.flipped


def test_different_pictures_do_not_match() -> None:
    for seed in range(10, 20):
        assert kind_of(match(busy(seed, SIZE), busy(seed + 10, SIZE))) == "different"
    blank = Image.new("RGB", SIZE, "white")
    assert match(blank, busy(1, SIZE)) is None
    assert match(busy(1, SIZE), blank) is None
    assert match(blank, blank) is None


def test_different_pixels_lower_the_agreement() -> None:
    # The same objects at the same places on another background, as in two frames of a film.
    things = busy(7, SIZE)
    mask = Image.new("L", SIZE, 0)
    for x in range(20, 460, 90):
        for y in range(20, 340, 90):
            mask.paste(255, (x, y, x + 40, y + 40))
    left = Image.composite(things, busy(8, SIZE), mask)
    right = Image.composite(things, busy(9, SIZE), mask)
    result, same = match(left, right), matched(left, left)
    assert result is not None
    assert result.agreement < 0.7 < same.agreement
    assert result.differences.share > 0.25
    assert kind_of(result) == "near"


def test_a_copy_has_a_small_residual() -> None:
    target = busy(2, SIZE)
    copy = matched(target.crop((0, 0, 400, 300)).resize((300, 225)), target)
    assert copy.residual < 0.4
    # A residual is in pixels at detection, whatever the size of the picture.
    large = matched(target.resize((1920, 1440)), target)
    assert large.residual < 0.4
    assert large.confidence > 0.95


def test_a_stored_fingerprint_proves_a_copy() -> None:
    target = from_image(busy(2, SIZE))
    query = from_image(ImageOps.mirror(busy(2, SIZE).crop((100, 60, 400, 300))))
    result = verify(fingerprint(query), unpack(pack(stored_fingerprint(target))))
    assert result is not None
    corners = transform_points(np.array(result.transform), frame_corners(300, 240))
    expected = [[400, 60], [100, 60], [100, 300], [400, 300]]
    assert np.abs(corners - expected).max() < 3
    assert result.flipped
    assert kind_of(result) == "copy"


@pytest.mark.parametrize(
    "name", ["butterfly/image_0010", "ferry/image_0005", "flamingo/image_0004"]
)
@pytest.mark.parametrize(
    "edit",
    [
        lambda image: saved(image, 90),
        lambda image: saved(image, 40),
        lambda image: image.reduce(2),
        lambda image: image.crop((0, 0, 479, 359)).reduce(2),
        lambda image: image.resize((300, 225), Image.Resampling.LANCZOS),
        lambda image: image.resize((960, 720), Image.Resampling.BICUBIC),
        ImageOps.mirror,
        ImageOps.grayscale,
    ],
)
def test_what_is_done_everywhere_is_no_difference(name: str, edit: Edit) -> None:
    result = matched(edit(photo(name)), photo(name))
    assert kind_of(result) == "copy"
    assert (result.differences.share, result.differences.boxes) == (0, ())


@pytest.mark.parametrize(
    "name", ["sunflower/image_0001", "leopards/image_0011", "ferry/image_0014"]
)
def test_a_stored_reduction_of_a_small_picture_has_no_places(name: str) -> None:
    """Its thumbnail is larger than itself, and shows no more."""
    with Image.open(SAMPLES / "pictures" / f"{name}.jpg") as image:
        pictures = image.convert("RGB"), image.convert("RGB").reduce(2)
    one, other = (unpack(pack(stored_fingerprint(from_image(picture)))) for picture in pictures)
    for result in (verify(one, other), verify(other, one)):
        assert kind_of(result) == "copy"
        assert result is not None
        assert result.differences == Differences()


@pytest.mark.parametrize("seed", [1, 3, 5, 7])
def test_letters_of_one_letterhead_are_no_copies(seed: int) -> None:
    """A header that agrees says nothing about the text below it."""
    assert kind_of(match(letter(seed), letter(seed + 1))) != "copy"


def test_a_changed_line_of_a_letter_is_told_with_its_place() -> None:
    result = matched(letter(1), letter(1, lines={20: "TOTAL AMOUNT DUE   EUR 7,980.00"}))
    assert 0 < result.differences.share < 0.1
    assert covers(result.differences.boxes, line_box(20))


def test_screens_of_one_app_with_other_photos_are_no_copies() -> None:
    names = "starfish/image_0001", "ferry/image_0002", "butterfly/image_0002", "elephant/image_0002"
    screens = [screen(photo(name)) for name in names]
    for one, other in itertools.pairwise(screens):
        result = matched(one, other)
        assert kind_of(result) == "near"
        assert result.differences.share > 0.25
        assert any(box.target[3] > 200 for box in result.differences.boxes)


@pytest.mark.parametrize("name", ["starfish/image_0001", "butterfly/image_0002"])
def test_a_photo_in_a_screen_is_a_copy(name: str) -> None:
    original = photo(name, (540, 450))
    for result in (
        matched(screen(original), original),
        inverse(matched(original, screen(original))),
    ):
        assert kind_of(result) == "copy"
        assert result.query_overlap == pytest.approx(0.45, abs=0.02)
        assert result.target_overlap > 0.97
        assert result.differences.boxes == ()


@pytest.mark.parametrize("name", ["leopards/image_0002", "starfish/image_0001", "ferry/image_0023"])
def test_a_photo_cropped_before_it_was_put_in_a_screen_is_a_copy(name: str) -> None:
    original = photo(name, (800, 600))
    result = matched(screen(original.crop((200, 100, 650, 475))), original)
    assert kind_of(result) == "copy"
    assert result.query_overlap == pytest.approx(0.45, abs=0.06)
    assert result.target_overlap == pytest.approx(0.35, abs=0.05)
    assert result.differences.share < 0.05


def with_caption(image: Image.Image) -> Image.Image:
    image = image.copy()
    pen = ImageDraw.Draw(image)
    pen.rectangle((100, 320, 300, 346), fill="black")
    pen.text((106, 322), "What a butterfly!", "white", ImageFont.load_default(18))
    return image


def with_sticker(image: Image.Image) -> Image.Image:
    image = image.copy()
    pen = ImageDraw.Draw(image)
    pen.ellipse((330, 40, 400, 110), fill="yellow", outline="black", width=4)
    pen.ellipse((345, 60, 358, 73), fill="black")
    pen.ellipse((372, 60, 385, 73), fill="black")
    return image


def with_blurred_face(image: Image.Image) -> Image.Image:
    image = image.copy()
    blurred = image.crop((200, 120, 270, 190)).filter(ImageFilter.GaussianBlur(12))
    image.paste(blurred, (200, 120))
    return image


@pytest.mark.parametrize(
    ("edit", "place"),
    [
        (with_caption, (100, 320, 200, 26)),
        (with_sticker, (330, 40, 70, 70)),
        (with_blurred_face, (200, 120, 70, 70)),
    ],
)
def test_a_copy_with_a_local_change_tells_its_place(
    edit: Edit, place: tuple[float, float, float, float]
) -> None:
    original = photo("butterfly/image_0010")
    result = matched(saved(edit(original), 85), original)
    assert kind_of(result) == "copy"
    assert 0 < result.differences.share < 0.12
    (box,) = result.differences.boxes
    assert np.abs(np.array(box.target) - place).max() < 20
    assert np.abs(np.array(box.query) - box.target).max() < 3


def burst(step: int) -> Image.Image:
    """Draw a scene as the camera moves a little, and the one in front of it more."""
    scene = photo("elephant/image_0001", (560, 420))
    view = scene.crop((20 + 3 * step, 20, 500 + 3 * step, 380))
    view.paste(photo("dalmatian/image_0007", (150, 200)), (120 + 30 * step, 120))
    return view


@pytest.mark.parametrize("step", [1, 2])
def test_the_next_shot_of_a_burst_is_near(step: int) -> None:
    result = matched(burst(0), burst(step))
    assert kind_of(result) == "near"
    assert result.differences.share > 0.2


def animation(*names: str) -> Picture:
    pixels = [np.asarray(photo(name, (240, 180))) for name in names]
    return Picture(pixels[0], 240, 180, samples=tuple(pixels))


def test_animations_with_one_first_frame_and_other_frames_are_near() -> None:
    names = "ferry/image_0002", "starfish/image_0001", "sunflower/image_0001"
    one = animation(*names)
    same = matched(animation(*names), one)
    assert (kind_of(same), same.differences.pages) == ("copy", 0)
    other = matched(one, animation(names[0], "elephant/image_0002", "butterfly/image_0010"))
    assert kind_of(other) == "near"
    assert other.differences.pages == pytest.approx(2 / 3)
    still = matched(photo(names[0], (240, 180)), one)
    assert (kind_of(still), still.differences.pages) == ("copy", 0)
