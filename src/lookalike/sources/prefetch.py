"""A map whose threads work a little ahead, for calls that mostly wait."""

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
    """Apply a function in several threads, in order; at most twice as many calls are pending."""
    iterator = iter(values)
    with ThreadPoolExecutor(threads) as pool:
        pending: deque[Future[R]] = deque()
        try:
            while True:
                values = itertools.islice(iterator, 2 * threads - len(pending))
                pending.extend(pool.submit(function, value) for value in values)
                if not pending:
                    return
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
