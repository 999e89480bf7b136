"""Missing detail: enlarged pictures have it, sharp ones have not."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from PIL.Image import Resampling

from lookalike.duplicates.detail import detail_scale
from tests.conftest import busy


def scale_of(image: Image.Image) -> float:
    return detail_scale(np.asarray(image))


@pytest.mark.parametrize("kernel", list(Resampling))
@pytest.mark.parametrize("times", [2, 3])
def test_an_enlarged_picture_lacks_detail(kernel: Resampling, times: int) -> None:
    sharp = busy(1, (400, 300))
    large = sharp.resize((400 * times, 300 * times), kernel)
    assert scale_of(sharp) > 0.8
    assert 0.2 < scale_of(large) < 0.75


def test_compression_hides_no_enlargement() -> None:
    large = busy(2, (400, 300)).resize((1200, 900), Resampling.BICUBIC)
    buffer = io.BytesIO()
    large.save(buffer, "JPEG", quality=80)
    assert scale_of(Image.open(buffer)) < 0.5


def test_a_smaller_copy_has_less_detail_in_all() -> None:
    sharp = busy(3, (800, 600))
    small = sharp.resize((400, 300), Resampling.LANCZOS)
    assert 400 * scale_of(small) < 800 * scale_of(sharp)


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 7), (5, 300)])
def test_any_size_has_a_scale(size: tuple[int, int]) -> None:
    assert 0 < scale_of(busy(4, (400, 300)).resize(size)) <= 1
    assert scale_of(Image.new("RGB", size, "white")) == 1
