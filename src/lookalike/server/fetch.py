"""Pictures that a URL names, fetched so that a stranger's URL can't make us ask our own network.

The name is resolved here, every address that it has is looked at, and the connection is made to one
of these very addresses: a name that resolves to something else a moment later changes nothing. That
is done for each connection, so for each redirect. No proxy of the environment is used.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

from ..decode import HEAD_BYTES, sniff
from ..errors import NotAPictureError
from ..sources import is_public
from .problems import BusyError, ProblemError

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_REDIRECTS = 5
TOTAL_SECONDS = 20.0
STEP_SECONDS = 8.0  # to connect, and between two pieces
MAX_FETCHES = 8  # at once
MAX_NAME_CHARACTERS = 200
REDIRECTS = {301, 302, 303, 307, 308}
OK = 200
MAX_PORT = 65_535
_HEADERS = [
    (b"Accept", b"image/*"),
    (b"Accept-Encoding", b"identity"),  # what is packed could unfold to anything
    (b"User-Agent", b"lookalike"),
]
_fetching = 0


async def fetch(url: str, *, most: int, allow_private: bool = False) -> tuple[bytes, str]:
    """Fetch a picture.

    Args:
        url: http or https.
        most: bytes that it may have.
        allow_private: whether to fetch from any address.

    Returns:
        the bytes, and the last part of the URL's path.

    Raises:
        ProblemError: `url` (it can't be fetched), `url_refused` (its address is not public),
            `too_large`, `busy`.
        NotAPictureError: what is there is no picture; its content says so, not its type.
    """
    global _fetching  # noqa: PLW0603  a bound of the process
    if _fetching >= MAX_FETCHES:
        raise BusyError
    _fetching += 1
    try:
        return await asyncio.wait_for(_follow(url, most, allow_private), TOTAL_SECONDS)
    except asyncio.TimeoutError:
        raise _failed(f"It took over {TOTAL_SECONDS:.0f} seconds.") from None
    finally:
        _fetching -= 1


async def _follow(url: str, most: int, allow_private: bool) -> tuple[bytes, str]:  # noqa: FBT001
    target = _parsed(url)
    network = Network(allow_private=allow_private)
    async with httpcore.AsyncConnectionPool(network_backend=network) as pool:
        for _ in range(MAX_REDIRECTS + 1):
            try:
                found = await _get(pool, target, most)
            except (
                httpcore.NetworkError,
                httpcore.ProtocolError,
                httpcore.TimeoutException,
                httpcore.UnsupportedProtocol,
                OSError,
            ) as error:
                raise _failed(f"{type(error).__name__}.") from error
            if isinstance(found, bytes):
                name = target.path.rsplit("/", 1)[-1] or target.host
                return found, name[-MAX_NAME_CHARACTERS:]
            target = _parsed(found, target)
    raise _failed(f"It leads on over {MAX_REDIRECTS} times.")


async def _get(pool: httpcore.AsyncConnectionPool, target: httpx.URL, most: int) -> bytes | str:
    """Give what is there, or where it leads on to."""
    steps = dict.fromkeys(("connect", "read", "write", "pool"), STEP_SECONDS)
    headers = [(b"Host", target.netloc), *_HEADERS]
    url = httpcore.URL(
        scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path
    )
    async with pool.stream("GET", url, headers=headers, extensions={"timeout": steps}) as answer:
        if answer.status in REDIRECTS:
            for name, value in answer.headers:
                if name.lower() == b"location":
                    return value.decode("latin-1")
        if answer.status != OK:
            raise _failed(f"The other server answered {answer.status}.")
        data = bytearray()
        async for piece in answer.aiter_stream():
            data += piece
            if len(data) > most:
                raise ProblemError(
                    413, "too_large", f"What is there is larger than {most // 2**20} MiB."
                )
            if len(data) >= HEAD_BYTES and sniff(bytes(data[:HEAD_BYTES])) is None:
                break
    if sniff(bytes(data[:HEAD_BYTES])) is None:
        raise NotAPictureError("What this URL names is no picture; open it and copy the picture's.")
    return bytes(data)


class Network(httpcore.AsyncNetworkBackend):
    """Connections for httpcore, made to addresses that were looked at."""

    def __init__(self, *, allow_private: bool = False) -> None:
        """Connect to public addresses only, or to any."""
        self._allow_private = allow_private
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve a name, see that all of its addresses are allowed, connect to one of them."""
        addresses = await asyncio.wait_for(_resolved(host, port), timeout)
        if not self._allow_private and not all(map(is_public, addresses)):
            raise ProblemError(
                422,
                "url_refused",
                "This URL leads into a private network; save the picture and send the file, or "
                "start the server with --allow-private-urls.",
            )
        last: Exception | None = None
        for address in addresses:
            try:
                return await self._inner.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except Exception as error:  # noqa: BLE001  the next address may answer
                last = error
        raise last or OSError("no address")

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        """Refuse: no URL leads there."""
        raise OSError("no sockets of this machine")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


async def _resolved(host: str, port: int) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Give the addresses of a name, or of an address in whatever spelling."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _failed("There is no such name.") from error
    texts = dict.fromkeys(str(entry[4][0]) for entry in found)
    return [ipaddress.ip_address(text) for text in texts]


def _parsed(url: str, base: httpx.URL | None = None) -> httpx.URL:
    try:
        target = base.join(url) if base else httpx.URL(url)
        is_right = target.scheme in {"http", "https"} and target.host and not target.userinfo
        target.raw_host.decode("ascii")
        is_right = is_right and 0 < (target.port or 1) <= MAX_PORT
    except (httpx.InvalidURL, ValueError, TypeError):  # UnicodeError is one, too
        is_right = False
    if not is_right:
        raise _failed("It is no http or https URL.")
    return target.copy_with(fragment=None)


def _failed(why: str) -> ProblemError:
    return ProblemError(
        422, "url", f"The picture can't be fetched. {why} Save it, and send the file."
    )
