"""Pictures laid over copies of another size: the kernel is found, strips join without a seam."""

from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PIL.Image import Resampling

from lookalike.duplicates.resampling import Resampler
from tests.conftest import busy

WHOLE = busy(1, (640, 480))
OPENCV = {"nearest": cv2.INTER_NEAREST, "linear": cv2.INTER_LINEAR, "cubic": cv2.INTER_CUBIC}


def by_opencv(flag: int) -> Callable[[tuple[int, int]], Image.Image]:
    return lambda size: Image.fromarray(cv2.resize(np.asarray(WHOLE), size, interpolation=flag))


RESIZERS = {
    **{
        kernel.name: lambda size, kernel=kernel: WHOLE.resize(size, kernel) for kernel in Resampling
    },
    **{f"OpenCV's {name}": by_opencv(flag) for name, flag in OPENCV.items()},
}


def in_strips(resampler: Resampler, height: int, rows: int) -> NDArray[np.uint8]:
    strips = [resampler.rows(top, min(top + rows, height)) for top in range(0, height, rows)]
    return np.concatenate(strips)


@pytest.mark.parametrize("name", RESIZERS)
@pytest.mark.parametrize("size", [(320, 240), (448, 336), (150, 113), (960, 720)])
def test_the_kernel_is_found_in_strips_as_in_whole(name: str, size: tuple[int, int]) -> None:
    copy = np.asarray(RESIZERS[name](size))
    resampler = Resampler(np.asarray(WHOLE), copy)
    differences = np.abs(in_strips(resampler, size[1], 24).astype(int) - copy)
    assert differences.max() <= (3 if "OpenCV" in name else 1), resampler.kernel


@pytest.mark.parametrize("kernel", [Resampling.BOX, Resampling.BILINEAR, Resampling.LANCZOS])
def test_compression_hides_no_kernel(kernel: Resampling) -> None:
    buffer = io.BytesIO()
    WHOLE.resize((448, 336), kernel).save(buffer, "JPEG", quality=75)
    copy = np.asarray(Image.open(buffer))
    assert Resampler(np.asarray(WHOLE), copy).kernel == kernel.name


def test_the_same_size_is_not_resampled() -> None:
    pixels = np.asarray(WHOLE)
    resampler = Resampler(pixels, pixels)
    assert resampler.is_identity
    assert np.array_equal(resampler.region((10, 20, 40, 60)), pixels[20:60, 10:40])


def test_few_rows_of_a_vast_picture_are_held_at_once() -> None:
    vast = np.zeros((12_000, 8_000, 3), np.uint8)
    copy = np.zeros((120, 80, 3), np.uint8)
    assert Resampler(vast, copy).max_rows * 100 * 8_000 <= 4_000_000
