from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont, ImageOps

from lookalike.cli.contact_sheet import GAP_PIXELS, PANEL_PIXELS, comparison_sheet
from lookalike.copies.kind import changes
from lookalike.errors import ArgumentError, PictureError
from lookalike.search.compare import Comparison, compare
from lookalike.types import Box, Differences, Match, Picture
from tests.conftest import busy, run
from tests.copies.drawn import covers

SIZE = (480, 360)
PICTURE = Picture(np.zeros((3, 4, 3), np.uint8), 4, 3)
BOX = Box((1, 1, 2, 2), (1, 1, 2, 2))
ALL = "Each shows all of the other."
COPY = "Your picture is a copy of this one"
NEAR = "Both show the same thing or scene, but neither is a copy: their pixels differ."


def test_the_same_pixels_are_exact_whatever_the_file() -> None:
    comparison = compare(busy(1, SIZE), np.asarray(busy(1, SIZE)))
    assert comparison.kind == "exact"
    assert comparison.sentences == ("Both are the same picture: every pixel is equal.",)
    blank = compare(Image.new("RGB", (9, 9), "red"), Image.new("RGB", (9, 9), "red"))
    assert (blank.kind, blank.match) == ("exact", None)


def test_a_copy_on_a_page_is_described() -> None:
    original = busy(2, SIZE)
    page = Image.new("RGB", (600, 500), "white")
    page.paste(ImageOps.mirror(original), (100, 80))
    comparison = compare(page, original)
    assert comparison.kind == "copy"
    assert comparison.match is not None
    assert changes(comparison.match) == ["mirrored", "part of a larger image (58%)"]
    assert comparison.sentences[:2] == (
        "Your picture contains a mirrored copy of this one.",
        "58% of your picture appears in this one, and all of this one in yours.",
    )
    assert comparison.sentences[2].startswith(f"{comparison.match.inliers} features agree")


def test_a_crop_is_described() -> None:
    original = busy(2, SIZE)
    comparison = compare(ImageOps.mirror(original.crop((120, 0, 480, 360))), original)
    assert comparison.match is not None
    assert changes(comparison.match) == ["mirrored", "cropped to 75%"]
    assert comparison.sentences[:2] == (
        "Your picture is a mirrored copy of this one, cropped to 75%.",
        "All of your picture appears in this one, and 75% of this one in yours.",
    )


@pytest.mark.parametrize(
    ("kind", "degrees", "options", "sentences"),
    [
        (
            "copy",
            0,
            {},
            ("Your picture is a copy of this one, re-saved.", "Each shows all of the other."),
        ),
        (
            "copy",
            -90,
            {"query_overlap": 0.3, "target_overlap": 0.5},
            (
                "Your picture contains a copy of this one, rotated 90\u00b0 clockwise and cropped to 50%.",
                "30% of your picture appears in this one, and 50% of this one in yours.",
            ),
        ),
        (
            "near",
            0,
            {"target_overlap": 0.9},
            (
                "Both show the same thing or scene, but neither is a copy: their pixels differ.",
                "Your picture, compared with this one: cropped to 90%.",
                "All of your picture appears in this one, and 90% of this one in yours.",
            ),
        ),
        (
            "near",
            0,
            {},
            (
                "Both show the same thing or scene, but neither is a copy: their pixels differ.",
                "Each shows all of the other.",
            ),
        ),
    ],
)
def test_every_relation_has_its_sentences(
    kind: str, degrees: int, options: dict[str, float], sentences: tuple[str, ...]
) -> None:
    turn = np.deg2rad(degrees)
    rows = [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
    match = Match(
        tuple(map(tuple, rows)), 50, 0.2, 1.0, 1.0, 1.0, 1.0, False, np.empty((50, 4), np.float32)
    )
    comparison = Comparison(("a", "b"), (PICTURE, PICTURE), kind, replace(match, **options))
    assert comparison.sentences[:-1] == sentences
    assert comparison.sentences[-1].endswith("correlate at 1.00. Confidence: 1.000.")


@pytest.mark.parametrize(
    ("kind", "differences", "sentences"),
    [
        (
            "copy",
            Differences(0.034, (BOX, BOX)),
            (
                f"{COPY}, text or graphics added in 2 places.",
                "It is the same but for 2 places (3% of what both show).",
                ALL,
            ),
        ),
        (
            "copy",
            Differences(0.002, (BOX,), pages=0.05),
            (
                f"{COPY}, text or graphics added in 1 place and with other pages or frames (5%).",
                "It is the same but for 1 place (less than 1% of what both show).",
                "Their other pages or frames differ, too (5%).",
                ALL,
            ),
        ),
        ("near", Differences(0.42, (BOX,)), (NEAR, "42% of what both show differs.", ALL)),
        ("near", Differences(0.001), (NEAR, "Less than 1% of what both show differs.", ALL)),
    ],
)
def test_what_differs_is_said(
    kind: str, differences: Differences, sentences: tuple[str, ...]
) -> None:
    one = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    points = np.empty((50, 4), np.float32)
    match = Match(one, 50, 0.2, 1.0, 1.0, 1.0, 1.0, False, points, differences)
    comparison = Comparison(("a", "b"), (PICTURE, PICTURE), kind, match)
    assert comparison.sentences[:-1] == sentences


def test_different_pictures_are_called_different() -> None:
    comparison = compare(busy(4, SIZE), busy(5, SIZE))
    assert comparison.kind == "different"
    assert comparison.sentences == ("The pictures are different: neither appears in the other.",)


def test_the_sheet_shows_both_and_one_over_the_other() -> None:
    original = busy(6, SIZE)
    comparison = compare(original.crop((240, 0, 480, 360)), original)
    sheet = comparison_sheet(comparison)
    left = PANEL_PIXELS * 240 // 360 + 3 * GAP_PIXELS + PANEL_PIXELS  # of the third panel
    overlay = sheet.crop((left, GAP_PIXELS, left + PANEL_PIXELS, GAP_PIXELS + 300))
    colour = np.asarray(overlay, int).std(axis=2)
    # The right half has the crop's colours over it, the left half is grey.
    assert colour[:, : PANEL_PIXELS // 2 - 5].mean() < 2
    assert colour[:, PANEL_PIXELS // 2 + 5 :].mean() > 10
    apart = comparison_sheet(compare(busy(4, SIZE), busy(5, SIZE)))
    assert apart.height < sheet.height


def test_the_sheet_frames_what_differs() -> None:
    original = busy(6, SIZE)
    captioned = original.copy()
    captioned.paste("white", (240, 120, 360, 180))
    comparison = compare(captioned, original)
    assert comparison.match
    (box,) = comparison.match.differences.boxes
    assert "It is the same but for 1 place" in comparison.sentences[1]
    plain = replace(comparison, match=replace(comparison.match, differences=Differences()))
    rows = GAP_PIXELS + PANEL_PIXELS * SIZE[1] // SIZE[0]
    sheets = [np.asarray(comparison_sheet(one), int)[:rows] for one in (comparison, plain)]
    marked = abs(sheets[0] - sheets[1]).sum(axis=2) > 60
    scale = PANEL_PIXELS / SIZE[0]
    for n, (x, y, width, height) in enumerate((box.query, box.target, box.target)):
        left = GAP_PIXELS + n * (PANEL_PIXELS + GAP_PIXELS)
        ys, xs = np.nonzero(marked[:, left : left + PANEL_PIXELS])
        edges = [xs.min(), xs.max(), ys.max() - GAP_PIXELS]
        assert edges == pytest.approx([x * scale, (x + width) * scale, (y + height) * scale], abs=8)


def test_the_command(tmp_path: Path) -> None:
    original = busy(7, SIZE)
    original.save(tmp_path / "a.png")
    original.crop((0, 0, 300, 300)).save(tmp_path / "b.jpg", quality=70)
    out = tmp_path / "out.jpg"
    done = run("compare", tmp_path / "b.jpg", tmp_path / "a.png", "--out", out)
    assert done.returncode == 0
    assert done.stdout.startswith("Your picture is a copy of this one, cropped to ")
    with Image.open(out) as drawn:
        assert drawn.width > 2 * PANEL_PIXELS
    data = (tmp_path / "b.jpg").read_bytes()
    piped = run("compare", "-", tmp_path / "a.png", "--json", input=data, text=False)
    answer = json.loads(piped.stdout)
    assert answer["kind"] == "copy"
    assert answer["match"]["target_overlap"] == pytest.approx(0.52, abs=0.02)
    assert np.array(answer["match"]["transform"]).shape == (3, 3)
    assert "points" not in answer["match"]
    missing = run("compare", tmp_path / "gone.jpg", tmp_path / "a.png")
    assert missing.returncode == 1
    assert "gone.jpg can't be read" in missing.stderr
    unwritten = run("compare", tmp_path / "b.jpg", tmp_path / "a.png", "--out", tmp_path / "x.foo")
    assert unwritten.returncode == 2


def large_page(
    *, total: str = "1,250.00", name: str = "A. Berg", tick: bool = False
) -> Image.Image:
    """Draw a page of a resolution at which its print is far too small for a thumbnail."""
    image = Image.new("RGB", (1240, 1500), "white")
    pen = ImageDraw.Draw(image)
    text = ImageFont.load_default(24)
    for line in range(38):
        words = f"{line}. Item {line * 7919} of the order, as agreed on {line % 28 + 1} May"
        pen.text((60, 40 + 38 * line), words, "black", text)
        pen.rectangle((1000, 42 + 38 * line, 1022, 64 + 38 * line), outline="black", width=2)
    pen.text((1060, 1446), total, "black", text)
    pen.text((1060, 420), name, "black", text)
    if tick:
        pen.line((1003, 432, 1010, 440, 1021, 421), fill="black", width=3)
    return image


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"total": "1,259.00"}, (1060, 1440, 110, 40)),
        ({"name": "J. Falk"}, (1060, 415, 110, 40)),
        ({"tick": True}, (998, 415, 28, 30)),
    ],
)
def test_a_small_change_at_full_resolution_is_boxed(
    tmp_path: Path, changed: dict[str, Any], place: tuple[int, ...]
) -> None:
    large_page(**changed).save(tmp_path / "changed.jpg", quality=90)
    large_page().save(tmp_path / "page.jpg", quality=90)
    comparison = compare(tmp_path / "changed.jpg", tmp_path / "page.jpg")
    assert comparison.kind == "copy"
    assert comparison.match is not None
    found = comparison.match.differences
    assert found.share > 0
    assert covers(found.boxes, place)
    assert " in 1 place" in comparison.sentences[0]


def test_a_re_saved_page_has_no_boxes(tmp_path: Path) -> None:
    large_page().save(tmp_path / "page.png")
    large_page().save(tmp_path / "page.jpg", quality=80)
    large_page().reduce(2).save(tmp_path / "half.png")
    for name in ("page.jpg", "half.png"):
        comparison = compare(tmp_path / name, tmp_path / "page.png")
        assert comparison.kind == "copy"
        assert comparison.match is not None
        assert comparison.match.differences == Differences()


def test_exact_needs_all_that_the_files_hold(tmp_path: Path) -> None:
    """Every frame, alpha and bit depth; metadata and the format are nothing."""
    image, other = busy(1, SIZE), busy(2, SIZE)
    clear = image.copy()
    clear.putalpha(Image.linear_gradient("L").resize(SIZE))
    opaque = image.copy()
    opaque.putalpha(255)
    eight = Image.fromarray(np.asarray(image.convert("L")))
    sixteen = Image.fromarray(np.asarray(eight).astype(np.uint16) * 257 + 3)
    one_pixel = image.copy()
    one_pixel.putpixel((479, 359), (1, 2, 3))
    files: dict[str, tuple[Image.Image, dict[str, Any]]] = {
        "plain.png": (image, {}),
        "plain.tif": (image, {"dpi": (300, 300)}),
        "opaque.png": (opaque, {}),
        "clear.png": (clear, {}),
        "pixel.png": (one_pixel, {}),
        "grey.png": (eight, {}),
        "deep.png": (sixteen, {}),
        "one.tif": (image, {"save_all": True, "append_images": [other]}),
        "same.tif": (
            image,
            {"save_all": True, "append_images": [other], "dpi": (300, 300)},
        ),
        "two.tif": (image, {"save_all": True, "append_images": [one_pixel.copy()]}),
    }
    for name, (picture, options) in files.items():
        picture.copy().save(tmp_path / name, **options)
    for one, two, is_exact in (
        ("plain.png", "plain.tif", True),
        ("plain.png", "opaque.png", True),
        ("plain.png", "clear.png", False),
        ("plain.png", "pixel.png", False),
        ("grey.png", "deep.png", False),
        ("plain.png", "one.tif", False),
        ("one.tif", "same.tif", True),
        ("one.tif", "two.tif", False),
    ):
        for pair in ((one, two), (two, one)):
            kind = compare(*(tmp_path / name for name in pair)).kind
            assert (kind == "exact") == is_exact, pair


def test_a_damaged_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(b"\xff\xd8\xff nonsense")
    with pytest.raises(PictureError, match=r"x\.jpg can't be used"):
        compare(tmp_path / "x.jpg", busy(1, SIZE))
    with pytest.raises(ArgumentError, match="A query is"):
        compare(np.zeros((3, 3)), busy(1, SIZE))  # type: ignore[arg-type]
