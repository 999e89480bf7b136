from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from lookalike.copies.descriptors import descriptor_model
from lookalike.copies.fingerprint import STORED_FEATURES, Fingerprint, stored_fingerprint
from lookalike.copies.packed import pack, unpack, unpack_pdq, unpack_words
from lookalike.decode import from_image
from lookalike.errors import GalleryFormatError

from ..conftest import busy

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
    assert np.abs(unpacked.thumbnail.astype(int) - original.thumbnail).mean() < 6


def test_a_picture_without_texture_survives_packing() -> None:
    data = pack(of(Image.new("RGB", (300, 200), "red")))
    unpacked = unpack(data)
    assert unpacked.points.shape == (0, 4)
    assert unpacked.descriptors.shape == (0, 32)
    assert len(data) < 300
    assert unpack_words(data).shape == (0,)


def test_packed_fingerprints_are_small() -> None:
    for seed in range(3):
        original = of(busy(seed, (300, 200)))
        assert len(original.points) > 0.95 * STORED_FEATURES
        assert len(pack(original)) < 7_900
    worst = of(Image.effect_noise((900, 700), 100).convert("RGB"))
    assert len(pack(worst)) - HEAD - FEATURE * len(worst.points) < 6_000  # its thumbnail


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
    newer = b"\x02" + data[1:]
    with pytest.raises(GalleryFormatError, match="newer lookalike"):
        unpack(newer)
    rng = np.random.default_rng(0)
    for length in (0, 1, HEAD, 500, 8_000):
        for form in (b"", b"\x01"):
            with pytest.raises(GalleryFormatError):
                assert unpack(form + rng.bytes(length)).thumbnail.size


def test_changed_bytes_raise_no_other_error() -> None:
    """A byte changed anywhere is detected, or leaves a fingerprint that `verify` accepts."""
    data = pack(of(busy(3, (120, 90))))
    rng = np.random.default_rng(1)
    for at in [*range(HEAD), *rng.integers(HEAD, len(data), 200)]:
        changed = bytearray(data)
        changed[at] ^= int(rng.integers(1, 256))
        try:
            damaged = unpack(bytes(changed))
            assert damaged.thumbnail.size
        except GalleryFormatError:
            continue
        assert min(damaged.width, damaged.height) >= 1
        assert np.isfinite(damaged.points).all()
        assert damaged.descriptors.shape == (len(damaged.points), 32)
