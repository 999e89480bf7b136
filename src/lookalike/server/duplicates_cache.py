"""Groups of duplicates, stored in the gallery's folder by the job that found them."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..client import group_as_json, group_from_json
from ..duplicates import KINDS
from ..errors import ArgumentError
from .query_cache import write_atomically

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from ..duplicates import Group

FOLDER = "duplicates"


def save(
    gallery: Path, kind: str, version: int, groups: Sequence[Group], left_out: Sequence[str]
) -> None:
    """Store the groups of a kind, and the paths of files that could not be compared."""
    values = {
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
    except (OSError, ValueError):
        return None
    return {"left_out": [], **values}


def load(gallery: Path, kind: str) -> list[Group]:
    """Return the stored groups of a kind."""
    return list(map(group_from_json, (read(gallery, kind) or {}).get("groups", ())))


def select(groups: Sequence[Group], paths: Collection[str]) -> list[Group]:
    """Reduce groups to the members with these paths.

    Raises:
        ArgumentError: a path is not that of a duplicate.
    """
    missing = set(paths)
    selected = []
    for group in groups:
        others = tuple(other for other in group.others if other.member.path in missing)
        missing -= {other.member.path for other in others}
        if others:
            selected.append(replace(group, others=others))
    if missing:
        name = os.path.basename(min(missing))
        raise ArgumentError(f"{name} is not listed as a duplicate; find duplicates again.")
    return selected


def remove(gallery: Path, paths: Collection[str]) -> None:
    """Remove files from the stored groups of all kinds."""
    for kind in KINDS:
        values = read(gallery, kind)
        if values is None:
            continue
        for group in values["groups"]:
            members = [member for member in group["members"] if member["path"] not in paths]
            group["members"] = members
            group["frees"] = sum(member["frees"] for member in members)
        values["groups"] = [group for group in values["groups"] if group["members"]]
        with contextlib.suppress(OSError):
            write_atomically(_path(gallery, kind), json.dumps(values).encode("ascii"))


def _path(gallery: Path, kind: str) -> Path:
    if kind not in KINDS:
        raise ArgumentError(f"Unknown kind {kind!r} of duplicates; use one of {', '.join(KINDS)}.")
    return gallery / FOLDER / f"{kind}.json"
