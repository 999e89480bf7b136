"""Work that ends when the client has gone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.requests import ClientDisconnect
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from starlette.requests import Request

CLIENT_GONE = 499  # what nginx logs; nobody receives it
T = TypeVar("T")


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Wait for work, or cancel it once the client has disconnected.

    Args:
        request: its body has been read.
        work: may be cancelled at any time.

    Raises:
        ClientDisconnect: nobody waits for the result.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_wait_until_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        task.cancel()  # has no effect on work that is done
        gone.cancel()


async def on_disconnect(_: Request, __: Exception) -> Response:
    """Answer a client that has gone, for the metrics."""
    return Response(status_code=CLIENT_GONE)


async def _wait_until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
