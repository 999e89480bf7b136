from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike.duplicates import neighbours
from lookalike.duplicates.neighbours import find_neighbour_pairs

MIN_COSINE = 0.92


def clustered(count: int, d: int = 256) -> NDArray[np.float16]:
    """Vectors in clusters, some within reach of each other, in all dimensions."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(count // 6, d)) * np.linspace(1, 3, d)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    found = centres[rng.integers(len(centres), size=count)]
    found = found + rng.normal(size=(count, d)) * rng.uniform(0.1, 0.6, (count, 1)) / np.sqrt(d)
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float16)


def exact(vectors: NDArray[np.float16]) -> set[tuple[int, int]]:
    wide = vectors.astype(np.float32)
    ones, others = np.nonzero(np.triu(wide @ wide.T, 1) > MIN_COSINE)
    return set(zip(ones.tolist(), others.tolist(), strict=True))


@pytest.mark.parametrize("cell_rows", [10_000, 100])
def test_nearly_all_neighbours_are_found_and_no_others(
    monkeypatch: pytest.MonkeyPatch, cell_rows: int
) -> None:
    monkeypatch.setattr(neighbours, "CELL_ROWS", cell_rows)
    vectors = clustered(3_000)
    near = find_neighbour_pairs(vectors, min_cosine=MIN_COSINE, max_neighbours=50)
    pairs = list(zip(near.lower.tolist(), near.higher.tolist(), strict=True))
    assert pairs == sorted(set(pairs))  # each once, in order
    right = exact(vectors)
    assert len(right) > 1_000
    assert set(pairs) <= right
    assert len(pairs) >= 0.98 * len(right)
    wide = vectors.astype(np.float32)
    expected = [float(wide[one] @ wide[other]) for one, other in pairs[:50]]
    assert near.cosines[:50] == pytest.approx(expected, abs=1e-3)


def test_equal_vectors_have_a_bounded_number_of_pairs() -> None:
    vectors = np.ones((1_000, 16), np.float16) / 4
    near = find_neighbour_pairs(vectors, min_cosine=MIN_COSINE, max_neighbours=5)
    assert 0 < len(near.lower) <= (5 + 1) * 1_000


def test_equal_vectors_need_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "BATCH_COSINES", 2**16)
    vectors = np.ones((1_500, 16), np.float16) / 4
    tracemalloc.start()
    try:
        find_neighbour_pairs(vectors, min_cosine=MIN_COSINE, max_neighbours=5)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # All 2 million cosines at once, and their rows, would take several times as much.
    assert peak < 30e6  # bytes


def test_progress_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "CELL_ROWS", 100)
    vectors = np.random.default_rng(0).normal(size=(500, 16)).astype(np.float16)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    calls = list[tuple[int, int]]()
    find_neighbour_pairs(
        vectors,
        min_cosine=MIN_COSINE,
        max_neighbours=5,
        on_progress=lambda *call: calls.append(call),
    )
    assert calls == [(0, 5), *((done, 5) for done in range(5))]  # at once, then before each cell


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_vectors(count: int) -> None:
    vectors = np.ones((count, 16), np.float16) / 4
    assert len(find_neighbour_pairs(vectors, min_cosine=MIN_COSINE, max_neighbours=5).lower) == (
        count == 2
    )


def test_zeros_are_near_nothing() -> None:
    assert not len(
        find_neighbour_pairs(
            np.zeros((10, 16), np.float16), min_cosine=MIN_COSINE, max_neighbours=5
        ).lower
    )
