"""The command that serves a gallery: the page and the REST service."""

import contextlib
import os
from functools import partial
from typing import Annotated

import typer

from ..errors import GalleryNotFoundError
from .check import stop_if_damaged
from .options import DeviceOption

access_option = partial(typer.Option, rich_help_panel="Access")


def serve(
    *,
    gallery: Annotated[
        str | None,
        typer.Option(
            "--gallery",
            metavar="DIR",
            help="The gallery: a folder or s3://bucket/name. By default $LOOKALIKE_GALLERY, or a "
            "gallery in your data folder.",
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address to listen on.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65_535, help="Port, or 0 for a free one.")
    ] = 8000,
    token: Annotated[
        str | None,
        access_option(
            metavar="TOKEN",
            envvar="LOOKALIKE_TOKEN",
            help="Token that clients must send, required if others can reach the address. By "
            "default $LOOKALIKE_TOKEN.",
        ),
    ] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    allow_host: Annotated[
        list[str] | None,
        access_option(
            metavar="NAME", help="Host name that clients may use for this server; repeatable."
        ),
    ] = None,
    root_path: Annotated[
        str,
        access_option(
            metavar="PATH", help="Path at which a proxy shows this server, such as /photos."
        ),
    ] = "",
    trust_proxy: Annotated[
        list[str] | None,
        access_option(
            metavar="ADDRESS",
            help="Address or network of a proxy whose X-Forwarded-For and X-Forwarded-Proto "
            "count; repeatable.",
        ),
    ] = None,
    allow_private_urls: Annotated[
        bool,
        access_option(
            "--allow-private-urls", help="Fetch query pictures from private addresses, too."
        ),
    ] = False,
    max_upload: Annotated[
        int, access_option(metavar="MIB", min=1, max=1024, help="Largest upload, 1 to 1024 MiB.")
    ] = 64,
    workers: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            max=256,
            help="Processes that search. By default one per core.",
            show_default=False,
        ),
    ] = 0,
    device: DeviceOption = None,
) -> None:
    """Serve the page and the REST service."""
    from ..gallery import DEVICE_VARIABLE, Gallery
    from ..server import Settings, allowed_hosts, serve as serve_gallery
    from .terminal import say

    settings = Settings(
        token=token or None,
        hosts=allowed_hosts(allow_host or ()),
        allow_private_urls=allow_private_urls,
        max_body_bytes=max_upload * 2**20,
        workers=workers,
        root_path="/".join(["", *filter(None, root_path.split("/"))]),
        proxies=tuple(trust_proxy or ()),
    )

    def on_ready(url: str) -> None:
        say(f"{url}  (press Ctrl-C to stop)")
        if open_page:
            import webbrowser

            webbrowser.open(url)

    opened = Gallery.open(gallery, device=device)
    with contextlib.suppress(GalleryNotFoundError):  # the page can fill a new one
        stop_if_damaged(opened.check(quick=True))
    if device:
        say(f"The encoder runs on: {opened.device()}", error=True)
        os.environ[DEVICE_VARIABLE] = device  # for the processes that search
    try:
        serve_gallery(opened, settings, host=host, port=port, on_ready=on_ready)
    except KeyboardInterrupt:
        say("Stopped.", error=True)
