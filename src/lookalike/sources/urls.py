"""Pictures by URL: http:// and https://, with retries where a server is busy or breaks off.

`safe_http` checks where a URL leads: a list from a stranger must not make this machine ask its own
network, or a cloud's for its secrets.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import errno
import functools
import os
import random
import time
from typing import TYPE_CHECKING

from ..types import Root, Source
from .content import tagged_mtime_ns
from .safe_http import HttpClient, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_TRIES = 4
MAX_REQUESTS_PER_HOST = 4  # at once
BACKOFF_SECONDS = 0.5  # before the second try; doubles with each further one
MAX_PAUSE_SECONDS = 30.0  # even where a server asks for more
STEP_SECONDS = 20.0  # to connect, and between two pieces
UNKNOWN_SIZE = -1
_BUSY = {408, 425, 429, 500, 502, 503, 504}
_GONE = {404, 410}
_NO_HEAD = {400, 403, 405, 501}  # the answers of servers that support only GET
_OK, _PARTIAL = 200, 206


def stat_url(url: str, *, private: bool = False) -> Source:
    """Ask for a URL's size and time without reading it.

    Where the server sends neither a time nor an entity tag, the time is now, for nobody knows
    whether the file has changed.

    Raises:
        FileNotFoundError: it is certainly gone.
        OSError: the server can't be reached, refuses, or is in a private network.
    """

    def head() -> Source:
        with _client(os.getpid(), private).request("HEAD", url) as response:
            if response.status in _NO_HEAD:
                return Source(url, UNKNOWN_SIZE, time.time_ns(), private=private)
            headers = response.headers
            _check(response.status, headers)
            size = headers.get("content-length", "")
            modified = _timestamp(headers.get("last-modified", ""))
            tag = headers.get("etag", "")
            mtime_ns = (
                tagged_mtime_ns(modified, tag or modified) if modified or tag else time.time_ns()
            )
            length = int(size) if size.isdigit() else UNKNOWN_SIZE
            return Source(url, length, mtime_ns, private=private)

    return _with_retries(head)


def chunks(url: str, *, private: bool = False) -> Iterator[bytes]:
    """Read a URL in pieces; where the server breaks off, continue from there.

    Raises:
        FileNotFoundError: it is certainly gone.
        OSError: the server can't be reached, refuses, or is in a private network.
    """
    read, tag, tries = 0, "", 0
    while True:
        try:
            rest = [(b"Range", b"bytes=%d-" % read), (b"If-Range", tag.encode())] if read else []
            headers = [(b"Accept", b"*/*"), *rest]
            with _client(os.getpid(), private).request("GET", url, headers) as response:
                _check(response.status, response.headers)
                if read and response.status != _PARTIAL:
                    raise OSError(errno.EIO, "it broke off, and the server can't continue it")
                tag = response.headers.get("etag") or response.headers.get("last-modified", "")
                for piece in response.chunks:
                    read += len(piece)
                    yield piece
                return
        except TransientError as error:
            tries += 1
            if tries >= MAX_TRIES or (read and not tag):
                raise
            _pause(tries, error.retry_after)


def check_root(url: str, *, private: bool) -> Root:
    """Check whether a URL can be read now; one that is certainly gone is not offline."""
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
        _client(os.getpid(), private).close(if_idle=True)


@functools.lru_cache(maxsize=2)
def _client(_process: int, private: bool) -> HttpClient:  # noqa: FBT001  keys of the cache
    return HttpClient(
        allow_private=private,
        step_seconds=STEP_SECONDS,
        max_requests_per_host=MAX_REQUESTS_PER_HOST,
    )


def _with_retries(request: Callable[[], Source]) -> Source:
    for tries in range(1, MAX_TRIES):
        try:
            return request()
        except TransientError as error:
            _pause(tries, error.retry_after)
    return request()


def _pause(tries: int, retry_after: float | None) -> None:
    """Wait longer after each try, and a random time, so that not all clients return at once."""
    longest = BACKOFF_SECONDS * 2 ** (tries - 1)
    seconds = random.uniform(longest / 2, longest)  # noqa: S311  no secret
    time.sleep(min(max(seconds, retry_after or 0.0), MAX_PAUSE_SECONDS))


def _check(status: int, headers: dict[str, str]) -> None:
    reason = f"the server answered {status}"
    if status in _GONE:
        raise FileNotFoundError(errno.ENOENT, reason)
    if status in _BUSY:
        raise TransientError(reason, _retry_after(headers))
    if status not in {_OK, _PARTIAL}:
        raise OSError(errno.EACCES, reason)


def _retry_after(headers: dict[str, str]) -> float | None:
    """Read Retry-After, which holds seconds or a date."""
    text = headers.get("retry-after", "").strip()
    if text.isdigit():
        return float(text)
    moment = _timestamp(text)
    return max(moment - time.time(), 0.0) if moment else None


def _timestamp(text: str) -> float:
    try:
        found = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return 0.0
    if found.tzinfo is None:
        found = found.replace(tzinfo=dt.timezone.utc)
    return max(found.timestamp(), 0.0)
