"""The command that fills a gallery."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from .exit_codes import INTERRUPTED, NOTHING_USABLE
from .options import DeviceOption, EncoderOption, GalleryOption

if TYPE_CHECKING:
    from ..types import IndexReport

file_option = partial(typer.Option, rich_help_panel="Files")


def index(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PLACE",
            help="Folders, pictures, archives or lists, also s3://... or https://...",
        ),
    ] = None,
    *,
    gallery: GalleryOption = None,
    exclude: Annotated[
        list[str] | None,
        file_option(
            metavar="GLOB", help="Skip files and folders with such a name or path; repeatable."
        ),
    ] = None,
    include_hidden: Annotated[
        bool, file_option("--include-hidden", help="Include names that start with a dot.")
    ] = False,
    archives: Annotated[
        bool, file_option("--archives", help="Also open zip and tar archives inside folders.")
    ] = False,
    allow_private_urls: Annotated[
        bool,
        file_option("--allow-private-urls", help="Let lists contain URLs of private networks."),
    ] = False,
    column: Annotated[
        str | None,
        file_option(metavar="NAME", help="The column of a list that holds paths or URLs."),
    ] = None,
    copies: Annotated[
        bool | None,
        typer.Option(
            "--copies/--no-copies",
            help="Store fingerprints to detect copies, about 8 KB per picture. By default as the "
            "gallery does; a new one stores them.",
        ),
    ] = None,
    rebuild: Annotated[
        bool,
        typer.Option(
            "--rebuild", help="Re-encode every picture, for example with another --encoder."
        ),
    ] = False,
    encoder: EncoderOption = None,
    device: DeviceOption = None,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Run on a Ray cluster: local, auto, or HOST:PORT of its head node.",
        ),
    ] = None,
) -> None:
    """Add new and changed pictures to the gallery.

    Run it again whenever files change: it reads only what is new or changed.
    """
    from ..client import Client, open_gallery
    from .progress import IndexProgress
    from .terminal import counted, say, say_newer_encoder

    opened = open_gallery(gallery, encoder=encoder, rebuild=rebuild, device=device)
    if ray is None and not isinstance(opened, Client):
        chosen = opened.device()
        if device or chosen != "cpu":
            say(f"The encoder runs on: {chosen}", error=True)
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
            last = progress.last
            files = counted(last.done - last.refused if last else 0, "file")
            say(
                f"Stopped with {files} of this run in {opened.folder}; run the same command again "
                "to continue.",
                error=True,
            )
            raise typer.Exit(INTERRUPTED) from None
    info = opened.info()
    _show_report(report)
    files = f" ({counted(info.files, 'file')})" if info.files != info.pictures else ""
    say(f"{counted(info.pictures, 'picture')}{files} in {opened.folder}")
    say_newer_encoder(info.encoder["source"])
    new = report.added + report.updated + report.moved
    if not new and (not report.unchanged or not info.pictures):
        if not report.offline and not report.kept:
            say("No usable pictures were found; name a folder that contains some.", error=True)
        raise typer.Exit(NOTHING_USABLE)


def _show_report(report: "IndexReport") -> None:
    """Print what one run did, and which places it could not reach."""
    from ..sources import scheme_of
    from .terminal import counted, counted_kinds, say, say_nulls

    for path in report.offline:
        check = (
            "check the address, your credentials and the network"
            if scheme_of(path)
            else "check the path, or connect its disk"
        )
        say(f"{path} can't be reached, so its pictures stay; {check}.", error=True)
    if report.kept:
        reasons = ", ".join(f"{count:,}: {reason}" for reason, count in report.kept.items())
        say(
            f"{counted(sum(report.kept.values()), 'picture')} could not be made anew, so the old "
            f"vectors stay ({reasons}); run the same command again once they can be read.",
            error=True,
        )
    say_nulls(report.nulls)
    new = report.added + report.updated + report.moved
    parts = [
        f"{report.added:,} added",
        f"{report.updated:,} updated" if report.updated else "",
        f"{report.moved:,} moved" if report.moved else "",
        f"{report.unchanged:,} unchanged" if report.unchanged else "",
        f"{report.refused:,} refused (see: lookalike refused)" if report.refused else "",
        f"{counted(report.skipped, 'other file')} skipped" if report.skipped else "",
    ]
    rate = f", {new / report.seconds:,.0f} pictures/s" if new else ""
    say(f"{', '.join(filter(None, parts))}; {report.seconds:.1f} s{rate}.")
    if report.unsupported:
        say(f"Of these, lookalike can't read yet: {counted_kinds(report.unsupported)}.")
