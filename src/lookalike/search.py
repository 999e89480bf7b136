"""The way of a query: decode, encode, find, prove, rank."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .encoders import encode_text
from .fingerprints import fingerprint
from .proofs import BY_VECTOR, MORE, prove
from .query import look
from .types import PROVED, Hit, SearchResult

if TYPE_CHECKING:
    from .encoders import Encoder
    from .filters import Filter
    from .query import Asked, Query, Region
    from .store import Store
    from .types import Match

_ORDER = {"exact": 0, "copy": 1, "near": 2, "similar": 3}


def search(  # noqa: PLR0913
    query: Query | Asked,
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
    asked = look(query, region)
    among = where.sql() if where else None
    proofs: dict[bytes, tuple[str, Match | None]] = {}
    with ThreadPoolExecutor(1) as pool:
        looked = pool.submit(fingerprint, asked.picture) if copies and store.copies else None
        (vector,) = encoder.encode([encoder.prepare(asked.picture)])
        many = max(top, MORE * BY_VECTOR) if looked else top
        found = store.find(vector, many, asked.content, among)
        found.sort(key=lambda row: -row["score"])
        if looked:
            nearest = [row["content_hash"] for row in found[: MORE * BY_VECTOR]]
            proofs = prove(looked.result(), store.prints, nearest)
    found += store.rows_of(set(proofs) - {row["content_hash"] for row in found}, vector, among)
    for row in found:
        row["kind"], row["match"] = proofs.get(row["content_hash"], ("similar", None))
        if row["content_hash"] == asked.content:
            row["kind"] = "exact"
        if row["match"] and asked.whole:
            row["match"] = _of_whole(row["match"], asked.left, asked.top)
    found.sort(
        key=lambda row: (
            _ORDER[row["kind"]],
            row["path"] != asked.path,
            -row["match"].confidence if row["kind"] in {"copy", "near"} else 0,
            -row["score"],
            row["path"],
        )
    )
    return _result(found, top, asked.name, min_score, started)


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
    found = store.find(encode_text(encoder, text), top, None, among)
    found.sort(key=lambda row: (-row["score"], row["path"]))
    return _result(found, top, text, min_score, started)


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
