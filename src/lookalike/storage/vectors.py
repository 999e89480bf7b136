"""Search for the rows whose vectors are nearest to a query: index first, then exact vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .failures import storage_errors
from .sql import content_literals, from_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    from .table import Table

NPROBES = 24  # partitions that a search reads; Lance makes them of about 4,096 rows
MIN_CANDIDATES = 250  # compared by their exact vectors; more rows mean more rivals
MIN_REFINE_FACTOR = 2  # candidates per result where `top` is large: reading vectors costs most
MAX_ROWS = 2**16  # that one request returns, where many files have one content
CONTENT_COLUMNS = ("path", "width", "height", "content_hash")


def nearest_contents(
    table: Table, vectors: NDArray[np.float32], top: int, where: str | None
) -> list[list[dict[str, Any]]]:
    """Find the contents whose vectors have the greatest cosine with each query.

    Args:
        table: with the columns `CONTENT_COLUMNS` and `vector`.
        vectors: the queries, float32 [Q, D], unit length.
        top: how many contents for each, at most.
        where: a Lance filter on the rows.

    Returns:
        for each query, one dict of `CONTENT_COLUMNS` and score for each content, in no order.

    Raises:
        StorageError: the table can't be read.
    """
    return [
        _fill_up(table, vector, top, where, rows)
        for vector, rows in zip(vectors, _nearest_rows(table, vectors, top, where), strict=True)
    ]


def one_of_each(rows: Iterable[dict[str, Any]]) -> dict[bytes, dict[str, Any]]:
    """Keep one row of each content: the one that scores highest, then the first by its path."""
    best: dict[bytes, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: (-row["score"], row["path"])):
        best.setdefault(row["content_hash"], row)
    return best


def _fill_up(
    table: Table,
    vector: NDArray[np.float32],
    top: int,
    where: str | None,
    rows: list[dict[str, Any]],
) -> list[dict[str, Any]]:
    """Search on, beside the contents that are found, until there are `top` of them or no more."""
    best, asked = one_of_each(rows), top
    while len(rows) >= asked and len(best) < top:
        asked = min(2 * asked, MAX_ROWS)
        others = f"content_hash NOT IN ({content_literals(best)})"
        condition = f"{others} AND ({where})" if where else others
        (rows,) = _nearest_rows(table, vector[None], asked, condition)
        best.update(one_of_each(rows))
    return sorted(best.values(), key=lambda row: (-row["score"], row["path"]))[:top]


def _nearest_rows(
    table: Table, vectors: NDArray[np.float32], top: int, where: str | None
) -> list[list[dict[str, Any]]]:
    import numpy as np

    rows: list[list[dict[str, Any]]] = [[] for _ in vectors]
    dataset = table.dataset()
    if dataset is None or not len(vectors):
        return rows
    with storage_errors():
        columns = list(CONTENT_COLUMNS)
        result = dataset.scanner(
            columns=[*columns, "_distance"],
            filter=where,
            prefilter=where is not None,
            nearest={
                "column": "vector",
                "q": vectors.astype(np.float16),
                "k": top,
                "metric": "cosine",
                # If the filter allows few rows, read as many partitions as it takes.
                **({"minimum_nprobes": NPROBES} if where else {"nprobes": NPROBES}),
                "refine_factor": max(-(-MIN_CANDIDATES // top), MIN_REFINE_FACTOR),
            },
            disable_scoring_autoprojection=True,
        ).to_table()
    queries = result["query_index"].to_pylist()
    paths = map(from_text, result["path"].to_pylist())
    scores = (1 - result["_distance"].to_numpy()).tolist()
    others = (result[name].to_pylist() for name in columns[1:])
    for query, path, score, *rest in zip(queries, paths, scores, *others, strict=True):
        row = {"path": path, "score": score}
        rows[query].append({**row, **dict(zip(columns[1:], rest, strict=True))})
    return rows
