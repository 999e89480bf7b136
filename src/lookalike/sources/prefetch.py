"""Work that mostly waits, done a little ahead by threads, its results in order."""

from __future__ import annotations

import itertools
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")
R = TypeVar("R")
THREADS = 16


def map_ahead(
    function: Callable[[T], R], values: Iterable[T], threads: int = THREADS
) -> Iterator[R]:
    """Apply a function to values by several threads; twice as many are under way at most."""
    iterator = iter(values)
    with ThreadPoolExecutor(threads) as pool:
        under_way: deque[Future[R]] = deque()
        try:
            while True:
                more = itertools.islice(iterator, 2 * threads - len(under_way))
                under_way.extend(pool.submit(function, value) for value in more)
                if not under_way:
                    return
                yield under_way.popleft().result()
        finally:
            for one in under_way:
                one.cancel()
