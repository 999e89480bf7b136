from __future__ import annotations

import threading

import cv2
import numpy as np
import pytest

from lookalike.copies.threads import matmul, single_threaded


@pytest.mark.parametrize(
    "sizes", [(600, 32, 270), (7, 128, 32), (0, 32, 5), (5, 32, 0), (3, 1000, 900)]
)
def test_a_blockwise_product_is_the_product(sizes: tuple[int, int, int]) -> None:
    random = np.random.default_rng(0)
    left = random.normal(size=sizes[:2]).astype(np.float32)
    matrix = random.normal(size=sizes[1:]).astype(np.float32)
    for right in (matrix, np.ascontiguousarray(matrix.T).T):
        result = matmul(left, right)
        assert result.dtype == np.float32
        assert np.allclose(result, left @ matrix, atol=1e-3)


def test_the_last_user_restores_the_setting() -> None:
    before = cv2.getNumThreads()
    entered, leave = threading.Event(), threading.Event()

    def use() -> None:
        with single_threaded():
            entered.set()
            assert leave.wait(30)

    thread = threading.Thread(target=use)
    with single_threaded(), single_threaded():
        assert cv2.getNumThreads() == 1
        thread.start()
        assert entered.wait(30)
    assert cv2.getNumThreads() == 1  # the other thread still uses it
    leave.set()
    thread.join()
    assert cv2.getNumThreads() == before
