from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from lookalike.copies.descriptors import descriptor_model
from lookalike.copies.fingerprint import (
    STORED_FEATURES,
    Fingerprint,
    fingerprint,
    stored_fingerprint,
)
from lookalike.copies.kind import kind_of
from lookalike.copies.packed import FORMAT, pack, unpack, unpack_pdq, unpack_words
from lookalike.copies.verify import verify
from lookalike.decode import from_image
from lookalike.errors import GalleryFormatError

from ..conftest import busy
from .drawn import photo

HEAD = 60
FEATURE = 22


def of(image: Image.Image) -> Fingerprint:
    return stored_fingerprint(from_image(image))


@pytest.mark.parametrize("size", [(600, 400), (4000, 3000), (90, 60), (900, 40)])
def test_a_fingerprint_survives_packing(size: tuple[int, int]) -> None:
    original = of(busy(1, size))
    unpacked = unpack(pack(original))
    assert (unpacked.width, unpacked.height) == size
    assert unpacked.descriptors.dtype == np.uint8
    assert (unpacked.descriptors == original.descriptors).all()
    assert (unpacked.pdq == original.pdq).all()
    assert unpacked.pdq_quality == original.pdq_quality
    assert unpacked.pixels_hash == original.pixels_hash
    off = np.abs(unpacked.points - original.points)
    assert off[:, :2].max() <= max(size) / 65_536
    assert np.abs(np.log2(unpacked.points[:, 2] / original.points[:, 2])).max() < 0.04
    turned = np.abs((off[:, 3] + np.pi) % (2 * np.pi) - np.pi)
    assert turned.max() <= np.pi / 256 + 1e-3
    assert unpacked.thumbnail.shape == original.thumbnail.shape
    # Detail is lost, and the thumbnail of a large page is nothing but detail.
    pair = (
        cv2.GaussianBlur(t, (0, 0), 2).astype(int) for t in (unpacked.thumbnail, original.thumbnail)
    )
    assert np.abs(np.subtract(*pair)).mean() < 12
    assert unpacked.sample_data == ()


def test_a_picture_without_texture_survives_packing() -> None:
    data = pack(of(Image.new("RGB", (300, 200), "red")))
    unpacked = unpack(data)
    assert unpacked.points.shape == (0, 4)
    assert unpacked.descriptors.shape == (0, 32)
    assert len(data) < 300
    assert unpack_words(data).shape == (0,)


def test_packed_fingerprints_are_small() -> None:
    sizes = []
    for name in ("ferry/image_0005", "leopards/image_0002", "dalmatian/image_0007"):
        original = of(photo(name, (900, 700)))
        assert len(original.points) > 0.9 * STORED_FEATURES
        sizes.append(len(pack(original)))
    assert np.mean(sizes) < 9_000
    worst = of(Image.effect_noise((900, 700), 100).convert("RGB"))
    assert len(pack(worst)) - HEAD - FEATURE * len(worst.points) < 9_000  # its thumbnail


def test_samples_survive_packing_in_order() -> None:
    picture = from_image(photo("ferry/image_0005"))
    names = "starfish/image_0001", "sunflower/image_0001", "elephant/image_0002"
    samples = tuple(np.asarray(photo(name, (120, 90))) for name in names)
    original = stored_fingerprint(replace(picture, samples=samples))
    data = pack(original)
    unpacked = unpack(data)
    assert len(unpacked.samples) == 3
    for ours, theirs in zip(unpacked.samples, samples, strict=True):
        assert ours.shape == theirs.shape
        assert np.abs(ours.astype(int) - theirs).mean() < 8
    assert unpacked.thumbnail.shape == original.thumbnail.shape
    assert (unpack_words(data) == descriptor_model().words(original.descriptors)).all()
    assert pack(unpacked)[-len(unpacked.thumbnail_data) :] == unpacked.thumbnail_data


def test_a_fingerprint_of_the_first_format_still_proves_a_copy() -> None:
    """That of `samples/pictures/sunflower/image_0001.jpg`, with 60 features and a grey thumbnail."""
    data = Path(__file__).with_name("format_1.fingerprint").read_bytes()
    earlier = unpack(data)
    assert (data[0], earlier.width, earlier.height, len(earlier.points)) == (1, 300, 200, 60)
    assert earlier.pixels_hash == b""  # it may be that of a reduced decoding
    assert earlier.sample_data == ()
    assert np.ptp(earlier.thumbnail.astype(int), axis=2).max() <= 2
    assert len(unpack_words(data)) == 60
    original = photo("sunflower/image_0001", (300, 200))
    now = stored_fingerprint(from_image(original))
    assert int(np.unpackbits(earlier.pdq ^ now.pdq).sum()) < 20
    for query in (original, original.crop((30, 20, 280, 190))):
        match = verify(fingerprint(from_image(query)), earlier)
        assert match is not None
        assert kind_of(match) == "copy"
        assert match.differences.share < 0.05
    other = from_image(photo("sunflower/image_0002", (300, 200)))
    assert kind_of(verify(fingerprint(other), earlier)) != "copy"


def test_words_and_hash_are_read_without_unpacking() -> None:
    original = of(busy(2, (600, 400)))
    data = pack(original)
    assert (unpack_words(data) == descriptor_model().words(unpack(data).descriptors)).all()
    assert (unpack_words(data) == descriptor_model().words(original.descriptors)).all()
    assert unpack_pdq(data) == original.pdq.tobytes()


def test_truncated_and_newer_bytes_are_refused() -> None:
    data = pack(of(busy(3, (300, 200))))
    features = HEAD + FEATURE * len(unpack(data).points)
    lengths = [*range(HEAD + 2), *range(HEAD, features + 2, 97), features, features + 30]
    lengths.append((features + len(data)) // 2)  # in the middle of the thumbnail
    for length in lengths:
        with pytest.raises(GalleryFormatError, match="is damaged"):
            assert unpack(data[:length]).thumbnail.size  # it is decoded only on use
    newer = bytes([FORMAT + 1]) + data[1:]
    with pytest.raises(GalleryFormatError, match="newer lookalike"):
        unpack(newer)
    rng = np.random.default_rng(0)
    for length in (0, 1, HEAD, 500, 8_000):
        for form in (b"", b"\x01", b"\x02"):
            with pytest.raises(GalleryFormatError):
                assert unpack(form + rng.bytes(length)).thumbnail.size


def test_changed_bytes_raise_no_other_error() -> None:
    """A byte changed anywhere is detected, or leaves a fingerprint that `verify` accepts."""
    samples = (np.asarray(busy(4, (40, 30))),)
    picture = replace(from_image(busy(3, (120, 90))), samples=samples)
    data = pack(stored_fingerprint(picture))
    rng = np.random.default_rng(1)
    for at in [*range(HEAD), *rng.integers(HEAD, len(data), 200)]:
        changed = bytearray(data)
        changed[at] ^= int(rng.integers(1, 256))
        try:
            damaged = unpack(bytes(changed))
            assert damaged.thumbnail.size
            assert all(sample.size for sample in damaged.samples)
        except GalleryFormatError:
            continue
        assert min(damaged.width, damaged.height) >= 1
        assert np.isfinite(damaged.points).all()
        assert damaged.descriptors.shape == (len(damaged.points), 32)
