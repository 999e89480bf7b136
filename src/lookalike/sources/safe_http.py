"""HTTP requests that a stranger's URL cannot lead into a private network.

Each host name is resolved here, all of its addresses are checked, and the connection goes to one of
these very addresses: a name that resolves to another address a moment later changes nothing. Every
connection is checked, so every redirect is. No proxy of the environment is used, for it would
connect in our place.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import math
import socket
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .public_hosts import is_public

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import httpcore
    import httpx

MAX_REDIRECTS = 5
MAX_IDLE_CONNECTIONS = 16
_MAX_PORT = 65_535
_REDIRECTS = {301, 302, 303, 307, 308}
_HEADERS = [
    (b"Accept-Encoding", b"identity"),  # a compressed body could unpack to any size
    (b"User-Agent", b"lookalike"),
]


class PrivateAddressError(OSError):
    """A URL leads to an address that is not on the public internet."""

    def __init__(self) -> None:
        """Say how to allow it."""
        super().__init__(
            errno.EACCES, "it leads into a private network; allow it with --allow-private-urls"
        )


class TransientError(OSError):
    """A failure that may pass; `retry_after` is the pause that the server asks for, in seconds."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        """Keep the reason as `strerror`."""
        super().__init__(errno.EIO, reason)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to a request, after all redirects.

    Attributes:
        status: the HTTP status.
        headers: by name in lower case.
        url: where the redirects ended.
        chunks: the body.
    """

    status: int
    headers: dict[str, str]
    url: httpx.URL
    chunks: Iterator[bytes]


class HttpClient:
    """A client for http:// and https:// with limits; threads may share it."""

    def __init__(
        self,
        *,
        allow_private: bool = False,
        step_seconds: float = 20.0,
        deadline: float = math.inf,
        max_requests_per_host: int | None = None,
    ) -> None:
        """Open nothing yet.

        Args:
            allow_private: whether to connect to private addresses, too.
            step_seconds: longest wait for a connection, and between two pieces of an answer.
            deadline: a time of `time.monotonic`; from then on every step fails. Resolving a name
                is one step and cannot be cut short.
            max_requests_per_host: how many requests to one host run at once; None for any number.
        """
        import httpcore

        self._steps = dict.fromkeys(("connect", "read", "write", "pool"), step_seconds)
        self._pool = httpcore.ConnectionPool(
            network_backend=_CheckedNetwork(allow_private=allow_private, deadline=deadline),  # type: ignore[arg-type]
            max_keepalive_connections=MAX_IDLE_CONNECTIONS,
        )
        self._max_requests = max_requests_per_host
        self._hosts: defaultdict[str, threading.BoundedSemaphore] = defaultdict(
            lambda: threading.BoundedSemaphore(max_requests_per_host or 1)
        )
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def request(
        self, method: str, url: str, headers: Iterable[tuple[bytes, bytes]] = ()
    ) -> Iterator[Response]:
        """Send a request and follow its redirects; the body is read inside the `with` block.

        Raises:
            PrivateAddressError: it leads to a private address, and these are not allowed.
            TransientError: the server can't be reached, is too slow, or breaks off.
            OSError: it is not an http or https URL, or redirects too often.
        """
        import httpcore

        try:
            target = _parse(url)
            with contextlib.ExitStack() as stack:
                for _ in range(MAX_REDIRECTS + 1):
                    answer = stack.enter_context(self._send(method, target, headers))
                    fields = {
                        name.decode("latin-1").lower(): value.decode("latin-1")
                        for name, value in answer.headers
                    }
                    if answer.status not in _REDIRECTS or "location" not in fields:
                        yield Response(answer.status, fields, target, answer.iter_stream())
                        return
                    stack.close()
                    target = _parse(fields["location"], target)
            raise OSError(errno.ELOOP, f"it redirects more than {MAX_REDIRECTS} times")
        except (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.TimeoutException,
            socket.gaierror,
        ) as error:
            raise TransientError(f"{type(error).__name__}: {error}".rstrip(": ")) from error

    def close(self, *, if_idle: bool = False) -> None:
        """Close all connections; with `if_idle` only when none is in use."""
        if not if_idle or all(connection.is_idle() for connection in self._pool.connections):
            self._pool.close()

    @contextlib.contextmanager
    def _send(
        self, method: str, target: httpx.URL, headers: Iterable[tuple[bytes, bytes]]
    ) -> Iterator[httpcore.Response]:
        import httpcore

        url = httpcore.URL(
            scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path
        )
        fields = [(b"Host", target.netloc), *_HEADERS, *headers]
        with (
            self._turn(target.host),
            self._pool.stream(
                method, url, headers=fields, extensions={"timeout": self._steps}
            ) as answer,
        ):
            yield answer

    def _turn(self, host: str) -> contextlib.AbstractContextManager[Any]:
        if self._max_requests is None:
            return contextlib.nullcontext()
        with self._lock:
            return self._hosts[host]


class _CheckedNetwork:
    """The network backend for httpcore, whose base class it does without, to import it late."""

    def __init__(self, *, allow_private: bool, deadline: float) -> None:
        import httpcore

        self._allow_private = allow_private
        self._deadline = deadline
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> _DeadlineStream:
        """Resolve a name, check all of its addresses, and connect to the first that answers."""
        import httpcore

        _remaining(timeout, self._deadline)
        addresses = resolve(host, port)
        if not self._allow_private and not all(map(is_public, addresses)):
            raise PrivateAddressError
        failure: Exception = OSError(errno.EHOSTUNREACH, "the name has no address")
        for address in addresses:
            seconds = _remaining(timeout, self._deadline)
            try:
                stream = self._backend.connect_tcp(
                    str(address), port, seconds, local_address, socket_options
                )
                return _DeadlineStream(stream, self._deadline)
            except (httpcore.NetworkError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class _DeadlineStream:
    """A connection whose every step ends at the deadline, however slowly bytes arrive."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline
        self.close, self.get_extra_info = stream.close, stream.get_extra_info

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _remaining(timeout, self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _remaining(timeout, self._deadline))

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> _DeadlineStream:
        seconds = _remaining(timeout, self._deadline)
        stream = self._stream.start_tls(ssl_context, server_hostname, seconds)
        return _DeadlineStream(stream, self._deadline)


def resolve(host: str, port: int) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Return all addresses of a name, or of an address in any spelling.

    Raises:
        OSError: there is no such name.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(errno.EINVAL, "there is no such name") from error
    return [ipaddress.ip_address(text) for text in dict.fromkeys(str(i[4][0]) for i in found)]


def _remaining(timeout: float | None, deadline: float) -> float | None:
    """Return the seconds that a step may take."""
    import httpcore

    if deadline == math.inf:
        return timeout
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the time for the whole request is over")
    return left if timeout is None else min(left, timeout)


def _parse(url: str, base: httpx.URL | None = None) -> httpx.URL:
    """Check a URL, which may be relative to another one."""
    import httpx

    try:
        target = base.join(url) if base else httpx.URL(url)
        target.raw_host.decode("ascii")
        is_valid = target.scheme in {"http", "https"} and target.host and not target.userinfo
        is_valid = is_valid and 0 < (target.port or 1) <= _MAX_PORT
    except (httpx.InvalidURL, ValueError, TypeError):
        is_valid = False
    if not is_valid:
        raise OSError(errno.EINVAL, "only http and https URLs can be read")
    return target.copy_with(fragment=None)
