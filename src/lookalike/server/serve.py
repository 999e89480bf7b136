"""Start and stop the server: check its address, listen, run uvicorn."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from typing import TYPE_CHECKING

from ..errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from ..gallery import Gallery
    from .state import Settings

MIN_TOKEN_CHARACTERS = 8
BACKLOG = 256
MAX_CONNECTIONS = 1_000
KEEP_ALIVE_SECONDS = 15
# Letters, digits and marks that no program encodes, and none of the server's own paths.
ROOT_PATH = re.compile(
    r"(?!/(api|browse|docs|duplicates|healthz|index|map|metrics|openapi\.json|static)(/|$))"
    r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+"
)
SHUTDOWN_SECONDS = 3  # for requests that are running when the server is stopped


def serve(
    gallery: Gallery,
    settings: Settings,
    *,
    host: str,
    port: int,
    on_ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve a gallery until the process is interrupted or terminated.

    Args:
        gallery: may be empty.
        settings: the options.
        host: address or name to listen on.
        port: to listen on; 0 for any free port.
        on_ready: called with the server's URL once it listens.

    Raises:
        ArgumentError: the address can't be used, or requires a token.
    """
    import uvicorn

    from .app import make_app
    from .slow_clients import HeaderTimeoutProtocol

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            # A second Ctrl-C would drop jobs and workers where they are; the end takes seconds.
            if not self.should_exit:
                super().handle_exit(sig, frame)

    _check(host, settings)
    with _listen(host, port) as listener:
        name = f"[{host}]" if ":" in host else host
        on_ready(f"http://{name}:{listener.getsockname()[1]}{settings.root_path}/")
        config = uvicorn.Config(
            make_app(gallery, settings),
            http=HeaderTimeoutProtocol,
            ws="none",
            lifespan="on",
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=bool(settings.proxies),
            forwarded_allow_ips=list(settings.proxies),
            limit_concurrency=MAX_CONNECTIONS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
        Server(config).run(sockets=[listener])


def is_loopback(host: str) -> bool:
    """Check whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _check(host: str, settings: Settings) -> None:
    token = settings.token
    if token is not None and (len(token) < MIN_TOKEN_CHARACTERS or not token.isascii()):
        raise ArgumentError(
            f"The token is too short or not ASCII; use at least {MIN_TOKEN_CHARACTERS} characters."
        )
    if token is None and not is_loopback(host):
        raise ArgumentError(
            f"Other machines can reach {host}; set a token with --token TOKEN or the environment "
            "variable LOOKALIKE_TOKEN, or listen on 127.0.0.1."
        )
    if settings.root_path and not ROOT_PATH.fullmatch(settings.root_path):
        raise ArgumentError(
            f"{settings.root_path!r} can't be the --root-path; write one like /photos, which is "
            "not an address of the server's own, such as /api."
        )
    for proxy in settings.proxies:
        try:
            ipaddress.ip_network(proxy)
        except ValueError:
            raise ArgumentError(
                f"{proxy!r} is not an address of a proxy; write one like 127.0.0.1 or 10.0.0.0/8."
            ) from None


def _listen(host: str, port: int) -> socket.socket:
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = addresses[0]
        listener = socket.socket(family, kind, protocol)
        try:
            if os.name == "posix":
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(BACKLOG)
        except OSError:
            listener.close()
            raise
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ArgumentError(
            f"The server can't listen on {host}:{port} ({reason}); choose another --port or --host."
        ) from error
    return listener
