"""Who may ask, and what every answer carries: the door of the server.

A server on loopback is open to each page that a browser on the machine shows. So a request must
name this server as its host (a rebinding name does not), must not come from another page, and where
there is a token it must be shown.
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
OPEN_PATHS = {"/healthz", "/api/v1/session"}  # what answers without a token, beside the page
DATA_PATHS = ("/api/", "/metrics", "/openapi.json")
BODY_SECONDS = 60.0  # for all of a request's body
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
}


def session_of(token: str) -> str:
    """Make the cookie's value: it shows that the token is known, and does not tell it."""
    return hmac.new(token.encode(), b"lookalike session", hashlib.sha256).hexdigest()


def is_same(one: str, other: str) -> bool:
    """Compare secrets in a time that tells nothing of where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())


class Guard:
    """The middleware round everything."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        """Stand before `app`."""
        self._app = app
        self._settings = settings
        names = {"localhost", socket.gethostname().lower(), *map(str.lower, settings.hosts)}
        self._hosts = names | {f"{name}.local" for name in names if "." not in name}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        headers = Headers(scope=scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _complete(MutableHeaders(scope=message), path)
            await send(message)

        objection = self._objection(scope["method"], path, headers)
        if objection:
            await objection(scope, receive, send_with_headers)
            return
        await self._app(scope, self._bounded(receive), send_with_headers)

    def _objection(self, method: str, path: str, headers: Headers) -> Response | None:
        host = headers.get("host", "")
        if len(headers.getlist("host")) != 1 or not self._is_ours(host):
            return problem(
                403,
                "wrong_host",
                "This server is not called that; start it with --allow-host NAME to allow it.",
            )
        if not _is_own_page(host, method, path, headers):
            return problem(
                403, "other_origin", "Only this server's own page may ask; open it and ask there."
            )
        if _length(headers) > self._settings.max_body_bytes:
            return _too_large(self._settings.max_body_bytes)
        if self._needs_token(path) and not self._has_token(headers):
            return problem(
                401,
                "token_needed",
                "Show the token that the server was started with, as Authorization: Bearer TOKEN.",
                {"WWW-Authenticate": "Bearer"},
            )
        return None

    def _is_ours(self, host: str) -> bool:
        """Tell whether a name is one of this server: an address can't be rebound."""
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
        kind, _, shown = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return is_same(shown.strip(), token)
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return cookie is not None and is_same(cookie.value, session_of(token))

    def _bounded(self, receive: Receive) -> Receive:
        """Let so many bytes of a body in, and only for so long."""
        import asyncio

        left = self._settings.max_body_bytes
        until = time.monotonic() + BODY_SECONDS
        is_whole = False

        async def bounded() -> Message:
            nonlocal left, is_whole
            if is_whole:  # what comes now is that the client has gone
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), max(until - time.monotonic(), 0))
            except asyncio.TimeoutError:
                raise ProblemError(
                    408,
                    "too_slow",
                    "The request took too long to arrive; send it again.",
                    headers={"Connection": "close"},
                ) from None
            if message["type"] == "http.request":
                left -= len(message.get("body", b""))
                is_whole = not message.get("more_body", False)
                if left < 0:
                    most = self._settings.max_body_bytes
                    raise ProblemError(
                        413, "too_large", _said(most), headers={"Connection": "close"}
                    )
            return message

        return bounded


def _is_own_page(host: str, method: str, path: str, headers: Headers) -> bool:
    """Tell whether a request is from this server's page, or from no page."""
    origin = headers.get("origin")
    if origin is not None:
        parts = urlsplit(origin)
        if parts.scheme not in {"http", "https"} or parts.netloc.lower() != host.lower():
            return False
    site = headers.get("sec-fetch-site", "none")
    if site in {"none", "same-origin"}:
        return True
    # A link that leads here is followed; to nothing but the page.
    is_link = headers.get("sec-fetch-mode") == "navigate" and method in {"GET", "HEAD"}
    return is_link and headers.get("sec-fetch-dest") == "document" and not _is_data(path)


def _is_data(path: str) -> bool:
    return path.startswith(DATA_PATHS)


def _length(headers: Headers) -> int:
    text = headers.get("content-length", "0")
    return int(text) if text.isascii() and text.isdigit() else 0


def _too_large(most: int) -> Response:
    return problem(413, "too_large", _said(most), {"Connection": "close"})


def _said(most: int) -> str:
    return f"The request is larger than {most // 2**20} MiB; send a smaller picture."


def _complete(headers: MutableHeaders, path: str) -> None:
    for name, value in _HEADERS.items():
        headers[name] = value
    headers["Content-Security-Policy"] = DATA_POLICY if _is_data(path) else PAGE_POLICY
    if "cache-control" not in headers:
        headers["Cache-Control"] = "no-store" if _is_data(path) else "no-cache"


def allowed_hosts(names: Iterable[str]) -> tuple[str, ...]:
    """Take host names as users write them."""
    return tuple(name.strip().lower().rstrip(".") for name in names if name.strip())
