from __future__ import annotations

from dataclasses import replace
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
PHOTO = Path(__file__).resolve().parents[2] / "samples" / "pictures" / "ferry" / "image_0010.jpg"


def content(seed: int) -> bytes:
    return seed.to_bytes(16, "big")


def query_of(image: Image.Image) -> Fingerprint:
    return fingerprint(from_image(image))


def index_of(folder: Path, *images: Image.Image) -> FingerprintIndex:
    """The fingerprints of pictures, contents 0, 1, ...; their words are not indexed yet."""
    index = FingerprintIndex(folder)
    distinct = {id(image): image for image in images}  # some are given many times
    packed = {k: pack(stored_fingerprint(from_image(image))) for k, image in distinct.items()}
    index.add({content(n): packed[id(image)] for n, image in enumerate(images)})
    return index


def scene(background: int) -> Image.Image:
    """The same objects at the same places on another background, as in frames of a film."""
    mask = Image.new("L", SIZE, 0)
    for x in range(20, 460, 90):
        for y in range(20, 340, 90):
            mask.paste(255, (x, y, x + 50, y + 50))
    return Image.composite(busy(7, SIZE), busy(background, SIZE), mask)


@pytest.fixture(scope="module")
def twenty(tmp_path_factory: pytest.TempPathFactory) -> FingerprintIndex:
    index = index_of(tmp_path_factory.mktemp("g"), *(busy(seed, SIZE) for seed in range(20)))
    index.optimize()
    return index


def test_a_crop_is_found_by_words_alone(twenty: FingerprintIndex) -> None:
    query = busy(3, SIZE).crop((100, 100, 400, 330)).rotate(90, expand=True)
    ((found_content, (kind, match)),) = find_matches(query_of(query), twenty, []).items()
    assert (found_content, kind) == (content(3), "copy")
    assert not match.flipped
    assert match.target_overlap == pytest.approx(300 * 230 / (480 * 360), abs=0.02)


def test_every_picture_on_a_page_is_found(twenty: FingerprintIndex) -> None:
    page = Image.new("RGB", (1000, 800), "white")
    for seed, place in ((2, (0, 0)), (8, (500, 0)), (11, (0, 400)), (15, (500, 400))):
        page.paste(busy(seed, SIZE), place)
    matches = find_matches(query_of(page), twenty, [])
    assert {*matches} == {content(seed) for seed in (2, 8, 11, 15)}
    assert {kind for kind, _ in matches.values()} == {"copy"}
    for _, match in matches.values():
        assert match.query_overlap == pytest.approx(480 * 360 / 800_000, abs=0.02)


def test_the_hash_finds_pictures_without_indexed_words(tmp_path: Path) -> None:
    index = index_of(tmp_path, busy(1, SIZE), busy(2, SIZE))
    small = query_of(busy(1, SIZE).resize((200, 150)))
    assert {c: kind for c, (kind, _) in find_matches(small, index, []).items()} == {
        content(0): "copy"
    }


def test_the_nearest_by_vector_are_verified(tmp_path: Path) -> None:
    """Mirrored, too; contents without a fingerprint are skipped."""
    index = index_of(tmp_path, busy(1, SIZE), busy(2, SIZE))
    query = query_of(ImageOps.mirror(busy(2, SIZE)))
    assert find_matches(query, index, []) == {}  # no words, and another hash
    matches = find_matches(query, index, [content(50), content(0), content(1)])
    assert {c: (kind, m.flipped) for c, (kind, m) in matches.items()} == {
        content(1): ("copy", True)
    }


def test_a_cropped_negative_is_tried_when_there_is_no_copy(tmp_path: Path) -> None:
    part = busy(2, SIZE).crop((0, 0, 300, 360))
    index = index_of(tmp_path, ImageOps.invert(part), busy(1, SIZE), part.resize((250, 300)))
    index.optimize()
    nearest, query = [content(1), content(0), content(2)], query_of(busy(2, SIZE))
    assert {*find_matches(query, index, nearest)} == {content(2)}
    matches = find_matches(query, index, nearest[:2])
    assert content(2) in matches  # by words
    for nearest in ([content(0)], []):
        negative = query_of(ImageOps.invert(busy(1, SIZE).crop((0, 0, 300, 360))))
        alone = find_matches(negative, index, nearest)
        assert {c: kind for c, (kind, _) in alone.items()} == {content(1): "copy"}


def test_a_negative_in_the_gallery_finds_its_original(tmp_path: Path) -> None:
    photo = Image.open(PHOTO).convert("RGB")
    negatives = {
        "plain": ImageOps.invert(photo),
        "turned": ImageOps.invert(photo).rotate(90, expand=True),
        "mirrored": ImageOps.mirror(ImageOps.invert(photo)),
        "grey and small": ImageOps.invert(ImageOps.grayscale(photo)).reduce(2),
    }
    index = index_of(tmp_path, photo, *negatives.values(), *(busy(seed, SIZE) for seed in range(4)))
    index.optimize()
    for number, image in enumerate(negatives.values(), 1):
        matches = find_matches(query_of(image), index, [content(number)])
        assert matches[content(0)][0] == "copy"
        assert matches[content(number)][0] in {"exact", "copy"}
        found = find_matches(query_of(photo), index, [content(0)])
        assert {found[content(n)][0] for n in range(1, 5)} == {"copy"}


def test_another_picture_of_the_same_objects_is_near(tmp_path: Path) -> None:
    index = index_of(tmp_path, scene(20), busy(1, SIZE))
    index.optimize()
    matches = find_matches(query_of(scene(30)), index, [content(0), content(1)])
    assert {c: kind for c, (kind, _) in matches.items()} == {content(0): "near"}


def test_equal_pixels_are_exact_and_one_changed_pixel_is_a_copy(twenty: FingerprintIndex) -> None:
    changed = busy(6, SIZE)
    changed.putpixel((200, 200), (1, 2, 3))
    for image, kind in ((busy(6, SIZE), "exact"), (changed, "copy")):
        matches = find_matches(query_of(image), twenty, [])
        assert {c: k for c, (k, _) in matches.items()} == {content(6): kind}
        assert np.allclose(matches[content(6)][1].transform, np.eye(3), atol=0.05)


def test_equal_pixels_are_exact_without_texture(tmp_path: Path) -> None:
    blank = Image.new("RGB", (300, 200), "red")
    index = index_of(tmp_path, blank, busy(1, SIZE))
    index.optimize()
    matches = find_matches(query_of(blank), index, [content(0), content(1)])
    assert {c: kind for c, (kind, _) in matches.items()} == {content(0): "exact"}
    other = find_matches(
        query_of(Image.new("RGB", (300, 200), "blue")), index, [content(0), content(1)]
    )
    assert other == {}


def test_a_plain_picture_finds_its_equal_among_many_of_one_hash(tmp_path: Path) -> None:
    """All white pages have the same hash, and to the encoder they are one picture."""
    pages = [Image.new("RGB", (300 + n, 200), "white") for n in range(40)]
    index = index_of(tmp_path, *pages)
    index.optimize()
    query = query_of(pages[37])
    found = find_matches(query, index, [content(n) for n in range(24)])
    assert found == {content(37): ("exact", None)}
    assert find_matches(query, index, [], allowed=lambda _: set()) == {}
    assert find_matches(replace(query, pixels_hash=b""), index, []) == {}


def test_copies_that_a_filter_excludes_do_not_hide_one_it_allows(tmp_path: Path) -> None:
    shot, many = busy(3, SIZE), ROUNDS * WORD_CANDIDATES + HASH_CANDIDATES
    small = shot.resize((300, 225))
    index = index_of(tmp_path, *[shot] * many, small, busy(9, SIZE))
    index.optimize()
    only = content(many)
    assert only not in find_matches(query_of(shot), index, [])
    matches = find_matches(
        query_of(shot), index, [], allowed=lambda contents: {only} & set(contents)
    )
    assert {one: kind for one, (kind, _) in matches.items()} == {only: "copy"}
    assert find_matches(query_of(shot), index, [], allowed=lambda _: set()) == {}
