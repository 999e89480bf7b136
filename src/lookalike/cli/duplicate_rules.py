"""Options of `duplicates` that let people decide: which files to keep, and which are none."""

import json
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ArgumentError

if TYPE_CHECKING:
    from ..client import AnyGallery
    from ..duplicates import KeepRules

keep_option = partial(typer.Option, rich_help_panel="What to keep")
not_option = partial(typer.Option, rich_help_panel="No duplicates")

PreferOption = Annotated[
    list[str] | None,
    keep_option(
        "--prefer",
        metavar="DIR",
        help="Keep files there before others that hold the same. Repeatable; the first counts "
        "most.",
    ),
]
ProtectOption = Annotated[
    list[str] | None,
    keep_option("--protect", metavar="DIR", help="Nothing there may go. Repeatable."),
]
KeepOption = Annotated[
    str | None,
    keep_option(
        "--keep",
        metavar="ORDER",
        help="Of files that hold the same: oldest, newest, largest or path:GLOB.",
    ),
]
RememberOption = Annotated[
    bool,
    keep_option(
        "--remember", help="Follow --prefer, --protect and --keep from now on, not only this time."
    ),
]
RulesOption = Annotated[bool, keep_option("--rules", help="Only show what is remembered.")]
ForgetRulesOption = Annotated[bool, keep_option("--forget-rules", help="Only forget it.")]
NotOption = Annotated[
    bool,
    not_option("--not", help="Remember that the files PATH... are no duplicates of each other."),
]
ListNotOption = Annotated[bool, not_option("--list-not", help="List what --not remembers.")]
ForgetNotOption = Annotated[
    bool,
    not_option("--forget-not", help="Undo --not for the files PATH..., or for a single one."),
]


@dataclass(frozen=True, slots=True)
class Decisions:
    """What people decide about duplicates, by options.

    Attributes:
        prefer: see `KeepRules`.
        protect: likewise.
        keep: likewise.
        remember: whether the gallery keeps these rules.
        action: the one thing to do instead of finding duplicates, such as `--rules`; None to find.
    """

    prefer: tuple[str, ...]
    protect: tuple[str, ...]
    keep: str | None
    remember: bool
    action: str | None

    def apply(self, gallery: "AnyGallery") -> "KeepRules | None":
        """Return the rules of this run; None if there are none, or the gallery keeps them."""
        from ..duplicates import KeepRules

        rules = KeepRules(self.prefer, self.protect, self.keep)
        if self.remember:
            gallery.set_keep_rules(rules.added_to(gallery.keep_rules()))
        return None if self.remember or rules == KeepRules() else rules


def decisions(
    options: dict[str, bool],
    prefer: list[str] | None,
    protect: list[str] | None,
    keep: str | None,
    *,
    remember: bool,
    others: bool,
) -> Decisions:
    """Check the options that go together.

    Args:
        options: those of which each does one thing only, by name.
        prefer: see `KeepRules`.
        protect: likewise.
        keep: likewise.
        remember: whether the gallery keeps these rules.
        others: whether an option was set that needs the duplicates.
    """
    actions = [name for name, is_set in options.items() if is_set]
    has_rules = bool(prefer or protect or keep)
    if len(actions) > 1 or (actions and (has_rules or remember or others)):
        raise ArgumentError(
            f"{actions[0]} does nothing else; leave out the other options, or run them separately."
        )
    if remember and not has_rules:
        raise ArgumentError(
            "--remember needs something to remember; add --prefer DIR, --protect DIR or --keep "
            "ORDER."
        )
    return Decisions(
        tuple(prefer or ()), tuple(protect or ()), keep, remember, next(iter(actions), None)
    )


def act(gallery: "AnyGallery", action: str, paths: list[str], *, as_json: bool) -> None:
    """Do the one thing that an option asks for, instead of finding duplicates."""
    from .trash import undo_trash

    if paths and action in {"--rules", "--forget-rules", "--list-not"}:
        raise ArgumentError(f"{action} takes no PATH; leave it out.")
    if action == "--undo":
        undo_trash(gallery, paths, as_json=as_json)
    elif action in {"--rules", "--forget-rules"}:
        _show_rules(gallery, forget=action == "--forget-rules", as_json=as_json)
    else:
        _mark(gallery, action, paths, as_json=as_json)


def _show_rules(gallery: "AnyGallery", *, forget: bool, as_json: bool) -> None:
    from ..duplicates import KeepRules
    from .terminal import say

    if forget:
        gallery.set_keep_rules(KeepRules())
    rules = gallery.keep_rules()
    for line in [json.dumps(rules.as_json())] if as_json else _rules_as_lines(rules):
        say(line)


def _mark(gallery: "AnyGallery", action: str, paths: list[str], *, as_json: bool) -> None:
    """Mark files, or undo it, and print the marks that there are then, or what was done."""
    from .terminal import say

    done = ""
    if action == "--not":
        gallery.mark_not_duplicates(*paths)
        done = "Remembered; list all with: lookalike duplicates --list-not"
    elif action == "--forget-not":
        gallery.forget_not_duplicates(*paths)
        done = "Forgotten; the next `lookalike duplicates` may group them."
    if as_json:
        sets = [list(map(_marked_as_json, pictures)) for pictures in gallery.not_duplicates()]
        say(json.dumps({"not_duplicates": sets}))
    elif done:
        say(done, error=True)
    else:
        for pictures in gallery.not_duplicates():
            for picture in pictures:
                say("\t".join(picture.paths) or f"{picture.id}\tno longer in the gallery")
            say("")


def _rules_as_lines(rules: "KeepRules") -> list[str]:
    lines = [f"prefer   {folder}" for folder in rules.prefer]
    lines += [f"protect  {folder}" for folder in rules.protect]
    lines += [f"keep     {rules.keep}"] if rules.keep else []
    return lines or ["No rules: of each group, the best file is kept."]


def _marked_as_json(picture: Any) -> dict[str, Any]:
    return {**asdict(picture), "paths": list(picture.paths)}
