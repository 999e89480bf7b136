from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ImageOps

from benchmarks.copies import finders
from lookalike.decode import from_image
from lookalike.types import Picture

from ...conftest import RandomEncoder, busy, draw

PICTURES = [from_image(draw(seed)) for seed in range(9)]


def test_a_vector_finds_its_own_picture() -> None:
    finder = finders.VectorFinder(RandomEncoder(), threads=1)
    for start in (0, 4):
        finder.add(PICTURES[start : start + 4])
    rows, scores = finder.find([PICTURES[6], PICTURES[1]])
    assert rows.tolist() == [6, 1]
    assert scores == pytest.approx([1, 1], abs=1e-3)
    assert finder.find([PICTURES[8]])[1][0] < 0.999  # not in the gallery
    assert finder.bytes_per_picture() == 32


def test_a_copy_scores_above_a_similar_picture() -> None:
    """The encoder's vectors are random, so only the fingerprints can find the mirrored crop."""
    images = [busy(seed, (320, 240)) for seed in range(9)]
    finder = finders.LookalikeFinder(RandomEncoder(), threads=2)
    finder.add([from_image(image) for image in images[:3]])
    finder.add([from_image(image) for image in images[3:8]])
    crop = ImageOps.mirror(images[5].crop((0, 0, 240, 240)))
    rows, scores = finder.find([from_image(image) for image in (images[6], crop, images[8])])
    assert rows[:2].tolist() == [6, 5]
    assert scores[0] == pytest.approx(3, abs=0.01)  # the same pixels
    assert 1.9 < scores[1] <= 2
    assert scores[2] <= 0.5  # not in the gallery
    assert finder.bytes_per_picture() > 6_000
    finder._folder.cleanup()


def bits(picture: Picture) -> NDArray[np.uint8]:
    """Return whether the first 128 values are above the middle; and the same bits reversed."""
    plain = (picture.pixels.ravel()[:128] > 128).astype(np.uint8)
    return np.stack([plain, plain[::-1]])


def test_a_hash_counts_bits_of_the_nearest_form() -> None:
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (9, 8, 8, 3), np.uint8)
    pictures = [Picture(p, 8, 8) for p in pixels]
    finder = finders.HashFinder("bits", bits)
    finder.add(pictures[:5])
    finder.add(pictures[5:8])
    rows, scores = finder.find(pictures)
    assert rows[:8].tolist() == list(range(8))
    assert (scores[:8] == 0).all()
    # The last picture is not in the gallery: compare both forms by brute force.
    plain = [bits(p)[0] for p in pictures]
    distances = [min((q != plain[k]).sum() for q in bits(pictures[8])) for k in range(8)]
    assert scores[8] == -min(distances)
    assert rows[8] == int(np.argmin(distances))
    assert finder.bytes_per_picture() == 16


def test_several_blocks_give_the_same_result_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    finder = finders.VectorFinder(RandomEncoder(), threads=1)
    finder.add(PICTURES[:8])
    whole = finder.find(PICTURES)
    monkeypatch.setattr(finders, "ROWS_PER_BLOCK", 3)
    parts = finder.find(PICTURES)
    assert parts[0].tolist() == whole[0].tolist()
    assert parts[1] == pytest.approx(whole[1])


def test_hashes_find_unedited_pictures() -> None:
    pytest.importorskip("imagehash")
    pytest.importorskip("pdqhash")
    for finder in finders.hash_finders():
        finder.add(PICTURES)
        rows, scores = finder.find(PICTURES)
        assert rows.tolist() == list(range(len(PICTURES))), finder.name
        assert (scores == 0).all(), finder.name
        tiny = from_image(draw(1).resize((5, 3)))
        assert np.isfinite(finder.find([tiny])[1]).all()
