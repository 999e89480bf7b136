"""Pictures by URL: http:// and https://, asked for again where a server is busy or breaks off.

Which addresses a URL may lead to is looked at on the connection itself, for each redirect: a list
from a stranger must not make this machine ask its own network, or a cloud's for its secrets. No
proxy of the environment is used, for it would connect in our place.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import email.utils
import errno
import functools
import ipaddress
import os
import random
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

from ..types import Root, Source
from .content import tagged_mtime_ns
from .public_hosts import is_public

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import httpcore
    import httpx

MAX_TRIES = 4
MAX_REDIRECTS = 5
MAX_REQUESTS_PER_HOST = 4  # at once
BACKOFF_SECONDS = 0.5  # before the second try, twice that before the third...
MAX_PAUSE_SECONDS = 30.0  # also where a server asks for more
STEP_SECONDS = 20.0  # to connect, and between two pieces
UNKNOWN_SIZE = -1
_BUSY = {408, 425, 429, 500, 502, 503, 504}
_GONE = {404, 410}
_NO_HEAD = {400, 403, 405, 501}  # servers that know only GET answer so
_REDIRECTS = {301, 302, 303, 307, 308}
_OK, _PARTIAL = 200, 206
_HEADERS = [
    (b"Accept", b"*/*"),
    (b"Accept-Encoding", b"identity"),  # what is packed could unfold to anything
    (b"User-Agent", b"lookalike"),
]
_hosts: dict[str, threading.BoundedSemaphore] = {}
_hosts_lock = threading.Lock()


class _PassingError(OSError):
    """Something that may be over soon; `pause` is what the server asked for, in seconds."""

    def __init__(self, said: str, pause: float | None = None) -> None:
        super().__init__(errno.EIO, said)
        self.pause = pause


def stat_url(url: str, *, private: bool = False) -> Source:
    """Ask for the size and the time of what a URL names, without reading it.

    Where the server tells neither a time nor an entity tag, the time is now: it can't be known
    whether it has changed.

    Raises:
        FileNotFoundError: it is certainly not there.
        OSError: the server can't be reached, refuses, or stands in a private network.
    """

    def ask() -> Source:
        with _asked("HEAD", url, private) as (status, headers, _):
            if status in _NO_HEAD:
                return Source(url, UNKNOWN_SIZE, time.time_ns(), private=private)
            _check(status, headers)
            size = headers.get("content-length", "")
            when = _moment(headers.get("last-modified", ""))
            tag = headers.get("etag", "")
            known = tagged_mtime_ns(when, tag or when) if when or tag else time.time_ns()
            length = int(size) if size.isdigit() else UNKNOWN_SIZE
            return Source(url, length, known, private=private)

    return _tried(ask)


def chunks(url: str, *, private: bool = False) -> Iterator[bytes]:
    """Read what a URL names, in pieces; what breaks off is gone on with from where it broke.

    Raises:
        FileNotFoundError: it is certainly not there.
        OSError: the server can't be reached, refuses, or stands in a private network.
    """
    read, tag, tries = 0, "", 0
    while True:
        try:
            extra = [(b"Range", b"bytes=%d-" % read), (b"If-Range", tag.encode())] if read else []
            with _asked("GET", url, private, extra) as (status, headers, pieces):
                _check(status, headers)
                if read and status != _PARTIAL:
                    raise OSError(errno.EIO, "it broke off, and can't be gone on with")
                tag = headers.get("etag") or headers.get("last-modified", "")
                for piece in pieces:
                    read += len(piece)
                    yield piece
                return
        except _PassingError as error:
            tries += 1
            if tries >= MAX_TRIES or (read and not tag):
                raise
            _pause(tries, error.pause)


def check_root(url: str, *, private: bool) -> Root:
    """Tell whether what a URL names can be had now; one that is certainly gone is not offline."""
    try:
        stat_url(url, private=private)
    except FileNotFoundError:
        pass
    except OSError as error:
        return Root(url, online=False, reason=error.strerror or str(error))
    return Root(url, online=True)


def release() -> None:
    """Close the connections, unless they are in use."""
    for private in (False, True):
        pool = _pool(os.getpid(), private)
        if all(connection.is_idle() for connection in pool.connections):
            pool.close()


def _tried(ask: Callable[[], Source]) -> Source:
    for tries in range(1, MAX_TRIES + 1):
        try:
            return ask()
        except _PassingError as error:
            if tries == MAX_TRIES:
                raise
            _pause(tries, error.pause)
    raise AssertionError


def _pause(tries: int, asked: float | None) -> None:
    """Wait longer after each try, some of it by chance, so that not all come back at once."""
    longest = BACKOFF_SECONDS * 2 ** (tries - 1)
    seconds = random.uniform(longest / 2, longest)  # noqa: S311  no secret
    time.sleep(min(max(seconds, asked or 0.0), MAX_PAUSE_SECONDS))


def _check(status: int, headers: dict[str, str]) -> None:
    if status in _GONE:
        raise FileNotFoundError(errno.ENOENT, f"the server answered {status}")
    if status in _BUSY:
        raise _PassingError(f"the server answered {status}", _seconds(headers))
    if status not in {_OK, _PARTIAL}:
        raise OSError(errno.EACCES, f"the server answered {status}")


def _seconds(headers: dict[str, str]) -> float | None:
    """Read Retry-After: seconds, or a date."""
    text = headers.get("retry-after", "").strip()
    if text.isdigit():
        return float(text)
    when = _moment(text)
    return max(when - time.time(), 0.0) if when else None


def _moment(text: str) -> float:
    try:
        found = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return 0.0
    if found.tzinfo is None:
        found = found.replace(tzinfo=dt.timezone.utc)
    return max(found.timestamp(), 0.0)


@contextlib.contextmanager
def _asked(
    method: str,
    url: str,
    private: bool,  # noqa: FBT001
    extra: Iterable[tuple[bytes, bytes]] = (),
) -> Iterator[tuple[int, dict[str, str], Iterator[bytes]]]:
    """Ask, and follow to where it leads; give status, headers in lower case, and the pieces."""
    import httpcore
    import httpx

    try:
        target = httpx.URL(url)
        with contextlib.ExitStack() as stack:
            for _ in range(MAX_REDIRECTS + 1):
                answer = stack.enter_context(_one(method, target, private, extra))
                headers = {k.decode().lower(): v.decode("latin-1") for k, v in answer.headers}
                if answer.status not in _REDIRECTS or "location" not in headers:
                    yield answer.status, headers, answer.iter_stream()
                    return
                stack.close()
                target = target.join(headers["location"])
                if target.scheme not in {"http", "https"} or target.userinfo:
                    raise OSError(errno.EACCES, "it leads to what is no http or https URL")
        raise OSError(errno.ELOOP, f"it leads on over {MAX_REDIRECTS} times")
    except (httpx.InvalidURL, httpcore.UnsupportedProtocol, UnicodeError) as error:
        raise OSError(errno.EINVAL, "it is no http or https URL") from error
    except (
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.TimeoutException,
        socket.gaierror,
    ) as error:
        raise _PassingError(f"{type(error).__name__}: {error}".rstrip(": ")) from error


@contextlib.contextmanager
def _one(
    method: str,
    target: httpx.URL,
    private: bool,  # noqa: FBT001
    extra: Iterable[tuple[bytes, bytes]],
) -> Iterator[httpcore.Response]:
    import httpcore

    steps = dict.fromkeys(("connect", "read", "write", "pool"), STEP_SECONDS)
    url = httpcore.URL(
        scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path
    )
    headers = [(b"Host", target.netloc), *_HEADERS, *extra]
    with (
        _turn(target.host),
        _pool(os.getpid(), private).stream(
            method, url, headers=headers, extensions={"timeout": steps}
        ) as answer,
    ):
        yield answer


def _turn(host: str) -> threading.BoundedSemaphore:
    with _hosts_lock:
        return _hosts.setdefault(host, threading.BoundedSemaphore(MAX_REQUESTS_PER_HOST))


@functools.lru_cache(maxsize=2)
def _pool(_process: int, private: bool) -> httpcore.ConnectionPool:  # noqa: FBT001
    import httpcore

    inner = httpcore.SyncBackend()

    class Network(httpcore.NetworkBackend):
        """Connections made to addresses that were looked at."""

        def connect_tcp(
            self,
            host: str,
            port: int,
            timeout: float | None = None,
            local_address: str | None = None,
            socket_options: Iterable[Any] | None = None,
        ) -> httpcore.NetworkStream:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses = dict.fromkeys(str(entry[4][0]) for entry in found)
            if not private and not all(is_public(ipaddress.ip_address(a)) for a in addresses):
                raise OSError(
                    errno.EACCES,
                    "it leads into a private network; allow it with --allow-private-urls",
                )
            last: Exception = OSError(errno.EHOSTUNREACH, "no address")
            for address in addresses:
                try:
                    return inner.connect_tcp(address, port, timeout, local_address, socket_options)
                except httpcore.NetworkError as error:
                    last = error
            raise last

        def sleep(self, seconds: float) -> None:
            time.sleep(seconds)

    return httpcore.ConnectionPool(network_backend=Network(), max_keepalive_connections=16)
