from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from lookalike.copies.fingerprint import Fingerprint, fingerprint, stored_fingerprint
from lookalike.copies.packed import pack
from lookalike.decode import from_image
from lookalike.search.candidates import HASH_CANDIDATES, ROUNDS, WORD_CANDIDATES, find_matches
from lookalike.storage.fingerprint_index import FingerprintIndex

from ..conftest import busy

SIZE = (480, 360)


def content(seed: int) -> bytes:
    return seed.to_bytes(16, "big")


def asked(image: Image.Image) -> Fingerprint:
    return fingerprint(from_image(image))


def kept(folder: Path, *images: Image.Image) -> FingerprintIndex:
    """A table of pictures, of contents 0, 1, ..., whose words are not indexed yet."""
    prints = FingerprintIndex(folder)
    packed = [pack(stored_fingerprint(from_image(image))) for image in images]
    prints.add({content(n): data for n, data in enumerate(packed)})
    return prints


def scene(background: int) -> Image.Image:
    """The same things at the same places before another background, as in frames of a film."""
    mask = Image.new("L", SIZE, 0)
    for x in range(20, 460, 90):
        for y in range(20, 340, 90):
            mask.paste(255, (x, y, x + 50, y + 50))
    return Image.composite(busy(7, SIZE), busy(background, SIZE), mask)


@pytest.fixture(scope="module")
def twenty(tmp_path_factory: pytest.TempPathFactory) -> FingerprintIndex:
    prints = kept(tmp_path_factory.mktemp("g"), *(busy(seed, SIZE) for seed in range(20)))
    prints.optimize()
    return prints


def test_a_part_is_found_by_words_alone(twenty: FingerprintIndex) -> None:
    query = busy(3, SIZE).crop((100, 100, 400, 330)).rotate(90, expand=True)
    ((found, (kind, match)),) = find_matches(asked(query), twenty, []).items()
    assert (found, kind) == (content(3), "copy")
    assert not match.flipped
    assert match.target_overlap == pytest.approx(300 * 230 / (480 * 360), abs=0.02)


def test_every_picture_that_is_on_a_page_is_found(twenty: FingerprintIndex) -> None:
    page = Image.new("RGB", (1000, 800), "white")
    for seed, place in ((2, (0, 0)), (8, (500, 0)), (11, (0, 400)), (15, (500, 400))):
        page.paste(busy(seed, SIZE), place)
    found = find_matches(asked(page), twenty, [])
    assert {*found} == {content(seed) for seed in (2, 8, 11, 15)}
    assert {kind for kind, _ in found.values()} == {"copy"}
    for _, match in found.values():
        assert match.query_overlap == pytest.approx(480 * 360 / 800_000, abs=0.02)


def test_the_hash_finds_what_has_no_words_yet(tmp_path: Path) -> None:
    prints = kept(tmp_path, busy(1, SIZE), busy(2, SIZE))
    small = asked(busy(1, SIZE).resize((200, 150)))
    assert {c: kind for c, (kind, _) in find_matches(small, prints, []).items()} == {
        content(0): "copy"
    }


def test_the_nearest_by_vector_are_looked_at(tmp_path: Path) -> None:
    """As a mirror image, too; what has no fingerprint is passed over."""
    prints = kept(tmp_path, busy(1, SIZE), busy(2, SIZE))
    query = asked(ImageOps.mirror(busy(2, SIZE)))
    assert find_matches(query, prints, []) == {}  # no words, and another hash
    found = find_matches(query, prints, [content(50), content(0), content(1)])
    assert {c: (kind, m.flipped) for c, (kind, m) in found.items()} == {content(1): ("copy", True)}


def test_a_negative_is_looked_for_where_no_copy_was_found(tmp_path: Path) -> None:
    query = busy(2, SIZE)
    prints = kept(tmp_path, ImageOps.invert(query), busy(1, SIZE), query.resize((300, 225)))
    prints.optimize()
    nearest = [content(1), content(0), content(2)]
    assert {*find_matches(asked(query), prints, nearest)} == {content(2)}
    found = find_matches(asked(query.crop((0, 0, 400, 360))), prints, nearest[:2])
    assert content(2) in found
    alone = find_matches(asked(ImageOps.invert(busy(1, SIZE))), prints, nearest)
    assert {c: kind for c, (kind, _) in alone.items()} == {content(1): "copy"}
    by_words = find_matches(asked(ImageOps.invert(busy(1, SIZE))), prints, [])
    assert {c: kind for c, (kind, _) in by_words.items()} == {content(1): "copy"}


def test_another_picture_of_the_same_things_is_near(tmp_path: Path) -> None:
    prints = kept(tmp_path, scene(20), busy(1, SIZE))
    prints.optimize()
    found = find_matches(asked(scene(30)), prints, [content(0), content(1)])
    assert {c: kind for c, (kind, _) in found.items()} == {content(0): "near"}


def test_equal_pixels_are_exact_and_one_changed_pixel_is_a_copy(twenty: FingerprintIndex) -> None:
    changed = busy(6, SIZE)
    changed.putpixel((200, 200), (1, 2, 3))
    for image, kind in ((busy(6, SIZE), "exact"), (changed, "copy")):
        found = find_matches(asked(image), twenty, [])
        assert {c: k for c, (k, _) in found.items()} == {content(6): kind}
        assert np.allclose(found[content(6)][1].transform, np.eye(3), atol=0.05)


def test_equal_pixels_are_exact_where_there_is_no_texture(tmp_path: Path) -> None:
    blank = Image.new("RGB", (300, 200), "red")
    prints = kept(tmp_path, blank, busy(1, SIZE))
    prints.optimize()
    found = find_matches(asked(blank), prints, [content(0), content(1)])
    assert {c: kind for c, (kind, _) in found.items()} == {content(0): "exact"}
    other = find_matches(
        asked(Image.new("RGB", (300, 200), "blue")), prints, [content(0), content(1)]
    )
    assert other == {}


def test_copies_that_a_filter_leaves_out_do_not_hide_the_one_it_allows(tmp_path: Path) -> None:
    shot, many = busy(3, SIZE), ROUNDS * WORD_CANDIDATES + HASH_CANDIDATES
    small = shot.resize((300, 225))
    prints = kept(tmp_path, *[shot] * many, small, busy(9, SIZE))
    prints.optimize()
    only = content(many)
    assert only not in find_matches(asked(shot), prints, [])
    found = find_matches(asked(shot), prints, [], allowed=lambda contents: {only} & set(contents))
    assert {one: kind for one, (kind, _) in found.items()} == {only: "copy"}
    assert find_matches(asked(shot), prints, [], allowed=lambda _: set()) == {}
