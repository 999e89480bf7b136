from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from lookalike import Gallery
from lookalike.copies import pack, stored_fingerprint
from lookalike.copies.geometry import frame_corners, transform_points
from lookalike.decode import from_image
from lookalike.duplicates import pairs as pairs_module
from lookalike.duplicates.members import Member, read_members
from lookalike.duplicates.pairs import Pair, find_pairs
from lookalike.ingest import chunk
from lookalike.storage.store import Store

from ..conftest import RandomEncoder, busy

SIZE = (480, 360)


def shaken(image: Image.Image) -> Image.Image:
    """Move every part of a picture by a few pixels."""
    grid = np.random.default_rng(0).normal(0, 5, (2, 6, 8)).astype(np.float32)
    off_x, off_y = (cv2.resize(one, image.size, interpolation=cv2.INTER_CUBIC) for one in grid)
    x, y = np.meshgrid(*(np.arange(side, dtype=np.float32) for side in image.size))
    return Image.fromarray(cv2.remap(np.asarray(image), x + off_x, y + off_y, cv2.INTER_LINEAR))


def store_of(folder: Path, **images: Image.Image) -> Store:
    """Index pictures, saved as PNG."""
    (folder / "p").mkdir(exist_ok=True)
    for name, image in images.items():
        image.save(folder / "p" / f"{name}.png", compress_level=1)
    gallery = Gallery.open(folder / "g")
    gallery.index(folder / "p")
    return Store(folder / "g", "pictures.lance", gallery.info().encoder["dimensions"])


def found(store: Store, members: list[Member], *, near: bool = False) -> list[Pair]:
    return list(
        find_pairs(store, members, kind="near" if near else "copies", on_progress=lambda *_: None)
    )


def named(members: list[Member], pairs: list[Pair]) -> set[frozenset[str]]:
    return {frozenset(Path(members[k].path).stem for k in (p.query, p.target)) for p in pairs}


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Eight pictures, three edited copies of one of them, and one of another."""
    framed = Image.new("RGB", (600, 460), "white")
    framed.paste(busy(2, SIZE), (60, 50))
    return store_of(
        tmp_path_factory.mktemp("collection"),
        **{f"other{seed}": busy(seed, SIZE) for seed in range(2, 9)},
        a=busy(1, SIZE),
        small=busy(1, SIZE).resize((240, 180)),
        mirrored=ImageOps.mirror(busy(1, SIZE)),
        crop=busy(1, SIZE).crop((60, 30, 480, 360)),
        framed=framed,
    )


def pairs_of(*names: str) -> set[frozenset[str]]:
    return {frozenset(two) for two in itertools.combinations(names, 2)}


COPIES = pairs_of("a", "small", "mirrored", "crop") | pairs_of("other2", "framed")
# Two edits of one picture may be too different to be compared with each other.
SURE = COPIES - pairs_of("mirrored", "crop")


def test_all_copies_and_no_others_are_found(collection: Store) -> None:
    members = read_members(collection, [])
    pairs = found(collection, members)
    assert SURE <= named(members, pairs) <= COPIES
    assert len(pairs) == len(named(members, pairs))  # each once
    assert all(pair.kind == "copy" and pair.match.confidence >= 0.9 for pair in pairs)
    assert named(members, found(collection, members, near=True)) == named(members, pairs)


def test_a_match_locates_the_crop(collection: Store) -> None:
    members = read_members(collection, [])
    pairs = found(collection, members)
    places = {Path(member.path).stem: k for k, member in enumerate(members)}
    (pair,) = (p for p in pairs if {p.query, p.target} == {places["a"], places["crop"]})
    matrix = np.array(pair.match.transform)
    if pair.query == places["a"]:
        matrix = np.linalg.inv(matrix)
    corners = transform_points(matrix, frame_corners(420, 330))
    assert np.abs(corners - [[60, 30], [480, 30], [480, 360], [60, 360]]).max() < 3
    flipped = [p for p in pairs if p.match.flipped]
    assert named(members, flipped) == {p for p in named(members, pairs) if "mirrored" in p}


def test_only_the_given_members_are_compared(collection: Store) -> None:
    left_out = {"a", "framed"}
    members = [m for m in read_members(collection, []) if Path(m.path).stem not in left_out]
    pairs = named(members, found(collection, members))
    assert pairs_of("small", "crop") | pairs_of("small", "mirrored") <= pairs
    assert pairs <= pairs_of("small", "mirrored", "crop")
    assert found(collection, members[:1]) == found(collection, []) == []


def test_blocks_do_not_change_the_pairs_and_are_reported(
    collection: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = read_members(collection, [])
    whole = named(members, found(collection, members))
    monkeypatch.setattr(pairs_module, "BLOCK_PICTURES", 5)
    calls: list[Any] = []
    pairs = list(
        find_pairs(collection, members, kind="copies", on_progress=lambda *call: calls.append(call))
    )
    assert named(members, pairs) == whole
    assert calls[0] == ("Comparing vectors", 0, 1)
    later = [call for call in calls if call != calls[0]]
    assert later[:32] == [("Comparing hashes", band, 32) for band in range(32)]
    assert later[32:] == [("Comparing pictures", start, 12) for start in (0, 5, 10)]


def test_files_of_the_same_bytes_are_compared_once(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    busy(1, SIZE).save(tmp_path / "p" / "twin.png", compress_level=1)
    small = busy(1, SIZE).resize((300, 225))
    store = store_of(tmp_path, a=busy(1, SIZE), b=busy(2, SIZE), small=small)
    members = read_members(store, [])
    pairs = found(store, members)
    assert len(members) == 4
    assert len(pairs) == 1
    assert named(members, pairs) in ({frozenset(("a", "small"))}, {frozenset(("twin", "small"))})


def test_near_pictures_are_found_on_request(tmp_path: Path) -> None:
    """Two shots of the same thing: its parts have moved a little."""
    store = store_of(tmp_path, one=busy(7, SIZE), two=shaken(busy(7, SIZE)), other=busy(1, SIZE))
    members = read_members(store, [])
    assert found(store, members) == []
    (pair,) = found(store, members, near=True)
    assert pair.kind == "near"
    assert named(members, [pair]) == {frozenset(("one", "two"))}


PHOTO = Path(__file__).resolve().parents[2] / "samples" / "pictures" / "ferry" / "image_0010.jpg"


def test_turned_mirrored_and_negative_pictures_are_found(tmp_path: Path) -> None:
    photo = Image.open(PHOTO).convert("RGB")
    negative = ImageOps.invert(photo)
    store = store_of(
        tmp_path,
        **{f"other{seed}": busy(seed, SIZE) for seed in range(3)},
        photo=photo.resize((900, 900 * photo.height // photo.width)),
        turned=photo.transpose(Image.Transpose.ROTATE_90),
        flipped=ImageOps.flip(photo),
        negative=negative,
        mixed=ImageOps.mirror(negative).rotate(270, expand=True),
        grey=ImageOps.invert(ImageOps.grayscale(ImageOps.flip(photo))),
    )
    members = read_members(store, [])
    edited = ("turned", "flipped", "negative", "mixed", "grey")
    pairs = found(store, members)
    assert {frozenset(("photo", name)) for name in edited} <= named(members, pairs)
    assert named(members, pairs) <= pairs_of("photo", *edited)
    assert {pair.kind for pair in pairs} == {"copy"}


def test_equal_pixels_need_no_features(tmp_path: Path) -> None:
    """A sky and a white page; another sky is no duplicate."""
    (tmp_path / "p").mkdir()
    rows = np.linspace((90, 140, 220), (220, 235, 250), 900)[:, None].repeat(1200, 1)  # reduced
    sky, white = Image.fromarray(rows.astype(np.uint8)), Image.new("RGB", (300, 200), "white")
    titled = PngInfo()
    titled.add_text("Title", "holiday")
    sky.save(tmp_path / "p" / "titled sky.png", pnginfo=titled)
    white.save(tmp_path / "p" / "titled white.png", pnginfo=titled)
    store = store_of(
        tmp_path,
        sky=sky,
        white=white,
        paler=Image.fromarray((rows + 2).clip(0, 255).astype(np.uint8)),
        smaller=white.resize((200, 300)),
    )
    members = read_members(store, [])
    for kind in ("exact", "copies", "near"):
        pairs = list(find_pairs(store, members, kind=kind, on_progress=lambda *_: None))
        assert named(members, pairs) == pairs_of("sky", "titled sky") | pairs_of(
            "white", "titled white"
        )
        assert {(pair.kind, pair.match) for pair in pairs} == {("exact", None)}


def test_pictures_without_texture_are_in_no_pair(tmp_path: Path) -> None:
    flat = {f"flat{n}": Image.new("RGB", (80 + n, 60), "red") for n in range(4)}
    store = store_of(tmp_path, **flat, a=busy(1, SIZE), b=busy(1, SIZE).resize((300, 225)))
    members = read_members(store, [])
    assert named(members, found(store, members, near=True)) == {frozenset(("a", "b"))}


def test_a_gallery_without_fingerprints_has_no_pairs(tmp_path: Path) -> None:
    busy(1, SIZE).save(tmp_path / "a.png")
    busy(1, SIZE).save(tmp_path / "b.jpg")
    gallery = Gallery.open(tmp_path / "g", encoder=RandomEncoder())
    gallery.index(tmp_path, copies=False)
    store = Store(tmp_path / "g", "pictures.lance", 16, copies=False)
    assert found(store, read_members(store, [])) == []


def test_a_picture_with_two_fingerprints_is_compared_once_by_the_newest(tmp_path: Path) -> None:
    """As between two steps of an update from an earlier version."""
    store = store_of(tmp_path, a=busy(1, SIZE), b=busy(1, SIZE).resize((240, 180)))
    newest = store.fingerprints.get(read_contents(store))
    store.fingerprints.table.overwrite([])
    store.fingerprints.visual_words.clear()
    sizes = dict(zip(newest, (SIZE, (240, 180)), strict=True))
    store.fingerprints.add(
        {
            content: pack(stored_fingerprint(from_image(Image.new("RGB", size))))
            for content, size in sizes.items()
        }
    )
    store.fingerprints.optimize()
    members = read_members(store)
    assert found(store, members) == []
    store.fingerprints.add(newest)
    store.fingerprints.optimize()
    (pair,) = found(store, members)
    assert {pair.query, pair.target} == {0, 1}


def read_contents(store: Store) -> list[bytes]:
    batches = store.fingerprints.up_to_date_contents()
    return [content for batch in batches for content in batch.to_pylist()]


@pytest.mark.parametrize("indexed", [0, 2])
def test_an_interrupted_ingest_leaves_words_unindexed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, indexed: int
) -> None:
    """Finished pictures are committed, but the index of words is made at the end."""
    if indexed:
        store_of(tmp_path, x=busy(20, SIZE), y=busy(21, SIZE))
    monkeypatch.setattr(chunk, "CHUNK_PICTURES", 1)
    (tmp_path / "p").mkdir(exist_ok=True)
    for seed in range(20):
        busy(seed // 2, SIZE).save(tmp_path / "p" / f"{seed:02}.png", compress_level=1 + seed % 2)

    def stop(progress: Any) -> None:
        if progress.done >= 17:
            raise KeyboardInterrupt

    gallery = Gallery.open(tmp_path / "g")
    with pytest.raises(KeyboardInterrupt):
        gallery.index(tmp_path / "p", on_progress=stop)
    store = Store(tmp_path / "g", "pictures.lance", gallery.info().encoder["dimensions"])
    assert (
        store.fingerprints.visual_words.picture_count()
        == indexed
        < store.fingerprints.table.count()
    )
    members = read_members(store, [])
    assert len(found(store, members)) >= 5  # by vectors
