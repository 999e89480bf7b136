"""One thread for what is small: OpenCV and BLAS start more, which then wait for each other.

A product of a few hundred rows gains nothing by a second thread, and where another program has the
other core, it waits for it: a search then took ten times as long.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

ALONE = 200_000  # multiplications; OpenBLAS begins to share them at 262,144 (its interface/gemm.c)
_lock = threading.Lock()
_inside, _before = 0, 0  # the first to come changes OpenCV's setting, the last puts it back


def product(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """Multiply matrices, [N, K] and [K, M], in pieces that BLAS does alone."""
    rows = max(ALONE // max(other.size, 1), 1)
    if len(one) <= rows:
        return one @ other
    found = np.empty((len(one), other.shape[1]), np.float32)
    for start in range(0, len(one), rows):
        np.matmul(one[start : start + rows], other, out=found[start : start + rows])
    return found


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Keep OpenCV to the thread that calls it, for as long as anybody is in here."""
    import cv2

    global _inside, _before  # noqa: PLW0603  as the setting itself, they are the process's
    with _lock:
        if _inside == 0:
            _before = cv2.getNumThreads()
            cv2.setNumThreads(1)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                cv2.setNumThreads(_before)
