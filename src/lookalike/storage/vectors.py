"""Search for the rows whose vectors are nearest to a query: index first, then exact vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .failures import storage_errors
from .sql import from_text
from .table import existing_columns

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .table import Table

NPROBES = 24  # partitions that a search reads; Lance makes them of about 4,096 rows
MIN_CANDIDATES = 250  # compared by their exact vectors; more rows mean more rivals
MIN_REFINE_FACTOR = 2  # candidates per result where `top` is large: reading vectors costs most
HIT_COLUMNS = ("path", "width", "height", "content_hash", "size", "mtime_ns", "metadata")


def nearest_rows(
    table: Table, vectors: NDArray[np.float32], top: int, where: str | None
) -> list[list[dict[str, Any]]]:
    """Find the rows whose vectors have the greatest cosine with each query.

    Args:
        table: with the columns `HIT_COLUMNS` and `vector`.
        vectors: the queries, float32 [Q, D], unit length.
        top: how many rows for each, at most.
        where: a Lance filter on the rows.

    Returns:
        for each query, dicts of `HIT_COLUMNS` and score, in no order.

    Raises:
        StorageError: the table can't be read.
    """
    import numpy as np

    rows: list[list[dict[str, Any]]] = [[] for _ in vectors]
    dataset = table.dataset()
    if dataset is None or not len(vectors):
        return rows
    with storage_errors():
        columns = existing_columns(dataset, HIT_COLUMNS)  # an older table may lack the last
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
