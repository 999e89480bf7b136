from __future__ import annotations

from dataclasses import replace

import pytest

from lookalike.duplicates.groups import Duplicate
from lookalike.duplicates.members import Member
from lookalike.duplicates.pairs import Pair
from lookalike.duplicates.which_to_keep import rank_contents, show_the_same, why_kept
from lookalike.types import Match

from .test_groups import match, member


def ranked(members: list[Member], pairs: list[Pair]) -> list[list[str]]:
    contents = rank_contents(members, pairs)
    return [[file.path.removeprefix("/p/") for file in twins] for twins in contents]


def test_contents_are_ranked_by_pixels_then_twins_then_bytes_then_age() -> None:
    same = {"content_hash": b"x" * 16, "size": 90_000}
    files = [
        member("young", mtime_ns=9),
        member("new twin", mtime_ns=8, **same),
        member("large", 500, 400, size=1),
        member("old twin", mtime_ns=7, **same),
        member("old", mtime_ns=3),
        member("heavy", size=100_001, mtime_ns=9),
    ]
    expected = [["large"], ["old twin", "new twin"], ["heavy"], ["old"], ["young"]]
    assert ranked(files, []) == expected
    assert ranked(files[::-1], []) == expected


def test_of_equal_size_the_one_with_most_re_saved_copies_is_best() -> None:
    files = [member("meme", size=200_000), member("a"), member("b", size=90_000)]
    altered = replace(match(), agreement=0.95)
    pairs = [Pair(0, 1, "copy", altered), Pair(0, 2, "copy", altered), Pair(1, 2, "copy", match())]
    assert ranked(files, pairs) == [["a"], ["b"], ["meme"]]
    near = [Pair(1, 2, "near", match())]  # not copies, whatever their agreement
    assert ranked(files, near)[0] == ["meme"]


@pytest.mark.parametrize(
    ("matches", "why"),
    [
        ([match()], "the oldest"),
        ([match(own=0.5)], "the one that shows their common part largest"),
        ([match(other=0.5)], "the whole picture; the others are crops of it"),
    ],
)
def test_why_a_file_is_kept(matches: list[Match], why: str) -> None:
    kept = member("kept", mtime_ns=1)
    others = [Duplicate(member("other"), "copy", (), found) for found in matches]
    assert why_kept(kept, others) == why


def test_both_overlaps_count() -> None:
    assert show_the_same(match())
    assert not show_the_same(match(own=0.9))
    assert not show_the_same(match(other=0.9))
