from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lookalike.copies import FULL_OVERLAP
from lookalike.duplicates.details import FileDetails
from lookalike.duplicates.groups import Group, group_members
from lookalike.duplicates.keep_rules import KeepRules
from lookalike.duplicates.members import Member
from lookalike.duplicates.pairs import Pair
from lookalike.types import Differences, Match


def member(name: str, width: int = 400, height: int = 300, **values: Any) -> Member:
    values = {"size": 100_000, "mtime_ns": 5, "content_hash": name.encode().ljust(16), **values}
    return Member(f"/p/{name}", width=width, height=height, **values)


def match(scale: float = 1.0, own: float = 1.0, other: float = 1.0, sure: float = 0.99) -> Match:
    """A match whose query is `scale` times as large in the target."""
    transform = ((scale, 0.0, 0.0), (0.0, scale, 0.0), (0.0, 0.0, 1.0))
    points = np.zeros((20, 4), np.float32)
    return Match(transform, 20, 0.2, 1.0, sure, own, other, flipped=False, points=points)


def names(groups: list[Group]) -> list[list[str]]:
    """The names of the originals and of their duplicates."""
    found = [[one.kept, *(other.member for other in one.others)] for one in groups]
    return [[file.path.removeprefix("/p/") for file in files] for files in found]


def test_files_of_the_same_bytes_need_no_pair() -> None:
    same = {"content_hash": b"x" * 16}
    files = [member("new", mtime_ns=9, **same), member("old", mtime_ns=2, **same), member("b")]
    (found,) = group_members(files, [])
    assert (found.kind, found.why) == ("exact", "the oldest")
    assert names([found]) == [["old", "new"]]
    assert (found.bytes_freed, found.others[0].how, found.others[0].stays) == (
        100_000,
        "identical bytes",
        "",
    )
    assert group_members([member("a"), member("b")], []) == []
    (found,) = group_members([member("a copy", **same), member("a", **same)], [])
    assert found.kept.path == "/p/a"
    assert found.why == "as good and as old as the others; its path comes first"


def test_the_largest_is_kept_whichever_way_the_pair_was_found() -> None:
    files = [member("small", 200, 150, size=300_000), member("large", 400, 300)]
    for pair in (
        Pair(0, 1, "copy", match(2.0)),
        Pair(1, 0, "copy", match(0.5)),
    ):
        (found,) = group_members(files, [pair])
        assert (found.kind, found.kept.path) == ("copy", "/p/large")
        assert found.why == "the largest: 400 x 300 pixels"
        assert found.others[0].changes == ("reduced to 50%",)
        assert found.others[0].match == match(2.0)


def test_of_equal_size_the_oldest_is_kept_unless_it_holds_less() -> None:
    files = [member("a", mtime_ns=9), member("b"), member("c", mtime_ns=1)]
    pairs = [Pair(0, 1, "copy", match()), Pair(2, 1, "copy", match()), Pair(0, 2, "copy", match())]
    (found,) = group_members(files, pairs)
    assert (names([found]), found.why) == ([["c", "b", "a"]], "the oldest")
    assert found.others[0].how == "re-saved"
    details = {one.content_hash: FileDetails() for one in files}
    details[files[0].content_hash] = FileDetails(pages=5)
    (found,) = group_members(files, pairs, details)
    assert (names([found]), found.why) == ([["a", "c", "b"]], "the most pages: 5")


def test_a_captioned_picture_is_not_the_original() -> None:
    """It is the largest, but the others are more similar to each other."""
    files = [member("meme", 800, 600), member("a"), member("b", mtime_ns=9)]
    altered = replace(match(), differences=Differences(0.05))
    pairs = [Pair(0, 1, "copy", altered), Pair(0, 2, "copy", altered), Pair(1, 2, "copy", match())]
    (found,) = group_members(files, pairs)
    assert (names([found]), found.why) == ([["a", "b", "meme"]], "the oldest")


def test_files_of_a_protected_folder_stay_and_come_first() -> None:
    files = [member("in/a"), member("b", mtime_ns=1), member("in/c"), member("d", 800, 600)]
    pairs = [Pair(k, n, "copy", match()) for k in range(4) for n in range(k)]
    rules = KeepRules(protect=("/p/in",))
    (found,) = group_members(files[:3], pairs[:3], rules=rules)
    assert names([found]) == [["in/a", "in/c", "b"]]
    assert [other.stays for other in found.others] == ["it is in a protected folder", ""]
    (found,) = group_members(files, pairs, rules=rules)  # the larger is not held by a smaller one
    assert names([found]) == [["d", "in/a", "in/c", "b"]]
    assert [bool(other.stays) for other in found.others] == [True, True, False]
    same = {"content_hash": b"x" * 16}
    twins = [member("in/x", mtime_ns=9, **same), member("y", **same), member("in/z", **same)]
    (found,) = group_members(twins, [], rules=rules)
    assert names([found]) == [["in/z", "in/x", "y"]]
    assert [other.stays for other in found.others] == ["it is in a protected folder", ""]


def test_no_chain_through_a_middle_picture() -> None:
    """A is similar to B and B to C, but A not to C: they are not one group."""
    files = [member("a", 500, 400), member("b", 400, 300), member("c", 300, 200)]
    pairs = [Pair(0, 1, "copy", match(0.8)), Pair(1, 2, "copy", match(0.7))]
    assert names(group_members(files, pairs)) == [["a", "b"]]
    # Every duplicate is matched with the original, and is in no other group.
    rng = np.random.default_rng(0)
    many = [member(f"{n:02}", 100 + n, 100) for n in range(40)]
    kinds = ("copy", "near")
    pairs = [
        Pair(int(one), int(other), kinds[k % 2], match(own=rng.choice([1, 0.5])))
        for k, (one, other) in enumerate(rng.integers(0, 40, (120, 2)))
    ]
    linked = {frozenset((many[p.query].path, many[p.target].path)) for p in pairs}
    groups = group_members(many, pairs)
    assert len(groups) > 3
    for found in groups:
        for other in found.others:
            assert {found.kept.path, other.member.path} in linked
    everyone = [name for files in names(groups) for name in files]
    assert len(everyone) == len(set(everyone))


def test_copies_of_a_picture_come_before_the_page_that_shows_it() -> None:
    """A collage is the largest and matches all, but does not become the original."""
    files = [
        member("collage", 3000, 2000, size=10**6),
        member("a", 1000, 800),
        member("a2", 500, 400),
        member("b", 1000, 700),
    ]
    pasted = match(0.7, own=1.0, other=0.065)
    pairs = [
        Pair(1, 0, "copy", pasted),
        Pair(2, 0, "copy", match(1.2, own=1.0, other=0.048)),
        Pair(3, 0, "copy", pasted),
        Pair(2, 1, "copy", match(2.0)),
    ]
    (found,) = group_members(files, pairs)
    assert names([found]) == [["a", "a2", "collage"]]
    assert found.others[0].stays == ""
    assert found.others[1].stays == "it shows more than the original"
    (alone,) = group_members([files[0], files[3]], [Pair(1, 0, "copy", pasted)])
    assert (alone.kept.path, alone.why) == ("/p/b", "the one that shows their common part largest")


def test_a_crop_joins_the_whole_and_is_never_trashed() -> None:
    files = [member("whole"), member("crop", 200, 300), member("crop again", 200, 300, size=9)]
    of_whole = match(own=1.0, other=0.5)
    (found,) = group_members(files[:2], [Pair(1, 0, "copy", of_whole)])
    assert found.why == "the whole picture; the others are crops of it"
    assert found.others[0].how == "cropped to 50%"
    assert found.others[0].stays == "it is a crop of the original"
    # Two copies of one crop are a group, of which one may go; the whole picture joins it.
    pairs = [
        Pair(1, 0, "copy", of_whole),
        Pair(2, 0, "copy", of_whole),
        Pair(1, 2, "copy", match()),
    ]
    (found,) = group_members(files, pairs)
    assert names([found]) == [["crop", "crop again", "whole"]]
    assert [bool(other.stays) for other in found.others] == [False, True]
    twins = [files[0], files[1], member("twin", 200, 300, content_hash=files[1].content_hash)]
    (found,) = group_members(twins, [Pair(1, 0, "copy", of_whole)])
    assert names([found]) == [["crop", "twin", "whole"]]
    assert [bool(other.stays) for other in found.others] == [False, True]


@pytest.mark.parametrize(
    ("found", "stays"),
    [
        (match(own=FULL_OVERLAP, other=FULL_OVERLAP), ""),
        (match(own=0.94), "it shows more than the original"),
        (match(other=0.94), "it is a crop of the original"),
    ],
)
def test_why_a_duplicate_stays(found: Match, stays: str) -> None:
    files = [member("kept", 500, 400), member("other")]
    (one,) = group_members(files, [Pair(1, 0, "copy", found)])
    assert one.others[0].stays == stays
    assert one.as_json()["others"][0]["reason"] == stays


def test_equal_pixels_are_exact_without_a_match() -> None:
    files = [member("plain"), member("tagged", mtime_ns=2), member("small", 200, 150)]
    files.append(member("plain again", content_hash=files[0].content_hash))
    pairs = [
        Pair(0, 1, "exact", None),
        Pair(2, 1, "copy", match(2.0)),
        Pair(2, 0, "copy", match(2.0)),
    ]
    (found,) = group_members(files, pairs)
    assert (found.kind, found.kept.path) == ("copy", "/p/tagged")
    by_name = {other.member.path: other for other in found.others}
    assert {*by_name} == {"/p/plain", "/p/plain again", "/p/small"}
    for name in ("/p/plain", "/p/plain again"):
        one = by_name[name]
        assert (one.kind, one.how, one.match, one.stays) == ("exact", "identical pixels", None, "")
    (found,) = group_members(files[:2], pairs[:1])
    assert found.kind == "exact"
    assert found.why == "the oldest"
    assert found.as_json()["others"][0]["overlap"] == 1.0


def test_a_file_with_several_names_frees_nothing() -> None:
    files = [member("kept", 500, 400), member("other", names=2)]
    (found,) = group_members(files, [Pair(1, 0, "copy", match())])
    assert found.bytes_freed == 0
    assert found.others[0].stays == "its file has 2 names, so removing one frees no space"


def test_a_single_crop_joins_a_group_rather_than_a_page() -> None:
    """The page is larger than the picture on it, and both show the crop."""
    files = [
        member("page", 400, 400),
        member("a"),
        member("a2", 200, 150),
        member("crop", 200, 200),
    ]
    pairs = [
        Pair(1, 0, "copy", match(own=1, other=0.75)),
        Pair(2, 1, "copy", match(2.0)),
        Pair(3, 0, "copy", match(own=1, other=0.25)),
        Pair(3, 1, "copy", match(own=1, other=0.33)),
    ]
    (found,) = group_members(files, pairs)
    assert names([found]) == [["a", "a2", "page", "crop"]]
    assert [other.state for other in found.others] == ["unchecked", "stays", "unchecked"]
    assert found.others[1].how == "part of a larger image (75%)"


def test_near_pictures_come_last_and_stay() -> None:
    files = [member("a", 500, 400), member("b"), member("c", 300, 200)]
    pairs = [Pair(1, 0, "near", match()), Pair(2, 0, "copy", match()), Pair(2, 1, "near", match())]
    (found,) = group_members(files, pairs)
    assert (found.kind, names([found])) == ("near", [["a", "c", "b"]])
    assert [other.stays for other in found.others] == [
        "",
        "it is another picture of the same thing",
    ]
    assert found.others[1].how == "another shot"


def test_groups_that_free_most_come_first() -> None:
    files = [
        member("a", content_hash=b"1" * 16, size=1),
        member("b", content_hash=b"1" * 16, size=1),
    ]
    files += [member("c", content_hash=b"2" * 16), member("d", content_hash=b"2" * 16)]
    assert names(group_members(files, [])) == [["c", "d"], ["a", "b"]]
    assert group_members(files, [Pair(0, 1, "copy", match())]) == group_members(files, [])
