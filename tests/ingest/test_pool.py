from __future__ import annotations

import queue
import threading
from typing import Any

import pytest

from lookalike.ingest.pool import ThreadPool, put


def receive_all(pool: ThreadPool[Any, Any]) -> list[Any]:
    results = []
    while not pool.finished:
        results += pool.receive()
    return results


def test_each_item_is_done_once() -> None:
    pool = ThreadPool(iter(range(1, 200)), lambda item: item * 10, threads=4)
    pool.start()
    results = receive_all(pool)
    assert sorted(results) == list(range(10, 2000, 10))
    assert pool.stop() == []


def test_what_a_thread_raises_is_raised_by_receive() -> None:
    pool = ThreadPool(iter([0]), lambda item: 1 / item, threads=2)
    pool.start()
    with pytest.raises(ZeroDivisionError):
        receive_all(pool)
    assert pool.stop() == []


def test_stop_returns_what_is_done_and_was_not_received() -> None:
    entered, leave = threading.Event(), threading.Event()

    def work(item: int) -> int:
        if item == 2:
            entered.set()
            leave.wait()
        return item

    pool = ThreadPool(iter([1, 2, 3]), work, threads=1)
    pool.start()
    entered.wait()
    pool._stopping.set()  # as `stop` does first
    leave.set()
    assert pool.stop() == [1, 2]


def test_a_pool_that_was_never_started_stops() -> None:
    assert ThreadPool(iter([1]), lambda item: item).stop() == []


def test_put_gives_up_when_stopping() -> None:
    full: queue.Queue[int] = queue.Queue(1)
    stopping = threading.Event()
    put(full, 1, stopping)
    stopping.set()
    put(full, 2, stopping)
    assert list(full.queue) == [1]
