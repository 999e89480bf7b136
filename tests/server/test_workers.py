"""The pool, with workers that misbehave."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest

from lookalike.errors import PictureError
from lookalike.server import workers
from lookalike.server.messages import receive, send
from lookalike.server.problems import BusyError, ProblemError
from lookalike.server.workers import LOW, WorkerPool


def misbehave(connection: Any) -> None:
    """Run as a worker that does as it is told."""
    while True:
        values, blob = receive(connection)
        if values["verb"] == "die":
            os._exit(3)
        if values["verb"] == "hang":
            time.sleep(1000)
        if values["verb"] == "babble":
            connection.send_bytes(b"\xff\xff\xff\xff{")
        elif values["verb"] == "pickle":
            connection.send(print)
        elif values["verb"] == "refuse":
            send(connection, {"error": "PictureError", "message": "no"})
        elif values["verb"] == "lie":
            send(connection, {"error": "__loader__", "message": "no"})
        else:
            time.sleep(values.get("seconds", 0))
            send(connection, {"pid": os.getpid(), "number": values.get("number")}, blob)


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    """One misbehaving worker."""
    found = WorkerPool(misbehave, workers=1)
    found.start()
    yield found
    found.stop()


def test_bytes_go_and_come(pool: WorkerPool) -> None:
    found, blob = asyncio.run(pool.call("echo", {"number": 7}, b"\0data"))
    assert (found["number"], blob) == (7, b"\0data")


@pytest.mark.parametrize(
    ("verb", "code"),
    [
        ("die", "worker_died"),
        ("babble", "worker_died"),
        ("pickle", "worker_died"),
        ("hang", "too_much_work"),
    ],
)
def test_one_that_dies_hangs_or_babbles_is_replaced(pool: WorkerPool, verb: str, code: str) -> None:
    async def both() -> None:
        before, _ = await pool.call("echo", {})
        with pytest.raises(ProblemError) as caught:
            await pool.call(verb, {}, timeout=1.0 if verb == "hang" else 30)
        assert (caught.value.status, caught.value.code) == (422, code)
        after, _ = await pool.call("echo", {})
        assert after["pid"] != before["pid"]

    asyncio.run(both())
    assert pool.restarts == 1


def test_what_it_raises_is_raised_here(pool: WorkerPool) -> None:
    with pytest.raises(PictureError, match="no"):
        asyncio.run(pool.call("refuse", {}))
    with pytest.raises(Exception, match="no") as caught:
        asyncio.run(pool.call("lie", {}))
    assert type(caught.value).__name__ == "LookalikeError"


def test_a_full_queue_refuses_and_the_urgent_go_first(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "MAX_WAITING", {workers.HIGH: 2, LOW: 2})
    order = list[str]()

    async def call(name: str, priority: int, seconds: float = 0.0) -> None:
        await pool.call("echo", {"seconds": seconds}, priority=priority)
        order.append(name)

    async def many() -> None:
        first = asyncio.create_task(call("first", workers.HIGH, 1.0))
        await asyncio.sleep(0)  # it is in the queue
        while pool.waiting or not pool.pids:  # noqa: ASYNC110  it is in another thread
            await asyncio.sleep(0.01)
        tasks = [asyncio.create_task(call("later", LOW)) for _ in range(2)]
        tasks += [asyncio.create_task(call("urgent", workers.HIGH)) for _ in range(2)]
        await asyncio.sleep(0.05)
        for priority in (workers.HIGH, LOW):
            with pytest.raises(BusyError) as caught:
                await pool.call("echo", {}, priority=priority)
            assert caught.value.status == 503
            assert caught.value.headers == {"Retry-After": "1"}
        await asyncio.gather(first, *tasks)

    asyncio.run(many())
    assert order == ["first", "urgent", "urgent", "later", "later"]


def test_a_caller_that_goes_away_costs_nothing(pool: WorkerPool) -> None:
    async def leave() -> None:
        first = asyncio.create_task(pool.call("echo", {"seconds": 0.5}))
        await asyncio.sleep(0)
        gone = asyncio.create_task(pool.call("die", {}))
        await asyncio.sleep(0.05)
        gone.cancel()
        await first
        await pool.call("echo", {})

    asyncio.run(leave())
    assert pool.restarts == 0
