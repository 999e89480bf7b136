from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from lookalike.copies.fingerprint import stored_fingerprint
from lookalike.copies.packed import pack
from lookalike.copies.pdq import forms, transpose_pdq, unpack_hashes
from lookalike.decode import from_image
from lookalike.errors import GalleryFormatError

from ..conftest import busy

SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "pictures"
SMALL = (200, 150)


def pdq_of(image: Image.Image) -> np.ndarray:
    return stored_fingerprint(from_image(image)).pdq


def changed(image: Image.Image, number: int) -> Image.Image:
    """Change a picture as form `number` says: transposed, then upside down, mirrored, negative."""
    transposed, mirrored, flipped, negative = (number >> k & 1 for k in (3, 2, 1, 0))
    image = image.transpose(Image.Transpose.TRANSPOSE) if transposed else image
    image = ImageOps.mirror(image) if mirrored else image
    image = ImageOps.flip(image) if flipped else image
    return ImageOps.invert(image) if negative else image


@pytest.mark.parametrize("name", ["ferry", "elephant", "sunflower"])
def test_each_form_is_the_hash_of_the_changed_picture(name: str) -> None:
    """Reduced and saved again, too."""
    photo = Image.open(next((SAMPLES / name).iterdir())).convert("RGB")
    pdq = pdq_of(photo)
    sides = pdq, transpose_pdq(pdq[None])[0]
    expected = [sides[form.transposed] ^ form.mask for form in forms()]
    assert len({one.tobytes() for one in expected}) == 16
    for number in range(16):
        saved = io.BytesIO()
        changed(photo, number).reduce(2).save(saved, "JPEG", quality=75)
        found = pdq_of(Image.open(saved))
        bits = [int(np.bitwise_count(one ^ found).sum()) for one in expected]
        assert bits[number] <= 56
        assert sorted(bits)[1] > 80  # no other form fits
        assert forms()[number].negative == number % 2


def test_hashes_are_read_without_unpacking() -> None:
    original = stored_fingerprint(from_image(busy(1, SMALL)))
    known = replace(original, pixels_hash=b"p" * 16)
    hashes = unpack_hashes(pack(known))
    assert hashes[:3] == (original.pdq.tobytes(), original.pdq_quality, b"p" * 16)
    assert hashes.packed_hash == unpack_hashes(pack(known)).packed_hash
    assert hashes.packed_hash != unpack_hashes(pack(original)).packed_hash
    assert unpack_hashes(pack(replace(original, pixels_hash=b""))).pixels_hash == b""
    assert unpack_hashes(b"\1" + pack(known)[1:]).pixels_hash == b""  # format 1 means another hash
    with pytest.raises(GalleryFormatError, match="damaged"):
        unpack_hashes(b"\1\2\3")
