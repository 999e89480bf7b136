"""Download one large file of known size over HTTP: resumed, retried, in bounded memory.

When a connection breaks, the bytes so far stay, and the next request asks for the rest, if the file
is still the same (RFC 9110, sections 13.1.5 If-Range and 14.2 Range).
"""

from __future__ import annotations

import json
import re
import string
import time
from http import HTTPStatus
from http.client import HTTPException, InvalidURL
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urljoin, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from ..errors import DataSetError

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import Message
    from pathlib import Path

CHUNK_BYTES = 2**18
TIMEOUT_SECONDS = 30.0  # without a byte
ATTEMPTS = 4  # in a row without new bytes
FIRST_WAIT_SECONDS = 1.0  # doubles after each
MAX_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
_RETRIED = {408, 425, 429, 500, 502, 503, 504}


class _TransientError(Exception):
    """A failure that the next attempt may not have; the message is the reason."""


class _NoRedirects(HTTPRedirectHandler):
    """Leaves redirects to `_open`: urllib would read their whole bodies, and follow to FTP."""

    def redirect_request(self, *_: Any) -> None:
        """Follow no redirect."""


def download(
    url: str, path: Path, size: int, *, on_progress: Callable[[str, int, int], None]
) -> None:
    """Download a file of `size` bytes; resume after the bytes that `path` already holds.

    A `.json` file beside `path` records the URL and its version. That all bytes are of one version
    is likely but not certain, so check the file.

    Raises:
        DataSetError: the server has no such file, or `ATTEMPTS` in a row brought no new bytes.
        OSError: the file can't be written.
    """
    furthest, failures = file_size(path), 0
    while file_size(path) < size:
        try:
            _attempt(url, path, size, on_progress)
        except _TransientError as error:
            reached = file_size(path)
            failures = 0 if reached > furthest else failures + 1
            furthest = max(furthest, reached)
            if failures == ATTEMPTS:
                raise DataSetError(
                    f"{url} can't be downloaded ({error}). Run the same command again to continue "
                    f"after {reached / 1e6:,.1f} MB, or name a copy or another URL with --from."
                ) from error
            wait = FIRST_WAIT_SECONDS * 2 ** max(failures - 1, 0)
            on_progress(f"Retrying ({error})", reached, size)
            time.sleep(wait)


def file_size(path: Path) -> int:
    """Return a file's size in bytes; 0 if it does not exist."""
    return path.stat().st_size if path.exists() else 0


def _attempt(url: str, path: Path, size: int, on_progress: Callable[[str, int, int], None]) -> None:
    done = file_size(path)
    with _open(url, done, _recorded_version(path, url) if done else None) as response:
        total, first = _content_range(response)
        if total not in {None, size}:
            raise DataSetError(
                f"{url} is not the published file: it has {total:,} bytes, not {size:,}. Name a "
                "copy or another URL with --from."
            )
        if first == 0:
            done = 0
            _record_version(path, url, response.headers)
        elif first != done:
            path.unlink()
            raise _TransientError("the server sent another part than the requested one")
        with path.open("ab" if done else "wb") as file:
            while done < size:
                try:
                    data = response.read1(min(CHUNK_BYTES, size - done))
                except (OSError, HTTPException) as error:
                    raise _TransientError(_reason(error)) from error
                if not data:
                    raise _TransientError("the connection ended early")
                file.write(data)
                done += len(data)
                on_progress("Downloading", done, size)


def _open(url: str, start: int, version: str | None) -> Any:
    """Request the file from byte `start`, or all of it if its version has changed."""
    headers = {"User-Agent": "lookalike"}
    if start:
        headers["Range"] = f"bytes={start}-"
        if version:
            headers["If-Range"] = version
    opener, location = build_opener(_NoRedirects), url
    for _ in range(MAX_REDIRECTS + 1):
        try:
            request = Request(location, headers=headers)  # noqa: S310  http or https
            return opener.open(request, timeout=TIMEOUT_SECONDS)
        except HTTPError as error:
            error.close()
            if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and start:
                headers = {"User-Agent": "lookalike"}  # the file is shorter now: request all of it
            elif error.code in _RETRIED:
                raise _TransientError(f"HTTP {error.code}") from error
            elif error.code in _REDIRECTS and (target := error.headers.get("Location")):
                location = _redirected(location, target)
            else:
                raise DataSetError(
                    f"{location} can't be downloaded (HTTP {error.code}); name a copy or another "
                    "URL with --from."
                ) from error
        except (InvalidURL, ValueError) as error:
            raise DataSetError(f"{location} is not a valid URL ({error}); name another.") from error
        except (OSError, HTTPException) as error:
            raise _TransientError(_reason(error)) from error
    raise DataSetError(
        f"{url} redirects more than {MAX_REDIRECTS} times; name a copy or another URL with --from."
    )


def _redirected(location: str, target: str) -> str:
    """Resolve a redirect; it must stay on http or https, and must not drop encryption."""
    target = urljoin(location, quote(target, safe=string.punctuation, encoding="iso-8859-1"))
    allowed = {"https"} if urlsplit(location).scheme == "https" else {"http", "https"}
    if urlsplit(target).scheme not in allowed:
        raise DataSetError(
            f"{location} redirects to {target}, which is not allowed; name a copy or another URL "
            "with --from."
        )
    return target


def _content_range(response: Any) -> tuple[int | None, int]:
    """Return the size of the whole file, None if unknown, and the first byte of the response."""
    if response.status == HTTPStatus.PARTIAL_CONTENT:
        header = response.headers.get("Content-Range", "")
        match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", header.strip())
        if not match:
            raise DataSetError(
                "The server sends a part without saying which; try later, or name another copy "
                "with --from."
            )
        return (None if match[2] == "*" else int(match[2])), int(match[1])
    length = response.headers.get("Content-Length", "")
    return (int(length) if length.isdigit() else None), 0


def _record_version(path: Path, url: str, headers: Message) -> None:
    """Record the strong ETag, or else the date; a weak ETag does not identify bytes."""
    etag = headers.get("ETag", "")
    version = etag if etag.startswith('"') else headers.get("Last-Modified")
    record = {"url": url, "version": version}
    path.with_suffix(".json").write_text(json.dumps(record), "utf-8")


def _recorded_version(path: Path, url: str) -> str | None:
    try:
        record = json.loads(path.with_suffix(".json").read_text("utf-8"))
        return str(record["version"]) if record["url"] == url and record["version"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _reason(error: Exception) -> str:
    cause = error.reason if isinstance(error, URLError) else error
    return str(getattr(cause, "strerror", None) or cause or type(error).__name__)
