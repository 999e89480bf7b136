from __future__ import annotations

import numpy as np
import pytest

from lookalike.evaluate import Evaluation
from lookalike.evaluate.error_analysis import best_and_worst, confusion_matrix, confusions
from lookalike.evaluate.metrics import retrieval_metrics
from lookalike.sources import LabelledPicture


def evaluation_of(labels: str, gallery: str, scores: list[list[float]]) -> Evaluation:
    """Make an evaluation with the given scores, by queries that are unit vectors."""
    result = retrieval_metrics(
        np.eye(len(labels)), list(labels), np.array(scores).T, list(gallery),
        leave_one_out=False, k=2,
    )  # fmt: skip
    return Evaluation(
        protocol="all", folders=("x",), encoder={}, metrics=result,
        queries=tuple(LabelledPicture(f"q{n}", label) for n, label in enumerate(labels)),
        gallery=tuple(LabelledPicture(f"g{n}", label) for n, label in enumerate(gallery)),
        vectors=np.array(scores, np.float32).T, refusals=(), seconds=1.0, versions={},
    )  # fmt: skip


@pytest.fixture
def small() -> Evaluation:
    return evaluation_of(
        "aab",
        "aabc",
        [
            [0.9, 0.8, 0.1, 0.2],  # all right
            [0.1, 0.2, 0.7, 0.6],  # b, c, then right
            [0.5, 0.1, 0.4, 0.3],  # a, then right
        ],
    )


def test_confusions_are_shares_of_the_first_hits(small: Evaluation) -> None:
    result = [(c.label, c.taken_for, c.share, c.query, c.hit) for c in confusions(small)]
    assert result == [("b", "a", 1 / 2, 2, 0), ("a", "b", 1 / 4, 1, 2), ("a", "c", 1 / 4, 1, 3)]
    assert len(confusions(small, pairs=1)) == 1


def test_a_confusion_shows_its_best_scored_hit() -> None:
    result = confusions(evaluation_of("aa", "ab", [[0.1, 0.5], [0.2, 0.9]]))
    assert [(c.query, c.hit, c.share) for c in result] == [(1, 1, 1 / 2)]


def test_right_hits_are_no_confusion() -> None:
    assert confusions(evaluation_of("a", "aa", [[0.5, 0.1]])) == []


def test_the_matrix_is_by_rows(small: Evaluation) -> None:
    labels, shares = confusion_matrix(small) or ([], np.empty(0))
    assert labels == ["a", "b", "c"]
    assert shares.tolist() == [[0.5, 0.25, 0.25], [0.5, 0.5, 0], [0, 0, 0]]


def test_many_labels_have_no_matrix() -> None:
    labels = "abcdefghijklmnopqrstuvwxyz"
    assert confusion_matrix(evaluation_of(labels, labels, np.eye(26).tolist())) is None


def test_best_and_worst_have_one_query_for_each_label(small: Evaluation) -> None:
    best, worst = best_and_worst(small)
    assert [example.query for example in best] == [0, 2]
    assert [example.query for example in worst] == [1]
    assert best[0].average_precision == 1
    assert best[0].relevant == 2
    assert worst[0].hits == (2, 3, 1, 0)
    assert worst[0].is_relevant == (False, False, True, True)
    assert worst[0].scores == pytest.approx((0.7, 0.6, 0.2, 0.1))
    assert best_and_worst(small, examples=1)[1][0].query == 1


def test_of_equal_queries_the_one_with_more_relevant_pictures_is_better() -> None:
    result = evaluation_of("ab", "abb", [[0.9, 0.1, 0.2], [0.1, 0.9, 0.8]])
    assert [example.query for example in best_and_worst(result)[0]] == [1, 0]
