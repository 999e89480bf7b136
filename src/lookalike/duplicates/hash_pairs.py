"""Which of many pictures have nearly the same PDQ hash, in any of its sixteen forms.

Multi-index hashing (Norouzi, Punjani and Fleet, "Fast Search in Hamming Space with Multi-Index
Hashing", 2012): hashes that differ in few bits are equal in some band of bits. Each hash is looked
up by one band after another, and all bits of those found are compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..copies import forms, transpose_pdq

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

BANDS = 32  # of 100,000 pictures, turned, reduced and saved again, .995 share one or more
MIN_BAND_BITS, MAX_BAND_BITS = 8, 20
MAX_BUCKET = 16  # pictures of one band that another is compared with, the first ones
BATCH_ROWS = 65_536  # that are looked up at once
SEED = 0  # of the bands


class HashPairs(NamedTuple):
    """Pairs of pictures with similar hashes, each once, ordered by the lower row.

    Attributes:
        lower: int64 [P], rows.
        higher: int64 [P], rows.
        bits: int64 [P], how many differ.
        negative: bool [P], whether one hash is similar to the other's negative.
    """

    lower: NDArray[np.int64]
    higher: NDArray[np.int64]
    bits: NDArray[np.int64]
    negative: NDArray[np.bool_]


def find_hash_pairs(
    pdq: NDArray[np.uint8],
    *,
    max_bits: int,
    on_progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> HashPairs:
    """Find pairs of hashes that differ in few bits in some form; few are missed, none is wrong.

    Args:
        pdq: uint8 [N, 32].
        max_bits: of 256 that may differ.
        on_progress: called before each band, with the number of bands done, and of all.
    """
    sides = [pdq, transpose_pdq(pdq)]
    words = [np.ascontiguousarray(side).view(np.uint64) for side in sides]
    keys, values = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for band, (bits, indexed, queries) in enumerate(_bands(sides)):
        on_progress(band, BANDS)
        order = np.argsort(indexed, kind="stable")
        starts = np.searchsorted(indexed[order], np.arange(2 ** len(bits) + 1))
        for form in forms():
            mask = form.mask.view(np.uint64)
            changed = int(_keys(form.mask[None], bits)[0])
            for first in range(0, len(pdq), BATCH_ROWS):
                query_keys = queries[form.transposed][first : first + BATCH_ROWS] ^ changed
                higher, lower = _look_up(query_keys, first, order, starts)
                query_words = words[form.transposed][higher] ^ mask
                differing = np.bitwise_count(query_words ^ words[0][lower]).sum(axis=1, dtype=int)
                near = differing <= max_bits
                keys.append(lower[near] * len(pdq) + higher[near])
                values.append(2 * differing[near] + form.negative)
    key, value = np.concatenate(keys), np.concatenate(values)
    order = np.lexsort((value, key))  # of several forms, the one that fits best
    key, first_of_key = np.unique(key[order], return_index=True)
    bits, negative = np.divmod(value[order][first_of_key], 2)
    lower, higher = np.divmod(key, max(len(pdq), 1))
    return HashPairs(lower, higher, bits, negative.astype(bool))


def _bands(
    sides: list[NDArray[np.uint8]],
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], list[NDArray[np.int64]]]]:
    """Yield bits at random, and what each hash, plain and transposed, has there: int64 [N]."""
    count = int(np.clip(len(sides[0]).bit_length() - 1, MIN_BAND_BITS, MAX_BAND_BITS))
    random = np.random.default_rng(SEED)
    for _ in range(BANDS):
        bits = random.choice(8 * sides[0].shape[1], count, replace=False)
        keys = [_keys(side, bits) for side in sides]
        yield bits, keys[0], keys


def _keys(pdq: NDArray[np.uint8], bits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return some bits of each hash as a number: int64 [N]."""
    places, shifts = np.divmod(bits, 8)
    return ((pdq[:, places] >> (7 - shifts).astype(np.uint8)) & 1) @ (1 << np.arange(len(bits)))


def _look_up(
    keys: NDArray[np.int64],
    first: int,
    order: NDArray[np.int64],
    starts: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of keys, which begin at row `first`, and the lower rows in their buckets."""
    begin = starts[keys]
    counts = np.minimum(starts[keys + 1] - begin, MAX_BUCKET)
    total = int(counts.sum())
    within = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    higher = np.repeat(np.arange(first, first + len(keys)), counts)
    lower = order[np.repeat(begin, counts) + within]
    is_lower = lower < higher
    return higher[is_lower], lower[is_lower]
