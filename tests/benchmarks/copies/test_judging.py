from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.copies import judging
from benchmarks.copies.drawn.pairs import Pair
from benchmarks.copies.judging import BOXED, ELSEWHERE, UNBOXED, judge
from lookalike.types import Box, Differences, Match

PLACE = (10.0, 10.0, 20.0, 20.0)
SMALL = Pair("small", "letter", "date", "a", "b", place=(PLACE, PLACE))
MATCH = Match(
    transform=((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    inliers=20,
    residual=0.1,
    agreement=0.9,
    confidence=0.99,
    query_overlap=1.0,
    target_overlap=1.0,
    flipped=False,
    points=np.zeros((20, 4), np.float32),
)


def match_with(*boxes: tuple[float, float, float, float], share: float = 0.01) -> Match:
    places = tuple(Box(box, box) for box in boxes)
    return replace(MATCH, differences=Differences(share, places))


@pytest.mark.parametrize(
    ("kind", "match", "answer", "is_wrong"),
    [
        ("exact", None, "exact", True),
        ("copy", MATCH, UNBOXED, True),
        ("copy", match_with((100, 100, 5, 5)), ELSEWHERE, True),
        ("copy", match_with((100, 100, 5, 5), (12, 12, 10, 10)), BOXED, False),
        ("copy", match_with(PLACE, share=0), ELSEWHERE, True),
        ("near", MATCH, "near", False),
        ("different", None, "different", False),
        ("similar", None, "different", False),
    ],
)
def test_a_small_change_must_be_told(
    kind: str, match: Match | None, answer: str, is_wrong: bool
) -> None:
    judgement = judge(SMALL, (kind, match))
    assert (judgement.answer, judgement.is_wrong) == (answer, is_wrong)
    assert bool(judgement.why) == is_wrong


def test_other_content_is_no_copy() -> None:
    pair = Pair("quarter", "letter", "", "a", "b")
    assert judge(pair, ("copy", match_with(PLACE))).is_wrong
    assert judge(pair, ("exact", None)).is_wrong
    assert not judge(pair, ("near", MATCH)).is_wrong
    assert not judge(pair, ("different", None)).is_wrong


def test_the_same_must_be_a_copy_without_differences() -> None:
    plain, cropped = (Pair("same", "letter", "", "a", "b", is_plain=p) for p in (True, False))
    assert not judge(plain, ("copy", MATCH)).is_wrong
    assert not judge(plain, ("exact", None)).is_wrong
    assert judge(plain, ("copy", match_with(PLACE))).is_wrong
    assert not judge(cropped, ("copy", match_with(PLACE))).is_wrong
    assert judge(plain, ("near", MATCH)).is_wrong


def test_a_pasted_photograph_comes_before_its_decoy() -> None:
    pair = Pair("pasted", "letter", "", "a", "b", decoy="c")
    copy, near = ("copy", MATCH), ("near", MATCH)
    assert not judge(pair, copy, near).is_wrong
    assert judge(pair, copy, copy).is_wrong
    assert judge(pair, near, near).is_wrong
    assert judge(pair, copy, near, is_first=False).is_wrong


def test_files_are_asked_about_in_both_ways(tmp_path: pytest.TempPathFactory) -> None:
    from ...conftest import save

    one, other = save(tmp_path / "a.jpg", 1), save(tmp_path / "b.jpg", 2)
    for ask in judging.ASKED.values():
        assert ask(str(one), str(one))[0] in {"exact", "copy"}
        assert ask(str(one), str(other))[0] == "different"
