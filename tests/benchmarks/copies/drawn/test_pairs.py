from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.copies.drawn import pairs
from benchmarks.copies.drawn.difference import difference, meets
from benchmarks.copies.drawn.tables import template

from ....conftest import fill


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict:
    """Arguments of `make_pair`, with two templates of small sizes."""
    tables: dict = {}

    @template(tables, ((300, 400),), has_photo=True)
    def with_photo(sheet: pairs.Sheet) -> None:
        sheet.photo("photo", 50, 50, 900, 700)
        for k in range(8):
            sheet.text(50, 780 + 60 * k, sheet.vary(f"line {k}").words(6), 45)

    @template(tables, ((400, 300),))
    def of_lines(sheet: pairs.Sheet) -> None:
        for k in range(14):
            sheet.text(50, 20 + 50 * k, sheet.vary(f"line {k}").words(8), 40)

    monkeypatch.setitem(pairs.HALVES, "small", tables)
    photos = [str(path) for path in fill(tmp_path / "photos", 8)]
    folder = tmp_path / "pairs"
    folder.mkdir()
    return {"half": "small", "photos": photos, "folder": str(folder), "seed": 5}


def read(path: str) -> Image.Image:
    return Image.open(path).convert("RGB")


@pytest.mark.parametrize("kind", pairs.KINDS)
def test_a_pair_depends_on_its_number_alone(options: dict, kind: str) -> None:
    first = pairs.make_pair(kind, 3, **options)
    files = [Path(path).read_bytes() for path in (first.one, first.other)]
    again = pairs.make_pair(kind, 3, **options)
    assert again == first
    assert [Path(path).read_bytes() for path in (again.one, again.other)] == files
    assert pairs.make_pair(kind, 4, **options).what != "" != first.what


def test_a_small_change_is_inside_its_place_only(options: dict) -> None:
    for number in range(12):
        pair = pairs.make_pair("small", number, **options)
        one, other = read(pair.one), read(pair.other)
        assert pair.place
        assert 0 < pair.share <= pairs.MOST_SMALL
        scale = other.width / one.width
        assert pair.place[1] == pytest.approx([side * scale for side in pair.place[0]], rel=0.03)
        if scale == 1:
            found = difference(one, other)
            assert found
            assert meets(found.box, pair.place[0])


def test_a_quarter_differs(options: dict) -> None:
    shares = [pairs.make_pair("quarter", number, **options).share for number in range(12)]
    assert min(shares) >= pairs.LEAST_QUARTER
    assert max(shares) > 0.6


def test_what_is_the_same_is_the_same(options: dict) -> None:
    ways = set()
    for number in range(10):
        pair = pairs.make_pair("same", number, **options)
        ways.add(pair.what.split()[0])
        if pair.is_plain:
            one = read(pair.one)
            sides = [np.asarray(image.resize((80, 60)), int) for image in (one, read(pair.other))]
            assert np.abs(sides[0] - sides[1]).mean() < 5
    assert ways == {"JPEG", "WebP", "resized", "shown", "cropped"}


def test_a_pasted_photograph_is_in_its_frame(options: dict) -> None:
    whole, cropped = (pairs.make_pair("pasted", number, **options) for number in (0, 1))
    assert whole.what == "whole"
    assert cropped.what.startswith("cropped by")
    for pair in (whole, cropped):
        found = difference(read(pair.one), read(pair.decoy))
        assert found
        assert found.share >= pairs.LEAST_QUARTER


def test_a_template_that_cannot_differ_is_refused(options: dict) -> None:
    @template(pairs.HALVES["small"], ((200, 200),))
    def a_bare(sheet: pairs.Sheet) -> None:
        sheet.vary("nothing")

    with pytest.raises(RuntimeError, match="a_bare can't differ in a quarter"):
        pairs.make_pair("quarter", 2, **options)


def test_boxes_meet_from_a_tenth_of_their_union() -> None:
    assert meets((0, 0, 10, 10), (0, 0, 10, 100))
    assert not meets((0, 0, 10, 10), (0, 0, 10, 101))
    assert not meets((0, 0, 10, 10), (10, 0, 10, 10))
