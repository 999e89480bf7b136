from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lookalike.copies import forms, transpose_pdq
from lookalike.duplicates.hash_pairs import BANDS, MAX_BUCKET, find_hash_pairs

MAX_BITS = 64


def hashes(count: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, 32), np.uint8)


def noisy(pdq: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    """Change some bits of each hash."""
    rng = np.random.default_rng(1)
    flips = np.zeros((len(pdq), 256), bool)
    for row in flips:
        row[rng.choice(256, bits, replace=False)] = True
    return pdq ^ np.packbits(flips, axis=1)


def test_nearly_all_forms_are_found_and_no_others() -> None:
    """Each of 800 changed hashes is near its own among 3,000."""
    plain = hashes(2_200)
    sides = plain[:800], transpose_pdq(plain[:800])
    chosen = np.arange(800) % 16
    changed = [sides[forms()[k].transposed][n] ^ forms()[k].mask for n, k in enumerate(chosen)]
    found = find_hash_pairs(
        np.concatenate([plain, noisy(np.stack(changed), 30)]), max_bits=MAX_BITS
    )
    assert (found.higher - found.lower == 2_200).all()
    assert len(found.lower) >= 0.98 * 800
    assert (np.diff(found.lower) > 0).all()  # each once, in order
    assert (found.bits == 30).all()
    assert (found.negative == [forms()[k].negative for k in chosen[found.lower]]).all()


def test_hashes_that_differ_more_are_no_pair() -> None:
    plain = hashes(50)
    near = find_hash_pairs(np.concatenate([plain, noisy(plain, 20)]), max_bits=20)
    assert len(near.lower) == 50
    assert not len(find_hash_pairs(np.concatenate([plain, noisy(plain, 21)]), max_bits=20).lower)


def test_equal_hashes_have_a_bounded_number_of_pairs() -> None:
    found = find_hash_pairs(np.repeat(hashes(1), 500, axis=0), max_bits=MAX_BITS)
    assert len(found.lower) <= MAX_BUCKET * 500
    assert {*found.higher.tolist()} == {*range(1, 500)}  # all are linked to the first ones
    assert {*found.lower.tolist()} == {*range(MAX_BUCKET)}


def test_few_hashes_and_progress() -> None:
    calls = list[tuple[int, int]]()
    for count in (0, 1):
        found = find_hash_pairs(
            hashes(count), max_bits=MAX_BITS, on_progress=lambda *call: calls.append(call)
        )
        assert [len(column) for column in found] == [0] * 4
    assert calls == [(band, BANDS) for band in range(BANDS)] * 2
