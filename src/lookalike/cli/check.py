"""The command that checks a gallery's own files, and repairs them."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from .exit_codes import NOTHING_USABLE
from .options import GalleryOption, JsonOption

if TYPE_CHECKING:
    from ..types import CheckReport


def check(
    *,
    gallery: GalleryOption = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Make again from the pictures what is damaged.")
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Only check that the files are there, and their sizes.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check the gallery's own files, and repair them.

    It never changes a picture. Others can search meanwhile, but not index.
    """
    from ..client import open_gallery
    from .progress import row_progress
    from .terminal import counted, say

    with row_progress("Checking bytes") as on_bytes:
        report = open_gallery(gallery).check(repair=repair, quick=quick, on_bytes=on_bytes)
    if as_json:
        say(json.dumps(asdict(report)))
    if not as_json and not quick:
        say(f"{counted(report.files, 'file')} checked, {report.bytes / 1e6:,.1f} MB.", error=True)
    if report.unrecorded and not as_json:
        say(
            f"{counted(report.unrecorded, 'file')} had no checksum, as if from an earlier version, "
            "a killed process or in an object store, and were read by their contents.",
            error=True,
        )
    if repair and report.lost_rows != 0 and not as_json:
        lost = "Rows" if report.lost_rows is None else counted(report.lost_rows, "row")
        say(
            f"{lost} did not come back from the pictures: their files are gone or offline, or they "
            "were imported; connect the disks and run `lookalike index`, or import them again.",
            error=True,
        )
    stop_if_damaged(report, in_json=as_json)


def stop_if_damaged(report: "CheckReport", *, in_json: bool = False) -> None:
    """Print what is damaged, and end the process if it was not repaired."""
    from .terminal import counted, say

    left = [damage for damage in report.damaged if not damage.repaired]
    for damage in () if in_json else report.damaged:
        say(f"{damage.path} {damage.problem}{' (repaired)' if damage.repaired else ''}")
    if not left:
        return
    say(
        f"{counted(len(left), 'file')} damaged; make again what can be with: "
        "lookalike check --repair",
        error=True,
    )
    raise typer.Exit(NOTHING_USABLE)
