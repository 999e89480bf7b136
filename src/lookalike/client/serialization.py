"""Values as JSON on their way between server and client: what one writes, the other reads."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from typing import Any

import numpy as np

from .. import errors
from ..duplicates import Duplicate, Group, Member
from ..types import (
    Entry,
    Hit,
    IndexReport,
    Info,
    Match,
    PruneReport,
    Refusal,
    Root,
    SearchResult,
)

_NS = 10**9
# A problem's code, and its status, for each error; the most special class first.
ERROR_CODES: tuple[tuple[type[errors.LookalikeError], int, str], ...] = (
    (errors.ArgumentError, 422, "argument"),
    (errors.NotAPictureError, 415, "not_a_picture"),
    (errors.PictureError, 422, "picture"),
    (errors.EncoderError, 409, "encoder"),
    (errors.GalleryNotFoundError, 409, "gallery_empty"),
    (errors.GalleryBusyError, 409, "gallery_busy"),
    (errors.EncoderMismatchError, 409, "encoder_mismatch"),
    (errors.OfflineError, 409, "offline"),
    (errors.GalleryFormatError, 500, "gallery_format"),
    (errors.StorageError, 500, "storage"),
    (errors.LookalikeError, 500, "failed"),
)


def error_of(code: str, detail: str) -> errors.LookalikeError:
    """Make the error that a problem's code stands for; `ServerError` for what only servers have."""
    kind = next((kind for kind, _, known in ERROR_CODES if known == code), errors.ServerError)
    return kind(detail)


def entry_as_json(entry: Entry) -> dict[str, Any]:
    """Write a picture of the gallery."""
    return {
        "id": entry.id,
        "paths": list(entry.paths),
        "width": entry.width,
        "height": entry.height,
        "bytes": entry.size,
        "mtime": moment(entry.mtime_ns),
        "label": label_of(entry.paths[0]),
        "metadata": entry.metadata,
    }


def entry_from_json(values: dict[str, Any]) -> Entry:
    """Read what `entry_as_json` wrote; the time is of whole seconds."""
    return Entry(
        values["id"],
        tuple(values["paths"]),
        values["width"],
        values["height"],
        values["bytes"],
        nanoseconds(values["mtime"]),
        values.get("metadata"),
    )


def hit_as_json(hit: Hit, changes: list[str]) -> dict[str, Any]:
    """Write a hit, and what was done to it in words."""
    return {
        "id": hit.id,
        "rank": hit.rank,
        "path": hit.path,
        "score": hit.score,
        "width": hit.width,
        "height": hit.height,
        "kind": hit.kind,
        "changes": changes,
        "match": hit.match.as_json() if hit.match else None,
        "bytes": hit.size,
        "mtime": moment(hit.mtime_ns),
        "label": label_of(hit.path),
        "metadata": hit.metadata,
    }


def hit_from_json(values: dict[str, Any]) -> Hit:
    """Read what `hit_as_json` wrote; a match has no points."""
    return Hit(
        values["rank"],
        values["path"],
        values["score"],
        values["width"],
        values["height"],
        values["kind"],
        match_from_json(values["match"]),
        values["id"],
        values["bytes"],
        nanoseconds(values["mtime"]),
        values.get("metadata"),
    )


def result_from_json(values: dict[str, Any], hits: list[Hit]) -> SearchResult:
    """Read the answer of a search, whose hits may have come in several pages."""
    return SearchResult(tuple(hits), values["query"]["name"], values["took_ms"], values["version"])


def match_from_json(values: dict[str, Any] | None) -> Match | None:
    """Read what `Match.as_json` wrote; it has no points."""
    if values is None:
        return None
    matrix = tuple(tuple(map(float, row)) for row in values["transform"])
    return Match(**{**values, "transform": matrix}, points=np.empty((0, 4), np.float32))


def group_as_json(group: Group) -> dict[str, Any]:
    """Write a group of duplicates."""
    return {
        "kind": group.kind,
        "best": {**_member_as_json(group.kept), "why": group.why},
        "members": [
            {
                **_member_as_json(other.member),
                "kind": other.kind,
                "changes": list(other.changes),
                "how": other.how,
                "stays": other.stays,
                "frees": other.bytes_freed,
                "match": other.match.as_json() if other.match else None,
            }
            for other in group.others
        ],
        "frees": group.bytes_freed,
    }


def group_from_json(values: dict[str, Any]) -> Group:
    """Read what `group_as_json` wrote."""
    return Group(
        values["kind"],
        _member_from_json(values["best"]),
        values["best"]["why"],
        tuple(
            Duplicate(
                _member_from_json(one),
                one["kind"],
                tuple(one["changes"]),
                match_from_json(one["match"]),
            )
            for one in values["members"]
        ),
    )


def info_from_json(values: dict[str, Any]) -> Info:
    """Read the state of a gallery."""
    names = [name for name in Info.__slots__ if name != "roots"]
    return Info(**{name: values[name] for name in names}, roots=_roots(values["roots"]))


def report_from_json(values: dict[str, Any]) -> IndexReport:
    """Read what one run of `index` did."""
    return IndexReport(**{**values, "offline": tuple(values["offline"])})


def pruned_from_json(values: dict[str, Any]) -> PruneReport:
    """Read what `prune` removed."""
    return PruneReport(tuple(values["removed"]), _roots(values["offline"]))


def refusal_from_json(values: dict[str, Any]) -> Refusal:
    """Read a file that could not be used."""
    return Refusal(values["path"], values["reason"])


def moment(mtime_ns: int) -> str | None:
    """Write a time as ISO 8601 in UTC; None where it is not known."""
    if mtime_ns < 0:
        return None
    return datetime.fromtimestamp(mtime_ns // _NS, timezone.utc).isoformat()


def nanoseconds(text: str | None) -> int:
    """Read what `moment` wrote; -1 where it is not known."""
    return -1 if text is None else int(datetime.fromisoformat(text).timestamp()) * _NS


def label_of(path: str) -> str:
    """Name the folder that a file lies in."""
    return os.path.basename(os.path.dirname(path))


def _roots(values: list[dict[str, Any]]) -> tuple[Root, ...]:
    return tuple(Root(one["path"], one["online"], one["reason"]) for one in values)


def _member_as_json(member: Member) -> dict[str, Any]:
    return {
        "id": member.content_hash.hex(),
        "path": member.path,
        "width": member.width,
        "height": member.height,
        "bytes": member.size,
        "mtime": moment(member.mtime_ns),
        "mtime_ns": member.mtime_ns,
        "label": label_of(member.path),
        "names": member.names,
    }


def _member_from_json(values: dict[str, Any]) -> Member:
    return Member(
        values["path"],
        values["bytes"],
        values["mtime_ns"],
        bytes.fromhex(values["id"]),
        values["width"],
        values["height"],
        values["names"],
    )
