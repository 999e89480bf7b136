"""From queries to hits: prepare, encode, find candidates, verify, rank."""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from ..copies import fingerprint, single_threaded
from ..encoders import encode_text
from ..errors import PictureError
from ..sources import metadata_from_json
from ..storage import batched
from ..types import COPY_KINDS, Hit, Refusal, SearchResult
from .candidates import ROUNDS, VECTOR_CANDIDATES, find_matches
from .query import prepare, query_refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from ..copies import Fingerprint
    from ..encoders import Encoder
    from ..storage import Store
    from ..types import Match
    from .filters import Filter
    from .query import Query, QueryInput, Region

    Row: TypeAlias = dict[str, Any]

CHUNK_QUERIES = 8  # that a thread prepares at a time, and the encoder's batch
_NEAREST = ROUNDS * VECTOR_CANDIDATES  # rows by vector that may be verified
MAX_HALVINGS = 10  # of the part that two pictures share, by which hits are ranked
_KIND_ORDER = {"exact": 0, "copy": 1, "near": 2, "similar": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOptions:
    """The options of a search; see `Gallery.search`.

    Attributes:
        top: the most hits to return.
        min_score: hits with a lower cosine are left out, except proved copies; None keeps all.
        copies: whether to look for copies.
        region: the part of the query to search with, as shares of it; None for the whole.
        where: only pictures that meet its conditions are hits.
    """

    top: int
    min_score: float | None = None
    copies: bool = True
    region: Region | None = None
    where: Filter | None = None

    def sql(self) -> str | None:
        """Return `where` in Lance's SQL."""
        return self.where.sql() if self.where else None

    def count(self, *, verify: bool) -> int:
        """Return how many rows to find by vector."""
        return max(self.top, _NEAREST) if verify else self.top


def search(
    query: QueryInput | Query, store: Store, encoder: Encoder, options: SearchOptions
) -> SearchResult:
    """Find the copies of a picture and the pictures most similar to it; see `Gallery.search`.

    Raises:
        ArgumentError: the query is of an unknown kind.
        PictureError: the query can't be read or decoded.
        EncoderError: the encoder can't run.
        StorageError: the table can't be read.
    """
    started = time.perf_counter()
    query = prepare(query, options.region)
    verify = options.copies and store.copies
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(fingerprint, query.picture) if verify else None
        (vector,) = encoder.encode([encoder.prepare(query.picture)])
        rows = store.nearest(vector, options.count(verify=verify), query.content, options.sql())
        prepared = PreparedQuery(query, vector, future.result() if future else None)
    return _result(_ranked(prepared, rows, store, options), query.name, options, started)


def search_many(
    queries: Sequence[QueryInput | Query], store: Store, encoder: Encoder, options: SearchOptions
) -> list[SearchResult | Refusal]:
    """Search for several pictures at once; see `Gallery.search_many`.

    Raises:
        ArgumentError: a query is of an unknown kind.
        EncoderError: the encoder can't run.
        StorageError: the table can't be read.
    """
    started = time.perf_counter()
    verify = options.copies and store.copies
    with contextlib.ExitStack() as stack:
        if verify:  # the pool takes all cores
            stack.enter_context(single_threaded())
        pool = stack.enter_context(ThreadPoolExecutor(os.cpu_count()))
        chunks = batched(queries, CHUNK_QUERIES)
        prepared = list(
            itertools.chain.from_iterable(
                pool.map(partial(_prepare_chunk, encoder=encoder, verify=verify), chunks)
            )
        )
        usable = [item for item in prepared if isinstance(item, PreparedQuery)]
        rows = store.nearest_many(
            np.array([item.vector for item in usable], np.float32),
            options.count(verify=verify),
            [item.query.content for item in usable],
            options.sql(),
        )

        def rank(item: PreparedQuery, rows: list[Row]) -> SearchResult:
            ranked = _ranked(item, rows, store, options)
            return _result(ranked, item.query.name, options, started)

        ranked = pool.map(rank, usable, rows)
        results = [item if isinstance(item, Refusal) else next(ranked) for item in prepared]
    took = (time.perf_counter() - started) * 1000 / max(len(results), 1)
    return [r if isinstance(r, Refusal) else replace(r, took_ms=took) for r in results]


def search_text(text: str, store: Store, encoder: Encoder, options: SearchOptions) -> SearchResult:
    """Find the pictures that a text describes best; see `Gallery.search_text`.

    Raises:
        EncoderError: the encoder has no text tower, or can't run.
        StorageError: the table can't be read.
    """
    started = time.perf_counter()
    rows = store.nearest(encode_text(encoder, text), options.top, None, options.sql())
    rows.sort(key=lambda row: (-row["score"], row["path"]))
    return _result(rows, text, options, started)


class PreparedQuery(NamedTuple):
    """A query, decoded and encoded; no fingerprint if copies are not looked for."""

    query: Query
    vector: NDArray[np.float32]
    fingerprint: Fingerprint | None


def _prepare_chunk(
    queries: Sequence[QueryInput | Query], *, encoder: Encoder, verify: bool
) -> list[PreparedQuery | Refusal]:
    decoded: list[Query | Refusal] = []
    for query in queries:
        try:
            decoded.append(prepare(query))
        except PictureError as error:
            decoded.append(query_refusal(query, error))
    inputs = [encoder.prepare(q.picture) for q in decoded if not isinstance(q, Refusal)]
    vectors = iter(encoder.encode(inputs, threads=1) if inputs else ())
    return [
        q
        if isinstance(q, Refusal)
        else PreparedQuery(q, next(vectors), fingerprint(q.picture) if verify else None)
        for q in decoded
    ]


def _ranked(
    prepared: PreparedQuery, rows: list[Row], store: Store, options: SearchOptions
) -> list[Row]:
    """Add the pictures that match to the rows found by vector, and sort the best first."""
    query, vector, query_fingerprint = prepared
    sql = options.sql()
    matches: dict[bytes, tuple[str, Match | None]] = {}
    if query_fingerprint:
        nearest = sorted(rows, key=lambda row: -row["score"])[:_NEAREST]
        allowed = partial(store.contents_matching, where=sql) if sql else None
        contents = [row["content_hash"] for row in nearest]
        matches = find_matches(query_fingerprint, store.fingerprints, contents, allowed=allowed)
    missing = _incomplete(matches, rows, query.content)
    known = {row["path"] for row in rows}
    more = store.rows_by_content(missing, vector, sql)
    rows = rows + [row for row in more if row["path"] not in known]
    for row in rows:
        row["kind"], row["match"] = matches.get(row["content_hash"], ("similar", None))
        if row["content_hash"] == query.content:
            row["kind"] = "exact"
        if row["match"] and query.whole_size:
            row["match"] = _from_whole_query(row["match"], query.left, query.top)
    return sorted(rows, key=partial(_rank_key, query))


def _incomplete(matches: Iterable[bytes], rows: Sequence[Row], own: bytes | None) -> set[bytes]:
    """Return the matches of which some files may be missing among the rows found by vector.

    All files of one content have one score, so those with the lowest score may be cut off. The
    query's own content is complete.
    """
    others = [row for row in rows if row["content_hash"] != own]
    lowest = min((row["score"] for row in others), default=0.0)
    return set(matches) - {row["content_hash"] for row in others if row["score"] > lowest} - {own}


def _rank_key(query: Query, row: Row) -> tuple[object, ...]:
    """Sort key: the best first.

    The query's own file and its bytes come first. Among copies, and among near pictures, what
    counts first is how much of the query a picture shows, then how much of the picture that is: a
    whole comes before a crop, and before a page that shows it among others. Of those that show as
    much, the one that differs least is the query's original, not other content in the same frame;
    confidence, which is nearly the same for both, comes last.
    """
    match = row["match"] if row["kind"] in {"copy", "near"} else None
    return (
        _KIND_ORDER[row["kind"]],
        row["path"] != query.path,
        row["content_hash"] != query.content,
        _halvings(match.query_overlap) if match else 0,
        _halvings(match.target_overlap) if match else 0,
        round(match.differences.share, 2) if match else 0,
        -match.confidence if match else 0,
        -row["score"],
        row["path"],
    )


def _halvings(overlap: float) -> int:
    """Return how often a whole is halved to get an overlap, which is known to a few percent."""
    return round(-math.log2(max(min(overlap, 1.0), 2.0**-MAX_HALVINGS)))


def _from_whole_query(match: Match, left: float, top: float) -> Match:
    """Return a region's match in pixels of the whole query; the overlaps stay the region's.

    `left` and `top` are the pixels of the whole query left of the region and above it.
    """
    matrix = np.array(match.transform) @ [[1, 0, -left], [0, 1, -top], [0, 0, 1]]
    if matrix[2, 2]:
        matrix = matrix / matrix[2, 2]
    return replace(
        match,
        transform=tuple(map(tuple, matrix.tolist())),
        points=match.points + np.array([left, top, 0, 0], np.float32),
    )


def _result(rows: list[Row], query: str, options: SearchOptions, started: float) -> SearchResult:
    """Make hits of the best rows, those above the minimum score and copies."""
    limit = options.min_score
    good = [
        row
        for row in rows
        if limit is None or row["score"] >= limit or row.get("kind") in COPY_KINDS
    ]
    hits = (
        Hit(
            rank,
            row["path"],
            min(row["score"], 1.0),
            row["width"],
            row["height"],
            row.get("kind", "similar"),
            row.get("match"),
            row["content_hash"].hex(),
            row["size"],
            row["mtime_ns"],
            metadata_from_json(row["metadata"])[0] if row.get("metadata") else None,
        )
        for rank, row in enumerate(good[: options.top], 1)
    )
    return SearchResult(tuple(hits), query, (time.perf_counter() - started) * 1000)
