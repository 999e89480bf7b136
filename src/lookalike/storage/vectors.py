"""The rows of a table whose vectors are nearest to some: by its index, then by exact vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .sql import from_text
from .table import existing_columns, storage_errors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .table import Table

NPROBES = 24  # partitions that a search looks into; Lance makes them of about 4,096 rows
CANDIDATES = 250  # at least, that are compared by their exact vectors: more rows, more rivals
LEAST_REFINED = 2  # times `top` candidates, where that is many: reading vectors is what costs
FOUND = ("path", "width", "height", "content_hash", "size", "mtime_ns", "metadata")


def nearest_rows(
    table: Table, vectors: NDArray[np.float32], top: int, where: str | None
) -> list[list[dict[str, Any]]]:
    """Find the rows whose vectors have the greatest cosine with each of some.

    Args:
        table: with columns `FOUND` and `vector`.
        vectors: float32 [Q, D], unit length.
        top: how many rows of each, at most.
        where: a Lance filter; only rows that it allows are looked at.

    Returns:
        for each vector dicts of `FOUND` and score, in no order.

    Raises:
        StorageError: the table can't be read.
    """
    import numpy as np

    rows: list[list[dict[str, Any]]] = [[] for _ in vectors]
    dataset = table.dataset()
    if dataset is None or not len(vectors):
        return rows
    with storage_errors():
        columns = existing_columns(dataset, FOUND)  # an older table may lack the last
        found = dataset.scanner(
            columns=[*columns, "_distance"],
            filter=where,
            prefilter=where is not None,
            nearest={
                "column": "vector",
                "q": vectors.astype(np.float16),
                "k": top,
                "metric": "cosine",
                # Among few allowed rows, as many partitions as it takes.
                **({"minimum_nprobes": NPROBES} if where else {"nprobes": NPROBES}),
                "refine_factor": max(-(-CANDIDATES // top), LEAST_REFINED),
            },
            disable_scoring_autoprojection=True,
        ).to_table()
    of = found["query_index"].to_pylist()
    paths = map(from_text, found["path"].to_pylist())
    scores = (1 - found["_distance"].to_numpy()).tolist()
    others = (found[name].to_pylist() for name in columns[1:])
    for query, path, score, *rest in zip(of, paths, scores, *others, strict=True):
        row = {"path": path, "score": score}
        rows[query].append({**row, **dict(zip(columns[1:], rest, strict=True))})
    return rows
