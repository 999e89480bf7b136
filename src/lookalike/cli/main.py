"""The command line: parse, call `Gallery`, present; the only place that ends the process."""

from __future__ import annotations

import json
import os
import sys
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from ..errors import ArgumentError, LookalikeError
from . import duplicates, encoders, index, serve
from .encoders import DONE, NOTHING_USABLE, WRONG_USAGE
from .index import DeviceOption, EncoderOption, GalleryOption

if TYPE_CHECKING:
    from ..client import AnyGallery
    from ..types import SearchResult

app = typer.Typer(
    help="Give it a picture; it tells you where that picture, or anything like it, stands in your "
    "collection.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(index.app)
app.add_typer(serve.app)
app.add_typer(duplicates.app)
app.add_typer(encoders.app)

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def search(
    query: Annotated[
        Optional[str], typer.Argument(metavar="QUERY", help="A picture's path; - for stdin.")
    ] = None,
    text: Annotated[
        Optional[str],
        typer.Option("--text", metavar="WORDS", help="Ask with words, where the encoder can."),
    ] = None,
    gallery: GalleryOption = None,
    top: Annotated[int, typer.Option(min=1, max=10_000, help="How many hits.")] = 10,
    min_score: Annotated[
        Optional[float], typer.Option(min=-1, max=1, help="Leave out hits of a lower cosine.")
    ] = None,
    copies: Annotated[
        bool, typer.Option("--copies/--no-copies", help="Look for copies, and prove them.")
    ] = True,
    region: Annotated[
        Optional[str],
        typer.Option(metavar="X,Y,W,H", help="Ask with a part only, in shares of the picture."),
    ] = None,
    folder: Annotated[
        Optional[str], typer.Option(metavar="DIR", help="Only hits at or under this place.")
    ] = None,
    label: Annotated[
        Optional[str], typer.Option(metavar="NAME", help="Only hits in a folder of this name.")
    ] = None,
    min_width: Annotated[Optional[int], typer.Option(min=0, metavar="PIXELS")] = None,
    min_height: Annotated[Optional[int], typer.Option(min=0, metavar="PIXELS")] = None,
    min_bytes: Annotated[Optional[int], typer.Option(min=0, metavar="BYTES")] = None,
    max_bytes: Annotated[Optional[int], typer.Option(min=0, metavar="BYTES")] = None,
    after: Annotated[
        Optional[str],
        typer.Option(metavar="DAY", help="Only files last changed then or later: 2026-05-31."),
    ] = None,
    before: Annotated[
        Optional[str], typer.Option(metavar="DAY", help="Only files last changed earlier.")
    ] = None,
    as_json: JsonOption = False,
    as_paths: Annotated[bool, typer.Option("--paths", help="Print only the paths.")] = False,
    sheet: Annotated[
        Optional[Path],
        typer.Option(metavar="OUT.jpg", help="Also draw query and hits as one picture."),
    ] = None,
    encoder: EncoderOption = None,
    device: DeviceOption = None,
) -> None:
    """Find where a picture stands and what looks like it, or what a text describes best."""
    from ..search import Filter, parse_region
    from ..sources import absolute, read_stream
    from .terminal import say, show_hits

    if (query is None) == (text is None):
        raise ArgumentError("Ask with one of the two: a picture, QUERY, or --text WORDS.")
    asked = read_stream(sys.stdin.buffer) if query == "-" else query
    where = Filter(
        absolute(folder) if folder else None,
        label,
        min_width,
        min_height,
        min_bytes,
        max_bytes,
        after,
        before,
    )
    part = parse_region(region) if region else None
    opened = _open(gallery, encoder=encoder, device=device)
    if asked is None:
        if part:
            raise ArgumentError("A text has no parts; leave --region out.")
        result = opened.search_text(text or "", top=top, min_score=min_score, where=where)
    else:
        result = opened.search(
            asked, top=top, min_score=min_score, copies=copies, region=part, where=where
        )
    if sheet:
        _draw(sheet, asked, result)
    if as_json:
        hits = [hit.as_json() for hit in result]
        name = "-" if query == "-" else result.query
        say(json.dumps({"query": name, "hits": hits, "took_ms": round(result.took_ms, 3)}))
    elif as_paths:
        for hit in result:
            say(hit.path)
    elif result:
        show_hits(result)
    else:
        say("No picture reaches that score; lower --min-score.", error=True)
    if sheet and not as_json:
        say(f"Contact sheet: {sheet}", error=True)


@app.command()
def info(gallery: GalleryOption = None, as_json: JsonOption = False) -> None:
    """Tell what is in the gallery, and how it is."""
    from .terminal import say

    opened = _open(gallery)
    found = opened.info()
    if as_json:
        say(json.dumps(asdict(found)))
        return
    indexed = found.index["indexed_rows"]
    say(f"gallery    {found.gallery}")
    say(f"pictures   {found.pictures:,}")
    say(f"for copies {found.fingerprints:,} fingerprints")
    say(f"refused    {found.refused:,}")
    for root in found.roots:
        say(f"root       {root.path} ({'online' if root.online else 'offline: ' + root.reason})")
    say(f"encoder    {found.encoder['name']}, {found.encoder['dimensions']} dimensions")
    if device := getattr(opened, "likely_device", None):
        say(f"device     {device()}")
    say(f"index      {found.index['kind']}, {indexed:,} of {found.pictures:,} rows in it")
    say(f"on disk    {found.bytes_on_disk / 1e6:,.1f} MB")


@app.command()
def refused(gallery: GalleryOption = None, as_json: JsonOption = False) -> None:
    """List the files that could not be used, each with its reason."""
    from .terminal import say

    found = sorted(_open(gallery).refused(), key=lambda refusal: refusal.path)
    if as_json:
        say(json.dumps({"refused": [asdict(refusal) for refusal in found]}))
        return
    for refusal in found:
        say(f"{refusal.path}\t{refusal.reason}")


@app.command()
def prune(
    gallery: GalleryOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list what would be removed.")
    ] = False,
) -> None:
    """Remove the rows whose file is gone from a root that is online; never a file."""
    from .terminal import row_progress, say

    with row_progress("Looking for files") as on_rows:
        report = _open(gallery).prune(dry_run=dry_run, on_rows=on_rows)
    for path in report.removed:
        say(path)
    for root in report.offline:
        say(f"{root.path} is offline ({root.reason}); its rows stay.", error=True)
    verb = "would be removed" if dry_run else "removed"
    say(f"{_rows(len(report.removed))} {verb}.", error=True)


@app.command()
def remove(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files or folders.")],
    gallery: GalleryOption = None,
) -> None:
    """Remove the rows at or under the paths; never a file."""
    from .terminal import say

    removed = _open(gallery).remove(*paths)
    say(f"{_rows(removed)} removed.")
    if not removed:
        say("The gallery has no picture there; see its roots with: lookalike info", error=True)
        raise typer.Exit(NOTHING_USABLE)


@app.command()
def export(
    out: Annotated[Path, typer.Argument(metavar="OUT.parquet", help="The file to write.")],
    gallery: GalleryOption = None,
) -> None:
    """Write the feature list: a row for each picture, with its vector."""
    from .terminal import row_progress, say

    with row_progress("Writing") as on_rows:
        rows = _open(gallery).export(out, on_rows=on_rows)
    say(f"{_rows(rows)} written to {out}")


@app.command("import")
def import_(
    source: Annotated[Path, typer.Argument(metavar="IN.parquet", help="A file by `export`.")],
    gallery: GalleryOption = None,
    encoder: EncoderOption = None,
) -> None:
    """Take in a feature list, without encoding again."""
    from .terminal import row_progress, say

    opened = _open(gallery, encoder=encoder)
    with row_progress("Taking in") as on_rows:
        rows = opened.import_(source, on_rows=on_rows)
    say(f"{_rows(rows)} taken into {opened.folder}")


def main() -> None:
    """Run the command line."""
    from .terminal import free_output, say

    free_output()
    # Decoders warn of what they mend; what they can't is a refusal with a reason.
    warnings.filterwarnings("ignore", module="PIL|pillow_heif")
    try:
        app()
    except ArgumentError as error:
        say(str(error), error=True)
        sys.exit(WRONG_USAGE)
    except LookalikeError as error:
        say(str(error), error=True)
        sys.exit(NOTHING_USABLE)
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(DONE)


def _rows(count: int) -> str:
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def _open(
    gallery: str | None, *, encoder: str | None = None, device: str | None = None
) -> AnyGallery:
    from ..client import open_gallery

    return open_gallery(gallery, encoder=encoder, device=device)


def _draw(sheet: Path, asked: str | bytes | None, result: SearchResult) -> None:
    from ..search import prepare
    from .contact_sheet import contact_sheet, save

    picture = None if asked is None else prepare(asked).picture
    name = result.query if asked is None else os.path.basename(result.query)
    save(contact_sheet([(name, picture, result)]), sheet)
