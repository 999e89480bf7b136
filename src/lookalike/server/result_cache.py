"""Answers of searches, kept while somebody scrolls through them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

MAX_ANSWERS = 64
MAX_HITS = 1_000  # of an answer; what it takes is some 0.5 KB each


@dataclass(frozen=True, slots=True)
class ResultKey:
    """What makes two searches the same.

    Attributes:
        id: of the query.
        region: of it.
        filter: as JSON, its keys in order.
        min_score: as `Gallery.search` has it.
        copies: likewise.
    """

    id: str
    region: tuple[float, ...] | None
    filter: str
    min_score: float | None
    copies: bool


@dataclass(frozen=True, slots=True)
class CachedResult:
    """An answer: all hits, of one version of the gallery.

    Attributes:
        hits: as JSON, best first.
        width: of the whole query, pixels.
        height: likewise.
        version: of the gallery.
    """

    hits: list[dict[str, Any]]
    width: int
    height: int
    version: int


class ResultCache:
    """The latest answers, each made once."""

    def __init__(self) -> None:
        """Start with none."""
        self._found: OrderedDict[tuple[ResultKey, int], CachedResult] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, question: ResultKey, version: int | None) -> CachedResult | None:
        """Find an answer of one version of the gallery, or the newest of any."""
        with self._lock:
            for key in reversed(self._found):
                if key[0] == question and version in (None, key[1]):
                    self._found.move_to_end(key)
                    return self._found[key]
        return None

    def put(self, question: ResultKey, found: CachedResult) -> None:
        """Keep an answer, and let the one go that was longest of no use."""
        with self._lock:
            self._found[question, found.version] = found
            while len(self._found) > MAX_ANSWERS:
                self._found.popitem(last=False)
