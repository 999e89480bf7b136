"""Error analysis: which labels are confused, and which queries fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .evaluation import Evaluation

MAX_HEAT_MAP_LABELS = 24
PAIRS = 12
EXAMPLES = 6  # of best queries, and of worst ones
HITS = 8  # shown for each example


@dataclass(frozen=True, slots=True)
class Confusion:
    """A pair of labels: queries of one get hits of the other.

    Attributes:
        label: of the queries.
        taken_for: label of the hits.
        share: 0..1, of the first k hits of the label's queries.
        query: a row of `Evaluation.queries`: the query with the best-scored such hit.
        hit: a row of `Evaluation.gallery`: that hit.
    """

    label: str
    taken_for: str
    share: float
    query: int
    hit: int


@dataclass(frozen=True, slots=True)
class Example:
    """A query with its hits.

    Attributes:
        query: a row of `Evaluation.queries`.
        average_precision: 0..1.
        relevant: number of relevant pictures in the gallery.
        hits: rows of `Evaluation.gallery`, best first.
        scores: of the hits.
        is_relevant: whether each hit is relevant.
    """

    query: int
    average_precision: float
    relevant: int
    hits: tuple[int, ...]
    scores: tuple[float, ...]
    is_relevant: tuple[bool, ...]


def confusions(evaluation: Evaluation, *, pairs: int = PAIRS) -> list[Confusion]:
    """List the most confused pairs of labels, the greatest share first."""
    import numpy as np

    names, query_codes, hit_codes = _label_codes(evaluation)
    wrong = np.argwhere(query_codes[:, None] != hit_codes)  # [W, 2]: row of a query, rank
    if not len(wrong):
        return []
    metrics = evaluation.metrics
    by_score = np.argsort(-metrics.scores[wrong[:, 0], wrong[:, 1]], kind="stable")
    wrong = wrong[by_score]  # so that the first hit of each pair is its best-scored one
    keys = query_codes[wrong[:, 0]] * len(names) + hit_codes[wrong[:, 0], wrong[:, 1]]
    unique, first, counts = np.unique(keys, return_index=True, return_counts=True)
    queries = np.bincount(query_codes, minlength=len(names))  # of each label
    shares = counts / (queries[unique // len(names)] * hit_codes.shape[1])
    return [
        Confusion(
            names[unique[n] // len(names)],
            names[unique[n] % len(names)],
            float(shares[n]),
            int(metrics.rows[wrong[first[n], 0]]),
            int(metrics.neighbours[wrong[first[n], 0], wrong[first[n], 1]]),
        )
        for n in np.argsort(-shares, kind="stable")[:pairs]
    ]


def confusion_matrix(evaluation: Evaluation) -> tuple[list[str], NDArray[np.float64]] | None:
    """Return the L labels, and [L, L]: the share of a row label's hits that have a column's label.

    None for more labels than a heat map can show.
    """
    import numpy as np

    names, query_codes, hit_codes = _label_codes(evaluation)
    if len(names) > MAX_HEAT_MAP_LABELS:
        return None
    counts = np.zeros((len(names), len(names)))
    np.add.at(counts, (np.broadcast_to(query_codes[:, None], hit_codes.shape), hit_codes), 1)
    return names, counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


def best_and_worst(
    evaluation: Evaluation, *, examples: int = EXAMPLES
) -> tuple[list[Example], list[Example]]:
    """Choose the queries of greatest and of least average precision, at most one for each label.

    Of equal queries, the one with more relevant pictures is better, and then the earlier one.
    """
    import numpy as np

    metrics = evaluation.metrics
    names, query_codes, _ = _label_codes(evaluation)
    codes = {name: code for code, name in enumerate(names)}
    label_sizes = np.bincount([codes[p.label] for p in evaluation.gallery], minlength=len(names))
    relevant = label_sizes[query_codes] - int(metrics.leave_one_out)
    order = np.lexsort((-relevant, -metrics.average_precision))

    def choose(rows: NDArray[Any]) -> list[Example]:
        chosen: dict[int, Example] = {}  # by label
        for n in rows:
            if len(chosen) == examples:
                break
            if query_codes[n] not in chosen:
                chosen[query_codes[n]] = Example(
                    int(metrics.rows[n]),
                    float(metrics.average_precision[n]),
                    int(relevant[n]),
                    tuple(metrics.neighbours[n, :HITS].tolist()),
                    tuple(metrics.scores[n, :HITS].tolist()),
                    tuple(metrics.is_relevant[n, :HITS].tolist()),
                )
        return [*chosen.values()]

    best = choose(order)
    best_rows = {example.query for example in best}
    remaining = [n for n in order[::-1] if metrics.rows[n] not in best_rows]
    return best, choose(np.array(remaining, np.int64))


def _label_codes(evaluation: Evaluation) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """Return the label names, the code of each query [N], and of its first k hits [N, k]."""
    import numpy as np

    metrics = evaluation.metrics
    names = sorted({p.label for p in (*evaluation.queries, *evaluation.gallery)})
    codes = {name: code for code, name in enumerate(names)}
    gallery_codes = np.array([codes[picture.label] for picture in evaluation.gallery])
    query_codes = np.array([codes[evaluation.queries[row].label] for row in metrics.rows])
    return names, query_codes, gallery_codes[metrics.neighbours[:, : metrics.k]]
