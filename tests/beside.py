"""Calls that many threads make beside another."""

from __future__ import annotations

import threading
from collections.abc import Callable


def call_beside(verb: Callable[[], object], search: Callable[[int], None], count: int) -> None:
    """Call a verb again and again, at least once, until threads have called `search`.

    Args:
        verb: what the calling thread does.
        search: what each thread does once, with its number.
        count: of threads.
    """
    threads = [threading.Thread(target=search, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    runs = 0
    while any(thread.is_alive() for thread in threads) or not runs:
        verb()
        runs += 1
    for thread in threads:
        thread.join()
