"""What lookalike says about pairs of files, and whether it is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.copies.drawn.difference import meets
from lookalike.copies import fingerprint, kind_of, pack, stored_fingerprint, unpack, verify
from lookalike.decode import decode
from lookalike.search.compare import compare
from lookalike.types import COPY_KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.copies.drawn.pairs import Pair
    from lookalike.types import Match

# The columns of the table: what may be said about a pair.
EXACT, BOXED, ELSEWHERE, UNBOXED = "exact", "copy, box met", "copy, other box", "copy, no box"
NEAR, DIFFERENT = "near", "different"
DIFFERENT_KINDS = {"quarter", "shots", "packing"}  # never copies
ANSWERS = (EXACT, BOXED, ELSEWHERE, UNBOXED, NEAR, DIFFERENT)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was said about a pair.

    Attributes:
        pair: the pair.
        answer: one of `ANSWERS`.
        is_wrong: whether it falls short of what must hold, see `judge`.
        why: in words, if it does.
        confidence: of the match; 0 without.
        share: of the shared area that is said to differ.
    """

    pair: Pair
    answer: str
    is_wrong: bool
    why: str
    confidence: float
    share: float


Answer = tuple[str, "Match | None"]  # a kind, and the match behind it


def ask_compare(one: str, other: str) -> Answer:
    """Ask as `lookalike compare` does."""
    comparison = compare(one, other)
    return comparison.kind, comparison.match


def ask_fingerprint(one: str, other: str) -> Answer:
    """Ask with what a gallery stores of the second file, as `search` and `duplicates` do."""
    with open(one, "rb") as file:
        query = fingerprint(decode(file.read()))
    with open(other, "rb") as file:
        target = unpack(pack(stored_fingerprint(decode(file.read()))))
    match = verify(query, target)
    return kind_of(match), match


ASKED: dict[str, Callable[[str, str], Answer]] = {
    "compare": ask_compare,
    "fingerprint": ask_fingerprint,
}


def judge(
    pair: Pair, answer: Answer, decoy: Answer | None = None, *, is_first: bool = True
) -> Judgement:
    """Say whether an answer is right.

    Args:
        pair: what was asked about.
        answer: about its two files.
        decoy: about its first file and its decoy.
        is_first: whether nothing ranks before the pair's other file.

    `quarter`, and two shots or products: neither exact nor copy. `small`: not exact, and a copy
    only with a box that meets the place. `same`: exact or copy, and without any difference if it
    is only re-saved or resized. `pasted`: exact or copy, found first; the decoy, in which most
    differs, is neither.
    """
    kind, match = answer
    share = match.differences.share if match else 0.0
    boxes = match.differences.boxes if match else ()
    said = {"exact": EXACT, "near": NEAR}.get(kind, DIFFERENT)
    if kind == "copy":
        said = ELSEWHERE if boxes else UNBOXED
        if pair.place and share > 0:
            met = any(
                meets(box.query, pair.place[0]) or meets(box.target, pair.place[1]) for box in boxes
            )
            said = BOXED if met else said
    is_copy, why = kind in COPY_KINDS, ""
    if pair.kind in DIFFERENT_KINDS:
        why = "called a copy" if is_copy else ""
    elif pair.kind == "small":
        why = "the place is not told" if is_copy and said != BOXED else ""
    elif not is_copy:
        why = "not called a copy"
    elif pair.is_plain and (share or boxes):
        why = "differences where there are none"
    elif decoy and decoy[0] in COPY_KINDS:
        why = "another photograph in the frame is called a copy, too"
    elif pair.kind == "pasted" and not is_first:
        why = "another picture ranks before the original"
    confidence = match.confidence if match else 0.0
    return Judgement(pair, said, bool(why), why, confidence, share)
