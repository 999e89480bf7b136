from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytest

from lookalike.report.map import PIP_LINE, build_map


def groups(count: int, of: int) -> Any:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(count, 24))[np.arange(count * of) % count] * 3
    vectors += rng.normal(size=vectors.shape)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def together_share(points: Any, count: int) -> float:
    """The share of points whose nearest neighbour is in their own group."""
    away = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    np.fill_diagonal(away, np.inf)
    return float((away.argmin(axis=1) % count == np.arange(len(points)) % count).mean())


def test_groups_stay_together() -> None:
    picture_map = build_map(groups(6, 20))
    assert picture_map.method.startswith("t-SNE (scikit-learn ")
    assert picture_map.note == ""
    assert picture_map.rows.tolist() == list(range(120))
    assert picture_map.points.dtype == np.float32
    assert together_share(picture_map.points, 6) > 0.95
    assert np.ptp(picture_map.points, axis=0).max() == pytest.approx(1)
    assert picture_map.points.min() >= -1e-6
    assert picture_map.points.max() <= 1 + 1e-6


def test_without_scikit_learn_it_is_pca(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *args: Any, **options: Any) -> Any:
        if name.startswith("sklearn"):
            raise ImportError(name)
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", missing)
    vectors = groups(3, 20)
    picture_map = build_map(vectors)
    assert picture_map.method == "PCA"
    assert PIP_LINE in picture_map.note
    # PCA keeps as much as a plane can: the first two singular values.
    centred = vectors - vectors.mean(axis=0)
    values = np.linalg.svd(centred, compute_uv=False)
    ratio = np.ptp(picture_map.points[:, 0]) / picture_map.points[:, 0].std()
    first = centred @ np.linalg.svd(centred)[2][0]
    assert ratio == pytest.approx(np.ptp(first) / first.std(), rel=1e-3)
    assert picture_map.points[:, 1].std() / picture_map.points[:, 0].std() == pytest.approx(
        values[1] / values[0], rel=1e-3
    )


def test_many_points_are_sampled() -> None:
    picture_map = build_map(groups(5, 30), max_points=40)
    again = build_map(groups(5, 30), max_points=40)
    assert len(picture_map.rows) == len(set(picture_map.rows)) == 40
    assert picture_map.rows.tolist() == sorted(picture_map.rows) == again.rows.tolist()
    assert "40 of 150, sampled at random" in picture_map.note
    assert np.array_equal(picture_map.points, again.points)


@pytest.mark.parametrize("count", [0, 1, 2, 7, 9])
def test_few_points_have_a_map_too(count: int) -> None:
    picture_map = build_map(groups(1, 9)[:count])
    assert picture_map.points.shape == (count, 2)
    assert np.isfinite(picture_map.points).all()


def test_equal_points_and_one_dimension() -> None:
    assert np.isfinite(build_map(np.ones((5, 3), np.float32)).points).all()
    assert build_map(np.array([[0.0], [1.0], [3.0]])).points[:, 1].tolist() == [0.5] * 3
