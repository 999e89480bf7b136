"""The page and the REST service over a gallery: one process that serves, and its children."""

from __future__ import annotations

import ipaddress
import os
import socket
from typing import TYPE_CHECKING

from ..errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..gallery import Gallery
    from .state import Settings

MIN_TOKEN_CHARACTERS = 8
BACKLOG = 256
MAX_CONNECTIONS = 1_000
KEEP_ALIVE_SECONDS = 15
END_SECONDS = 3  # for requests that are not through when the server is ended


def serve(
    gallery: Gallery,
    settings: Settings,
    *,
    host: str,
    port: int,
    on_ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve a gallery until the process is told to end.

    Args:
        gallery: it need not be there yet.
        settings: how to run.
        host: address or name to listen on.
        port: likewise; 0 for a free one.
        on_ready: told the server's URL once it listens.

    Raises:
        ArgumentError: the address can't be used, or needs a token.
    """
    import uvicorn

    from .app import make_app
    from .slow_clients import PatientProtocol

    _check(host, settings.token)
    with _listening(host, port) as listener:
        name = f"[{host}]" if ":" in host else host
        on_ready(f"http://{name}:{listener.getsockname()[1]}/")
        config = uvicorn.Config(
            make_app(gallery, settings),
            http=PatientProtocol,
            ws="none",
            lifespan="on",
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=END_SECONDS,
        )
        uvicorn.Server(config).run(sockets=[listener])


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _check(host: str, token: str | None) -> None:
    if token is not None and (len(token) < MIN_TOKEN_CHARACTERS or not token.isascii()):
        raise ArgumentError(
            f"The token is too short or not ASCII; take {MIN_TOKEN_CHARACTERS} characters or more."
        )
    if token is None and not is_loopback(host):
        raise ArgumentError(
            f"Others can reach {host}: set a token, which the page asks for, with --token TOKEN "
            "or the environment variable LOOKALIKE_TOKEN; or listen on 127.0.0.1."
        )


def _listening(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
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
        said = getattr(error, "strerror", None) or str(error)
        raise ArgumentError(
            f"{host}:{port} can't be listened on ({said}); take another with --port or --host."
        ) from error
    return listener
