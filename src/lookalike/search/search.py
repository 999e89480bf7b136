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
from ..sources import metadata_from_json, scheme_of, split_member
from ..storage import NOT_AS_WRITTEN, DamageError, batched, files_of
from ..types import COPY_KINDS, Hit, Place, Refusal, SearchResult
from .candidates import ROUNDS, VECTOR_CANDIDATES, find_matches
from .query import prepare, query_refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    best = _best(_ranked(prepared, rows, store, options), options)
    (result,) = _results([Found(query.name, query.path, best)], store, options)
    return replace(result, took_ms=(time.perf_counter() - started) * 1000)


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

        def rank(item: PreparedQuery, rows: list[Row]) -> Found:
            best = _best(_ranked(item, rows, store, options), options)
            return Found(item.query.name, item.query.path, best)

        found = list(pool.map(rank, usable, rows))
    results = iter(_results(found, store, options))
    took = (time.perf_counter() - started) * 1000 / max(len(prepared), 1)
    return [
        item if isinstance(item, Refusal) else replace(next(results), took_ms=took)
        for item in prepared
    ]


def search_text(text: str, store: Store, encoder: Encoder, options: SearchOptions) -> SearchResult:
    """Find the pictures that a text describes best; see `Gallery.search_text`.

    Raises:
        EncoderError: the encoder has no text tower, or can't run.
        StorageError: the table can't be read.
    """
    started = time.perf_counter()
    rows = store.nearest(encode_text(encoder, text), options.top, None, options.sql())
    rows.sort(key=lambda row: (-row["score"], row["path"]))
    (result,) = _results([Found(text, None, _best(rows, options))], store, options)
    return replace(result, took_ms=(time.perf_counter() - started) * 1000)


class PreparedQuery(NamedTuple):
    """A query, decoded and encoded; no fingerprint if copies are not looked for."""

    query: Query
    vector: NDArray[np.float32]
    fingerprint: Fingerprint | None


class Found(NamedTuple):
    """The rows of a query's hits, best first, each of another content; its name and its path."""

    query: str
    path: str | None
    rows: list[Row]


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
    missing = set(matches) - {row["content_hash"] for row in rows}
    rows = rows + store.rows_by_content(missing, vector, sql)
    for row in rows:
        row["kind"], row["match"] = matches.get(row["content_hash"], ("similar", None))
        if row["content_hash"] == query.content:
            row["kind"] = "exact"
        if row["match"] and query.whole_size:
            row["match"] = _from_whole_query(row["match"], query.left, query.top)
    return sorted(rows, key=partial(_rank_key, query))


def _rank_key(query: Query, row: Row) -> tuple[object, ...]:
    """Sort key: the best first.

    The query's own bytes come first. Among copies, and among near pictures, what
    counts first is how much of the query a picture shows, then how much of the picture that is: a
    whole comes before a crop, and before a page that shows it among others. Of those that show as
    much, the one that differs least is the query's original, not other content in the same frame;
    confidence, which is nearly the same for both, comes last.
    """
    match = row["match"] if row["kind"] in {"copy", "near"} else None
    return (
        _KIND_ORDER[row["kind"]],
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


def _best(rows: list[Row], options: SearchOptions) -> list[Row]:
    """Keep the best rows, those above the minimum score and copies."""
    limit = options.min_score
    good = (
        row
        for row in rows
        if limit is None or row["score"] >= limit or row.get("kind") in COPY_KINDS
    )
    return list(itertools.islice(good, options.top))


def _results(found: list[Found], store: Store, options: SearchOptions) -> list[SearchResult]:
    """Make hits of the rows, each with all places of its content; the time is added later."""
    contents = list({row["content_hash"]: None for one in found for row in one.rows})
    files = files_of(store.pictures, contents)
    sql = options.sql()
    allowed = files_of(store.pictures, contents, sql) if sql else files
    passing = {file["path"] for rows in allowed.values() for file in rows}

    def order(file: Row, own: str | None) -> tuple[object, ...]:
        path = file["path"]
        is_member = bool(split_member(path)[1])
        return path not in passing, path != own, bool(scheme_of(path)), is_member, path

    results = []
    for name, own, rows in found:
        hits = []
        for rank, row in enumerate(rows, 1):
            if not files[row["content_hash"]]:  # an index with changed bytes names others
                raise DamageError(store.pictures.uri, NOT_AS_WRITTEN)
            places = sorted(files[row["content_hash"]], key=partial(order, own=own))
            texts = (place["metadata"] for place in places if place.get("metadata"))
            metadata = next(texts, None)
            hits.append(
                Hit(
                    rank,
                    places[0]["path"],
                    min(row["score"], 1.0),
                    row["width"],
                    row["height"],
                    row.get("kind", "similar"),
                    row.get("match"),
                    row["content_hash"].hex(),
                    places[0]["size"],
                    places[0]["mtime_ns"],
                    metadata_from_json(metadata)[0] if metadata else None,
                    tuple(Place(p["path"], p["size"], p["mtime_ns"]) for p in places),
                )
            )
        results.append(SearchResult(tuple(hits), name, 0.0))
    return results
