"""What a reader of the figures wants to see: which labels are confused, which queries fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .evaluation import Evaluation

MAX_HEAT_MAP_LABELS = 24
PAIRS = 12
EXAMPLES = 6  # best queries, and worst ones
HITS = 8  # shown of each


@dataclass(frozen=True, slots=True)
class Confusion:
    """A label whose queries get hits of another.

    Attributes:
        label: the queries'.
        taken_for: the hits'.
        share: 0..1, of the first k hits of the label's queries.
        query: a row of `Evaluation.queries`: the one with the nearest such hit.
        hit: a row of `Evaluation.gallery`: that hit.
    """

    label: str
    taken_for: str
    share: float
    query: int
    hit: int


@dataclass(frozen=True, slots=True)
class Example:
    """A query with what it found.

    Attributes:
        query: a row of `Evaluation.queries`.
        average_precision: 0..1.
        relevant: how many pictures were to be found.
        hits: rows of `Evaluation.gallery`, best first.
        scores: of them.
        is_relevant: whether each is right.
    """

    query: int
    average_precision: float
    relevant: int
    hits: tuple[int, ...]
    scores: tuple[float, ...]
    is_relevant: tuple[bool, ...]


def confusions(evaluation: Evaluation, *, pairs: int = PAIRS) -> list[Confusion]:
    """Give the pairs of labels of which most is confused, the greatest share first."""
    import numpy as np

    names, own, hits = _labels(evaluation)
    wrong = np.argwhere(own[:, None] != hits)
    if not len(wrong):
        return []
    found = evaluation.metrics
    nearest = np.argsort(-found.scores[wrong[:, 0], wrong[:, 1]], kind="stable")
    wrong = wrong[nearest]  # so that a pair's first is its nearest
    keys = own[wrong[:, 0]] * len(names) + hits[wrong[:, 0], wrong[:, 1]]
    unique, first, counts = np.unique(keys, return_index=True, return_counts=True)
    shares = counts / (np.bincount(own, minlength=len(names))[unique // len(names)] * hits.shape[1])
    return [
        Confusion(
            names[unique[n] // len(names)],
            names[unique[n] % len(names)],
            float(shares[n]),
            int(found.rows[wrong[first[n], 0]]),
            int(found.neighbours[wrong[first[n], 0], wrong[first[n], 1]]),
        )
        for n in np.argsort(-shares, kind="stable")[:pairs]
    ]


def confusion_matrix(evaluation: Evaluation) -> tuple[list[str], NDArray[np.float64]] | None:
    """Give the labels, and [L, L] of the share of a row's hits that are of a column's label.

    None where there are more labels than a heat map can show.
    """
    import numpy as np

    names, own, hits = _labels(evaluation)
    if len(names) > MAX_HEAT_MAP_LABELS:
        return None
    counts = np.zeros((len(names), len(names)))
    np.add.at(counts, (np.broadcast_to(own[:, None], hits.shape), hits), 1)
    return names, counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


def best_and_worst(
    evaluation: Evaluation, *, examples: int = EXAMPLES
) -> tuple[list[Example], list[Example]]:
    """Choose queries of greatest and of least average precision, at most one of a label each.

    Of equals the one with more to find is the better, and then the one that comes first.
    """
    import numpy as np

    found = evaluation.metrics
    names, own, _ = _labels(evaluation)
    codes = {name: code for code, name in enumerate(names)}
    of_label = np.bincount([codes[p.label] for p in evaluation.gallery], minlength=len(names))
    relevant = of_label[own] - int(found.leave_one_out)
    order = np.lexsort((-relevant, -found.average_precision))

    def choose(rows: NDArray[Any]) -> list[Example]:
        seen: set[int] = set()
        chosen: list[Example] = []
        for n in rows:
            if len(chosen) == examples:
                break
            if own[n] not in seen:
                seen.add(int(own[n]))
                chosen.append(
                    Example(
                        int(found.rows[n]),
                        float(found.average_precision[n]),
                        int(relevant[n]),
                        tuple(found.neighbours[n, :HITS].tolist()),
                        tuple(found.scores[n, :HITS].tolist()),
                        tuple(found.is_relevant[n, :HITS].tolist()),
                    )
                )
        return chosen

    best = choose(order)
    shown = {example.query for example in best}
    return best, choose(np.array([n for n in order[::-1] if found.rows[n] not in shown], np.int64))


def _labels(evaluation: Evaluation) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """Give the labels' names, each query's [N], and its first k hits' [N, k]."""
    import numpy as np

    found = evaluation.metrics
    names = sorted({p.label for p in (*evaluation.queries, *evaluation.gallery)})
    codes = {name: code for code, name in enumerate(names)}
    gallery = np.array([codes[picture.label] for picture in evaluation.gallery])
    own = np.array([codes[evaluation.queries[row].label] for row in found.rows])
    return names, own, gallery[found.neighbours[:, : found.k]]
