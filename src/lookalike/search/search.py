"""The way of a query, and of many at once: decode, encode, find, prove, rank."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from ..copies import fingerprint, one_thread
from ..encoders import encode_text
from ..errors import PictureError
from ..storage import batched
from ..types import PROVED, Hit, Refusal, SearchResult
from .candidates import BY_VECTOR, MORE, prove
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

    Proofs: TypeAlias = dict[bytes, tuple[str, Match | None]]

CHUNK_QUERIES = 8  # a worker's portion, and the encoder's batch
_ORDER = {"exact": 0, "copy": 1, "near": 2, "similar": 3}


def search(  # noqa: PLR0913
    query: QueryInput | Query,
    store: Store,
    encoder: Encoder,
    *,
    top: int,
    min_score: float | None,
    copies: bool,
    region: Region | None = None,
    where: Filter | None = None,
) -> SearchResult:
    """Find the pictures that look most like one; see `Gallery.search`.

    Raises:
        ArgumentError: the query is of no known kind.
        PictureError: it can't be read or decoded.
        EncoderError: the encoder can't run.
        StorageError: the table can't be read.
    """
    started = time.perf_counter()
    asked = prepare(query, region)
    among = where.sql() if where else None
    proofs: Proofs = {}
    with ThreadPoolExecutor(1) as pool:
        looked = pool.submit(fingerprint, asked.picture) if copies and store.copies else None
        (vector,) = encoder.encode([encoder.prepare(asked.picture)])
        many = max(top, MORE * BY_VECTOR) if looked else top
        found = store.nearest(vector, many, asked.content, among)
        if looked:
            proofs = _proofs(looked.result(), store, found, among)
    found = _ranked(asked, vector, found, proofs, store, among)
    return _result(found, top, asked.name, min_score, started)


def search_many(  # noqa: PLR0913
    queries: Sequence[QueryInput | Query],
    store: Store,
    encoder: Encoder,
    *,
    top: int,
    min_score: float | None,
    copies: bool,
    where: Filter | None = None,
) -> list[SearchResult | Refusal]:
    """Search for several pictures at once; see `Gallery.search_many`.

    Raises:
        ArgumentError: a query is of no known kind.
        EncoderError: the encoder can't run.
        StorageError: the table can't be read.
    """
    started = time.perf_counter()
    among = where.sql() if where else None
    proving = copies and store.copies
    with contextlib.ExitStack() as stack:
        if proving:  # the pool takes all cores
            stack.enter_context(one_thread())
        pool = stack.enter_context(ThreadPoolExecutor(os.cpu_count()))
        chunks = batched(queries, CHUNK_QUERIES)
        looked = pool.map(partial(_look_at, encoder=encoder, proving=proving), chunks)
        everything = list(itertools.chain.from_iterable(looked))
        usable = [one for one in everything if isinstance(one, PreparedQuery)]
        rows = store.nearest_many(
            np.array([one.vector for one in usable], np.float32),
            max(top, MORE * BY_VECTOR) if proving else top,
            [one.asked.content for one in usable],
            among,
        )

        def finished(one: PreparedQuery, found: list[dict[str, Any]]) -> SearchResult:
            proofs = _proofs(one.print, store, found, among) if one.print else {}
            found = _ranked(one.asked, one.vector, found, proofs, store, among)
            return _result(found, top, one.asked.name, min_score, started)

        results = pool.map(finished, usable, rows)
        answers = [one if isinstance(one, Refusal) else next(results) for one in everything]
    took = (time.perf_counter() - started) * 1000 / max(len(answers), 1)
    return [one if isinstance(one, Refusal) else replace(one, took_ms=took) for one in answers]


def search_text(  # noqa: PLR0913
    text: str,
    store: Store,
    encoder: Encoder,
    *,
    top: int,
    min_score: float | None,
    where: Filter | None = None,
) -> SearchResult:
    """Find the pictures that a text describes best; see `Gallery.search_text`.

    Raises:
        EncoderError: the encoder has no text tower, or it can't run.
        StorageError: the table can't be read.
    """
    started = time.perf_counter()
    among = where.sql() if where else None
    found = store.nearest(encode_text(encoder, text), top, None, among)
    found.sort(key=lambda row: (-row["score"], row["path"]))
    return _result(found, top, text, min_score, started)


class PreparedQuery(NamedTuple):
    """A query, decoded and encoded; `print` is None where copies are not asked for."""

    asked: Query
    vector: NDArray[np.float32]
    print: Fingerprint | None


def _look_at(
    queries: Sequence[QueryInput | Query], *, encoder: Encoder, proving: bool
) -> list[PreparedQuery | Refusal]:
    looked: list[Query | Refusal] = []
    for query in queries:
        try:
            looked.append(prepare(query))
        except PictureError as error:
            looked.append(query_refusal(query, error))
    inputs = [encoder.prepare(one.picture) for one in looked if not isinstance(one, Refusal)]
    vectors = iter(encoder.encode(inputs, threads=1) if inputs else ())
    return [
        one
        if isinstance(one, Refusal)
        else PreparedQuery(one, next(vectors), fingerprint(one.picture) if proving else None)
        for one in looked
    ]


def _proofs(
    asked: Fingerprint, store: Store, found: Sequence[dict[str, Any]], among: str | None
) -> Proofs:
    """Prove which of a gallery's pictures hold what is asked; `found` are the nearest rows."""
    nearest = sorted(found, key=lambda row: -row["score"])[: MORE * BY_VECTOR]
    allowed = partial(store.contents_matching, where=among) if among else None
    contents = [row["content_hash"] for row in nearest]
    return prove(asked, store.fingerprints, contents, allowed=allowed)


def _ranked(  # noqa: PLR0913, PLR0917
    asked: Query,
    vector: NDArray[np.float32],
    found: list[dict[str, Any]],
    proofs: Proofs,
    store: Store,
    among: str | None,
) -> list[dict[str, Any]]:
    """Join what looks alike and what is proved, the best first."""
    missing = set(proofs) - {row["content_hash"] for row in found}
    found = found + store.rows_by_content(missing, vector, among)
    for row in found:
        row["kind"], row["match"] = proofs.get(row["content_hash"], ("similar", None))
        if row["content_hash"] == asked.content:
            row["kind"] = "exact"
        if row["match"] and asked.whole:
            row["match"] = _of_whole(row["match"], asked.left, asked.top)
    return sorted(
        found,
        key=lambda row: (
            _ORDER[row["kind"]],
            row["path"] != asked.path,
            -row["match"].confidence if row["kind"] in {"copy", "near"} else 0,
            -row["score"],
            row["path"],
        ),
    )


def _of_whole(match: Match, left: float, top: float) -> Match:
    """Give the match of the whole query, of which a part was asked with; overlaps are the part's.

    `left` and `top` are pixels of the whole query that lie left of the part, and above it.
    """
    matrix = np.array(match.transform) @ [[1, 0, -left], [0, 1, -top], [0, 0, 1]]
    if matrix[2, 2]:
        matrix = matrix / matrix[2, 2]
    return replace(
        match,
        transform=tuple(map(tuple, matrix.tolist())),
        points=match.points + np.array([left, top, 0, 0], np.float32),
    )


def _result(
    found: list[dict[str, Any]], top: int, query: str, min_score: float | None, started: float
) -> SearchResult:
    left = [
        row
        for row in found
        if min_score is None or row["score"] >= min_score or row.get("kind", "similar") in PROVED
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
            json.loads(row["metadata"]) if row.get("metadata") else None,
        )
        for rank, row in enumerate(left[:top], 1)
    )
    return SearchResult(tuple(hits), query, (time.perf_counter() - started) * 1000)
