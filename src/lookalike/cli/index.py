"""The command that fills a gallery, and the options that name one."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from ..sources import scheme_of
from .encoders import INTERRUPTED, NOTHING_USABLE

app = typer.Typer()

GalleryOption = Annotated[
    Optional[str],
    typer.Option(
        "--gallery",
        metavar="DIR|URL",
        help="The gallery's folder, s3://bucket/name, or a server's URL. Default: "
        "$LOOKALIKE_GALLERY, else one in your data folder.",
    ),
]
EncoderOption = Annotated[
    Optional[str],
    typer.Option(
        "--encoder",
        metavar="NAME",
        help="lookalike-2, an .onnx file, or hf:owner/name. Default: the gallery's own.",
    ),
]
DeviceOption = Annotated[
    Optional[str],
    typer.Option(
        "--device",
        metavar="NAME",
        help="What the encoder runs on: auto (a GPU, where one can be used), cpu or cuda. "
        "Default: $LOOKALIKE_DEVICE, else auto.",
    ),
]


@app.command()
def index(
    paths: Annotated[
        Optional[list[str]],
        typer.Argument(
            metavar="PLACE...", help="Folders, pictures, archives, lists; also s3://, https://..."
        ),
    ] = None,
    gallery: GalleryOption = None,
    exclude: Annotated[
        Optional[list[str]],
        typer.Option(metavar="GLOB", help="Leave out names or paths like this; repeatable."),
    ] = None,
    include_hidden: Annotated[
        bool, typer.Option("--include-hidden", help="Also what begins with a dot.")
    ] = False,
    archives: Annotated[
        bool, typer.Option("--archives", help="Also open zip and tar archives in folders.")
    ] = False,
    allow_private_urls: Annotated[
        bool,
        typer.Option("--allow-private-urls", help="Let lists name URLs of private networks."),
    ] = False,
    column: Annotated[
        Optional[str],
        typer.Option(metavar="NAME", help="The column of a list that has the paths or URLs."),
    ] = None,
    copies: Annotated[
        Optional[bool],
        typer.Option(
            "--copies/--no-copies",
            help="Keep what proves copies, some 8 KB a picture. Default: as the gallery does; yes.",
        ),
    ] = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make all vectors anew, as by --encoder.")
    ] = False,
    encoder: EncoderOption = None,
    device: DeviceOption = None,
    ray: Annotated[
        Optional[str],
        typer.Option(
            metavar="ADDRESS", help="Run on a Ray cluster: local, auto or its head's HOST:PORT."
        ),
    ] = None,
) -> None:
    """Add every picture at or under the places; run it again for what is new or changed."""
    from ..client import Client, open_gallery
    from .terminal import IndexProgress, say

    opened = open_gallery(gallery, encoder=encoder, rebuild=rebuild, device=device)
    if ray is None and not isinstance(opened, Client):
        found = opened.device()
        if device or found != "cpu":
            say(f"The encoder runs on: {found}", error=True)
    with IndexProgress() as progress:
        try:
            report = opened.index(
                *(paths or ()),
                exclude=exclude or (),
                include_hidden=include_hidden,
                open_archives=archives,
                allow_private_urls=allow_private_urls or None,
                column=column,
                copies=copies,
                ray=ray,
                on_progress=progress,
            )
        except KeyboardInterrupt:
            through = progress.last.done - progress.last.refused if progress.last else 0
            say(
                f"Stopped; {through:,} files of this run are in {opened.folder}. Run the same "
                "command again to go on.",
                error=True,
            )
            raise typer.Exit(INTERRUPTED) from None
    for path in report.offline:
        is_far = bool(scheme_of(path))
        what = "its name, your credentials and the network" if is_far else "the path"
        say(
            f"{path} can't be reached; check {what}{'' if is_far else ', or connect its disk'}. "
            "What the gallery has from it stays.",
            error=True,
        )
    new = report.added + report.updated + report.moved
    parts = [
        f"{report.added:,} added",
        f"{report.updated:,} updated" if report.updated else "",
        f"{report.moved:,} moved" if report.moved else "",
        f"{report.unchanged:,} unchanged" if report.unchanged else "",
        f"{report.refused:,} refused (see: lookalike refused)" if report.refused else "",
        f"{report.skipped:,} other files" if report.skipped else "",
    ]
    rate = f", {new / report.seconds:,.0f} pictures/s" if new else ""
    say(f"{', '.join(filter(None, parts))}; {report.seconds:.1f} s{rate}.")
    pictures = opened.info().pictures
    say(f"{pictures:,} pictures in {opened.folder}")
    if not new and (not report.unchanged or not pictures):
        if not report.offline:
            say("No usable picture was found; name a folder that has some.", error=True)
        raise typer.Exit(NOTHING_USABLE)
