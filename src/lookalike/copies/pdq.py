"""PDQ hashes of turned, mirrored and negative pictures, from the hash of the picture itself.

A PDQ hash says which of 16 x 16 frequencies of a picture's cosine transform are above their median.
Turning the picture over its diagonal swaps rows and columns; mirroring it changes the sign of every
second column, turning it upside down that of every second row, and the negative that of all. The
authors' library does the same ("dihedral hashes"), but for the negative.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import struct
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import GalleryFormatError
from .packed import _HEAD, FORMAT
from .thumbnail import DAMAGED

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE_BITS = 16
PDQ_BITS = SIDE_BITS**2
PACKED_HASH_BYTES = 16
MIN_PDQ_QUALITY = 50  # of 100; the hash of a plainer picture says little


class Form(NamedTuple):
    """How the hash of a changed picture follows from the hash of the picture.

    Attributes:
        transposed: whether rows and columns are swapped first.
        negative: whether it is the negative.
        mask: uint8 [32], the bits that change then.
    """

    transposed: bool
    negative: bool
    mask: NDArray[np.uint8]


class Hashes(NamedTuple):
    """The hashes of a packed fingerprint.

    Attributes:
        pdq: 32 bytes.
        pdq_quality: 0..100.
        pixels_hash: equal for equal pixels; empty if it is not known.
        packed_hash: of all of it; if pixels are equal, it is, but not the reverse.
    """

    pdq: bytes
    pdq_quality: int
    pixels_hash: bytes
    packed_hash: bytes


@functools.cache
def forms() -> tuple[Form, ...]:
    """Return the sixteen forms: four turns, each also mirrored, and all as negatives."""
    odd = np.arange(SIDE_BITS) % 2 == 1
    found = []
    for transposed, mirrored, flipped, negative in itertools.product((False, True), repeat=4):
        changed = (odd & flipped)[:, None] ^ (odd & mirrored) ^ negative
        found.append(Form(transposed, negative, np.packbits(changed)))
    return tuple(found)


def transpose_pdq(pdq: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the hashes of pictures turned over their diagonal: uint8 [N, 32]."""
    bits = np.unpackbits(pdq, axis=1).reshape(-1, SIDE_BITS, SIDE_BITS)
    return np.packbits(bits.transpose(0, 2, 1).reshape(-1, PDQ_BITS), axis=1)


def unpack_hashes(data: bytes) -> Hashes:
    """Return the hashes of a packed fingerprint, without unpacking the rest.

    Raises:
        GalleryFormatError: the bytes are damaged.
    """
    try:
        format_, quality, _, _, _, pdq, pixels_hash = _HEAD.unpack_from(data)
    except struct.error as error:
        raise GalleryFormatError(DAMAGED) from error
    is_known = format_ == FORMAT and any(pixels_hash)
    packed_hash = hashlib.blake2b(data, digest_size=PACKED_HASH_BYTES).digest()
    return Hashes(pdq, quality, pixels_hash if is_known else b"", packed_hash)
