"""Pictures that a request names by URL; `sources.HttpClient` keeps them out of our own network."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from ..decode import HEAD_BYTES, sniff
from ..errors import NotAPictureError
from ..sources import HttpClient, PrivateAddressError
from .problems import BusyError, ProblemError

TOTAL_SECONDS = 20.0
STEP_SECONDS = 8.0  # to connect, and between two pieces
MAX_FETCHES = 8  # at once
MAX_NAME_CHARACTERS = 200
_ACCEPT = [(b"Accept", b"image/*")]
_OK = 200
_slots = threading.BoundedSemaphore(MAX_FETCHES)


async def fetch(url: str, *, most: int, allow_private: bool = False) -> tuple[bytes, str]:
    """Fetch a picture.

    Args:
        url: http or https.
        most: bytes that it may have.
        allow_private: whether to fetch from private addresses, too.

    Returns:
        the bytes, and the last part of the URL's path.

    Raises:
        ProblemError: `url` (it can't be fetched), `url_refused` (its address is not public),
            `too_large`, `busy`.
        NotAPictureError: the content is not a picture, whatever its type says.
    """
    if not _slots.acquire(blocking=False):
        raise BusyError
    deadline = time.monotonic() + TOTAL_SECONDS
    download = functools.partial(_download, url, most, deadline, allow_private=allow_private)
    download_in_thread = asyncio.get_running_loop().run_in_executor(_threads(), download)
    try:
        # Shielded: a download keeps its slot until its thread is free again.
        return await asyncio.wait_for(asyncio.shield(download_in_thread), TOTAL_SECONDS)
    except asyncio.TimeoutError:
        raise _failed(f"it took over {TOTAL_SECONDS:.0f} seconds") from None


@functools.cache
def _threads() -> ThreadPoolExecutor:
    """Start threads of our own: slow downloads must not use up those that serve other requests."""
    return ThreadPoolExecutor(MAX_FETCHES, "fetch")


def _download(url: str, most: int, deadline: float, *, allow_private: bool) -> tuple[bytes, str]:
    try:
        with (
            contextlib.closing(
                HttpClient(
                    allow_private=allow_private, step_seconds=STEP_SECONDS, deadline=deadline
                )
            ) as client,
            client.request("GET", url, _ACCEPT) as response,
        ):
            if response.status != _OK:
                raise _failed(f"the other server answered {response.status}")
            data = bytearray()
            for chunk in response.chunks:
                data += chunk
                if len(data) > most:
                    raise ProblemError(
                        413,
                        "too_large",
                        f"The picture at this URL is larger than {most // 2**20} MiB; send a "
                        "smaller one.",
                    )
                if len(data) >= HEAD_BYTES and sniff(bytes(data[:HEAD_BYTES])) is None:
                    break
            name = response.url.path.rsplit("/", 1)[-1] or response.url.host
    except PrivateAddressError as error:
        raise ProblemError(
            422,
            "url_refused",
            "This URL leads into a private network; save the picture and send the file, or start "
            "the server with --allow-private-urls.",
        ) from error
    except OSError as error:
        raise _failed(error.strerror or str(error)) from error
    finally:
        _slots.release()
    if sniff(bytes(data[:HEAD_BYTES])) is None:
        raise NotAPictureError("This URL is not a picture's; open the page and copy the picture's.")
    return bytes(data), name[-MAX_NAME_CHARACTERS:]


def _failed(reason: str) -> ProblemError:
    return ProblemError(
        422, "url", f"The picture can't be fetched ({reason}); save it and send the file."
    )
