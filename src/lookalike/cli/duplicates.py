"""The command that lists duplicates, and moves them to the trash."""

import json
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
from .exit_codes import INTERRUPTED
from .options import GalleryOption, JsonOption, check_output_folder, output_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..client import AnyGallery
    from ..duplicates import Group, KeepRules, Member, TrashReport

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
            help="exact: identical bytes or pixels; copies: also edited copies; near: also "
            "similar shots.",
        ),
    ] = "copies",
    as_json: JsonOption = False,
    html: Annotated[
        Path | None,
        output_option("--html", metavar="OUT.html", help="Also write a page that shows them."),
    ] = None,
    check: Annotated[
        bool, trash_option("--check", help="Decide which of them could go; move nothing.")
    ] = False,
    trash: Annotated[
        bool,
        trash_option(
            "--trash", help="Check, then move those that go to the system's trash, after asking."
        ),
    ] = False,
    yes: Annotated[bool, trash_option("--yes", help="Don't ask.")] = False,
    undo: Annotated[
        bool,
        trash_option(
            "--undo",
            help="Bring back what the last --trash moved, or with PATH all that was under it.",
        ),
    ] = False,
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
    from .terminal import counted, say
    from .trash import is_confirmed, move, show_failures

    _check_options(kind=kind, html=html, trash=trash, yes=yes)
    actions = {
        "--rules": rules,
        "--forget-rules": forget_rules,
        "--not": not_duplicates,
        "--list-not": list_not,
        "--forget-not": forget_not,
        "--undo": undo,
    }
    decided = decisions(
        actions, prefer, protect, keep, remember=remember, others=bool(html or check or trash)
    )
    opened = open_gallery(gallery)
    if decided.action:
        act(opened, decided.action, paths or [], as_json=as_json)
        return
    if html and isinstance(opened, Client):
        raise ArgumentError(
            "--html needs the files; run this where the gallery is, or use the page."
        )
    rules_of_run = decided.apply(opened)
    skipped = list[str]()
    try:
        groups, size = _find(
            opened,
            paths or (),
            skipped,
            kind=kind,
            keep=rules_of_run,
            html=html,
            check=check or trash,
        )
    except KeyboardInterrupt:
        say("Stopped before any file was moved; run the same command to start over.", error=True)
        raise typer.Exit(INTERRUPTED) from None
    if not as_json:
        _show(groups, is_checked=check or trash)
    if skipped:
        say(
            f"Skipped {counted(len(skipped), 'file')}, missing or changed since indexed; update "
            "the gallery with: lookalike index, lookalike prune",
            error=True,
        )
    if html:
        say(f"Page: {html} ({size / 1e6:.1f} MB)", error=True)
    result = None
    if trash and is_confirmed(groups, yes=yes, may_ask=not as_json):
        result = move(opened, groups)
    if as_json:
        _print_json(groups, is_trash=trash, result=result)
    if result:
        show_failures(groups, result)


def _find(
    opened: "AnyGallery",
    paths: "Sequence[str]",
    skipped: list[str],
    *,
    kind: str,
    keep: "KeepRules | None",
    html: Path | None,
    check: bool,
) -> "tuple[list[Group], int]":
    """Find and check the groups, and write their page; return them with the page's size."""
    from ..duplicates import write_report
    from .progress import StageProgress

    with StageProgress() as progress:
        groups = opened.duplicates(
            *paths, kind=kind, keep=keep, on_progress=progress, on_left_out=skipped.append
        )
        if check:
            groups = opened.check_duplicates(groups, on_progress=progress)
        return groups, write_report(groups, html, on_progress=progress) if html else 0


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


def _show(groups: "Sequence[Group]", *, is_checked: bool) -> None:
    """Print the groups, each with its kept file first; after a check, what goes and what stays."""
    from ..sources import format_size
    from .terminal import counted, say
    from .trash import count_going

    for group in groups:
        say(f"keep   {group.kept.path}\t{_size(group.kept)}\t{group.why}")
        for other in group.others:
            verb, reason = other.kind, ""
            if is_checked:
                verb = other.state
                reason = f"; {other.stays}" if other.stays else ""
                if other.verdict.holder not in {"", group.kept.path}:
                    reason = f"; {other.verdict.holder} holds all of it"
            say(f"{verb:6} {other.member.path}\t{_size(other.member)}\t{other.how}{reason}")
        say("")
    if not groups:
        say("No duplicates found.", error=True)
        return
    files = counted(sum(len(group.others) for group in groups), "duplicate")
    summary = f"{counted(len(groups), 'group')}, {files}"
    if is_checked:
        summary += f". Safe to move to the trash: {count_going(groups)}."
    else:
        size = format_size(sum(group.bytes_freed for group in groups))
        summary += f", at most {size} to free; decide which can go with: --check"
    say(summary, error=True)


def _print_json(groups: "Sequence[Group]", *, is_trash: bool, result: "TrashReport | None") -> None:
    from .terminal import say
    from .trash import report_as_json

    freed = sum(group.bytes_freed for group in groups)
    values: dict[str, Any] = {"groups": [g.as_json() for g in groups], "bytes_freed": freed}
    if is_trash:
        values["trash"] = report_as_json(groups, result)
    say(json.dumps(values))


def _size(member: "Member") -> str:
    from ..sources import format_size

    return f"{member.width} x {member.height}, {format_size(member.size)}"
