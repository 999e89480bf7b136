"""What `lookalike duplicates` does with the trash: ask, move, bring back."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from .exit_codes import INTERRUPTED, NOTHING_USABLE
from .progress import StageProgress
from .terminal import counted, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..client import AnyGallery
    from ..duplicates import Duplicate, Group, TrashReport


def is_confirmed(groups: Sequence[Group], *, yes: bool, may_ask: bool) -> bool:
    """Ask whether to move what goes; nothing to move needs no question.

    Raises:
        typer.Exit: the question was answered with Ctrl-C or the end of the input.
    """
    if not _going(groups):
        return False
    if yes:
        return True
    if may_ask and sys.stdin.isatty():
        try:
            return typer.confirm(f"Move {count_going(groups)} to the trash?", err=True)
        except typer.Abort:
            say("", error=True)
            say("Stopped; no file was moved.", error=True)
            raise typer.Exit(INTERRUPTED) from None
    say("No file was moved; add --yes to move them.", error=True)
    return False


def move(opened: AnyGallery, groups: Sequence[Group]) -> TrashReport:
    """Move what goes.

    Raises:
        typer.Exit: Ctrl-C.
    """
    from ..sources import format_size

    with StageProgress("Moving files") as progress:
        try:
            report = opened.trash(groups, on_progress=progress)
        except KeyboardInterrupt:
            say(
                "Stopped; run the same command again to continue, or bring back what was moved "
                "with: lookalike duplicates --undo",
                error=True,
            )
            raise typer.Exit(INTERRUPTED) from None
    moved = counted(len(report.moved), "file")
    say(f"{moved} moved to the trash ({format_size(report.bytes_freed)}).", error=True)
    if report.moved:
        say("Bring them back with: lookalike duplicates --undo", error=True)
    return report


def undo_trash(opened: AnyGallery, paths: Sequence[str], *, as_json: bool) -> None:
    """Bring back what was moved, and say what can't be.

    Raises:
        typer.Exit: a file is not back, or Ctrl-C.
    """
    with StageProgress("Restoring files") as progress:
        try:
            report = opened.undo_trash(*paths, on_progress=progress)
        except KeyboardInterrupt:
            say("Stopped; run the same command again to continue.", error=True)
            raise typer.Exit(INTERRUPTED) from None
    if as_json:
        left = [asdict(refusal) for refusal in report.left]
        say(json.dumps({"restored": list(report.restored), "left": left}))
    else:
        for path in report.restored:
            say(path)
    for refusal in report.left:
        say(f"{refusal.path}\t{refusal.reason}", error=True)
    if report.restored:
        say(f"{counted(len(report.restored), 'file')} brought back.", error=True)
    elif not report.left:
        say("There is nothing to bring back.", error=True)
    if report.left:
        raise typer.Exit(NOTHING_USABLE)


def show_failures(groups: Sequence[Group], report: TrashReport) -> None:
    """Print the files that were to go but could not be moved.

    Raises:
        typer.Exit: there are some.
    """
    going = {other.member.path for other in _going(groups)}
    failures = [refusal for refusal in report.left if refusal.path in going]
    for refusal in failures:
        say(f"{refusal.path}\t{refusal.reason}", error=True)
    if failures:
        raise typer.Exit(NOTHING_USABLE)


def report_as_json(groups: Sequence[Group], report: TrashReport | None) -> dict[str, Any]:
    """Return what was moved, or what would be, as JSON values."""
    from ..duplicates import GOES

    going = _going(groups)
    if report is None:
        others = (other for group in groups for other in group.others)
        left = [{"path": o.member.path, "reason": o.stays} for o in others if o.state != GOES]
        return {
            "done": False,
            "moved": [other.member.path for other in going],
            "left": left,
            "bytes_freed": sum(other.bytes_freed for other in going),
        }
    return {
        "done": True,
        "moved": list(report.moved),
        "left": [asdict(refusal) for refusal in report.left],
        "bytes_freed": report.bytes_freed,
    }


def count_going(groups: Sequence[Group]) -> str:
    """Return the number and the size of the files that go: `2 files (1.2 MB)`."""
    from ..sources import format_size

    going = _going(groups)
    size = format_size(sum(other.bytes_freed for other in going))
    return f"{counted(len(going), 'file')} ({size})"


def _going(groups: Sequence[Group]) -> list[Duplicate]:
    from ..duplicates import GOES

    return [other for group in groups for other in group.others if other.state == GOES]
