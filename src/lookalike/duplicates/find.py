"""Duplicates among the rows of a gallery: members, pairs, what the files hold, groups."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import ArgumentError, GalleryNotFoundError
from ..sources import is_under
from . import keep_rules, not_duplicates
from .details import read_details
from .edited import contents_to_measure
from .groups import group_members
from .keep_rules import KeepRules
from .members import members_on_disk, read_members
from .not_duplicates import Marks
from .pairs import find_pairs
from .stored_json import state_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from ..storage import Place, Store
    from .groups import Group
    from .members import Member
    from .pairs import Pair

KINDS = ("exact", "copies", "near")


@dataclass(frozen=True, slots=True)
class DuplicateOptions:
    """How duplicates are found.

    Attributes:
        kind: one of `KINDS`.
        rules: which of several files to keep.
        marks: contents that are no duplicates of each other.
        cache: the folder for what was read of files; None to read all.
        on_progress: called with the stage, how much of it is done, and the total.
        on_left_out: called with each file that is gone or has changed since it was indexed.
    """

    kind: str = "copies"
    rules: KeepRules = field(default_factory=KeepRules)
    marks: Marks = field(default_factory=Marks)
    cache: Path | None = None
    on_progress: Callable[[str, int, int], None] = lambda _stage, _done, _of: None
    on_left_out: Callable[[str], None] = lambda _: None


def find_duplicates(
    store: Store, paths: Sequence[str] = (), options: DuplicateOptions = DuplicateOptions()
) -> list[Group]:
    """Find the groups among a gallery's rows; see `Gallery.duplicates`."""
    kind = options.kind
    if kind not in KINDS:
        raise ArgumentError(f"There is no kind {kind!r} of duplicates; use {', '.join(KINDS)}.")
    members = read_members(store, paths)
    if not members and not paths:
        raise GalleryNotFoundError(
            f"{store.folder} has no pictures yet; add some with: lookalike index FOLDER"
        )
    for path in paths:
        if not any(is_under(member.path, path) for member in members):
            raise ArgumentError(
                f"The gallery has no picture at or under {path}; list its folders with: "
                "lookalike info"
            )
    if kind != "exact" and not store.fingerprints.table.count():
        raise ArgumentError(
            "This gallery has no fingerprints to detect copies with; make them with: "
            "lookalike index --copies FOLDER, or use --kind exact."
        )
    found = find_pairs(store, members, kind=kind, on_progress=options.on_progress)
    members, pairs = members_on_disk(
        members, _unmarked(members, found, options.marks), on_left_out=options.on_left_out
    )
    compared = {members[k].content_hash for pair in pairs for k in (pair.query, pair.target)}
    details = read_details(
        (member for member in members if member.content_hash in compared),
        options.cache,
        measured=contents_to_measure(members, pairs),
        on_progress=options.on_progress,
    )
    return group_members(members, pairs, details, options.rules)


def decisions_version(folder: Place) -> str:
    """Return a text that changes with the rules and marks that a gallery keeps."""
    return state_of(folder, keep_rules.FILE_NAME, not_duplicates.FILE_NAME)


def _unmarked(members: Sequence[Member], pairs: Iterable[Pair], marks: Marks) -> Iterator[Pair]:
    """Leave out the pairs that people marked as no duplicates."""
    for pair in pairs:
        if not marks.have(*(members[k].content_hash for k in (pair.query, pair.target))):
            yield pair
