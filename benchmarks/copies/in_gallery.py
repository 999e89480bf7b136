"""What a gallery says about pairs of files: by search, and when duplicates go to the trash."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks.copies.judging import Judgement, judge
from benchmarks.report import Progress
from lookalike import Gallery
from lookalike.types import SearchResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.copies.drawn.pairs import Pair
    from benchmarks.copies.judging import Answer
    from lookalike.types import Hit

HITS = 50  # looked at for each query
MUST_STAY = {"quarter", "small"}  # kinds of pairs of which nothing may go to the trash


def judge_by_search(pairs: Sequence[Pair], folder: str) -> list[Judgement]:
    """Index the second file of each pair, and the decoys; search with the first.

    A `pasted` pair is wrong, too, if anything ranks before its original.

    Args:
        pairs: with their files.
        folder: where the gallery is made.
    """
    gallery = Gallery.open(os.path.join(folder, "searched"))
    gallery.index(*(path for pair in pairs for path in (pair.other, pair.decoy) if path))
    judgements, progress = list[Judgement](), Progress("searches", len(pairs))
    results = gallery.search_many([pair.one for pair in pairs], top=HITS)
    for pair, result in zip(pairs, results, strict=True):
        hits = list(result) if isinstance(result, SearchResult) else []
        answers = [_answer(hits, path) for path in (pair.other, pair.decoy)]
        is_first = bool(hits) and _shows(hits[0], pair.other)
        judgements.append(judge(pair, *answers, is_first=is_first))
        progress.advance(1)
    return judgements


def offered_for_trash(pairs: Sequence[Pair], folder: str) -> dict[str, int]:
    """Index both files of each pair that differs, and count what `duplicates` would move.

    Returns:
        how many files of each kind of pair would go.
    """
    gallery = os.path.join(folder, "with both")
    kinds = {
        os.path.realpath(path): pair.kind
        for pair in pairs
        if pair.kind in MUST_STAY
        for path in (pair.one, pair.other)
    }
    Gallery.open(gallery).index(*kinds)
    command = (sys.executable, "-m", "lookalike", "duplicates", "--trash", "--json")
    done = subprocess.run(
        (*command, "--gallery", gallery), capture_output=True, text=True, check=False
    )
    if not done.stdout:
        raise RuntimeError(f"duplicates failed: {done.stderr.strip()}; mend it and run this again.")
    offered = dict.fromkeys(sorted(MUST_STAY), 0)
    for path in json.loads(done.stdout).get("trash", {}).get("moved", ()):
        offered[kinds[os.path.realpath(path)]] += 1
    return offered


def _answer(hits: Sequence[Hit], path: str) -> Answer:
    found = [hit for hit in hits if path and _shows(hit, path)]
    return (found[0].kind, found[0].match) if found else ("different", None)


def _shows(hit: Hit, path: str) -> bool:
    return os.path.realpath(path) in {place.path for place in hit.places}
