"""Metrics, compared with scikit-learn and with figures computed by hand."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, ndcg_score

from lookalike.errors import ArgumentError
from lookalike.evaluate import metrics
from lookalike.evaluate.metrics import RetrievalMetrics, retrieval_metrics


def random_set(count: int, labels: int, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    own = rng.integers(0, labels, count)
    vectors = rng.normal(size=(labels, 16))[own] + 2 * rng.normal(size=(count, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), np.array([f"label {n}" for n in own])


def ranked(hits: list[int], **options: object) -> RetrievalMetrics:
    """Measure one query to a gallery that is ranked in the order of `hits`."""
    gallery = np.array([[1 - n / 100] for n in range(len(hits))], np.float32)
    labels = ["right" if hit else f"wrong {n % 2}" for n, hit in enumerate(hits)]
    return retrieval_metrics(
        np.ones((1, 1)), ["right"], gallery, labels, leave_one_out=False, **options
    )  # type: ignore[arg-type]


def test_a_ranking_computed_by_hand() -> None:
    result = ranked([1, 0, 1, 0, 0, 1], k=4)
    expected = {
        "mAP": (1 + 2 / 3 + 3 / 6) / 3,
        "mAP@4": (1 + 2 / 3) / 3,
        "MAP@R": (1 + 2 / 3) / 3,
        "P@1": 1,
        "P@5": 2 / 5,
        "P@10": 3 / 10,  # missing ranks are not relevant
        "recall@4": 2 / 3,
        "hit@1": 1,
        "hit@5": 1,
        "hit@10": 1,
        "nDCG": (1 + 1 / 2 + 1 / math.log2(7)) / (1 + 1 / math.log2(3) + 1 / 2),
        "nDCG@4": (1 + 1 / 2) / (1 + 1 / math.log2(3) + 1 / 2),
        "MRR": 1,
        "kNN@1": 1,
        "kNN@5": 1,
        "kNN@10": 1,
        "kNN@20": 1,
    }
    assert {name: result[name].mean for name in result.estimates} == pytest.approx(expected)
    assert (result.queries, result.gallery, result.without_relevant) == (1, 6, 0)
    assert result.neighbours.tolist() == [[0, 1, 2, 3, 4, 5]]
    assert result.is_relevant.tolist() == [[True, False, True, False, False, True]]
    # Up to a recall of 1/3 the precision is 1, up to 2/3 it is 2/3, then 1/2.
    assert result.precision[[0, 33, 34, 66, 67, 100]] == pytest.approx(
        [1, 1, 2 / 3, 2 / 3, 0.5, 0.5]
    )


def test_a_late_first_hit() -> None:
    result = ranked([0, 0, 0, 1], k=2)
    assert result["MRR"].mean == result["mAP"].mean == 0.25
    assert result["mAP@2"].mean == result["hit@1"].mean == result["nDCG@2"].mean == 0
    assert result["hit@5"].mean == 1
    assert result["kNN@5"].mean == 0


def test_the_vote_is_weighted_and_a_tie_goes_to_the_nearer() -> None:
    def vote(scores: list[float], labels: list[str]) -> float:
        gallery = np.array(scores, np.float32)[:, None]
        result = retrieval_metrics(np.ones((1, 1)), ["a"], gallery, labels, leave_one_out=False)
        return result["kNN@5"].mean

    # exp(.1 / .07) is 4.2: one near `a` outweighs three `b` that are .1 further, not five.
    assert vote([1, 0.9, 0.9, 0.9], ["a", "b", "b", "b"]) == 1
    assert vote([1, 0.99, 0.99, 0.99], ["a", "b", "b", "b"]) == 0
    assert vote([1, 1, 0.5, 0.5], ["b", "a", "a", "b"]) == 0
    assert vote([1, 1, 0.5, 0.5], ["a", "b", "b", "a"]) == 1


def test_agrees_with_scikit_learn() -> None:
    vectors, labels = random_set(300, 7)
    result = retrieval_metrics(vectors, labels, vectors, labels, leave_one_out=True)
    precisions, gains, gains_10 = [], [], []
    for row in range(len(vectors)):
        others = np.arange(len(vectors)) != row
        score = (vectors @ vectors[row])[others]
        relevant = (labels == labels[row])[others]
        precisions.append(average_precision_score(relevant, score))
        gains.append(ndcg_score([relevant], [score]))
        gains_10.append(ndcg_score([relevant], [score], k=10))
    assert result.average_precision == pytest.approx(precisions)
    assert result["mAP"].mean == pytest.approx(np.mean(precisions))
    assert result["nDCG"].mean == pytest.approx(np.mean(gains))
    assert result["nDCG@10"].mean == pytest.approx(np.mean(gains_10))


def test_ties_are_ranked_in_the_order_of_the_gallery() -> None:
    rng = np.random.default_rng(3)
    gallery = rng.integers(0, 2, (80, 3)).astype(np.float32)  # few directions: nearly all tie
    queries = rng.integers(1, 3, (20, 3)).astype(np.float32)
    labels, own = rng.integers(0, 4, 80), rng.integers(0, 4, 20)
    result = retrieval_metrics(queries, own, gallery, labels, leave_one_out=False)
    for row in range(20):
        score = gallery @ queries[row]
        order = sorted(range(80), key=lambda n: (-score[n], n))
        assert result.neighbours[row].tolist() == order[:20]
        # The same ranking without its ties is one that scikit-learn takes.
        untied = np.empty(80)
        untied[order] = -np.arange(80)
        assert result.average_precision[row] == pytest.approx(
            average_precision_score(labels == own[row], untied)
        )


def test_other_figures_match_their_definitions() -> None:
    vectors, labels = random_set(120, 9, seed=5)
    result = retrieval_metrics(vectors, labels, vectors, labels, leave_one_out=True, k=7)
    means: dict[str, list[float]] = {
        name: [] for name in ("P@5", "recall@7", "hit@5", "mAP@7", "MAP@R", "MRR")
    }
    for row in range(len(vectors)):
        order = [n for n in np.argsort(-(vectors @ vectors[row]), kind="stable") if n != row]
        hits = [labels[n] == labels[row] for n in order]
        total = sum(hits)
        means["P@5"].append(sum(hits[:5]) / 5)
        means["recall@7"].append(sum(hits[:7]) / total)
        means["hit@5"].append(any(hits[:5]))
        inner = [sum(hits[: n + 1]) / (n + 1) * hits[n] for n in range(total)]
        means["MAP@R"].append(sum(inner) / total)
        means["mAP@7"].append(sum(inner[:7]) / min(total, 7))
        means["MRR"].append(1 / (hits.index(True) + 1))
    for name, values in means.items():
        assert result[name].mean == pytest.approx(np.mean(values)), name


def test_interpolated_precision_is_the_best_from_there_on() -> None:
    vectors, labels = random_set(60, 4, seed=1)
    result = retrieval_metrics(vectors, labels, vectors, labels, leave_one_out=True)
    curves = []
    for row in range(len(vectors)):
        order = [n for n in np.argsort(-(vectors @ vectors[row]), kind="stable") if n != row]
        hits = np.array([labels[n] == labels[row] for n in order])
        precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
        recall = np.cumsum(hits) / hits.sum()
        curves.append([precision[recall >= level - 1e-9].max() for level in result.recall])
    assert result.precision == pytest.approx(np.mean(curves, axis=0))


def test_the_block_size_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, labels = random_set(100, 5)
    whole = retrieval_metrics(vectors, labels, vectors, labels, leave_one_out=True)
    seen: list[tuple[int, int]] = []
    monkeypatch.setattr(metrics, "SCORES_BYTES", 3 * 4 * 100)  # three rows
    blocked = retrieval_metrics(
        vectors, labels, vectors, labels, leave_one_out=True, on_progress=lambda *a: seen.append(a)
    )
    assert len(seen) == 34
    assert seen[-1] == (100, 100)
    for name, estimate in whole.estimates.items():
        assert asdict(blocked[name]) == pytest.approx(asdict(estimate))
    assert blocked.scores == pytest.approx(whole.scores, abs=1e-6)


def test_queries_without_relevant_items_do_not_count() -> None:
    vectors = np.eye(5, dtype=np.float32)
    labels = ["a", "b", "a", "c", "d"]
    result = retrieval_metrics(vectors, labels, vectors, labels, leave_one_out=True)
    assert (result.queries, result.without_relevant, result.rows.tolist()) == (2, 3, [0, 2])
    assert [(label.label, label.queries) for label in result.labels] == [("a", 2)]
    assert result.neighbours.shape == (2, 4)
    with pytest.raises(ArgumentError, match="give two pictures the same label"):
        retrieval_metrics(vectors, list("abcde"), vectors, list("abcde"), leave_one_out=True)


def test_two_sets() -> None:
    vectors, labels = random_set(90, 3)
    result = retrieval_metrics(
        vectors[:30], labels[:30], vectors[30:], labels[30:], leave_one_out=False
    )
    relevant = labels[30:] == labels[0]
    assert result.average_precision[0] == pytest.approx(
        average_precision_score(relevant, vectors[30:] @ vectors[0])
    )
    assert (result.queries, result.gallery, result.leave_one_out) == (30, 60, False)


def test_a_sample_is_drawn_by_its_seed() -> None:
    vectors, labels = random_set(200, 4)

    def sample(seed: int) -> RetrievalMetrics:
        return retrieval_metrics(
            vectors, labels, vectors, labels, leave_one_out=True, max_queries=40, seed=seed
        )

    whole = retrieval_metrics(vectors, labels, vectors, labels, leave_one_out=True)
    assert (sample(1).queries, sample(1).sampled_from, whole.sampled_from) == (40, 200, 200)
    assert sample(1).rows.tolist() == sample(1).rows.tolist() != sample(2).rows.tolist()
    assert sample(1).average_precision == pytest.approx(whole.average_precision[sample(1).rows])
    assert sample(1)["mAP"].low < whole["mAP"].mean < sample(1)["mAP"].high


def test_labels_have_their_own_figures() -> None:
    vectors, labels = random_set(150, 6)
    result = retrieval_metrics(vectors, labels, vectors, labels, leave_one_out=True)
    assert [label.label for label in result.labels] == sorted(set(labels))
    for label in result.labels:
        rows = labels == label.label
        assert label.queries == rows.sum()
        assert label.means["mAP"] == pytest.approx(result.average_precision[rows].mean())
        assert label.means["kNN@5"] <= 1
    macro = np.mean([label.means["mAP"] for label in result.labels])
    assert result.macro_mean_average_precision == pytest.approx(macro)


def test_arguments_that_do_not_match_are_refused() -> None:
    vectors, labels = random_set(10, 2)
    with pytest.raises(ArgumentError, match="one label for each"):
        retrieval_metrics(vectors, labels[:9], vectors, labels, leave_one_out=True)
    with pytest.raises(ArgumentError, match="leave one out"):
        retrieval_metrics(vectors[:9], labels[:9], vectors, labels, leave_one_out=True)
    with pytest.raises(ArgumentError, match="must be"):
        retrieval_metrics(vectors[:, :3], labels, vectors, labels, leave_one_out=False)
    with pytest.raises(ArgumentError, match="k must be"):
        retrieval_metrics(vectors, labels, vectors, labels, leave_one_out=True, k=0)
    broken = vectors.copy()
    broken[3, 3] = np.nan
    with pytest.raises(ArgumentError, match="not finite"):
        retrieval_metrics(broken, labels, broken, labels, leave_one_out=True)


def test_float16_vectors_are_accepted() -> None:
    vectors, labels = random_set(64, 4)
    half = vectors.astype(np.float16)
    result = retrieval_metrics(half, labels, half, labels, leave_one_out=True, resamples=0)
    assert result["mAP"].low == result["mAP"].mean == result["mAP"].high
