"""The way of a query: decode, encode, find, rank."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from .encoders import encode_text
from .query import look
from .types import Hit, SearchResult

if TYPE_CHECKING:
    from .encoders import Encoder
    from .query import Query
    from .store import Store


def search(
    query: Query, store: Store, encoder: Encoder, *, top: int, min_score: float | None
) -> SearchResult:
    """Find the pictures that look most like one; see `Gallery.search`.

    Raises:
        ArgumentError: the query is of no known kind.
        PictureError: it can't be read or decoded.
        EncoderError: the encoder can't run.
        StorageError: the table can't be read.
    """
    started = time.perf_counter()
    asked = look(query)
    (vector,) = encoder.encode([encoder.prepare(asked.picture)])
    found = store.find(vector, top, asked.content)
    found.sort(
        key=lambda row: (
            asked.content is None or row["content_hash"] != asked.content,
            row["path"] != asked.path,
            -row["score"],
            row["path"],
        )
    )
    return _result(found[:top], asked.name, min_score, started)


def search_text(
    text: str, store: Store, encoder: Encoder, *, top: int, min_score: float | None
) -> SearchResult:
    """Find the pictures that a text describes best; see `Gallery.search_text`.

    Raises:
        EncoderError: the encoder has no text tower, or it can't run.
        StorageError: the table can't be read.
    """
    started = time.perf_counter()
    found = store.find(encode_text(encoder, text), top, None)
    found.sort(key=lambda row: (-row["score"], row["path"]))
    return _result(found[:top], text, min_score, started)


def _result(
    found: list[dict[str, Any]], query: str, min_score: float | None, started: float
) -> SearchResult:
    hits = (
        Hit(rank, row["path"], min(row["score"], 1.0), row["width"], row["height"])
        for rank, row in enumerate(found, 1)
        if min_score is None or row["score"] >= min_score
    )
    return SearchResult(tuple(hits), query, (time.perf_counter() - started) * 1000)
