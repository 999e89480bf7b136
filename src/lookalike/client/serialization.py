"""Values as JSON between server and client: one side writes what the other reads.

The fields of a value are those of its dataclass. `JSON_FIELDS` holds the few that JSON names or
writes in another way; the server describes the same fields in OpenAPI.
"""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .. import errors
from ..duplicates import Duplicate, Group, KeepRules, Member, NotDuplicate, Verdict
from ..search import PicturePage
from ..types import (
    Box,
    Differences,
    Entry,
    Hit,
    IndexReport,
    Info,
    Look,
    Match,
    Place,
    Properties,
    PruneReport,
    Refusal,
    Root,
    SearchResult,
)

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
_NS = 10**9
# The status and code of a problem, for each error; a subclass comes before its base class.
ERROR_CODES: tuple[tuple[type[errors.LookalikeError], int, str], ...] = (
    (errors.ArgumentError, 422, "argument"),
    (errors.NotAPictureError, 415, "not_a_picture"),
    (errors.UnsupportedFormatError, 415, "unsupported_format"),
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


def error_from_code(code: str, detail: str) -> errors.LookalikeError:
    """Make the error for a problem's code; `ServerError` for codes that only servers use."""
    kind = next((kind for kind, _, known in ERROR_CODES if known == code), errors.ServerError)
    return kind(detail)


def time_as_json(mtime_ns: int) -> str | None:
    """Write a time as ISO 8601 in UTC; None if it is unknown."""
    if mtime_ns < 0:
        return None
    return datetime.fromtimestamp(mtime_ns // _NS, timezone.utc).isoformat()


def time_from_json(text: str | None) -> int:
    """Read what `time_as_json` wrote; -1 if it is unknown."""
    return -1 if text is None else int(datetime.fromisoformat(text).timestamp()) * _NS


def match_as_json(match: Match | None) -> dict[str, Any] | None:
    """Write a match without its points."""
    return match.as_json() if match else None


def match_from_json(values: dict[str, Any] | None) -> Match | None:
    """Read what `match_as_json` wrote; the match has no points."""
    if values is None:
        return None
    boxes = tuple(
        Box(tuple(box["query"]), tuple(box["target"])) for box in values["differences"]["boxes"]
    )
    parts = {
        "transform": tuple(tuple(map(float, row)) for row in values["transform"]),
        "differences": Differences(**{**values["differences"], "boxes": boxes}),
        "look": Look(**values["look"]),
    }
    return Match(**{**values, **parts}, points=np.empty((0, 4), np.float32))


def places_as_json(places: tuple[Place, ...]) -> list[dict[str, Any]]:
    """Write the files of a picture."""
    return [_as_json(place) for place in places]


def places_from_json(values: list[dict[str, Any]]) -> tuple[Place, ...]:
    """Read what `places_as_json` wrote; times are in whole seconds."""
    return tuple(_from_json(Place, place) for place in values)


def properties_from_json(values: dict[str, Any]) -> Properties:
    """Read what a file holds."""
    return Properties(**values)


# Fields that JSON names or writes differently: key, type in JSON, writer, reader.
JSON_FIELDS: dict[str, tuple[str, Any, Callable[[Any], Any], Callable[[Any], Any]]] = {
    "content_hash": ("id", str, bytes.hex, bytes.fromhex),
    "match": ("match", dict, match_as_json, match_from_json),
    "mtime_ns": ("mtime", str | None, time_as_json, time_from_json),
    "paths": ("paths", list[str], list, tuple),
    "places": ("places", list, places_as_json, places_from_json),
    "properties": ("properties", dict, asdict, properties_from_json),
    "size": ("bytes", int, int, int),
}


def entry_as_json(entry: Entry) -> dict[str, Any]:
    """Write a picture of the gallery."""
    return {**_as_json(entry), "label": label_of(entry.paths[0])}


def entry_from_json(values: dict[str, Any]) -> Entry:
    """Read what `entry_as_json` wrote; the time is in whole seconds."""
    return _from_json(Entry, values)


def hit_as_json(hit: Hit, changes: list[str]) -> dict[str, Any]:
    """Write a hit and the edits that made the copy, in words."""
    return {**_as_json(hit), "label": label_of(hit.path), "changes": changes}


def hit_from_json(values: dict[str, Any]) -> Hit:
    """Read what `hit_as_json` wrote; the time is in whole seconds, a match has no points."""
    return _from_json(Hit, values)


def result_from_json(values: dict[str, Any]) -> SearchResult:
    """Read the result of a search."""
    hits = tuple(map(hit_from_json, values["hits"]))
    return SearchResult(hits, values["query"]["name"], values["took_ms"], values["version"])


def page_from_json(values: dict[str, Any]) -> PicturePage:
    """Read a page of pictures."""
    entries = list(map(entry_from_json, values["pictures"]))
    return PicturePage(entries, values["total"], values["version"])


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
                "state": other.state,
                "reason": other.stays,
                "holder": other.verdict.holder,
                "is_protected": other.is_protected,
                "frees": other.bytes_freed,
                "match": match_as_json(other.match),
            }
            for other in group.others
        ],
        "frees": group.bytes_freed,
    }


def group_from_json(values: dict[str, Any]) -> Group:
    """Read what `group_as_json` wrote."""
    best = values["best"]
    kept = _member_from_json(best)
    members = [_member_from_json(member) for member in values["members"]]
    others = tuple(
        Duplicate(
            member,
            other["kind"],
            tuple(other["changes"]),
            match_from_json(other["match"]),
            same_bytes=member.content_hash == kept.content_hash,
            is_protected=other["is_protected"],
            verdict=Verdict(other["state"], other["reason"], other["holder"]),
        )
        for member, other in zip(members, values["members"], strict=True)
    )
    return Group(values["kind"], kept, best["why"], others)


def rules_from_json(values: dict[str, Any]) -> KeepRules:
    """Read rules for which files to keep."""
    return KeepRules(tuple(values["prefer"]), tuple(values["protect"]), values["keep"])


def not_duplicate_as_json(picture: NotDuplicate) -> dict[str, Any]:
    """Write a picture that is marked as no duplicate of others."""
    return _as_json(picture)


def not_duplicate_from_json(values: dict[str, Any]) -> NotDuplicate:
    """Read what `not_duplicate_as_json` wrote."""
    return _from_json(NotDuplicate, values)


def info_from_json(values: dict[str, Any]) -> Info:
    """Read the status of a gallery."""
    return _from_json(Info, {**values, "roots": _roots(values["roots"])})


def report_from_json(values: dict[str, Any]) -> IndexReport:
    """Read the report of an indexing run."""
    return IndexReport(**{**values, "offline": tuple(values["offline"])})


def prune_report_from_json(values: dict[str, Any]) -> PruneReport:
    """Read the report of `prune`."""
    return PruneReport(tuple(values["removed"]), _roots(values["offline"]))


def refusal_from_json(values: dict[str, Any]) -> Refusal:
    """Read a file that could not be used, with the reason."""
    return Refusal(values["path"], values["reason"])


def label_of(path: str) -> str:
    """Return the name of the folder that contains a file."""
    return os.path.basename(os.path.dirname(path))


def _as_json(value: Any) -> dict[str, Any]:
    """Write the fields of a dataclass."""
    values: dict[str, Any] = {}
    for name in value.__slots__:
        key, _, write, _ = JSON_FIELDS.get(name, (name, Any, _unchanged, _unchanged))
        values[key] = write(getattr(value, name))
    return values


def _from_json(kind: type[T], values: dict[str, Any]) -> T:
    """Read the fields of a dataclass; a field that is missing keeps its default."""
    arguments: dict[str, Any] = {}
    for name in vars(kind)["__slots__"]:
        key, _, _, read = JSON_FIELDS.get(name, (name, Any, _unchanged, _unchanged))
        if key in values:
            arguments[name] = read(values[key])
    return kind(**arguments)


def _unchanged(value: Any) -> Any:
    return value


def _roots(values: list[dict[str, Any]]) -> tuple[Root, ...]:
    return tuple(Root(**root) for root in values)


def _member_as_json(member: Member) -> dict[str, Any]:
    exact_time = {"mtime_ns": member.mtime_ns}  # the trash checks that the file is unchanged
    return {**_as_json(member), **exact_time, "label": label_of(member.path)}


def _member_from_json(values: dict[str, Any]) -> Member:
    parts = tuple(values.get("parts", ()))
    return replace(_from_json(Member, values), mtime_ns=values["mtime_ns"], parts=parts)
