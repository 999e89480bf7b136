from __future__ import annotations

import itertools
import random
from dataclasses import replace
from typing import Any

import pytest

from lookalike.duplicates.details import FileDetails
from lookalike.duplicates.edited import contents_to_measure, show_the_same
from lookalike.duplicates.groups import Duplicate
from lookalike.duplicates.keep_rules import KeepRules
from lookalike.duplicates.members import Member
from lookalike.duplicates.pairs import Pair
from lookalike.duplicates.which_to_keep import Ranking
from lookalike.types import UNKNOWN, Differences, Look, Match

from .test_groups import match, member

# Two files of equal size, of which the first is better by one criterion, and why.
BETTER = [
    ({"pages": 5}, {"pages": 2}, "the most pages: 5"),
    ({"frames": 12}, {}, "the most frames: 12"),
    ({"has_alpha": True}, {}, "it has transparency"),
    ({"bit_depth": 16}, {}, "the most bits per channel: 16"),
    ({"has_video": True}, {}, "it has a video"),
    ({"written": {"title": "a", "GPS": "b"}}, {"written": {"title": "a"}}, "it says more: GPS"),
    (
        {"written": dict.fromkeys("abcde", "1")},
        {},
        "it says more: a, b, c and 2 more",
    ),
    ({"has_camera": True}, {}, "it names its camera"),
    ({"format": "PNG", "is_lossless": True}, {"format": "JPEG"}, "lossless: PNG"),
    (
        {"format": "HEIF"},
        {"format": "JPEG", "quality": 97},
        "of a format that cameras write: HEIF",
    ),
    (
        {"format": "JPEG", "quality": 60},
        {"format": "WEBP"},
        "of a format that cameras write: JPEG",
    ),
    (
        {"format": "JPEG", "quality": 92},
        {"format": "JPEG", "quality": 75},
        "the least compressed: JPEG quality 92; the next has 75",
    ),
]


def ranked(ranking: Ranking) -> list[str]:
    return [twins[0].path.removeprefix("/p/") for twins in ranking.contents]


def told(files: list[Member], *details: dict[str, Any]) -> dict[bytes, FileDetails]:
    return {
        one.content_hash: FileDetails(**values) for one, values in zip(files, details, strict=True)
    }


@pytest.mark.parametrize(("better", "worse", "why"), BETTER)
def test_what_decides_between_two_files(
    better: dict[str, Any], worse: dict[str, Any], why: str
) -> None:
    for order in (1, -1):  # neither the names nor the order of the files matter
        files = [member("x", mtime_ns=9), member("y")][::order]
        ranking = Ranking(files, (), told(files, better, worse))
        kept, other = (twins[0] for twins in ranking.contents)
        assert kept == files[0]
        assert ranking.why_kept(kept, [Duplicate(other, "copy", (), match())]) == why


def test_earlier_criteria_outweigh_all_later_ones() -> None:
    files = [member("x", mtime_ns=9), member("y", mtime_ns=1)]
    for k, (better, _, _) in enumerate(BETTER):
        later = {key: value for one, _, _ in BETTER[k + 1 :] for key, value in one.items()}
        later = {key: value for key, value in later.items() if key not in better}
        if better and "format" not in better:
            assert ranked(Ranking(files, (), told(files, better, later))) == ["x", "y"], better


def test_a_file_that_could_not_be_read_comes_last() -> None:
    files = [member("unread", 4000, 3000), member("read")]
    ranking = Ranking(files, (), {files[1].content_hash: FileDetails()})
    assert ranked(ranking) == ["read", "unread"]
    why = ranking.why_kept(files[1], [Duplicate(files[0], "copy", (), match())])
    assert why == "the only one that could be read"


def test_of_equals_the_larger_is_best_then_the_older_then_the_first_path() -> None:
    same = {"content_hash": b"x" * 16}
    files = [
        member("young", mtime_ns=9),
        member("new twin", mtime_ns=8, **same),
        member("large", 500, 400, size=1),
        member("old twin", mtime_ns=7, **same),
        member("undated", mtime_ns=UNKNOWN),
        member("a/much/longer/path", mtime_ns=9),
    ]
    expected = ["large", "old twin", "a/much/longer/path", "young", "undated"]
    ranking = Ranking(files)
    assert ranked(ranking) == expected
    assert [twin.path for twin in ranking.contents[1]] == ["/p/old twin", "/p/new twin"]
    assert ranked(Ranking(files[::-1])) == expected
    why = ranking.why_kept(files[5], [Duplicate(files[0], "exact")])
    assert why == "as good and as old as the others; its path comes first"


def test_an_enlarged_copy_loses_to_what_it_was_enlarged_from() -> None:
    files = [member("enlarged", 800, 600, mtime_ns=1), member("original")]
    pairs = [Pair(0, 1, "copy", match())]
    assert contents_to_measure(files, pairs) == {file.content_hash for file in files}
    details = told(files, {"reach": 0.4}, {"reach": 0.7})
    ranking = Ranking(files, pairs, details)
    assert ranked(ranking) == ["original", "enlarged"]
    why = ranking.why_kept(files[1], [Duplicate(files[0], "copy", (), match())])
    assert why == "not enlarged, unlike one of 800 x 600 pixels"
    assert ranked(Ranking(files, pairs, told(files, {"reach": 0.7}, {"reach": 0.8})))[0] == (
        "enlarged"
    )
    assert ranked(Ranking(files, pairs, told(files, {"reach": 0.3}, {})))[0] == "enlarged"
    soft = told(files, {"reach": 0.2}, {"reach": 0.4})  # both may come from a still smaller one
    assert ranked(Ranking(files, pairs, soft))[0] == "enlarged"
    assert ranked(Ranking(files, [replace(pairs[0], kind="near")], details))[0] == "enlarged"
    repeated = told(files, {"reach": 0.7, "distinct": 0.45}, {"reach": 0.7, "distinct": 0.9})
    assert ranked(Ranking(files, pairs, repeated)) == ["original", "enlarged"]


def test_of_equal_size_the_one_that_was_reduced_and_enlarged_again_loses() -> None:
    files = [member("again", mtime_ns=1), member("original", mtime_ns=9)]
    sharp, blurred = (replace(match(), look=Look(sharpness=s)) for s in (1.0, 0.7))
    assert contents_to_measure(files, [Pair(0, 1, "copy", sharp)]) == set()
    pairs = [Pair(0, 1, "copy", blurred)]
    assert len(contents_to_measure(files, pairs)) == 2
    details = told(files, {"reach": 0.5}, {"reach": 0.8})
    assert ranked(Ranking(files, pairs, details)) == ["original", "again"]
    details = told(files, {"reach": 0.7}, {"reach": 0.8})  # re-saving does that
    assert ranked(Ranking(files, pairs, details)) == ["again", "original"]


def edited(**values: Any) -> Match:
    look = Look(**{k: v for k, v in values.items() if k in Look.__slots__})
    share = values.get("share", 0.0)
    flipped = values.get("flipped", False)
    return replace(match(), look=look, differences=Differences(share), flipped=flipped)


def test_grey_loses_to_colour_whichever_way_the_pair_was_found() -> None:
    files = [member("grey", 800, 600), member("colour")]
    for pair in (
        Pair(0, 1, "copy", edited(saturation=0.0)),
        Pair(1, 0, "copy", edited(saturation=50.0)),
    ):
        ranking = Ranking(files, [pair])
        assert ranked(ranking) == ["colour", "grey"]
        why = ranking.why_kept(files[1], [Duplicate(files[0], "copy", (), match())])
        assert why == "in colour; the next best is black and white"


@pytest.mark.parametrize(
    "edit", [{"share": 0.04}, {"flipped": True}, {"colour_shift": 0.3}, {"is_negative": True}]
)
def test_an_edited_picture_loses_to_what_more_files_show(edit: dict[str, Any]) -> None:
    files = [member("edited", 800, 600), member("a"), member("b", 200, 150)]
    pairs = [Pair(k, 0, "copy", edited(**edit)) for k in (1, 2)] + [Pair(1, 2, "copy", match())]
    ranking = Ranking(files, pairs)
    assert ranked(ranking) == ["a", "b", "edited"]
    # Not if the pair is only near, or if nothing says which of two was edited.
    assert ranked(Ranking(files, [replace(pair, kind="near") for pair in pairs]))[0] == "edited"
    assert ranked(Ranking(files[:2], pairs[:1])) == ["edited", "a"]
    why = ranking.why_kept(files[1], [Duplicate(files[0], "copy", (), match())])
    assert why == "unedited, as far as can be told; the next best is not"


@pytest.mark.parametrize(("added", "first"), [(0.6, "b"), (-0.6, "a"), (0.1, "a"), (0.0, "a")])
def test_of_two_alone_the_one_with_a_caption_loses(added: float, first: str) -> None:
    files = [member("a", mtime_ns=1), member("b")]
    pair = Pair(0, 1, "copy", edited(share=0.05, added=added))
    assert ranked(Ranking(files, [pair]))[0] == first


def test_the_camera_tells_which_of_two_mirrored_pictures_is_the_original() -> None:
    files = [member("mirrored"), member("m again", 200, 150), member("from camera", 300, 200)]
    pairs = [Pair(2, k, "copy", edited(flipped=True)) for k in (0, 1)]
    pairs += [Pair(0, 1, "copy", match())]
    assert ranked(Ranking(files, pairs, told(files, {}, {}, {})))[-1] == "from camera"
    # Copies of what the camera took count with it, though they don't name it.
    details = told(files, {}, {}, {"has_camera": True})
    assert ranked(Ranking(files, pairs, details)) == ["from camera", "mirrored", "m again"]


def test_rules_decide_between_files_that_hold_the_same() -> None:
    files = [
        member("best", mtime_ns=3, size=50),
        member("new", mtime_ns=9, size=40),
        member("old", mtime_ns=1, size=30),
        member("heavy", mtime_ns=5, size=90),
    ]
    values = [{"format": "JPEG", "quality": quality} for quality in (95, 80, 70, 60)]
    details = told(files, *values)
    for rules, first, why in (
        (KeepRules(), "best", "the least compressed: JPEG quality 95; the next has 80"),
        (KeepRules(keep="newest"), "new", "the newest, as you chose"),
        (KeepRules(keep="oldest"), "old", "the oldest, as you chose"),
        (KeepRules(keep="largest"), "heavy", "the largest, as you chose"),
        (KeepRules(keep="path:*/h*"), "heavy", "its path matches path:*/h*"),
        (KeepRules(prefer=("/p/new",), keep="oldest"), "new", "in a preferred folder"),
        (
            KeepRules(prefer=("/p/new",), protect=("/p/heavy",), keep="oldest"),
            "heavy",
            "in a protected folder",
        ),
    ):
        ranking = Ranking(files, (), details, rules)
        assert ranked(ranking)[0] == first
        others = [Duplicate(twins[0], "copy", (), match()) for twins in ranking.contents[1:]]
        assert ranking.why_kept(ranking.contents[0][0], others) == why
    order = KeepRules(prefer=("/p/old", "/p/new"))
    assert ranked(Ranking(files, (), details, order))[:2] == ["old", "new"]


@pytest.mark.parametrize(
    "held",
    [
        {"pages": 2},
        {"written": {"title": "a"}},
        {"is_lossless": True, "format": "PNG"},
        {"has_camera": True},
    ],
)
def test_rules_never_put_a_file_before_one_that_holds_more(held: dict[str, Any]) -> None:
    files = [member("plain", mtime_ns=1, size=9**9), member("more", mtime_ns=2)]
    details = told(files, {"format": "JPEG"}, {"format": "JPEG", **held})
    for rules in (
        KeepRules(prefer=("/p/plain",)),
        KeepRules(protect=("/p/plain",)),
        KeepRules(keep="oldest"),
        KeepRules(keep="largest"),
        KeepRules(keep="path:*plain"),
    ):
        assert ranked(Ranking(files, (), details, rules)) == ["more", "plain"]
    larger = [files[0], replace(files[1], width=800, height=600)]
    rules = KeepRules(prefer=("/p/plain",))
    assert ranked(Ranking(larger, (), told(larger, {}, {}), rules)) == ["more", "plain"]


def test_the_order_is_strict_and_depends_on_nothing_else() -> None:
    rng = random.Random(5)
    files = [
        member(f"{k}", rng.choice([200, 300]), mtime_ns=rng.choice([1, 2, UNKNOWN]))
        for k in range(40)
    ]
    values = [
        {"pages": rng.choice([1, 2]), "quality": rng.choice([-1, 70, 90]), "format": "JPEG"}
        for _ in files
    ]
    details = told(files, *values)
    pairs = [
        Pair(a, b, "copy", edited(share=rng.choice([0.0, 0.04])))
        for a, b in itertools.combinations(range(40), 2)
        if rng.random() < 0.1
    ]
    expected = ranked(Ranking(files, pairs, details))
    standings = [Ranking(files, pairs, details).standing(one) for one in files]
    assert len(set(standings)) == len(files)
    for _ in range(5):
        order = rng.sample(range(40), 40)
        place = {k: n for n, k in enumerate(order)}
        shuffled = [files[k] for k in order]
        moved = [replace(p, query=place[p.query], target=place[p.target]) for p in pairs]
        rng.shuffle(moved)
        assert ranked(Ranking(shuffled, moved, details)) == expected


@pytest.mark.parametrize(
    ("matches", "why"),
    [
        ([match()], "the oldest"),
        ([match(own=0.5)], "the one that shows their common part largest"),
        ([match(other=0.5)], "the whole picture; the others are crops of it"),
    ],
)
def test_why_a_file_is_kept(matches: list[Match], why: str) -> None:
    kept, other = member("kept", mtime_ns=1), member("other")
    others = [Duplicate(other, "copy", (), found) for found in matches]
    assert Ranking([kept, other]).why_kept(kept, others) == why


def test_both_overlaps_count() -> None:
    assert show_the_same(match())
    assert not show_the_same(match(own=0.9))
    assert not show_the_same(match(other=0.9))
