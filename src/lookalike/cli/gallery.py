"""The commands that inspect and maintain a gallery."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from .exit_codes import NOTHING_USABLE
from .options import EncoderOption, GalleryOption, JsonOption


def info(*, gallery: GalleryOption = None, as_json: JsonOption = False) -> None:
    """Show the gallery's status."""
    from ..client import open_gallery
    from .terminal import counted_kinds, say, say_newer_encoder

    opened = open_gallery(gallery)
    status = opened.info()
    if as_json:
        say(json.dumps(asdict(status)))
        return
    lines = [
        ("gallery", status.gallery),
        ("pictures", f"{status.pictures:,}"),
        ("files", f"{status.files:,}"),
        ("fingerprints", f"{status.fingerprints:,} (to detect copies)"),
        ("refused", f"{status.refused:,}"),
        *([("unreadable", counted_kinds(status.unsupported))] if status.unsupported else []),
        *(
            ("folder", f"{root.path} ({'online' if root.online else 'offline: ' + root.reason})")
            for root in status.roots
        ),
        ("encoder", f"{status.encoder['name']}, {status.encoder['dimensions']} dimensions"),
    ]
    if device := getattr(opened, "likely_device", None):
        lines.append(("device", device()))
    indexed = f"{status.index['indexed_rows']:,} of {status.files:,} rows"
    lines += [
        ("index", f"{status.index['kind']}, {indexed}"),
        ("size", f"{status.bytes_on_disk / 1e6:,.1f} MB"),
    ]
    for name, value in lines:
        say(f"{name:<13}{value}")
    say_newer_encoder(status.encoder["source"])


def refused(*, gallery: GalleryOption = None, as_json: JsonOption = False) -> None:
    """List the files that can't be used, with reasons."""
    from ..client import open_gallery
    from .terminal import say

    refusals = sorted(open_gallery(gallery).refused(), key=lambda refusal: refusal.path)
    if as_json:
        say(json.dumps({"refused": [asdict(refusal) for refusal in refusals]}))
        return
    for refusal in refusals:
        say(f"{refusal.path}\t{refusal.reason}")


def prune(
    *,
    gallery: GalleryOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list the rows.")] = False,
) -> None:
    """Remove the rows of deleted files from the gallery.

    It never deletes a file, and it skips folders and disks that are offline.
    """
    from ..client import open_gallery
    from .progress import row_progress
    from .terminal import counted, say

    with row_progress("Checking files") as on_rows:
        report = open_gallery(gallery).prune(dry_run=dry_run, on_rows=on_rows)
    for path in report.removed:
        say(path)
    for root in report.offline:
        say(
            f"{root.path} is offline ({root.reason}), so its rows stay; connect it and run this "
            "again.",
            error=True,
        )
    verb = "would be removed" if dry_run else "removed"
    say(f"{counted(len(report.removed), 'row')} {verb}.", error=True)


def remove(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Files or folders.")],
    *,
    gallery: GalleryOption = None,
) -> None:
    """Remove files or folders from the gallery.

    The files themselves stay where they are.
    """
    from ..client import open_gallery
    from .terminal import counted, say

    rows = open_gallery(gallery).remove(*paths)
    say(f"{counted(rows, 'row')} removed.")
    if not rows:
        say("The gallery has no pictures there; list its folders with: lookalike info", error=True)
        raise typer.Exit(NOTHING_USABLE)


def relocate(
    old: Annotated[str, typer.Argument(metavar="OLD", help="Where the pictures were.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Where they are now.")],
    *,
    gallery: GalleryOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
) -> None:
    """Rewrite the paths of a folder or disk that has moved.

    No picture is read or encoded again.
    """
    from ..client import open_gallery
    from .terminal import counted, say

    report = open_gallery(gallery).relocate(old, new, dry_run=dry_run)
    for root in report.roots:
        say(root)
    verb = "would get" if dry_run else "got"
    say(f"{counted(report.files, 'file')} {verb} another path.", error=True)


def export(
    out: Annotated[Path, typer.Argument(metavar="OUT.parquet", help="The file to write.")],
    *,
    gallery: GalleryOption = None,
) -> None:
    """Export paths, sizes and vectors as a feature list."""
    from ..client import open_gallery
    from .progress import row_progress
    from .terminal import counted, say

    with row_progress("Exporting") as on_rows:
        rows = open_gallery(gallery).export(out, on_rows=on_rows)
    say(f"{counted(rows, 'row')} written to {out}")


def import_(
    source: Annotated[Path, typer.Argument(metavar="IN.parquet", help="A feature list.")],
    *,
    gallery: GalleryOption = None,
    encoder: EncoderOption = None,
) -> None:
    """Import a feature list without re-encoding."""
    from ..client import open_gallery
    from .progress import row_progress
    from .terminal import counted, say, say_nulls

    opened = open_gallery(gallery, encoder=encoder)
    nulls: list[int] = []
    with row_progress("Importing") as on_rows:
        rows = opened.import_(source, on_rows=on_rows, on_nulls=nulls.append)
    say_nulls(sum(nulls))
    say(f"{counted(rows, 'row')} imported into {opened.folder}")
