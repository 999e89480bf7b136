"""Retrieval metrics, block by block: a matrix of all scores never exists.

A query's ranking is the gallery by falling score (the inner product: the cosine, as vectors have
unit length), ties in the order of the gallery. An item is *relevant* when its label is the
query's; R is how many there are, rel(i) is 1 where rank i holds one and else 0, P(i) is the
precision of the first i ranks. Queries without a relevant item can't be answered: they don't count.

    name     of one query; the figure is the mean over queries
    mAP      sum of P(i) rel(i) over the whole ranking, / R. Manning, Raghavan and Schuetze,
             "Introduction to Information Retrieval", 2008, eq. 8.4
    mAP@k    the same over the first k ranks, / min(R, k). Weyand et al., "Google Landmarks Dataset
             v2", CVPR 2020, eq. 2
    MAP@R    the same over the first R ranks, / R. Musgrave, Belongie and Lim, "A Metric Learning
             Reality Check", ECCV 2020, section 3.2
    P@k      relevant items in the first k ranks, / k. Manning et al., section 8.4
    recall@k relevant items in the first k ranks, / R. Likewise. Not what metric learning calls
             Recall@k; that is
    hit@k    1 where the first k ranks hold a relevant item. Jegou, Douze and Schmid, "Product
             Quantization for Nearest Neighbor Search", 2011; hit@1 is P@1
    nDCG     sum of rel(i) / log2(i + 1), / the same sum with all relevant items first. Jarvelin and
             Kekalainen, "Cumulated gain-based evaluation of IR techniques", 2002, with the discount
             of Burges et al., "Learning to rank using gradient descent", 2005
    nDCG@k   the same over the first k ranks, the ideal's too
    MRR      1 / rank of the first relevant item. Voorhees, "The TREC-8 Question Answering Track
             Report", 1999
    kNN@k    1 where the k nearest vote for the query's label, each with exp(score / 0.07). Wu et
             al., "Unsupervised Feature Learning via Non-Parametric Instance Discrimination", CVPR
             2018, as in Caron et al., "Emerging Properties in Self-Supervised Vision Transformers"
             (DINO), ICCV 2021. A tie goes to the nearer

A rank that a small gallery does not have holds nothing relevant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError
from .intervals import Estimate, bootstrap

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

QUERIES_AT_ONCE = 256  # rows of scores held in memory, fewer where the gallery is large:
SCORES_BYTES = 256 * 2**20  # the most that a block of scores takes
# One ranking takes up to 100 bytes an item besides, and a sort: 100 MB and 0.2 s over a million.
CUTOFFS = (1, 5, 10)  # k of P@k, hit@k and kNN@k
KNN_CUTOFFS = (1, 5, 10, 20)
KNN_TEMPERATURE = 0.07
NEIGHBOURS = 20  # hits that are kept of every query
RECALL_LEVELS = 101  # 0, .01, ... 1
RESAMPLES = 1_000  # of the bootstrap


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """The figures of one label's queries.

    Attributes:
        label: the label.
        queries: how many counted.
        means: by the names of the module's table.
    """

    label: str
    queries: int
    means: dict[str, float]


@dataclass(frozen=True, slots=True)
class RetrievalMetrics:
    """What `retrieval_metrics` measured; `metrics["mAP"].mean` is a figure.

    Attributes:
        queries: N, those that counted.
        without_relevant: queries that did not count, as nothing relevant was in the gallery.
        sampled_from: how many could have counted; more than N where `max_queries` chose some.
        gallery: items, the query itself among them where one is left out.
        leave_one_out: whether each query was left out of the gallery.
        k: the cutoff of mAP@k, recall@k and nDCG@k.
        estimates: by the names of the module's table.
        labels: by label, those with a query that counted.
        recall: float64 [101], 0..1.
        precision: float64 [101], at those levels of recall: interpolated, the mean over queries
            (Manning et al., section 8.4).
        rows: int64 [N], which row of the queries each query is.
        average_precision: float64 [N].
        neighbours: int64 [N, up to 20], the rows of the gallery that came first.
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
        """Give a figure by its name."""
        return self.estimates[name]

    @property
    def macro_mean_average_precision(self) -> float:
        """The mean over labels of each one's mAP, so that a small label counts as a large one."""
        return sum(label.means["mAP"] for label in self.labels) / len(self.labels)


def retrieval_metrics(  # noqa: PLR0913
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
    """Rank the gallery for every query and measure; the module's docstring defines the figures.

    Args:
        queries: [Q, D], unit length.
        query_labels: [Q].
        gallery: [G, D]; float32 is used as it is, anything else is copied into float32.
        gallery_labels: [G].
        leave_one_out: the queries are the gallery, in its order, and none finds itself.
        k: cutoff of mAP@k, recall@k and nDCG@k; P, hit and kNN have theirs in this module.
        max_queries: if there are more, so many are drawn at random; 0 for all.
        seed: of that, and of the bootstrap.
        resamples: of the bootstrap; 0 for none: intervals are then the mean itself.
        on_progress: told how many queries are through, of how many.

    Raises:
        ArgumentError: shapes or options that don't fit, vectors that are not finite, or no query
            with anything relevant.
    """
    import numpy as np

    queries, gallery = np.asarray(queries), np.asarray(gallery, np.float32)
    _check(queries, query_labels, gallery, gallery_labels, leave_one_out=leave_one_out, k=k)
    names, codes = np.unique(
        np.concatenate([np.asarray(query_labels), np.asarray(gallery_labels)]), return_inverse=True
    )
    query_codes, gallery_codes = codes[: len(queries)], codes[len(queries) :]
    left_out = int(leave_one_out)
    relevant = np.bincount(gallery_codes, minlength=len(names))[query_codes] - left_out
    rows = np.flatnonzero(relevant)
    sampled_from = len(rows)
    if not sampled_from:
        raise ArgumentError(
            "No query has another picture of its label to find; label at least two pictures alike."
        )
    if 0 < max_queries < sampled_from:
        chosen = np.random.default_rng(seed).choice(sampled_from, max_queries, replace=False)
        rows = rows[np.sort(chosen)]
    ranker = _Ranker(gallery_codes, k)
    kept = min(NEIGHBOURS, len(gallery) - left_out)
    neighbours = np.empty((len(rows), kept), np.int64)
    scores = np.empty((len(rows), kept), np.float32)
    figures = np.empty((len(rows), len(ranker.names)))
    precision = np.zeros(RECALL_LEVELS)
    at_once = max(1, min(QUERIES_AT_ONCE, SCORES_BYTES // (4 * len(gallery))))
    for start in range(0, len(rows), at_once):
        block = rows[start : start + at_once]
        score = queries[block].astype(np.float32) @ gallery.T
        if not np.isfinite(score).all():
            raise ArgumentError("Some vectors hold numbers that are not finite; encode them again.")
        if leave_one_out:
            score[np.arange(len(block)), block] = -np.inf  # the query itself comes last
        for n, row in enumerate(block):
            order = np.argsort(-score[n], kind="stable")[: len(gallery) - left_out]
            hits = gallery_codes[order] == query_codes[row]
            figures[start + n], interpolated = ranker.measure(hits)
            precision += interpolated
            neighbours[start + n] = order[:kept]
            scores[start + n] = score[n, order[:kept]]
        on_progress(start + len(block), len(rows))
    own = query_codes[rows]
    figures = np.hstack([figures, _knn(gallery_codes[neighbours], scores, own)])
    all_names = [*ranker.names, *(f"kNN@{k}" for k in KNN_CUTOFFS)]
    return RetrievalMetrics(
        queries=len(rows),
        without_relevant=len(queries) - sampled_from,
        sampled_from=sampled_from,
        gallery=len(gallery),
        leave_one_out=leave_one_out,
        k=k,
        estimates=dict(
            zip(all_names, bootstrap(figures, resamples=resamples, seed=seed), strict=True)
        ),
        labels=_by_label(figures, own, all_names, [str(name) for name in names]),
        recall=np.linspace(0, 1, RECALL_LEVELS),
        precision=precision / len(rows),
        rows=rows,
        average_precision=figures[:, 0].copy(),
        neighbours=neighbours,
        scores=scores,
        is_relevant=gallery_codes[neighbours] == own[:, None],
    )


class _Ranker:
    """Measure one ranking after another, of galleries of one size."""

    def __init__(self, gallery_codes: NDArray[np.int64], k: int) -> None:
        import numpy as np

        self.k = k
        self.discounts = 1 / np.log2(np.arange(2, len(gallery_codes) + 2))
        self.ideal = np.cumsum(self.discounts)
        self.levels = np.linspace(0, 1, RECALL_LEVELS)
        self.names = [
            *("mAP", f"mAP@{k}", "MAP@R"),
            *(f"P@{n}" for n in CUTOFFS),
            *(f"recall@{k}", *(f"hit@{n}" for n in CUTOFFS)),
            *("nDCG", f"nDCG@{k}", "MRR"),
        ]

    def measure(self, hits: NDArray[np.bool_]) -> tuple[list[float], NDArray[np.float64]]:
        """Give the figures of `names`, and the interpolated precision at the levels of recall.

        Args:
            hits: bool [G], which ranks hold a relevant item; at least one does.
        """
        import numpy as np

        ranks = np.flatnonzero(hits)  # from 0
        relevant, k = len(ranks), self.k
        precisions = np.arange(1, relevant + 1) / (ranks + 1)  # P(i) where rel(i) is 1
        in_k = int(np.searchsorted(ranks, k))
        first = [int(np.searchsorted(ranks, n)) for n in CUTOFFS]
        ideal_k = self.ideal[min(relevant, k) - 1]
        figures = [
            float(precisions.mean()),
            float(precisions[:in_k].sum()) / min(relevant, k),
            float(precisions[: np.searchsorted(ranks, relevant)].sum()) / relevant,
            *(found / n for found, n in zip(first, CUTOFFS, strict=True)),
            in_k / relevant,
            *(float(found > 0) for found in first),
            float(self.discounts[ranks].sum() / self.ideal[relevant - 1]),
            float(self.discounts[ranks[:in_k]].sum() / ideal_k),
            float(1 / (ranks[0] + 1)),
        ]
        # Interpolated: the best precision at this recall or a greater one.
        best = np.maximum.accumulate(precisions[::-1])[::-1]
        reached = np.ceil(self.levels * relevant - 1e-9).astype(np.int64)  # relevant items needed
        return figures, best[np.maximum(reached, 1) - 1]


def _knn(
    labels: NDArray[np.int64], scores: NDArray[np.float32], own: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Tell for each of `KNN_CUTOFFS` whether the vote is right: [N, 4] of 0 and 1."""
    import numpy as np

    right = np.empty((len(own), len(KNN_CUTOFFS)))
    for start in range(0, len(own), QUERIES_AT_ONCE):
        block = slice(start, start + QUERIES_AT_ONCE)
        nearer = scores[block].astype(np.float64) - scores[block, :1]  # the nearest weighs 1
        weights = np.exp(nearer / KNN_TEMPERATURE)
        for column, k in enumerate(KNN_CUTOFFS):
            voters = labels[block, :k]
            same = voters[:, :, None] == voters[:, None, :]
            votes = (same * weights[:, None, :k]).sum(axis=2)  # argmax: of equals the nearer
            winner = np.take_along_axis(voters, votes.argmax(axis=1)[:, None], axis=1)[:, 0]
            right[block, column] = winner == own[block]
    return right


def _by_label(
    figures: NDArray[np.float64], own: NDArray[np.int64], columns: list[str], names: list[str]
) -> tuple[LabelFigures, ...]:
    import numpy as np

    counts = np.bincount(own, minlength=len(names))
    sums = np.stack([np.bincount(own, column, len(names)) for column in figures.T], axis=1)
    return tuple(
        LabelFigures(
            names[code],
            int(counts[code]),
            dict(zip(columns, (sums[code] / counts[code]).tolist(), strict=True)),
        )
        for code in np.flatnonzero(counts)
    )


def _check(  # noqa: PLR0913
    queries: NDArray[Any],
    query_labels: Sequence[str] | Sequence[int] | NDArray[Any],
    gallery: NDArray[Any],
    gallery_labels: Sequence[str] | Sequence[int] | NDArray[Any],
    *,
    leave_one_out: bool,
    k: int,
) -> None:
    if queries.ndim != 2 or gallery.ndim != 2 or queries.shape[1] != gallery.shape[1]:  # noqa: PLR2004
        raise ArgumentError(
            f"Vectors must be [Q, D] and [G, D], not {queries.shape}, {gallery.shape}."
        )
    if len(query_labels) != len(queries) or len(gallery_labels) != len(gallery):
        raise ArgumentError("There must be one label for each vector.")
    if leave_one_out and len(queries) != len(gallery):
        raise ArgumentError("To leave one out, give the same vectors as queries and as gallery.")
    if k < 1:
        raise ArgumentError("k must be at least 1.")
