"""The command that tidies a gallery's files: duplicates shown, drawn, moved to the trash."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from ..errors import ArgumentError
from ..sources import format_size
from .encoders import INTERRUPTED, NOTHING_USABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..client import AnyGallery
    from ..duplicates import Group, Member, TrashReport

app = typer.Typer()


@app.command()
def duplicates(
    paths: Annotated[
        Optional[list[str]],
        typer.Argument(metavar="PATH...", help="Only files at or under these. Default: all."),
    ] = None,
    gallery: Annotated[
        Optional[str],
        typer.Option("--gallery", metavar="DIR|URL", help="The gallery's folder, or a server."),
    ] = None,
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            metavar="exact|copies|near",
            help="Files of the same bytes; also edited copies; also other shots of the same.",
        ),
    ] = "copies",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    html: Annotated[
        Optional[Path],
        typer.Option("--html", metavar="OUT.html", help="Also write a page that shows them."),
    ] = None,
    trash: Annotated[
        bool, typer.Option("--trash", help="Move copies to the system's trash, after asking.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Group the files that show the same picture, and tell which one to keep."""
    from ..client import Client, open_gallery
    from ..duplicates import to_trash, write_report
    from .terminal import StageProgress, say

    _check(kind=kind, html=html, trash=trash, yes=yes)
    opened = open_gallery(gallery)
    if isinstance(opened, Client) and (html or trash):
        raise ArgumentError(
            "--html and --trash need the files; run this where the gallery is, or use the page."
        )
    left_out = list[str]()
    plan: TrashReport | None = None
    with StageProgress() as progress:
        try:
            groups = opened.duplicates(
                *(paths or ()), kind=kind, on_progress=progress, on_left_out=left_out.append
            )
            size = write_report(groups, html, on_progress=progress) if html else 0
            if trash:
                on_file = _counted("Checking files", groups, progress)
                plan = to_trash(groups, dry_run=True, on_file=on_file)
        except KeyboardInterrupt:
            say("Stopped; no file was touched. Run the same command to begin again.", error=True)
            raise typer.Exit(INTERRUPTED) from None
    if not as_json:
        _show(groups, plan)
    if left_out:
        say(
            f"{_files(len(left_out))} left out: not there now, or changed since indexed; see to it "
            "with: lookalike index, lookalike prune",
            error=True,
        )
    if html:
        say(f"Page: {html} ({size / 1e6:.1f} MB)", error=True)
    done = None
    if plan and plan.moved and _is_wanted(plan, yes=yes, may_ask=not as_json):
        done = _move(opened, groups)
    if as_json:
        _print_json(groups, plan, done)
    _tell_failures(plan, done)


def _check(*, kind: str, html: Path | None, trash: bool, yes: bool) -> None:
    if trash and kind == "near":
        raise ArgumentError(
            "--trash takes exact files and copies only. Pictures that are near are different ones: "
            "look at them with --html OUT.html and choose yourself."
        )
    if yes and not trash:
        raise ArgumentError("--yes answers what --trash asks; add --trash, or leave --yes out.")
    if html and not html.absolute().parent.is_dir():
        raise ArgumentError(f"{html.parent} is no folder; write the page to one that is there.")


def _is_wanted(plan: TrashReport, *, yes: bool, may_ask: bool) -> bool:
    from .terminal import say

    if yes:
        return True
    if may_ask and sys.stdin.isatty():
        asked = f"Move {_files(len(plan.moved))} ({format_size(plan.bytes_freed)}) to the trash?"
        try:
            return typer.confirm(asked, err=True)
        except typer.Abort:
            say("\nStopped; nothing was moved.", error=True)
            raise typer.Exit(INTERRUPTED) from None
    say("Nothing was moved; add --yes to move them.", error=True)
    return False


def _move(opened: AnyGallery, groups: Sequence[Group]) -> TrashReport:
    """Move files, and remove the rows of those that went, also where it is stopped."""
    from ..duplicates import to_trash
    from .terminal import StageProgress, say

    moved = list[str]()

    with StageProgress() as progress:
        count = _counted("Moving files", groups, progress)

        def on_file(path: str, reason: str) -> None:
            if not reason:
                moved.append(path)
            count(path, reason)

        try:
            done = to_trash(groups, on_file=on_file)
        except KeyboardInterrupt:
            say(
                f"Stopped; {_files(len(moved))} went to the trash. Run the same command again to "
                "go on.",
                error=True,
            )
            raise typer.Exit(INTERRUPTED) from None
        finally:
            if moved:
                opened.remove(*moved)
    say(f"{_files(len(moved))} moved to the trash, {format_size(done.bytes_freed)}.", error=True)
    return done


def _tell_failures(plan: TrashReport | None, done: TrashReport | None) -> None:
    from .terminal import say

    if plan and done:
        failed = [refusal for refusal in done.left if refusal not in plan.left]
        for refusal in failed:
            say(f"{refusal.path}\t{refusal.reason}", error=True)
        if failed:
            raise typer.Exit(NOTHING_USABLE)


def _show(groups: Sequence[Group], plan: TrashReport | None) -> None:
    """Print the groups, the kept one of each first; with a plan, what it does with each file."""
    from .terminal import say

    stays = {refusal.path: refusal.reason for refusal in plan.left} if plan else {}
    for group in groups:
        say(f"keep   {group.kept.path}\t{_facts(group.kept)}\t{group.why}")
        for other in group.others:
            path = other.member.path
            verb, why = other.kind, ""
            if plan:
                verb, why = ("stays", f"; {stays[path]}") if path in stays else ("trash", "")
            say(f"{verb:6} {path}\t{_facts(other.member)}\t{other.how}{why}")
        say("")
    if not groups:
        say("No duplicates.", error=True)
        return
    files = sum(len(group.others) for group in groups)
    freed = sum(group.bytes_freed for group in groups)
    many = f"{len(groups):,} group{'s' if len(groups) > 1 else ''}"
    said = f"{many}, {_files(files)} besides the kept ones: {format_size(freed)}."
    if plan:
        said += f" To the trash: {_files(len(plan.moved))}, {format_size(plan.bytes_freed)}."
    say(said, error=True)


def _print_json(
    groups: Sequence[Group], plan: TrashReport | None, done: TrashReport | None
) -> None:
    from .terminal import say

    freed = sum(group.bytes_freed for group in groups)
    answer: dict[str, Any] = {"groups": [g.as_json() for g in groups], "bytes_freed": freed}
    report = done or plan
    if report:
        answer["trash"] = {
            "done": done is not None,
            "moved": list(report.moved),
            "left": [{"path": one.path, "reason": one.reason} for one in report.left],
            "bytes_freed": report.bytes_freed,
        }
    say(json.dumps(answer))


def _counted(
    stage: str, groups: Sequence[Group], progress: Callable[[str, int, int], None]
) -> Callable[[str, str], None]:
    """Turn news of single files into progress."""
    of = sum(len(group.others) for group in groups)
    done = 0

    def on_file(_path: str, _reason: str) -> None:
        nonlocal done
        done += 1
        progress(stage, done, of)

    return on_file


def _facts(member: Member) -> str:
    return f"{member.width} x {member.height}, {format_size(member.size)}"


def _files(count: int) -> str:
    return f"{count:,} file" if count == 1 else f"{count:,} files"
