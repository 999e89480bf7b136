from __future__ import annotations

import numpy as np
import pytest

from lookalike.finetune import synthetic


@pytest.mark.parametrize("kind", synthetic._KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_draws_something(kind: object) -> None:
    images = [kind(np.random.default_rng(seed)) for seed in range(6)]  # type: ignore[operator]
    assert {(image.mode, image.size) for image in images} == {
        ("RGB", (synthetic.SIDE, synthetic.SIDE))
    }
    assert len({image.tobytes() for image in images}) == 6
    assert all(np.asarray(image).std() > 2 for image in images)


def test_a_seed_decides_the_picture() -> None:
    def pixels(seed: int) -> bytes:
        return synthetic.synthetic_picture(np.random.default_rng(seed)).tobytes()

    assert pixels(3) == pixels(3) != pixels(4)
