from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytest

from lookalike.report.map import PIP_LINE, lay_out


def groups(count: int, of: int) -> Any:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(count, 24))[np.arange(count * of) % count] * 3
    vectors += rng.normal(size=vectors.shape)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def kept_together(points: Any, count: int) -> float:
    """Of all points, how many have their nearest in their own group."""
    away = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    np.fill_diagonal(away, np.inf)
    return float((away.argmin(axis=1) % count == np.arange(len(points)) % count).mean())


def test_groups_stay_together() -> None:
    atlas = lay_out(groups(6, 20))
    assert atlas.method.startswith("t-SNE (scikit-learn ")
    assert atlas.note == ""
    assert atlas.rows.tolist() == list(range(120))
    assert atlas.points.dtype == np.float32
    assert kept_together(atlas.points, 6) > 0.95
    assert np.ptp(atlas.points, axis=0).max() == pytest.approx(1)
    assert atlas.points.min() >= -1e-6
    assert atlas.points.max() <= 1 + 1e-6


def test_without_scikit_learn_it_is_pca(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *args: Any, **options: Any) -> Any:
        if name.startswith("sklearn"):
            raise ImportError(name)
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", missing)
    vectors = groups(3, 20)
    atlas = lay_out(vectors)
    assert atlas.method == "PCA"
    assert PIP_LINE in atlas.note
    # What PCA keeps is the best that a plane can: as much as the first two singular values.
    centred = vectors - vectors.mean(axis=0)
    values = np.linalg.svd(centred, compute_uv=False)
    ratio = np.ptp(atlas.points[:, 0]) / atlas.points[:, 0].std()
    first = centred @ np.linalg.svd(centred)[2][0]
    assert ratio == pytest.approx(np.ptp(first) / first.std(), rel=1e-3)
    assert atlas.points[:, 1].std() / atlas.points[:, 0].std() == pytest.approx(
        values[1] / values[0], rel=1e-3
    )


def test_of_many_some_are_drawn() -> None:
    atlas = lay_out(groups(5, 30), max_points=40)
    again = lay_out(groups(5, 30), max_points=40)
    assert len(atlas.rows) == len(set(atlas.rows)) == 40
    assert atlas.rows.tolist() == sorted(atlas.rows) == again.rows.tolist()
    assert "40 of 150, drawn at random" in atlas.note
    assert np.array_equal(atlas.points, again.points)


@pytest.mark.parametrize("count", [0, 1, 2, 7, 9])
def test_few_are_laid_out_too(count: int) -> None:
    atlas = lay_out(groups(1, 9)[:count])
    assert atlas.points.shape == (count, 2)
    assert np.isfinite(atlas.points).all()


def test_one_place_and_one_dimension() -> None:
    assert np.isfinite(lay_out(np.ones((5, 3), np.float32)).points).all()
    assert lay_out(np.array([[0.0], [1.0], [3.0]])).points[:, 1].tolist() == [0.5] * 3
