"""Groups of duplicates, stored in the gallery's folder by the job that found them."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ..client import group_as_json, group_from_json
from ..duplicates import KINDS, decisions_version, read_marks
from ..errors import ArgumentError, GalleryNotFoundError
from ..storage import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from ..duplicates import Group
    from ..gallery import Gallery

FOLDER, LOCK_NAME = "duplicates", "lock"
FORMAT = 2  # of the files; those of another lookalike are made again
_KINDS_BY_USE = ("copies", "exact", "near")


@dataclass(frozen=True, slots=True)
class Basis:
    """What groups were made from.

    Attributes:
        version: the gallery's.
        decisions: the version of its rules and marks.
    """

    version: int
    decisions: str


def basis_of(gallery: Gallery) -> Basis:
    """Return what groups that are made now are made from."""
    try:
        version = gallery.version()
    except GalleryNotFoundError:
        version = 0
    return Basis(version, decisions_version(gallery.folder))


def save(
    gallery: Path, kind: str, basis: Basis, groups: Sequence[Group], left_out: Sequence[str]
) -> None:
    """Store the groups of a kind, and the paths of files that could not be compared."""
    values = {
        "format": FORMAT,
        **asdict(basis),
        "groups": list(map(group_as_json, groups)),
        "left_out": list(left_out),
    }
    path = _path(gallery, kind)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(values).encode("ascii"))


def read(gallery: Path, kind: str) -> dict[str, Any] | None:
    """Return the stored groups as JSON, with what they were made from; None if there are none.

    `marked` are the files of a group that are marked as no duplicates of its original.
    """
    try:
        values: dict[str, Any] = json.loads(_path(gallery, kind).read_bytes())
        return values if values["format"] == FORMAT else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_stale(stored: Mapping[str, Any], basis: Basis) -> bool:
    """Check whether finding duplicates again may give other groups than the stored ones."""
    was = Basis(stored["version"], stored["decisions"])
    return was != basis or stored.get("is_partial", False)


def load(gallery: Path, kind: str) -> list[Group]:
    """Return the stored groups of a kind."""
    return list(map(group_from_json, listed(read(gallery, kind) or {"groups": ()})))


def listed(stored: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the stored groups to show: those with duplicates, without the marked files."""
    groups = (
        {name: group[name] for name in group if name != "marked"} for group in stored["groups"]
    )
    return [group for group in groups if group["members"]]


def find_kind(gallery: Path, kind: str | None, paths: Collection[str]) -> str:
    """Return the kind whose stored groups list all paths as duplicates.

    Args:
        gallery: the folder.
        kind: the only one to look in; None for the first of all.
        paths: of duplicates, not of kept files.

    Raises:
        ArgumentError: no kind lists them all.
    """
    missing = set(paths)
    for one in (kind,) if kind else _KINDS_BY_USE:
        listed = {other.member.path for group in load(gallery, one) for other in group.others}
        if not set(paths) - listed:
            return one
        missing = set(paths) - listed
    name = os.path.basename(min(missing))
    raise ArgumentError(f"{name} is not listed as a duplicate; find duplicates again.")


def put(gallery: Path, kind: str, checked: Collection[Group]) -> None:
    """Replace stored groups by the same with verdicts; groups that have changed since stay."""
    new = {group.kept.path: group_as_json(group) for group in checked}

    def update(values: dict[str, Any]) -> None:
        values["groups"] = [_with_verdicts(group, new) for group in values["groups"]]

    _change(gallery, kind, update)


def remove(gallery: Path, paths: Collection[str]) -> None:
    """Remove files from the stored groups of all kinds."""

    def update(values: dict[str, Any]) -> None:
        for group in values["groups"]:
            for name in ("members", "marked"):
                group[name] = [one for one in group.get(name, ()) if one["path"] not in paths]

    for kind in KINDS:
        _change(gallery, kind, update)


def check_decisions(gallery: Gallery, kind: str) -> None:
    """Check that groups were made by the rules and marks of today.

    Raises:
        ArgumentError: they were not.
    """
    stored = read(gallery.cache, kind)
    if stored and stored["decisions"] != decisions_version(gallery.folder):
        raise ArgumentError(
            "The rules of what to keep have changed since these duplicates were found; find "
            "duplicates again."
        )


def apply_marks(gallery: Gallery, before: str) -> None:
    """Take files out of the groups of all kinds that are marked as no duplicates of the original.

    Those whose mark was undone come back. The marked ones might form groups of their own, so the
    groups are stale.

    Args:
        gallery: whose marks have changed.
        before: the version of its rules and marks before that.
    """
    marks = read_marks(gallery.folder)
    decisions = decisions_version(gallery.folder)

    def update(values: dict[str, Any]) -> None:
        if values["decisions"] != before:
            return
        for group in values["groups"]:
            best = bytes.fromhex(group["best"]["id"])
            files = [*group["members"], *group.get("marked", ())]
            group["members"], group["marked"] = [], []
            for file in files:
                is_marked = marks.have(best, bytes.fromhex(file["id"]))
                group["marked" if is_marked else "members"].append(file)
        values |= {"decisions": decisions, "is_partial": True}

    for kind in KINDS:
        _change(gallery.cache, kind, update)


def _change(gallery: Path, kind: str, update: Callable[[dict[str, Any]], None]) -> None:
    """Change the stored groups of a kind, if there are any; one process at a time."""
    from filelock import FileLock

    path = _path(gallery, kind)
    with contextlib.suppress(OSError), FileLock(path.with_name(LOCK_NAME)):
        values = read(gallery, kind)
        if values is not None:
            update(values)
            groups = [g for g in values["groups"] if g["members"] or g.get("marked")]
            for group in groups:
                group["frees"] = sum(member["frees"] for member in group["members"])
            values["groups"] = groups
            write_atomically(path, json.dumps(values).encode("ascii"))


def _with_verdicts(group: dict[str, Any], new: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the new form of a stored group, if it has the same files."""
    checked = new.get(group["best"]["path"], group)
    files, known = (
        {(member["path"], member["id"]) for member in (one["best"], *one["members"])}
        for one in (checked, group)
    )
    return {**checked, "marked": group.get("marked", [])} if files == known else group


def _path(gallery: Path, kind: str) -> Path:
    if kind not in KINDS:
        raise ArgumentError(f"Unknown kind {kind!r} of duplicates; use one of {', '.join(KINDS)}.")
    return gallery / FOLDER / f"{kind}.json"
