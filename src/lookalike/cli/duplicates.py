"""The command that lists duplicates, and moves them to the trash."""

import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ArgumentError
from .duplicate_rules import (
    ForgetNotOption,
    ForgetRulesOption,
    KeepOption,
    ListNotOption,
    NotOption,
    PreferOption,
    ProtectOption,
    RememberOption,
    RulesOption,
    act,
    decisions,
)
from .exit_codes import INTERRUPTED, NOTHING_USABLE
from .options import GalleryOption, JsonOption, check_output_folder, output_option

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..client import AnyGallery
    from ..duplicates import Group, Member, TrashReport

trash_option = partial(typer.Option, rich_help_panel="Trash")


def duplicates(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH", help="Only files at or under these paths.")
    ] = None,
    *,
    gallery: GalleryOption = None,
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            metavar="KIND",
            help="exact: identical files; copies: also edited copies; near: also similar shots.",
        ),
    ] = "copies",
    as_json: JsonOption = False,
    html: Annotated[
        Path | None,
        output_option("--html", metavar="OUT.html", help="Also write a page that shows them."),
    ] = None,
    trash: Annotated[
        bool,
        trash_option(
            "--trash",
            help="Move duplicates that are safe to remove to the system's trash, after asking.",
        ),
    ] = False,
    yes: Annotated[bool, trash_option("--yes", help="Don't ask.")] = False,
    prefer: PreferOption = None,
    protect: ProtectOption = None,
    keep: KeepOption = None,
    remember: RememberOption = False,
    rules: RulesOption = False,
    forget_rules: ForgetRulesOption = False,
    not_duplicates: NotOption = False,
    list_not: ListNotOption = False,
    forget_not: ForgetNotOption = False,
) -> None:
    """Group duplicate files and suggest which ones to keep."""
    from ..client import Client, open_gallery
    from ..duplicates import to_trash, write_report
    from .progress import StageProgress
    from .terminal import counted, say

    _check_options(kind=kind, html=html, trash=trash, yes=yes)
    actions = {
        "--rules": rules,
        "--forget-rules": forget_rules,
        "--not": not_duplicates,
        "--list-not": list_not,
        "--forget-not": forget_not,
    }
    decided = decisions(
        actions, prefer, protect, keep, remember=remember, others=bool(html or trash)
    )
    opened = open_gallery(gallery)
    if decided.action:
        act(opened, decided.action, paths or [], as_json=as_json)
        return
    if isinstance(opened, Client) and (html or trash):
        raise ArgumentError(
            "--html and --trash need the files; run this where the gallery is, or use the page."
        )
    rules_of_run = decided.apply(opened)
    skipped = list[str]()
    plan: TrashReport | None = None
    with StageProgress() as progress:
        try:
            groups = opened.duplicates(
                *(paths or ()),
                kind=kind,
                keep=rules_of_run,
                on_progress=progress,
                on_left_out=skipped.append,
            )
            size = write_report(groups, html, on_progress=progress) if html else 0
            if trash:
                on_file = _file_counter("Checking files", groups, progress)
                plan = to_trash(groups, dry_run=True, on_file=on_file)
        except KeyboardInterrupt:
            say(
                "Stopped before any file was moved; run the same command to start over.",
                error=True,
            )
            raise typer.Exit(INTERRUPTED) from None
    if not as_json:
        _show(groups, plan)
    if skipped:
        say(
            f"Skipped {counted(len(skipped), 'file')}, missing or changed since indexed; update "
            "the gallery with: lookalike index, lookalike prune",
            error=True,
        )
    if html:
        say(f"Page: {html} ({size / 1e6:.1f} MB)", error=True)
    result = None
    if plan and plan.moved and _is_confirmed(plan, yes=yes, may_ask=not as_json):
        result = _move(opened, groups)
    if as_json:
        _print_json(groups, plan, result)
    _show_failures(plan, result)


def _check_options(*, kind: str, html: Path | None, trash: bool, yes: bool) -> None:
    if trash and kind == "near":
        raise ArgumentError(
            "--trash can't be used with --kind near, as such pictures differ; review them with "
            "--html OUT.html and choose yourself."
        )
    if yes and not trash:
        raise ArgumentError("--yes has no effect alone; add --trash, or leave out --yes.")
    if html:
        check_output_folder(html)


def _is_confirmed(plan: "TrashReport", *, yes: bool, may_ask: bool) -> bool:
    from ..sources import format_size
    from .terminal import counted, say

    if yes:
        return True
    if may_ask and sys.stdin.isatty():
        files = f"{counted(len(plan.moved), 'file')} ({format_size(plan.bytes_freed)})"
        try:
            return typer.confirm(f"Move {files} to the trash?", err=True)
        except typer.Abort:
            say("\nStopped; no file was moved.", error=True)
            raise typer.Exit(INTERRUPTED) from None
    say("No file was moved; add --yes to move them.", error=True)
    return False


def _move(opened: "AnyGallery", groups: "Sequence[Group]") -> "TrashReport":
    """Move files, and remove the rows of those that went, even if it is stopped."""
    from ..duplicates import to_trash
    from ..sources import format_size
    from .progress import StageProgress
    from .terminal import counted, say

    moved = list[str]()
    with StageProgress() as progress:
        count = _file_counter("Moving files", groups, progress)

        def on_file(path: str, reason: str) -> None:
            if not reason:
                moved.append(path)
            count(path, reason)

        try:
            report = to_trash(groups, on_file=on_file)
        except KeyboardInterrupt:
            say(
                f"Stopped with {counted(len(moved), 'file')} in the trash; run the same command "
                "again to continue.",
                error=True,
            )
            raise typer.Exit(INTERRUPTED) from None
        finally:
            if moved:
                opened.remove(*moved)
    size = format_size(report.bytes_freed)
    say(f"{counted(len(moved), 'file')} moved to the trash ({size}).", error=True)
    return report


def _show_failures(plan: "TrashReport | None", result: "TrashReport | None") -> None:
    """Print the files that could not be moved although the plan said so, and exit with 1."""
    from .terminal import say

    if plan and result:
        failures = [refusal for refusal in result.left if refusal not in plan.left]
        for refusal in failures:
            say(f"{refusal.path}\t{refusal.reason}", error=True)
        if failures:
            raise typer.Exit(NOTHING_USABLE)


def _show(groups: "Sequence[Group]", plan: "TrashReport | None") -> None:
    """Print the groups, each with its kept file first; with a plan, what it does with each file."""
    from ..sources import format_size
    from .terminal import counted, say

    reasons = {refusal.path: refusal.reason for refusal in plan.left} if plan else {}
    for group in groups:
        say(f"keep   {group.kept.path}\t{_size(group.kept)}\t{group.why}")
        for other in group.others:
            path = other.member.path
            verb, reason = other.kind, ""
            if plan:
                verb = "stays" if path in reasons else "trash"
                reason = f"; {reasons[path]}" if path in reasons else ""
            say(f"{verb:6} {path}\t{_size(other.member)}\t{other.how}{reason}")
        say("")
    if not groups:
        say("No duplicates found.", error=True)
        return
    files = counted(sum(len(group.others) for group in groups), "duplicate")
    freed = format_size(sum(group.bytes_freed for group in groups))
    summary = f"{counted(len(groups), 'group')}, {files}: {freed} can be freed."
    if plan:
        moved = f"{counted(len(plan.moved), 'file')} ({format_size(plan.bytes_freed)})"
        summary += f" Safe to move to the trash: {moved}."
    say(summary, error=True)


def _print_json(
    groups: "Sequence[Group]", plan: "TrashReport | None", result: "TrashReport | None"
) -> None:
    from .terminal import say

    freed = sum(group.bytes_freed for group in groups)
    values: dict[str, Any] = {"groups": [g.as_json() for g in groups], "bytes_freed": freed}
    report = result or plan
    if report:
        values["trash"] = {
            "done": result is not None,
            "moved": list(report.moved),
            "left": [{"path": file.path, "reason": file.reason} for file in report.left],
            "bytes_freed": report.bytes_freed,
        }
    say(json.dumps(values))


def _file_counter(
    stage: str, groups: "Sequence[Group]", progress: "Callable[[str, int, int], None]"
) -> "Callable[[str, str], None]":
    """Return a callback for single files that counts them as progress."""
    total = sum(len(group.others) for group in groups)
    done = 0

    def on_file(_path: str, _reason: str) -> None:
        nonlocal done
        done += 1
        progress(stage, done, total)

    return on_file


def _size(member: "Member") -> str:
    from ..sources import format_size

    return f"{member.width} x {member.height}, {format_size(member.size)}"
