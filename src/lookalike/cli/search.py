"""The command that searches a gallery."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import ArgumentError
from .options import (
    DeviceOption,
    EncoderOption,
    GalleryOption,
    JsonOption,
    filter_option,
    output_option,
)

if TYPE_CHECKING:
    from ..client import AnyGallery
    from ..search import Filter
    from ..types import SearchResult


def search(
    query: Annotated[
        str | None, typer.Argument(metavar="QUERY", help="Path of a picture, or - for stdin.")
    ] = None,
    *,
    text: Annotated[
        str | None,
        typer.Option("--text", metavar="WORDS", help="Search by words, if the encoder can."),
    ] = None,
    gallery: GalleryOption = None,
    top: Annotated[
        int, typer.Option(metavar="N", min=1, max=10_000, help="Return at most N hits.")
    ] = 10,
    min_score: Annotated[
        float | None,
        typer.Option(metavar="S", min=-1, max=1, help="Minimum similarity of a hit, -1 to 1."),
    ] = None,
    copies: Annotated[
        bool,
        typer.Option("--copies/--no-copies", help="Find edited copies, or only rank (faster)."),
    ] = True,
    region: Annotated[
        str | None,
        typer.Option(
            metavar="X,Y,W,H",
            help="Search with a part of the picture: left, top, width and height, each 0 to 1.",
        ),
    ] = None,
    folder: Annotated[
        str | None, filter_option(metavar="DIR", help="Only pictures in this folder, at any depth.")
    ] = None,
    label: Annotated[
        str | None,
        filter_option(metavar="NAME", help="Only pictures directly in a folder of this name."),
    ] = None,
    min_width: Annotated[
        int | None, filter_option(min=0, metavar="PIXELS", help="Minimum width.")
    ] = None,
    min_height: Annotated[
        int | None, filter_option(min=0, metavar="PIXELS", help="Minimum height.")
    ] = None,
    min_bytes: Annotated[
        int | None, filter_option(min=0, metavar="BYTES", help="Minimum file size.")
    ] = None,
    max_bytes: Annotated[
        int | None, filter_option(min=0, metavar="BYTES", help="Maximum file size.")
    ] = None,
    after: Annotated[
        str | None,
        filter_option(
            metavar="DAY", help="Only files changed on or after this day, for example 2026-05-31."
        ),
    ] = None,
    before: Annotated[
        str | None, filter_option(metavar="DAY", help="Only files changed before this day.")
    ] = None,
    as_json: JsonOption = False,
    as_paths: Annotated[
        bool, output_option("--paths", help="Print only the path of each hit.")
    ] = False,
    print0: Annotated[
        bool, output_option("--print0", help="The same, each ended by NUL, for xargs -0.")
    ] = False,
    all_places: Annotated[
        bool,
        output_option(
            "--all-places", help="Print all files of each hit, not only the best of them."
        ),
    ] = False,
    sheet: Annotated[
        Path | None,
        output_option(
            metavar="OUT.jpg", help="Also draw the query and its best hits as one picture."
        ),
    ] = None,
    encoder: EncoderOption = None,
    device: DeviceOption = None,
) -> None:
    """Find copies and similar pictures, or search by text."""
    from ..client import open_gallery
    from ..search import Filter, parse_region
    from ..sources import absolute, read_stream
    from .terminal import say, show_hits, show_paths

    if (query is None) == (text is None):
        raise ArgumentError("Search with either a picture (QUERY) or --text WORDS.")
    picture = read_stream(sys.stdin.buffer) if query == "-" else query
    where = Filter(
        folder=absolute(folder) if folder else None,
        label=label,
        min_width=min_width,
        min_height=min_height,
        min_bytes=min_bytes,
        max_bytes=max_bytes,
        after=after,
        before=before,
    )
    area = parse_region(region) if region else None
    searched = open_gallery(gallery, encoder=encoder, device=device)
    if picture is None:
        if area:
            raise ArgumentError("--region needs a picture; leave it out with --text.")
        result = searched.search_text(text or "", top=top, min_score=min_score, where=where)
    else:
        result = searched.search(
            picture, top=top, min_score=min_score, copies=copies, region=area, where=where
        )
    if sheet:
        _draw_sheet(sheet, picture, result)
    if as_json:
        name = "-" if query == "-" else result.query
        hits = [hit.as_json() for hit in result]
        say(json.dumps({"query": name, "hits": hits, "took_ms": round(result.took_ms, 3)}))
    elif as_paths or print0:
        show_paths(result, all_places=all_places, end="\0" if print0 else "\n")
    elif result:
        show_hits(result, all_places=all_places)
    else:
        say(_why_nothing(searched, where, min_score), error=True)
    if sheet and not as_json:
        say(f"Contact sheet: {sheet}", error=True)


def _why_nothing(gallery: "AnyGallery", where: "Filter", min_score: float | None) -> str:
    """Say which of the conditions leave no hit."""
    conditions = where.as_json()
    if conditions and not gallery.browse(top=1, where=where).total:
        options = [f"--{name.replace('_', '-')} {value}" for name, value in conditions.items()]
        what = "with all of " if len(options) > 1 else "with "
        return f"The gallery has no picture {what}{', '.join(options)}; relax the filters."
    among = " that the filters allow" if conditions else ""
    return f"No picture{among} reaches --min-score {min_score}; lower it."


def _draw_sheet(path: Path, picture: str | bytes | None, result: "SearchResult") -> None:
    from ..search import prepare
    from .contact_sheet import contact_sheet, save

    query = None if picture is None else prepare(picture).picture
    name = result.query if picture is None else os.path.basename(result.query)
    save(contact_sheet([(name, query, result)]), path)
