"""One thread for small work: the threads of OpenCV and BLAS would wait for each other.

A product of a few hundred rows gains nothing from a second thread. Where another program keeps the
other core busy, it waits for that core: a search then took ten times as long.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

MAX_MULTIPLICATIONS = 200_000  # OpenBLAS uses threads from 262,144 on (its interface/gemm.c)


@dataclass
class _OpenCVThreads:
    """OpenCV's number of threads: the first user sets it to 1, the last restores it."""

    users: int = 0
    before: int = 0


_lock = threading.Lock()
_threads = _OpenCVThreads()  # one for the process, as OpenCV's setting is


def matmul(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float32]:
    """Multiply matrices, [N, K] and [K, M], in blocks so small that BLAS uses one thread."""
    rows = max(MAX_MULTIPLICATIONS // max(right.size, 1), 1)
    if len(left) <= rows:
        return left @ right
    right = np.ascontiguousarray(right)  # BLAS would copy it for each block
    product = np.empty((len(left), right.shape[1]), np.float32)
    for start in range(0, len(left), rows):
        np.matmul(left[start : start + rows], right, out=product[start : start + rows])
    return product


@contextlib.contextmanager
def single_threaded() -> Iterator[None]:
    """Keep OpenCV to the calling thread while any caller is inside this context."""
    import cv2

    with _lock:
        if _threads.users == 0:
            _threads.before = cv2.getNumThreads()
            cv2.setNumThreads(1)
        _threads.users += 1
    try:
        yield
    finally:
        with _lock:
            _threads.users -= 1
            if _threads.users == 0:
                cv2.setNumThreads(_threads.before)
