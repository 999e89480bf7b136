"""Groups of duplicates, kept in the gallery's folder until they are asked for."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, Any

from ..client import group_as_json, group_from_json
from ..duplicates import KINDS
from ..errors import ArgumentError
from .query_cache import write

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from ..duplicates import Group

FOLDER = "duplicates"


def save(
    gallery: Path, kind: str, version: int, groups: Sequence[Group], left_out: Sequence[str]
) -> None:
    """Keep the groups of a kind, and the paths of the files that could not be in one."""
    grouped = [group_as_json(group) for group in groups]
    values = {"version": version, "groups": grouped, "left_out": [*left_out]}
    path = _path(gallery, kind)
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, json.dumps(values).encode("ascii"))


def read(gallery: Path, kind: str) -> dict[str, Any] | None:
    """Give as JSON what was kept of a kind, with the version it was found in; None without."""
    try:
        values: dict[str, Any] = json.loads(_path(gallery, kind).read_bytes())
    except (OSError, ValueError):
        return None
    return {"left_out": [], **values}


def load(gallery: Path, kind: str) -> list[Group]:
    """Give the groups of a kind."""
    return [group_from_json(group) for group in (read(gallery, kind) or {}).get("groups", ())]


def only(groups: Sequence[Group], paths: Collection[str]) -> list[Group]:
    """Leave in the groups only these of their members.

    Raises:
        ArgumentError: no group proposes one of them.
    """
    from dataclasses import replace

    wanted = set(paths)
    found = []
    for group in groups:
        others = tuple(other for other in group.others if other.member.path in wanted)
        wanted -= {other.member.path for other in others}
        if others:
            found.append(replace(group, others=others))
    if wanted:
        name = os.path.basename(min(wanted))
        raise ArgumentError(
            f"{name} is in no group of duplicates beside a kept one; look for duplicates again."
        )
    return found


def forget(gallery: Path, paths: Collection[str]) -> None:
    """Take files that are gone out of all groups that are kept."""
    for kind in KINDS:
        values = read(gallery, kind)
        if values is None:
            continue
        for group in values["groups"]:
            group["members"] = [one for one in group["members"] if one["path"] not in paths]
            group["frees"] = sum(one["frees"] for one in group["members"])
        values["groups"] = [group for group in values["groups"] if group["members"]]
        with contextlib.suppress(OSError):
            write(_path(gallery, kind), json.dumps(values).encode("ascii"))


def _path(gallery: Path, kind: str) -> Path:
    if kind not in KINDS:
        raise ArgumentError(f"There is no kind {kind!r} of duplicates; ask for {', '.join(KINDS)}.")
    return gallery / FOLDER / f"{kind}.json"
