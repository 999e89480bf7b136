"""Groups of duplicates, stored in the gallery's folder by the job that found them."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, Any

from ..client import group_as_json, group_from_json
from ..duplicates import KINDS
from ..errors import ArgumentError
from .query_cache import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from ..duplicates import Group

FOLDER, LOCK_NAME = "duplicates", "lock"
FORMAT = 2  # of the files
_KINDS_BY_USE = ("copies", "exact", "near")


def save(
    gallery: Path, kind: str, version: int, groups: Sequence[Group], left_out: Sequence[str]
) -> None:
    """Store the groups of a kind, and the paths of files that could not be compared."""
    values = {
        "format": FORMAT,
        "version": version,
        "groups": list(map(group_as_json, groups)),
        "left_out": list(left_out),
    }
    path = _path(gallery, kind)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(values).encode("ascii"))


def read(gallery: Path, kind: str) -> dict[str, Any] | None:
    """Return the stored groups as JSON, with the gallery's version; None if there are none."""
    try:
        values: dict[str, Any] = json.loads(_path(gallery, kind).read_bytes())
        is_current = values.pop("format", 1) == FORMAT
    except (OSError, ValueError, AttributeError):
        return None
    return values if is_current else None


def load(gallery: Path, kind: str) -> list[Group]:
    """Return the stored groups of a kind."""
    return list(map(group_from_json, (read(gallery, kind) or {}).get("groups", ())))


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
            members = [member for member in group["members"] if member["path"] not in paths]
            group["members"] = members
            group["frees"] = sum(member["frees"] for member in members)
        values["groups"] = [group for group in values["groups"] if group["members"]]

    for kind in KINDS:
        _change(gallery, kind, update)


def _change(gallery: Path, kind: str, update: Callable[[dict[str, Any]], None]) -> None:
    """Change the stored groups of a kind, if there are any; one process at a time."""
    from filelock import FileLock

    path = _path(gallery, kind)
    with contextlib.suppress(OSError), FileLock(path.with_name(LOCK_NAME)):
        values = read(gallery, kind)
        if values is not None:
            update(values)
            write_atomically(path, json.dumps({"format": FORMAT, **values}).encode("ascii"))


def _with_verdicts(group: dict[str, Any], new: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the new form of a stored group, if it has the same files."""
    checked = new.get(group["best"]["path"], group)
    files, known = (
        {(member["path"], member["id"]) for member in (one["best"], *one["members"])}
        for one in (checked, group)
    )
    return checked if files == known else group


def _path(gallery: Path, kind: str) -> Path:
    if kind not in KINDS:
        raise ArgumentError(f"Unknown kind {kind!r} of duplicates; use one of {', '.join(KINDS)}.")
    return gallery / FOLDER / f"{kind}.json"
