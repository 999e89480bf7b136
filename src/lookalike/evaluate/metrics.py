"""Retrieval metrics, computed block by block, so that no matrix of all scores is held in memory.

A query's ranking is the gallery by falling score (the inner product, which is the cosine of unit
vectors); ties keep the order of the gallery. An item is *relevant* if it has the query's label. R
is the number of relevant items, rel(i) is 1 if rank i holds one and else 0, P(i) is the precision
of the first i ranks. Queries without a relevant item have no answer and don't count.

    name     of one query; the reported figure is the mean over queries
    mAP      sum of P(i) rel(i) over the whole ranking, / R. Manning, Raghavan and Schuetze,
             "Introduction to Information Retrieval", 2008, eq. 8.4
    mAP@k    the same over the first k ranks, / min(R, k). Weyand et al., "Google Landmarks Dataset
             v2", CVPR 2020, eq. 2
    MAP@R    the same over the first R ranks, / R. Musgrave, Belongie and Lim, "A Metric Learning
             Reality Check", ECCV 2020, section 3.2
    P@k      relevant items in the first k ranks, / k. Manning et al., section 8.4
    recall@k relevant items in the first k ranks, / R. Likewise. Not what metric learning calls
             Recall@k, which is hit@k here
    hit@k    1 if the first k ranks hold a relevant item, else 0. Jegou, Douze and Schmid, "Product
             Quantization for Nearest Neighbor Search", 2011; hit@1 is P@1
    nDCG     sum of rel(i) / log2(i + 1), / the same sum with all relevant items first. Jarvelin and
             Kekalainen, "Cumulated gain-based evaluation of IR techniques", 2002, with the discount
             of Burges et al., "Learning to rank using gradient descent", 2005
    nDCG@k   the same over the first k ranks, the ideal's too
    MRR      1 / rank of the first relevant item. Voorhees, "The TREC-8 Question Answering Track
             Report", 1999
    kNN@k    1 if the k nearest vote for the query's label, each with exp(score / 0.07). Wu et al.,
             "Unsupervised Feature Learning via Non-Parametric Instance Discrimination", CVPR 2018,
             as in Caron et al., "Emerging Properties in Self-Supervised Vision Transformers"
             (DINO), ICCV 2021. A tie goes to the nearer item

In a gallery of fewer than k items, the missing ranks count as not relevant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError
from .confidence_intervals import Estimate, bootstrap

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

QUERIES_AT_ONCE = 256  # rows of scores held in memory; fewer for a large gallery:
SCORES_BYTES = 256 * 2**20  # limit of a block of scores
# Besides, one ranking sorts the gallery and takes up to 100 bytes an item: 0.2 s and 100 MB for a
# million.
CUTOFFS = (1, 5, 10)  # k of P@k, hit@k and kNN@k
KNN_CUTOFFS = (1, 5, 10, 20)
KNN_TEMPERATURE = 0.07
NEIGHBOURS = 20  # hits kept of each query
RECALL_LEVELS = 101  # 0, .01, ... 1
RESAMPLES = 1_000  # of the bootstrap
_MATRIX_AXES = 2


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """The figures of one label's queries.

    Attributes:
        label: the label.
        queries: number of queries that count.
        means: by the names in the module's table.
    """

    label: str
    queries: int
    means: dict[str, float]


@dataclass(frozen=True, slots=True)
class RetrievalMetrics:
    """The result of `retrieval_metrics`; `metrics["mAP"].mean` is a figure.

    Attributes:
        queries: N, the number of queries that count.
        without_relevant: number of queries that don't count, because the gallery has no relevant
            item for them.
        sampled_from: number of queries before sampling; more than N if `max_queries` was less.
        gallery: number of items, including the query itself with `leave_one_out`.
        leave_one_out: whether the gallery of each query leaves it out.
        k: the cutoff of mAP@k, recall@k and nDCG@k.
        estimates: by the names in the module's table.
        labels: sorted; those with a query that counts.
        recall: float64 [101], 0..1.
        precision: float64 [101], interpolated at those levels of recall, the mean over queries
            (Manning et al., section 8.4).
        rows: int64 [N], the row of each query among all queries.
        average_precision: float64 [N].
        neighbours: int64 [N, up to 20], the gallery rows of the first hits.
        scores: float32, of the same shape.
        is_relevant: bool, of the same shape.
    """

    queries: int
    without_relevant: int
    sampled_from: int
    gallery: int
    leave_one_out: bool
    k: int
    estimates: dict[str, Estimate]
    labels: tuple[LabelFigures, ...]
    recall: NDArray[np.float64]
    precision: NDArray[np.float64]
    rows: NDArray[np.int64]
    average_precision: NDArray[np.float64]
    neighbours: NDArray[np.int64]
    scores: NDArray[np.float32]
    is_relevant: NDArray[np.bool_]

    def __getitem__(self, name: str) -> Estimate:
        """Return a figure by its name."""
        return self.estimates[name]

    @property
    def macro_mean_average_precision(self) -> float:
        """The mean of the labels' mAPs, so that small and large labels count the same."""
        return sum(label.means["mAP"] for label in self.labels) / len(self.labels)


def retrieval_metrics(  # noqa: PLR0913  the public signature
    queries: NDArray[np.floating[Any]],
    query_labels: Sequence[str] | Sequence[int] | NDArray[Any],
    gallery: NDArray[np.floating[Any]],
    gallery_labels: Sequence[str] | Sequence[int] | NDArray[Any],
    *,
    leave_one_out: bool,
    k: int = 10,
    max_queries: int = 0,
    seed: int = 0,
    resamples: int = RESAMPLES,
    on_progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> RetrievalMetrics:
    """Rank the gallery for each query and measure; the module's docstring defines the figures.

    Args:
        queries: [Q, D], unit length.
        query_labels: [Q].
        gallery: [G, D]; float32 is used as it is, other types are copied to float32.
        gallery_labels: [G].
        leave_one_out: the queries are the gallery, in its order, and no query finds itself.
        k: cutoff of mAP@k, recall@k and nDCG@k; this module sets the cutoffs of P, hit and kNN.
        max_queries: of more queries, a random sample of this size is used; 0 for all.
        seed: of that sample, and of the bootstrap.
        resamples: of the bootstrap; 0 for no interval, which is then the mean itself.
        on_progress: called with the number of queries done and the total.

    Raises:
        ArgumentError: the shapes do not match, an option is invalid, vectors are not finite, or no
            query has a relevant item.

    Example:
        >>> import numpy as np
        >>> from lookalike.evaluate import retrieval_metrics
        >>> vectors = np.array([[1, 0], [0.8, 0.6], [0, 1], [0.6, 0.8]], np.float32)
        >>> labels = ["cat", "cat", "dog", "dog"]
        >>> metrics = retrieval_metrics(vectors, labels, vectors, labels, leave_one_out=True)
        >>> metrics["P@1"].mean, metrics["mAP"].mean
        (0.5, 0.75)
    """
    import numpy as np

    queries, gallery = np.asarray(queries), np.asarray(gallery, np.float32)
    _check_shapes(queries, gallery, leave_one_out=leave_one_out)
    if len(query_labels) != len(queries) or len(gallery_labels) != len(gallery):
        raise ArgumentError("There must be one label for each vector.")
    if k < 1:
        raise ArgumentError("k must be at least 1.")
    label_names, codes = np.unique(
        np.concatenate([np.asarray(query_labels), np.asarray(gallery_labels)]), return_inverse=True
    )
    query_codes, gallery_codes = codes[: len(queries)], codes[len(queries) :]
    left_out = int(leave_one_out)
    relevant = np.bincount(gallery_codes, minlength=len(label_names))[query_codes] - left_out
    rows = np.flatnonzero(relevant)
    sampled_from = len(rows)
    if not sampled_from:
        raise ArgumentError(
            "No query has another picture of its label to find; give two pictures the same label."
        )
    if 0 < max_queries < sampled_from:
        chosen = np.random.default_rng(seed).choice(sampled_from, max_queries, replace=False)
        rows = rows[np.sort(chosen)]
    ranking = _RankingMetrics(len(gallery), k)
    depth = min(NEIGHBOURS, len(gallery) - left_out)
    neighbours = np.empty((len(rows), depth), np.int64)
    scores = np.empty((len(rows), depth), np.float32)
    figures = np.empty((len(rows), len(ranking.names)))
    precision = np.zeros(RECALL_LEVELS)
    at_once = max(1, min(QUERIES_AT_ONCE, SCORES_BYTES // (4 * len(gallery))))
    for start in range(0, len(rows), at_once):
        block = rows[start : start + at_once]
        block_scores = queries[block].astype(np.float32) @ gallery.T  # [B, G]
        if not np.isfinite(block_scores).all():
            raise ArgumentError("Some vectors hold numbers that are not finite; encode them again.")
        if leave_one_out:
            block_scores[np.arange(len(block)), block] = -np.inf  # ranks the query itself last
        for n, row in enumerate(block):
            order = np.argsort(-block_scores[n], kind="stable")[: len(gallery) - left_out]
            is_relevant = gallery_codes[order] == query_codes[row]
            figures[start + n], interpolated = ranking.measure(is_relevant)
            precision += interpolated
            neighbours[start + n] = order[:depth]
            scores[start + n] = block_scores[n, order[:depth]]
        on_progress(start + len(block), len(rows))
    row_codes = query_codes[rows]
    figures = np.hstack([figures, _knn(gallery_codes[neighbours], scores, row_codes)])
    figure_names = [*ranking.names, *(f"kNN@{k}" for k in KNN_CUTOFFS)]
    return RetrievalMetrics(
        queries=len(rows),
        without_relevant=len(queries) - sampled_from,
        sampled_from=sampled_from,
        gallery=len(gallery),
        leave_one_out=leave_one_out,
        k=k,
        estimates=dict(
            zip(figure_names, bootstrap(figures, resamples=resamples, seed=seed), strict=True)
        ),
        labels=_label_figures(
            figures, row_codes, figure_names, [str(name) for name in label_names]
        ),
        recall=np.linspace(0, 1, RECALL_LEVELS),
        precision=precision / len(rows),
        rows=rows,
        average_precision=figures[:, 0].copy(),
        neighbours=neighbours,
        scores=scores,
        is_relevant=gallery_codes[neighbours] == row_codes[:, None],
    )


class _RankingMetrics:
    """The figures of single rankings, all of one gallery."""

    def __init__(self, gallery_size: int, k: int) -> None:
        import numpy as np

        self.k = k
        self.discounts = 1 / np.log2(np.arange(2, gallery_size + 2))
        self.ideal = np.cumsum(self.discounts)
        self.levels = np.linspace(0, 1, RECALL_LEVELS)
        self.names = [
            *("mAP", f"mAP@{k}", "MAP@R"),
            *(f"P@{n}" for n in CUTOFFS),
            *(f"recall@{k}", *(f"hit@{n}" for n in CUTOFFS)),
            *("nDCG", f"nDCG@{k}", "MRR"),
        ]

    def measure(self, is_relevant: NDArray[np.bool_]) -> tuple[list[float], NDArray[np.float64]]:
        """Return the figures of `names`, and the interpolated precision at the levels of recall.

        Args:
            is_relevant: bool [G], whether each rank holds a relevant item; at least one does.
        """
        import numpy as np

        ranks = np.flatnonzero(is_relevant)  # from 0
        relevant, k = len(ranks), self.k
        precisions = np.arange(1, relevant + 1) / (ranks + 1)  # P(i) where rel(i) is 1
        in_k = int(np.searchsorted(ranks, k))  # relevant items in the first k ranks
        in_cutoffs = [int(np.searchsorted(ranks, n)) for n in CUTOFFS]
        ideal_k = self.ideal[min(relevant, k) - 1]
        figures = [
            float(precisions.mean()),
            float(precisions[:in_k].sum()) / min(relevant, k),
            float(precisions[: np.searchsorted(ranks, relevant)].sum()) / relevant,
            *(count / n for count, n in zip(in_cutoffs, CUTOFFS, strict=True)),
            in_k / relevant,
            *(float(count > 0) for count in in_cutoffs),
            float(self.discounts[ranks].sum() / self.ideal[relevant - 1]),
            float(self.discounts[ranks[:in_k]].sum() / ideal_k),
            float(1 / (ranks[0] + 1)),
        ]
        # Interpolated: the best precision at this recall or a greater one.
        best = np.maximum.accumulate(precisions[::-1])[::-1]
        needed = np.ceil(self.levels * relevant - 1e-9).astype(np.int64)  # relevant items
        return figures, best[np.maximum(needed, 1) - 1]


def _knn(
    labels: NDArray[np.int64], scores: NDArray[np.float32], query_labels: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Check for each of `KNN_CUTOFFS` whether the vote is right: [N, 4] of 0 and 1."""
    import numpy as np

    is_right = np.empty((len(query_labels), len(KNN_CUTOFFS)))
    for start in range(0, len(query_labels), QUERIES_AT_ONCE):
        block = slice(start, start + QUERIES_AT_ONCE)
        differences = scores[block].astype(np.float64) - scores[block, :1]  # the nearest weighs 1
        weights = np.exp(differences / KNN_TEMPERATURE)
        for column, k in enumerate(KNN_CUTOFFS):
            voters = labels[block, :k]  # [B, k]
            same = voters[:, :, None] == voters[:, None, :]
            votes = (same * weights[:, None, :k]).sum(axis=2)  # argmax takes the nearer of a tie
            winner = np.take_along_axis(voters, votes.argmax(axis=1)[:, None], axis=1)[:, 0]
            is_right[block, column] = winner == query_labels[block]
    return is_right


def _label_figures(
    figures: NDArray[np.float64], labels: NDArray[np.int64], columns: list[str], names: list[str]
) -> tuple[LabelFigures, ...]:
    import numpy as np

    counts = np.bincount(labels, minlength=len(names))
    sums = np.stack([np.bincount(labels, column, len(names)) for column in figures.T], axis=1)
    return tuple(
        LabelFigures(
            names[code],
            int(counts[code]),
            dict(zip(columns, (sums[code] / counts[code]).tolist(), strict=True)),
        )
        for code in np.flatnonzero(counts)
    )


def _check_shapes(queries: NDArray[Any], gallery: NDArray[Any], *, leave_one_out: bool) -> None:
    axes = {queries.ndim, gallery.ndim}
    if axes != {_MATRIX_AXES} or queries.shape[1] != gallery.shape[1]:
        raise ArgumentError(
            f"Vectors must be [Q, D] and [G, D], not {queries.shape} and {gallery.shape}."
        )
    if leave_one_out and len(queries) != len(gallery):
        raise ArgumentError("To leave one out, pass the same vectors as queries and as gallery.")
