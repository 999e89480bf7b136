"""The command that compares two pictures; it needs no gallery."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from .options import JsonOption


def compare(
    one: Annotated[str, typer.Argument(metavar="A", help="Path of your picture, or - for stdin.")],
    other: Annotated[
        Path, typer.Argument(metavar="B", help="Path of the picture to compare it with.")
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="OUT.jpg", help="Also draw both and what they share."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check whether one picture is a copy of another.

    If it is, list the edits between them.
    """
    from ..search import compare as compare_pictures
    from ..sources import read_stream
    from .terminal import say

    picture = read_stream(sys.stdin.buffer) if one == "-" else one
    comparison = compare_pictures(picture, other)
    if as_json:
        say(json.dumps(comparison.as_json()))
    else:
        for sentence in comparison.sentences:
            say(sentence)
    if out:
        from .contact_sheet import comparison_sheet, save

        save(comparison_sheet(comparison), out)
        say(f"Drawing: {out}", error=True)
