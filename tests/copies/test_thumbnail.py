from __future__ import annotations

import numpy as np
import pytest

from lookalike.copies.thumbnail import decode, encode
from lookalike.errors import GalleryFormatError

from .drawn import photo


def test_a_thumbnail_keeps_its_colours_in_a_few_bytes() -> None:
    pixels = np.asarray(photo("butterfly/image_0010", (200, 150)))
    data = encode(pixels)
    assert len(data) < 5_000
    decoded = decode(data)
    assert decoded.shape == pixels.shape
    assert np.abs(decoded.astype(int) - pixels).mean() < 8
    assert np.abs(decoded.mean(axis=(0, 1)) - pixels.mean(axis=(0, 1))).max() < 3


@pytest.mark.parametrize("data", [b"", b"RIFF", b"no picture at all", bytes(300)])
def test_damaged_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(GalleryFormatError, match="is damaged"):
        decode(data)
