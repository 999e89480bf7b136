"""Groups of duplicates, stored in the gallery's folder by the job that found them."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from ..client import group_as_json, group_from_json
from ..duplicates import KINDS, decisions_version, read_marks
from ..errors import ArgumentError, GalleryNotFoundError
from .query_cache import write_atomically

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from ..duplicates import Group
    from ..gallery import Gallery

FOLDER = "duplicates"


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
        **asdict(basis),
        "groups": list(map(group_as_json, groups)),
        "left_out": list(left_out),
    }
    path = _path(gallery, kind)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(values).encode("ascii"))


def read(gallery: Path, kind: str) -> dict[str, Any] | None:
    """Return the stored groups as JSON, with what they were made from; None if there are none."""
    try:
        values: dict[str, Any] = json.loads(_path(gallery, kind).read_bytes())
    except (OSError, ValueError):
        return None
    if "decisions" not in values:  # of an earlier lookalike
        return None
    return {"left_out": [], **values}


def is_stale(stored: Mapping[str, Any], basis: Basis) -> bool:
    """Check whether finding duplicates again may give other groups than the stored ones."""
    was = Basis(stored["version"], stored["decisions"])
    return was != basis or stored.get("is_partial", False)


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
            _reduce(group, [member for member in group["members"] if member["path"] not in paths])
        _write(gallery, kind, values)


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


def drop_marked(gallery: Gallery, before: str) -> None:
    """Take files out of the groups of all kinds that are marked as no duplicates of the original.

    They might form groups of their own, so the groups are stale.

    Args:
        gallery: whose marks have changed.
        before: the version of its rules and marks before that.
    """
    marks = read_marks(gallery.folder)
    decisions = decisions_version(gallery.folder)
    for kind in KINDS:
        values = read(gallery.cache, kind)
        if values is None or values["decisions"] != before:
            continue
        for group in values["groups"]:
            best, members = bytes.fromhex(group["best"]["id"]), group["members"]
            _reduce(group, [m for m in members if not marks.have(best, bytes.fromhex(m["id"]))])
        _write(gallery.cache, kind, {**values, "decisions": decisions, "is_partial": True})


def _reduce(group: dict[str, Any], members: list[dict[str, Any]]) -> None:
    """Reduce the JSON of a group to some of its members."""
    group["members"] = members
    group["frees"] = sum(member["frees"] for member in members)


def _write(gallery: Path, kind: str, values: dict[str, Any]) -> None:
    values["groups"] = [group for group in values["groups"] if group["members"]]
    with contextlib.suppress(OSError):
        write_atomically(_path(gallery, kind), json.dumps(values).encode("ascii"))


def _path(gallery: Path, kind: str) -> Path:
    if kind not in KINDS:
        raise ArgumentError(f"Unknown kind {kind!r} of duplicates; use one of {', '.join(KINDS)}.")
    return gallery / FOLDER / f"{kind}.json"
