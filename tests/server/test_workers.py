"""The worker pool, with workers that misbehave."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from lookalike.errors import PictureError
from lookalike.server import workers
from lookalike.server.messages import receive, send
from lookalike.server.problems import BusyError, ProblemError
from lookalike.server.workers import HIGH, LOW, WorkerPool


def misbehave(connection: Any) -> None:
    """Run as a worker that fails in the way that a message asks for."""
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
            while "until" in values and not os.path.exists(values["until"]):
                time.sleep(0.01)
            send(connection, {"pid": os.getpid(), "number": values.get("number")}, blob)


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    """One misbehaving worker."""
    pool = WorkerPool(misbehave, workers=1)
    pool.start()
    yield pool
    pool.stop()


def test_bytes_are_sent_and_received(pool: WorkerPool) -> None:
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
def test_a_worker_that_dies_hangs_or_sends_nonsense_is_replaced(
    pool: WorkerPool, verb: str, code: str
) -> None:
    async def both() -> None:
        before, _ = await pool.call("echo", {})
        with pytest.raises(ProblemError) as caught:
            await pool.call(verb, {}, timeout=1.0 if verb == "hang" else 30)
        assert (caught.value.status, caught.value.code) == (422, code)
        after, _ = await pool.call("echo", {})
        assert after["pid"] != before["pid"]

    asyncio.run(both())
    assert pool.restarts == 1


def test_errors_of_a_worker_are_raised(pool: WorkerPool) -> None:
    with pytest.raises(PictureError, match="no"):
        asyncio.run(pool.call("refuse", {}))
    with pytest.raises(Exception, match="no") as caught:
        asyncio.run(pool.call("lie", {}))
    assert type(caught.value).__name__ == "LookalikeError"


async def taken(pool: WorkerPool, call: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """Start a call, and wait until the worker has taken it."""
    task = asyncio.create_task(call)
    await asyncio.sleep(0)  # the call is in the queue
    while pool.waiting:
        await asyncio.to_thread(time.sleep, 0.01)
    return task


def test_a_full_queue_refuses_and_urgent_calls_run_first(
    pool: WorkerPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "MAX_WAITING", {HIGH: 2, LOW: 2})
    end = tmp_path / "end"
    order = list[str]()

    async def call(name: str, priority: int, **values: str) -> None:
        await pool.call("echo", values, priority=priority)
        order.append(name)

    async def many() -> None:
        first = await taken(pool, call("first", HIGH, until=str(end)))
        tasks = [asyncio.create_task(call("later", LOW)) for _ in range(2)]
        tasks += [asyncio.create_task(call("urgent", HIGH)) for _ in range(2)]
        await asyncio.sleep(0)  # the calls are in the queue
        for priority in (HIGH, LOW):
            with pytest.raises(BusyError) as caught:
                await pool.call("echo", {}, priority=priority)
            assert caught.value.status == 503
            assert caught.value.headers == {"Retry-After": "1"}
        end.touch()
        await asyncio.gather(first, *tasks)

    asyncio.run(many())
    assert order == ["first", "urgent", "urgent", "later", "later"]


def test_a_caller_that_leaves_costs_nothing(pool: WorkerPool, tmp_path: Path) -> None:
    end = tmp_path / "end"

    async def leave() -> None:
        first = await taken(pool, pool.call("echo", {"until": str(end)}))
        leaving = asyncio.create_task(pool.call("die", {}))
        await asyncio.sleep(0)  # the call is in the queue
        leaving.cancel()
        await asyncio.sleep(0)  # its future is cancelled
        end.touch()
        await first
        await pool.call("echo", {})

    asyncio.run(leave())
    assert pool.restarts == 0
