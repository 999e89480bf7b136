from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from lookalike import errors
from lookalike.client import serialization
from lookalike.duplicates.groups import Duplicate, Group
from lookalike.duplicates.members import Member
from lookalike.duplicates.verdicts import Verdict
from lookalike.types import Entry, Hit, IndexReport, Match, Place, Properties, PruneReport, Root

MATCH = Match(
    ((1.0, 0.0, 3.5), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    12, 0.5, 0.9, 0.99, 1.0, 0.4, True, np.ones((12, 4), np.float32),
)  # fmt: skip
DAY = 1_704_067_200 * 10**9
PLACES = (Place("/a/\udce9 \u00e9.jpg", 77, DAY), Place("/b", 77, -1))


def through(values: Any) -> Any:
    """What comes out at the other end of a connection."""
    return json.loads(json.dumps(values).encode("ascii"))


def test_hits() -> None:
    for hit in (
        Hit(3, "/a/\udce9 \u00e9.jpg", 0.5, 4, 3, "copy", MATCH, "0" * 32, 77, DAY, places=PLACES),
        Hit(1, "/a/b.jpg", -0.25, 4, 3, "similar", None, "1" * 32, -1, -1),
    ):
        values = through(serialization.hit_as_json(hit, ["mirrored"]))
        assert serialization.hit_from_json(values) == hit
        assert (values["label"], values["changes"]) == ("a", ["mirrored"])
    found = serialization.hit_from_json(
        through(serialization.hit_as_json(Hit(1, "/x", 1, 1, 1, match=MATCH), []))
    )
    assert found.match
    assert found.match.points.shape == (0, 4)


def test_entries_have_whole_seconds() -> None:
    held = Properties(2, 1, True, 16, False, "2019-07-06T14:03:00", None, 48.5, -2.25)
    entry = Entry("0" * 32, ("/a/b.jpg", "/c.jpg"), 4, 3, 77, DAY, properties=held)
    assert serialization.entry_from_json(through(serialization.entry_as_json(entry))) == entry
    assert serialization.entry_as_json(entry)["mtime"] == "2024-01-01T00:00:00+00:00"


def test_groups_are_whole_enough_for_the_trash() -> None:
    kept = Member("/a.png", 10, DAY + 123_456_789, b"a" * 16, 4, 3, 1, Properties(frames=3))
    other = Member("/b.png", 9, DAY + 1, b"b" * 16, 4, 3)
    twin = Member("/c.png", 10, DAY, b"a" * 16, 4, 3)
    safe = Member("/d.png", 10, DAY, b"a" * 16, 4, 3)
    tagged = Member("/e.png", 11, DAY, b"e" * 16, 4, 3)
    group = Group(
        "copy",
        kept,
        "the largest",
        (
            Duplicate(twin, "exact", same_bytes=True, verdict=Verdict("goes", holder="/a.png")),
            Duplicate(
                other, "copy", ("mirrored",), MATCH, verdict=Verdict("stays", "it has alpha")
            ),
            Duplicate(safe, "exact", same_bytes=True, is_protected=True),
            Duplicate(tagged, "exact"),
        ),
    )
    again = serialization.group_from_json(through(serialization.group_as_json(group)))
    assert [one.stays for one in again.others] == [one.stays for one in group.others]
    assert [one.state for one in again.others] == ["goes", "stays", "stays", "unchecked"]
    assert [one.how for one in again.others] == [one.how for one in group.others]
    assert again.others[3].how == "identical pixels"
    assert [one.verdict for one in again.others[:2]] == [one.verdict for one in group.others[:2]]
    assert again.others[2].is_protected
    assert [one.member for one in again.others] == [one.member for one in group.others]
    assert (again.kept, again.why, again.others[1].match) == (kept, group.why, MATCH)


def test_reports() -> None:
    report = IndexReport(added=3, offline=("/x",), seconds=1.5)
    values = {name: getattr(report, name) for name in IndexReport.__slots__}
    assert serialization.report_from_json(through(values)) == report
    pruned = {"removed": ["/a"], "offline": [{"path": "/r", "online": False, "reason": "gone"}]}
    assert serialization.prune_report_from_json(pruned) == PruneReport(
        ("/a",), (Root("/r", False, "gone"),)
    )


@pytest.mark.parametrize(
    ("kind", "code"), [(kind, code) for kind, _, code in serialization.ERROR_CODES]
)
def test_codes_stand_for_errors(kind: type[errors.LookalikeError], code: str) -> None:
    assert type(serialization.error_from_code(code, "no")) is kind


def test_other_codes_are_the_servers() -> None:
    assert type(serialization.error_from_code("busy", "no")) is errors.ServerError
