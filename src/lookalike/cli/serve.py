"""The command that serves a gallery: the page and the REST service."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from .index import DeviceOption

app = typer.Typer()


@app.command()
def serve(
    gallery: Annotated[
        str | None,
        typer.Option("--gallery", metavar="DIR", help="The gallery's folder, or s3://bucket/name."),
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 for a free one.")] = 8000,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="LOOKALIKE_TOKEN",
            help="What clients must show; needed where others can reach the address.",
        ),
    ] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A name that clients may call it by; repeatable."),
    ] = None,
    allow_private_urls: Annotated[
        bool, typer.Option("--allow-private-urls", help="Fetch pictures from private addresses.")
    ] = False,
    max_upload: Annotated[int, typer.Option(metavar="MIB", min=1, max=1024)] = 64,
    workers: Annotated[
        int, typer.Option(min=0, max=256, help="Processes that search. Default: one a core.")
    ] = 0,
    device: DeviceOption = None,
) -> None:
    """Serve the page and the REST service over a gallery."""
    from ..gallery import DEVICE_VARIABLE, Gallery
    from ..server import Settings, allowed_hosts, serve as run
    from .terminal import say

    settings = Settings(
        token=token or None,
        hosts=allowed_hosts(allow_host or ()),
        allow_private_urls=allow_private_urls,
        max_body_bytes=max_upload * 2**20,
        workers=workers,
    )

    def on_ready(url: str) -> None:
        say(f"{url}  (Ctrl-C ends it)")
        if open_page:
            import webbrowser

            webbrowser.open(url)

    opened = Gallery.open(gallery, device=device)
    if device:
        say(f"The encoder runs on: {opened.device()}", error=True)
        os.environ[DEVICE_VARIABLE] = device  # for the processes that search
    try:
        run(opened, settings, host=host, port=port, on_ready=on_ready)
    except KeyboardInterrupt:
        say("Ended.", error=True)
