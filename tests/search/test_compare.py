from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from lookalike.cli.contact_sheet import GAP_PIXELS, PANEL_PIXELS, comparison_sheet
from lookalike.copies.kind import changes
from lookalike.errors import ArgumentError, PictureError
from lookalike.search.compare import compare
from lookalike.types import Match
from tests.conftest import busy, run

SIZE = (480, 360)


def test_the_same_pixels_are_exact_whatever_the_file() -> None:
    found = compare(busy(1, SIZE), np.asarray(busy(1, SIZE)))
    assert found.kind == "exact"
    assert found.sentences == ("They are the same picture: all pixels are equal.",)
    blank = compare(Image.new("RGB", (9, 9), "red"), Image.new("RGB", (9, 9), "red"))
    assert (blank.kind, blank.match) == ("exact", None)


def test_a_copy_is_told_with_what_was_done_to_it() -> None:
    original = busy(2, SIZE)
    page = Image.new("RGB", (600, 500), "white")
    page.paste(ImageOps.mirror(original), (100, 80))
    found = compare(page, original)
    assert found.kind == "copy"
    assert found.match is not None
    said = changes(found.match)
    assert said == ["mirrored", "part of a larger image (58%)"]
    cropped = compare(ImageOps.mirror(original.crop((120, 0, 480, 360))), original)
    assert cropped.match is not None
    assert changes(cropped.match) == ["mirrored", "cropped to 75%"]
    assert found.sentences[0] == "One is a copy of the other."
    assert "mirrored, part of" in found.sentences[1]
    assert found.sentences[-1].startswith(f"{found.match.inliers} features agree")


@pytest.mark.parametrize(
    ("rows", "flipped", "said"),
    [
        ([[1, 0, 0], [0, 1, 0]], False, []),
        ([[0, 1, 0], [-1, 0, 360]], False, ["rotated 90° clockwise"]),
        ([[0, -1, 480], [1, 0, 0]], False, ["rotated 90° anticlockwise"]),
        ([[-1, 0, 480], [0, 1, 0]], True, ["mirrored"]),
        ([[2, 0, 0], [0, 2, 0]], False, ["reduced to 50%"]),
        ([[1, 0, 0], [0, 1.6, 0]], False, ["stretched by 60%", "reduced to 79%"]),
    ],
)
def test_changes_in_words(rows: list[list[float]], flipped: bool, said: list[str]) -> None:
    transform = tuple(map(tuple, [*rows, [0, 0, 1]]))
    match = Match(transform, 50, 0.2, 1.0, 1.0, 1.0, 1.0, flipped, np.empty((50, 4), np.float32))
    assert changes(match) == said


@pytest.mark.parametrize(
    ("degrees", "said"),
    [(-90, "rotated 90° clockwise"), (90, "rotated 90° anticlockwise")],
)
def test_which_way_it_was_turned(degrees: int, said: str) -> None:
    match = compare(busy(3, SIZE).rotate(degrees, expand=True), busy(3, SIZE)).match
    assert match is not None
    assert changes(match) == [said]


def test_different_pictures_are_said_to_be() -> None:
    found = compare(busy(4, SIZE), busy(5, SIZE))
    assert found.kind == "different"
    assert found.sentences == ("They are different pictures: neither was found in the other.",)


def test_the_sheet_shows_both_and_one_over_the_other() -> None:
    original = busy(6, SIZE)
    found = compare(original.crop((240, 0, 480, 360)), original)
    sheet = comparison_sheet(found)
    left = PANEL_PIXELS * 240 // 360 + 3 * GAP_PIXELS + PANEL_PIXELS  # of the third panel
    laid = sheet.crop((left, GAP_PIXELS, left + PANEL_PIXELS, GAP_PIXELS + 300))
    colour = np.asarray(laid, int).std(axis=2)
    # The right half has the crop's colours over it, the left half is grey.
    assert colour[:, : PANEL_PIXELS // 2 - 5].mean() < 2
    assert colour[:, PANEL_PIXELS // 2 + 5 :].mean() > 10
    apart = comparison_sheet(compare(busy(4, SIZE), busy(5, SIZE)))
    assert apart.height < sheet.height


def test_the_command(tmp_path: Path) -> None:
    original = busy(7, SIZE)
    original.save(tmp_path / "a.png")
    original.crop((0, 0, 300, 300)).save(tmp_path / "b.jpg", quality=70)
    out = tmp_path / "out.jpg"
    done = run("compare", tmp_path / "b.jpg", tmp_path / "a.png", "--out", out)
    assert done.returncode == 0
    assert done.stdout.startswith("One is a copy of the other.\n")
    with Image.open(out) as drawn:
        assert drawn.width > 2 * PANEL_PIXELS
    data = (tmp_path / "b.jpg").read_bytes()
    piped = run("compare", "-", tmp_path / "a.png", "--json", input=data, text=False)
    told = json.loads(piped.stdout)
    assert told["kind"] == "copy"
    assert told["match"]["target_overlap"] == pytest.approx(0.52, abs=0.02)
    assert np.array(told["match"]["transform"]).shape == (3, 3)
    assert "points" not in told["match"]
    missing = run("compare", tmp_path / "gone.jpg", tmp_path / "a.png")
    assert missing.returncode == 1
    assert "gone.jpg can't be read" in missing.stderr
    unwritten = run("compare", tmp_path / "b.jpg", tmp_path / "a.png", "--out", tmp_path / "x.foo")
    assert unwritten.returncode == 2


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(b"\xff\xd8\xff nonsense")
    with pytest.raises(PictureError, match=r"x\.jpg can't be used"):
        compare(tmp_path / "x.jpg", busy(1, SIZE))
    with pytest.raises(ArgumentError, match="A query is"):
        compare(np.zeros((3, 3)), busy(1, SIZE))  # type: ignore[arg-type]
