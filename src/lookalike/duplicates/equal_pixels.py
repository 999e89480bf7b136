"""Pictures whose pixels are equal: by the hash of their pixels, or by reading the files in full.

Large pictures are decoded at a reduced size, so the hash of their pixels is not known. Equal ones
have equal fingerprints, but fingerprints are too small to prove it. Where features can't prove that
they are copies, as in a sky or a blank page, the files decide.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from ..decode import decode_frames
from ..errors import PictureError
from ..sources import content_hash, read
from ..types import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ..copies import Hashes
    from .members import Member

MAX_EQUAL = 64  # pictures that every other of equal hashes is paired with, the first ones
MAX_READ = 500  # files of a gallery that are read in full


def equal_pixels(hashes: Sequence[Hashes], places: Sequence[int]) -> set[tuple[int, int]]:
    """Return the pairs of rows whose pixels are equal, by their hash; the lower row comes first."""
    return _pairs(hashes, [place for place in places if hashes[place].pixels_hash], "pixels_hash")


def equal_fingerprints(hashes: Sequence[Hashes], places: Sequence[int]) -> set[tuple[int, int]]:
    """Return the pairs of rows whose pixels may be equal: the hash of both is not known."""
    unknown = [place for place in places if not hashes[place].pixels_hash]
    return _pairs(hashes, unknown, "packed_hash")


def read_equal_pixels(
    members: Sequence[Member],
    pairs: Sequence[tuple[int, int]],
    on_progress: Callable[[int, int], None],
) -> Iterator[tuple[int, int]]:
    """Yield the pairs whose files show equal pixels on every page and frame.

    Each file is read once, and no more than `MAX_READ` of them.

    Args:
        members: files.
        pairs: indexes of two of them.
        on_progress: called before each pair, with the number of pairs done, and of all.
    """
    digests = dict[int, bytes]()
    for done, pair in enumerate(pairs):
        on_progress(done, len(pairs))
        for member in pair:
            if member not in digests and len(digests) < MAX_READ:
                digests[member] = _digest_pixels(members[member])
        one, other = (digests.get(member, b"") for member in pair)
        if one and one == other:
            yield pair


def _pairs(hashes: Sequence[Hashes], places: Sequence[int], name: str) -> set[tuple[int, int]]:
    """Return the pairs of rows that are equal in a hash; of very many, enough to link all."""
    places_of = defaultdict[bytes, list[int]](list)
    for place in places:
        places_of[getattr(hashes[place], name)].append(place)
    return {
        (one, other)
        for equal in places_of.values()
        for rank, one in enumerate(equal[:MAX_EQUAL])
        for other in equal[rank + 1 :]
    }


def _digest_pixels(member: Member) -> bytes:
    """Hash all pixels of a file, at full size; empty if it can't be read, or not as indexed."""
    digest = hashlib.sha256()
    try:
        data = read(Source(member.path, member.size, member.mtime_ns))
        if content_hash(data) != member.content_hash:
            return b""
        for frame in decode_frames(data):
            digest.update(f"{frame.shape} {frame.dtype} ".encode())
            digest.update(np.ascontiguousarray(frame).data)
    except (OSError, PictureError, MemoryError):
        return b""
    return digest.digest()
