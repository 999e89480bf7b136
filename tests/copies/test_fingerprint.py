from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from lookalike.copies.descriptors import DIMENSIONS, LEVELS, descriptor_model
from lookalike.copies.fingerprint import (
    GRID_CELLS,
    MAX_SAMPLES,
    PIXELS_HASH_BYTES,
    QUERY_FEATURES,
    STORED_FEATURES,
    THUMBNAIL_PIXELS,
    Fingerprint,
    fingerprint,
    mirror,
    negate,
    stored_fingerprint,
)
from lookalike.decode import decode, from_image
from lookalike.types import Picture, Properties

from ..conftest import busy

View = Callable[[Fingerprint], Fingerprint]
Edit = Callable[[Image.Image], Image.Image]


def of(image: Image.Image) -> Fingerprint:
    return fingerprint(from_image(image))


def bits(one: Fingerprint, other: Fingerprint) -> int:
    return int(np.unpackbits(one.pdq ^ other.pdq).sum())


def test_points_are_spread_over_the_picture() -> None:
    image = busy(1, (600, 400))
    result = of(image)
    x, y, radius, angle = result.points.T
    assert result.points.shape == (len(x), 4)
    assert 0 < len(x) <= QUERY_FEATURES
    assert result.descriptors.shape == (len(x), DIMENSIONS)
    assert result.descriptors.dtype == np.uint8
    assert result.descriptors.max() < LEVELS
    assert (x > 0).all()
    assert (x < 600).all()
    assert (y > 0).all()
    assert (y < 400).all()
    assert (radius > 0).all()
    assert (np.abs(angle) < 7).all()
    few = fingerprint(from_image(image), max_points=2 * GRID_CELLS**2)
    assert len(few.points) == 2 * GRID_CELLS**2
    columns = {int(x * GRID_CELLS / 600) for x in few.points[:, 0]}
    assert columns == set(range(GRID_CELLS))  # not only where the contrast is greatest
    height, width, channels = result.thumbnail.shape
    assert (height * width, channels) == (pytest.approx(THUMBNAIL_PIXELS, rel=0.02), 3)
    assert result.thumbnail.shape[1] / result.thumbnail.shape[0] == pytest.approx(1.5, rel=0.02)


def test_points_are_in_pixels_of_the_whole_picture() -> None:
    """Whatever size it was resized to: a spot's feature is at the spot, and as large."""
    spot = Image.new("L", (900, 600), 40)
    spot.paste(220, (280, 380, 320, 420))
    result = of(spot.convert("RGB"))
    off = np.abs(result.points[:, :2] - [300, 400]).max(axis=1)
    middle = result.points[off < 4]
    assert len(middle)
    assert 10 < middle[0, 2] < 60
    # A picture decoded at a reduced size states its full size.
    small = from_image(spot.convert("RGB").resize((450, 300)))
    reduced = fingerprint(Picture(small.pixels, 900, 600))
    assert np.abs(reduced.points[:, :2] - [300, 400]).max(axis=1).min() < 4
    assert (reduced.width, reduced.height) == (900, 600)


def test_a_stored_fingerprint_has_fewer_features() -> None:
    picture = from_image(busy(1, (600, 400)))
    query, stored = fingerprint(picture), stored_fingerprint(picture)
    assert len(stored.points) == STORED_FEATURES < len(query.points)
    assert (stored.thumbnail == query.thumbnail).all()
    assert stored.pixels_hash == query.pixels_hash
    assert (stored.pdq == query.pdq).all()
    assert (stored.width, stored.height) == (600, 400)


@pytest.mark.parametrize(
    ("transform", "edit"), [(mirror, ImageOps.mirror), (negate, ImageOps.invert)]
)
def test_derived_views_equal_those_of_edited_pictures(transform: View, edit: Edit) -> None:
    image = busy(2, (320, 240))
    expected, view = of(edit(image)), transform(of(image))
    ours, theirs = (descriptor_model().decode(print_.descriptors) for print_ in (view, expected))
    ours, theirs = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (ours, theirs))
    cosines = theirs @ ours.T
    best = cosines.argmax(axis=1)
    same = cosines.max(axis=1) > 0.98
    assert same.mean() > 0.8
    off = np.abs(expected.points[same] - view.points[best[same]])
    off[:, 3] = np.abs((off[:, 3] + np.pi) % (2 * np.pi) - np.pi)
    assert np.median(off, axis=0).max() < 0.05
    assert (view.thumbnail == of(image).thumbnail).all()
    back = transform(view)
    assert (back.descriptors == of(image).descriptors).all()
    assert np.allclose(back.points[:, :3], of(image).points[:, :3], atol=1e-3)


def test_the_hash_distinguishes_pictures_and_survives_small_edits() -> None:
    one = of(busy(3, (600, 400)))
    assert bits(one, of(busy(3, (600, 400)).resize((300, 200)))) < 20
    assert bits(one, of(busy(4, (600, 400)))) > 90
    assert one.pdq_quality > 90
    assert of(Image.new("RGB", (300, 300), "red")).pdq_quality < 50


def test_the_pixels_hash_depends_on_every_pixel_and_the_size() -> None:
    one = of(busy(5, (90, 60)))
    assert of(busy(5, (90, 60))).pixels_hash == one.pixels_hash
    changed = busy(5, (90, 60))
    changed.putpixel((89, 59), (1, 2, 3))
    assert of(changed).pixels_hash != one.pixels_hash
    blank = {of(Image.new("RGB", size)).pixels_hash for size in ((60, 90), (90, 60), (54, 100))}
    assert len(blank) == 3


def test_pixels_that_are_not_all_of_a_file_have_no_hash() -> None:
    """A reduced decoding, a first frame, what shows through, and 8 of 16 bits."""
    pixels = from_image(busy(5, (90, 60))).pixels
    assert len(fingerprint(Picture(pixels, 90, 60)).pixels_hash) == PIXELS_HASH_BYTES
    assert fingerprint(Picture(pixels, 180, 120)).pixels_hash == b""
    for holds in (
        Properties(has_alpha=True),
        Properties(frames=2),
        Properties(pages=2),
        Properties(bit_depth=16),
    ):
        assert fingerprint(Picture(pixels, 90, 60, holds)).pixels_hash == b""


def test_files_that_hold_more_than_their_pixels_have_no_hash(tmp_path: Path) -> None:
    image, path = busy(5, (90, 60)), tmp_path / "x"
    see_through = image.copy()
    see_through.putalpha(Image.linear_gradient("L").resize(image.size))
    deep = Image.fromarray(np.arange(5400, dtype=np.uint16).reshape(60, 90) * 11)
    files = {
        "opaque.png": (image, {}, True),
        "alpha.png": (see_through, {}, False),
        "deep.png": (deep, {}, False),
        "moving.gif": (image, {"save_all": True, "append_images": [busy(6, (90, 60))]}, False),
        "pages.tif": (image, {"save_all": True, "append_images": [busy(6, (90, 60))]}, False),
    }
    for name, (file, options, is_all) in files.items():
        path = tmp_path / name
        file.save(path, **options)
        assert bool(fingerprint(decode(path.read_bytes())).pixels_hash) == is_all, name


@pytest.mark.parametrize(("count", "kept"), [(0, 0), (1, 1), (4, 4), (5, 3), (8, 4), (9, 3)])
def test_a_few_samples_are_kept_spread_over_the_file(count: int, kept: int) -> None:
    pixels = from_image(busy(5, (90, 60))).pixels
    samples = tuple(np.full((6, 9, 3), k, np.uint8) for k in range(count))
    result = fingerprint(Picture(pixels, 90, 60, samples=samples))
    found = [int(sample[0, 0, 0]) for sample in result.samples]
    assert len(found) == kept <= MAX_SAMPLES
    assert found == sorted(found)
    assert found[:1] == [0][:count]
    assert mirror(result).sample_data is result.sample_data


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (90, 1), (300, 300), (3000, 30)])
def test_a_picture_without_texture_has_no_points(size: tuple[int, int]) -> None:
    result = of(Image.new("RGB", size, "red"))
    assert result.points.shape == (0, 4)
    assert result.descriptors.shape == (0, DIMENSIONS)
    assert min(result.thumbnail.shape) >= 1
    assert mirror(result).points.shape == negate(result).points.shape == (0, 4)
