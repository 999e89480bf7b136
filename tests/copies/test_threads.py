from __future__ import annotations

import threading

import cv2
import numpy as np
import pytest

from lookalike.copies.threads import matmul, single_threaded


@pytest.mark.parametrize(
    "sizes", [(600, 32, 270), (7, 128, 32), (0, 32, 5), (5, 32, 0), (3, 1000, 900)]
)
def test_a_product_in_pieces_is_the_product(sizes: tuple[int, int, int]) -> None:
    random = np.random.default_rng(0)
    one = random.normal(size=sizes[:2]).astype(np.float32)
    other = random.normal(size=sizes[1:]).astype(np.float32)
    for right in (other, np.ascontiguousarray(other.T).T):
        found = matmul(one, right)
        assert found.dtype == np.float32
        assert np.allclose(found, one @ other, atol=1e-3)


def test_the_last_to_go_puts_things_back_whoever_came_first() -> None:
    before = cv2.getNumThreads()
    here, go = threading.Event(), threading.Event()

    def other() -> None:
        with single_threaded():
            here.set()
            assert go.wait(30)

    thread = threading.Thread(target=other)
    with single_threaded(), single_threaded():
        assert cv2.getNumThreads() == 1
        thread.start()
        assert here.wait(30)
    assert cv2.getNumThreads() == 1  # the other is still at it
    go.set()
    thread.join()
    assert cv2.getNumThreads() == before
