"""One large file over HTTP, of known size: resumed, retried, in bounded memory.

What came before a connection broke stays, and the next request asks for the rest, on condition
that the file is still the same (RFC 9110, sections 13.1.5 If-Range and 14.2 Range).
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
ATTEMPTS = 4  # in a row that bring nothing new
FIRST_WAIT_SECONDS = 1.0  # doubled after each of them
MAX_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
_PASSING = {408, 425, 429, 500, 502, 503, 504}  # worth another attempt


class _BrokenError(Exception):
    """An attempt that failed in a way that the next may not; the message is the reason."""


class _StayHere(HTTPRedirectHandler):
    """Leave redirects to `_open`: urllib reads their bodies whole and would follow to FTP."""

    def redirect_request(self, *_: Any) -> None:
        """Follow nothing."""


def download(
    url: str, path: Path, size: int, *, on_progress: Callable[[str, int, int], None]
) -> None:
    """Bring a file of `size` bytes, going on behind those that `path` holds already.

    Beside `path`, a file `.json` notes which version of which URL it is of. That all of it is of
    one version is likely, not certain: check it.

    Raises:
        DataSetError: the server has no such file, or `ATTEMPTS` in a row brought nothing new.
        OSError: the file can't be written.
    """
    furthest, failures = length(path), 0
    while length(path) < size:
        try:
            _attempt(url, path, size, on_progress)
        except _BrokenError as error:
            reached = length(path)
            failures = 0 if reached > furthest else failures + 1
            furthest = max(furthest, reached)
            if failures == ATTEMPTS:
                raise DataSetError(
                    f"{url} can't be fetched ({error}). Run the same command again to go on after "
                    f"the {reached / 1e6:,.1f} MB that came, or name a copy or another address "
                    "with --from."
                ) from error
            wait = FIRST_WAIT_SECONDS * 2 ** max(failures - 1, 0)
            on_progress(f"Trying again ({error})", reached, size)
            time.sleep(wait)


def length(path: Path) -> int:
    """Give the bytes that are there."""
    return path.stat().st_size if path.exists() else 0


def _attempt(url: str, path: Path, size: int, on_progress: Callable[[str, int, int], None]) -> None:
    done = length(path)
    with _open(url, done, _noted_version(path, url) if done else None) as response:
        offered, first = _offer(response)
        if offered not in {None, size}:
            raise DataSetError(
                f"{url} is not the file that was published: it has {offered:,} bytes, not "
                f"{size:,}. Name a copy or another address with --from."
            )
        if first == 0:
            done = 0
            _note_version(path, url, response.headers)
        elif first != done:
            path.unlink()
            raise _BrokenError("another part was sent than the one asked for")
        with path.open("ab" if done else "wb") as file:
            while done < size:
                try:
                    data = response.read1(min(CHUNK_BYTES, size - done))
                except (OSError, HTTPException) as error:
                    raise _BrokenError(_reason(error)) from error
                if not data:
                    raise _BrokenError("the connection ended early")
                file.write(data)
                done += len(data)
                on_progress("Downloading", done, size)


def _open(url: str, start: int, version: str | None) -> Any:
    """Ask for the file from a byte on, or for all of it if it is no longer that version."""
    headers = {"User-Agent": "lookalike"}
    if start:
        headers["Range"] = f"bytes={start}-"
        if version:
            headers["If-Range"] = version
    opener, at = build_opener(_StayHere), url
    for _ in range(MAX_REDIRECTS + 1):
        try:
            return opener.open(Request(at, headers=headers), timeout=TIMEOUT_SECONDS)  # noqa: S310
        except HTTPError as error:
            error.close()
            if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and start:
                headers = {"User-Agent": "lookalike"}  # the file has become shorter: all of it
            elif error.code in _PASSING:
                raise _BrokenError(f"HTTP {error.code}") from error
            elif error.code in _REDIRECTS and (to := error.headers.get("Location")):
                at = _follow(at, to)
            else:
                raise DataSetError(
                    f"{at} can't be fetched (HTTP {error.code}); name a copy or another address "
                    "with --from."
                ) from error
        except (InvalidURL, ValueError) as error:
            raise DataSetError(f"{at} is no usable address ({error}); name another.") from error
        except (OSError, HTTPException) as error:
            raise _BrokenError(_reason(error)) from error
    raise DataSetError(
        f"{url} leads on more than {MAX_REDIRECTS} times; name a copy or another address with "
        "--from."
    )


def _follow(at: str, to: str) -> str:
    """Resolve a redirect; it may not leave the web, nor encryption."""
    to = urljoin(at, quote(to, safe=string.punctuation, encoding="iso-8859-1"))
    allowed = {"https"} if urlsplit(at).scheme == "https" else {"http", "https"}
    if urlsplit(to).scheme not in allowed:
        raise DataSetError(
            f"{at} leads to {to}, which is not followed; name a copy or another address with "
            "--from."
        )
    return to


def _offer(response: Any) -> tuple[int | None, int]:
    """Give the bytes of the whole file, None where not told, and where in it the answer begins."""
    if response.status == HTTPStatus.PARTIAL_CONTENT:
        told = response.headers.get("Content-Range", "")
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", told.strip())
        if not found:
            raise DataSetError("The server answers in parts that it does not name; try later.")
        return (None if found[2] == "*" else int(found[2])), int(found[1])
    told = response.headers.get("Content-Length", "")
    return (int(told) if told.isdigit() else None), 0


def _note_version(path: Path, url: str, headers: Message) -> None:
    """Keep the strong ETag, or else the date; a weak one says nothing about bytes."""
    etag = headers.get("ETag", "")
    version = etag if etag.startswith('"') else headers.get("Last-Modified")
    note = {"url": url, "version": version}
    path.with_suffix(".json").write_text(json.dumps(note), "utf-8")


def _noted_version(path: Path, url: str) -> str | None:
    try:
        note = json.loads(path.with_suffix(".json").read_text("utf-8"))
        return str(note["version"]) if note["url"] == url and note["version"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _reason(error: Exception) -> str:
    cause = error.reason if isinstance(error, URLError) else error
    return str(getattr(cause, "strerror", None) or cause or type(error).__name__)
