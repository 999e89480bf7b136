"""Access control, and the security headers of every response.

Any web page in a browser on this machine can send requests to a server on loopback. So a request
must name this server as its host (DNS rebinding does not), must not come from another web page, and
must carry the token if the server has one.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import socket
import time
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders

from .problems import ProblemError, problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from .state import Settings

COOKIE = "lookalike_session"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; sandbox"
OPEN_PATHS = {"/healthz", "/api/v1/session"}  # need no token, like the page itself
DATA_PATHS = ("/api/", "/metrics", "/openapi.json")
DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_JSON_BYTES = 16 * 2**20  # 100,000 paths
BODY_SECONDS = 60.0  # for the whole body of a request
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
}


def session_cookie(token: str) -> str:
    """Return the cookie's value: it proves that the client knows the token, and hides the token."""
    return hmac.new(token.encode(), b"lookalike session", hashlib.sha256).hexdigest()


def secrets_match(one: str, other: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


class AccessMiddleware:
    """The outermost middleware: it rejects requests, and adds security headers to responses."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        """Wrap an application."""
        self._app = app
        self._settings = settings
        names = {"localhost", socket.gethostname().lower(), *map(str.lower, settings.hosts)}
        self._hosts = names | {f"{name}.local" for name in names if "." not in name}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or respond why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = self._own_path(scope)
        headers = Headers(scope=scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_headers(MutableHeaders(scope=message), path)
            await send(message)

        rejection = self._reject(scope["method"], path, headers)
        if rejection:
            await rejection(scope, receive, send_with_headers)
            return
        receive_limited = self._limit_body(receive, self._max_body_bytes(headers))
        await self._app(scope, receive_limited, send_with_headers)

    def _own_path(self, scope: Scope) -> str:
        """Return the path below the root path, whether or not a proxy has removed that."""
        root, path = self._settings.root_path, str(scope["path"])
        if path != root and not path.startswith(f"{root}/"):
            scope["path"] = root + path
        scope["root_path"] = root
        return str(scope["path"]).removeprefix(root)

    def _reject(self, method: str, path: str, headers: Headers) -> Response | None:
        host = headers.get("host", "")
        if len(headers.getlist("host")) != 1 or not self._is_own_host(host):
            return problem(
                403,
                "wrong_host",
                "The server does not know this host name; allow it with --allow-host NAME.",
            )
        if not _is_own_page(host, method, path, headers):
            return problem(
                403,
                "other_origin",
                "Requests from other web pages are not allowed; open this server's own page.",
            )
        most = self._max_body_bytes(headers)
        if _length(headers) > most:
            return problem(413, "too_large", _too_large(most), {"Connection": "close"})
        if self._needs_token(path) and not self._has_token(headers):
            return problem(
                401,
                "token_needed",
                "This server requires its token; send it as Authorization: Bearer TOKEN.",
                {"WWW-Authenticate": "Bearer"},
            )
        return None

    def _is_own_host(self, host: str) -> bool:
        """Check whether a host is this server: its name, or any IP address, which can't rebind."""
        try:
            parts = urlsplit(f"//{host}")
            name, _ = parts.hostname or "", parts.port
        except ValueError:
            return False
        if not name or parts.username is not None or parts.path:
            return False
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name.rstrip(".") in self._hosts
        return True

    def _needs_token(self, path: str) -> bool:
        return path.startswith(DATA_PATHS) and path not in OPEN_PATHS

    def _has_token(self, headers: Headers) -> bool:
        token = self._settings.token
        if token is None:
            return True
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return secrets_match(credentials.strip(), token)
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return cookie is not None and secrets_match(cookie.value, session_cookie(token))

    def _max_body_bytes(self, headers: Headers) -> int:
        """Return the limit for a body: less for JSON, which is read into memory."""
        is_form = headers.get("content-type", "").lower().startswith("multipart/form-data")
        most = self._settings.max_body_bytes
        return most if is_form else min(most, MAX_JSON_BYTES)

    def _limit_body(self, receive: Receive, most: int) -> Receive:
        """Limit the bytes of a body, and the seconds that it may take."""
        import asyncio

        bytes_left = most
        deadline = time.monotonic() + BODY_SECONDS
        is_complete = False

        async def receive_limited() -> Message:
            nonlocal bytes_left, is_complete
            if is_complete:  # the next message says that the client has disconnected
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), max(deadline - time.monotonic(), 0))
            except asyncio.TimeoutError:
                raise ProblemError(
                    408,
                    "too_slow",
                    "The request arrived too slowly; send it again.",
                    headers={"Connection": "close"},
                ) from None
            if message["type"] == "http.request":
                bytes_left -= len(message.get("body", b""))
                is_complete = not message.get("more_body", False)
                if bytes_left < 0:
                    raise ProblemError(
                        413, "too_large", _too_large(most), headers={"Connection": "close"}
                    )
            return message

        return receive_limited


def _too_large(most: int) -> str:
    return (
        f"The request is larger than {most // 2**20} MiB; send a smaller picture, or fewer paths."
    )


def _is_own_page(host: str, method: str, path: str, headers: Headers) -> bool:
    """Check whether a request is from this server's page, or from no page at all."""
    origins = headers.getlist("origin")
    if origins and (len(origins) > 1 or not _is_own_origin(origins[0], host)):
        return False
    site = headers.get("sec-fetch-site", "none")
    if site in {"none", "same-origin"}:
        return True
    # Other pages may link to this page, but not to its data.
    is_link = headers.get("sec-fetch-mode") == "navigate" and method in {"GET", "HEAD"}
    return is_link and headers.get("sec-fetch-dest") == "document" and not _is_data(path)


def _is_own_origin(origin: str, host: str) -> bool:
    """Compare an origin with a host; the port of the origin's scheme may be left out of either."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    port = DEFAULT_PORTS.get(parts.scheme)
    own, other = (name.lower().removesuffix(f":{port}") for name in (host, parts.netloc))
    return port is not None and own == other


def _is_data(path: str) -> bool:
    return path.startswith(DATA_PATHS)


def _length(headers: Headers) -> int:
    text = headers.get("content-length", "0")
    return int(text) if text.isascii() and text.isdigit() else 0


def _add_headers(headers: MutableHeaders, path: str) -> None:
    for name, value in _HEADERS.items():
        headers[name] = value
    headers["Content-Security-Policy"] = DATA_POLICY if _is_data(path) else PAGE_POLICY
    if "cache-control" not in headers:
        headers["Cache-Control"] = "no-store" if _is_data(path) else "no-cache"


def allowed_hosts(names: Iterable[str]) -> tuple[str, ...]:
    """Normalize host names that a user typed."""
    return tuple(name.strip().lower().rstrip(".") for name in names if name.strip())
