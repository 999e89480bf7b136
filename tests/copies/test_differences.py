from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from lookalike.copies.differences import (
    MAX_BOXES,
    Windows,
    compare_windows,
    differences,
    find_boxes,
)
from lookalike.copies.overlay import lay_over
from lookalike.copies.pixels import detail, luma

from ..conftest import busy
from .drawn import letter, line_box, meets, photo, saved, side

SIZE = (480, 360)


def windows_of(query: Image.Image, target: Image.Image) -> Windows:
    overlay = lay_over(side(query), side(target), np.eye(3))
    assert overlay is not None
    return compare_windows(overlay)


def test_equal_pictures_agree_in_every_window() -> None:
    windows = windows_of(busy(1, SIZE), busy(1, SIZE))
    assert windows.share == 0
    assert windows.agreement > 0.99
    assert min(windows.quantiles([0.1, 0.5, 0.9])) > 0.99


def test_blank_area_is_no_evidence() -> None:
    page = Image.new("RGB", SIZE, "white")
    blank = windows_of(page, page)
    assert (blank.weights.max(), blank.share, blank.agreement) == (0, 0, 0)
    assert blank.quantiles([0.25, 0.9]) == (1, 1)
    ImageDraw.Draw(page).rectangle((40, 40, 120, 100), fill="black")
    other = page.copy()
    assert windows_of(page, other).share == 0
    ImageDraw.Draw(other).rectangle((300, 200, 380, 260), fill="black")  # as much again
    for pair in ((page, other), (other, page)):
        assert 0.4 < windows_of(*pair).share < 0.8


def test_what_an_edit_does_everywhere_differs_nowhere() -> None:
    original = photo("elephant/image_0001")
    for edited in (
        saved(original, 20),
        saved(original, 80),
        original.filter(ImageFilter.GaussianBlur(2)),
        original.point(lambda value: 255 * (value / 255) ** 1.6),
    ):
        assert windows_of(edited, original).share < 0.01


def test_another_colour_differs_although_the_structure_agrees() -> None:
    original = busy(1, SIZE)
    edited = original.copy()
    red, green, blue = original.crop((200, 100, 300, 200)).split()
    edited.paste(Image.merge("RGB", (blue, red, green)), (200, 100))
    windows = windows_of(edited, original)
    rows, columns = np.nonzero(windows.differ)
    scale = windows.mask.shape[1] / 480
    assert windows.share > 0.02
    assert columns.min() > 190 * scale
    assert columns.max() < 310 * scale
    assert rows.min() > 90 * scale
    assert rows.max() < 210 * scale


def test_specks_are_no_places() -> None:
    edited = photo("elephant/image_0001")
    original = edited.copy()
    edited.putpixel((240, 180), (255, 0, 0))
    assert windows_of(edited, original).share == 0


def test_boxes_are_in_pixels_of_both_pictures() -> None:
    original = letter(1)
    edited = letter(1, lines={20: "TOTAL AMOUNT DUE   EUR 7,980.00"})
    half = edited.resize((310, 438), Image.Resampling.LANCZOS)
    double = np.diag([2, 877 / 438, 1.0])
    overlay = lay_over(side(half), side(original), double)
    assert overlay is not None
    found = differences(compare_windows(overlay), overlay)
    assert 0 < found.share < 0.15
    assert found.boxes
    for box in found.boxes:
        assert meets(box.target, line_box(20))
        assert np.allclose(np.array(box.query) * 2, box.target, atol=4)


def test_the_largest_places_come_first_and_are_few() -> None:
    differ = np.zeros((300, 400), bool)
    weights = np.ones(differ.shape, np.float32)
    for k in range(40):
        row, column = divmod(k, 8)
        differ[20 + 55 * row :, 20 + 45 * column :][: 4 + row, : 4 + column] = True
    boxes = find_boxes(differ, weights, np.eye(3), np.diag([2.0, 2, 1]))
    areas = [box.target[2] * box.target[3] for box in boxes]
    assert len(boxes) == MAX_BOXES
    assert areas == sorted(areas, reverse=True)
    assert boxes[0].target == (335, 240, 11, 8)
    assert boxes[0].query == (167.5, 120, 5.5, 4)
    close = np.zeros((300, 400), bool)
    close[100:110, 100:110] = close[100:110, 114:120] = True  # two letters of a word
    assert [b.target for b in find_boxes(close, weights, np.eye(3), np.eye(3))] == [
        (100, 100, 20, 10)
    ]


def test_only_a_part_counts_inside() -> None:
    original = busy(1, SIZE)
    edited = original.copy()
    edited.paste(busy(2, (240, 360)), (0, 0))
    windows = windows_of(edited, original)
    height, width = windows.mask.shape
    right = windows.inside((width // 2 + 5, 0, width, height))
    assert windows.share > 0.3
    assert right.share < 0.02
    assert right.mask.sum() < 0.5 * windows.mask.sum()


def test_blur_takes_detail_away() -> None:
    sharp = busy(1, SIZE)
    blurred = sharp.filter(ImageFilter.GaussianBlur(3))
    levels = [detail(luma(np.asarray(image))).mean() for image in (sharp, blurred)]
    assert levels[1] < 0.5 * levels[0]
