from __future__ import annotations

import numpy as np

from benchmarks.synthetic_vectors import Mixture, neighbour_cosines


def test_synthetic_vectors_are_distributed_like_real_ones() -> None:
    random = np.random.default_rng(0)
    centres = random.normal(size=(40, 32)) * np.linspace(3, 1, 32)
    real = centres[random.integers(40, size=3_000)] + 0.5 * random.normal(size=(3_000, 32))
    real = (real / np.linalg.norm(real, axis=1, keepdims=True)).astype(np.float32)
    synthetic = Mixture.fit(real, random).sample(3_000, random)
    assert np.linalg.norm(synthetic, axis=1).min() > 0.999
    of_real, of_synthetic = (
        np.median(neighbour_cosines(vectors), axis=0) for vectors in (real, synthetic)
    )
    assert np.abs(of_real - of_synthetic).max() < 0.05
    noise = random.normal(size=real.shape).astype(np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    assert np.abs(of_real - np.median(neighbour_cosines(noise), axis=0)).max() > 0.2
