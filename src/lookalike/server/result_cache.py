"""Results of searches, cached while clients page through them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

MAX_RESULTS = 64
MAX_HITS = 1_000  # of a result; a hit takes about 0.5 KB


@dataclass(frozen=True, slots=True)
class ResultKey:
    """What two searches have in common if they have the same result.

    Attributes:
        id: of the query.
        region: of the query.
        filter: as JSON with sorted keys.
        min_score: see `Gallery.search`.
        copies: see `Gallery.search`.
    """

    id: str
    region: tuple[float, ...] | None
    filter: str
    min_score: float | None
    copies: bool


@dataclass(frozen=True, slots=True)
class CachedResult:
    """All hits of a search, from one version of the gallery.

    Attributes:
        hits: as JSON, best first.
        width: pixels of the whole query.
        height: pixels of the whole query.
        version: of the gallery.
    """

    hits: list[dict[str, Any]]
    width: int
    height: int
    version: int


class ResultCache:
    """The most recently used results."""

    def __init__(self) -> None:
        """Start empty."""
        self._results: OrderedDict[tuple[ResultKey, int], CachedResult] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: ResultKey, version: int | None) -> CachedResult | None:
        """Return a result for a version of the gallery, or the last used one for any version."""
        with self._lock:
            for entry in reversed(self._results):
                if entry[0] == key and version in (None, entry[1]):
                    self._results.move_to_end(entry)
                    return self._results[entry]
        return None

    def put(self, key: ResultKey, result: CachedResult) -> None:
        """Add a result, and remove the least recently used one if there are too many."""
        with self._lock:
            self._results[key, result.version] = result
            while len(self._results) > MAX_RESULTS:
                self._results.popitem(last=False)
