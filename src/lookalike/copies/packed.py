"""A fingerprint in bytes, as the gallery keeps it: 22 a feature, some 1,000 the thumbnail."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from ..errors import GalleryFormatError
from . import thumbnail
from .descriptors import DIMENSIONS, basis
from .fingerprint import Fingerprint

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMAT = 1
_HEAD = struct.Struct("<BBHii32s16s")  # format, quality, features, width, height, hashes
_POINT = np.dtype([("x", "<u2"), ("y", "<u2"), ("radius", "u1"), ("angle", "u1")])
_PLACES = 65_536  # that a side is cut into
_TURN = 256  # parts of a full turn
_RADII = 16  # steps for twice the radius
_LEAST = 2.0**-12  # of the picture's diagonal


def pack(fingerprint: Fingerprint) -> bytes:
    """Bring a fingerprint to bytes; points lose a little of their precision."""
    x, y, radius, angle = fingerprint.points.T
    points = np.empty(len(x), _POINT)
    points["x"] = _cut(x / fingerprint.width * _PLACES, _PLACES)
    points["y"] = _cut(y / fingerprint.height * _PLACES, _PLACES)
    least = _LEAST * _diagonal(fingerprint.width, fingerprint.height)
    points["radius"] = _cut(np.log2(np.maximum(radius / least, 1)) * _RADII, 256)
    points["angle"] = np.round(angle / (2 * np.pi) * _TURN).astype(int) % _TURN
    low, high = fingerprint.descriptors[:, ::2], fingerprint.descriptors[:, 1::2]
    small = fingerprint.small
    webp = small if isinstance(small, bytes) else thumbnail.encode(small)
    head = _HEAD.pack(
        FORMAT,
        fingerprint.pdq_quality,
        len(points),
        fingerprint.width,
        fingerprint.height,
        fingerprint.pdq.tobytes(),
        fingerprint.pixels_hash,
    )
    return head + points.tobytes() + (low | high << 4).tobytes() + webp


def unpack(data: bytes) -> Fingerprint:
    """Undo `pack`.

    Raises:
        GalleryFormatError: the bytes are damaged, or of a newer format; a damaged thumbnail is
            found by who looks at it.
    """
    try:
        form, quality, count, width, height, hashed, pixels_hash = _HEAD.unpack_from(data)
        at = _HEAD.size
        packed = np.frombuffer(data, _POINT, count, at)
        at += packed.nbytes
        halves = np.frombuffer(data, np.uint8, count * DIMENSIONS // 2, at)
        at += halves.nbytes
    except (struct.error, ValueError) as error:
        raise GalleryFormatError(thumbnail.DAMAGED) from error
    if form != FORMAT or min(width, height) < 1:
        raise GalleryFormatError(thumbnail.DAMAGED)
    points = np.empty((count, 4), np.float32)
    points[:, 0] = (packed["x"] + 0.5) * (width / _PLACES)
    points[:, 1] = (packed["y"] + 0.5) * (height / _PLACES)
    least = _LEAST * _diagonal(width, height)
    points[:, 2] = least * np.exp2((packed["radius"] + 0.5) / _RADII)
    points[:, 3] = packed["angle"] * (2 * np.pi / _TURN)
    return Fingerprint(
        width,
        height,
        points,
        _whole(halves),
        data[at:],
        np.frombuffer(hashed, np.uint8),
        quality,
        pixels_hash,
    )


def unpack_pdq(data: bytes) -> bytes:
    """Give the PDQ hash of a packed fingerprint."""
    return bytes(_HEAD.unpack_from(data)[5])


def unpack_words(data: bytes) -> NDArray[np.int64]:
    """Name the visual words of a packed fingerprint, int64 [N], without unpacking the rest."""
    _, _, count, *_ = _HEAD.unpack_from(data)
    at = _HEAD.size + count * _POINT.itemsize
    return basis().words(_whole(np.frombuffer(data, np.uint8, count * DIMENSIONS // 2, at)))


def _whole(halves: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give every half of a byte one of its own: uint8 [N, 32]."""
    return np.stack([halves & 15, halves >> 4], axis=1).reshape(-1, DIMENSIONS)


def _diagonal(width: int, height: int) -> float:
    return float(np.hypot(width, height))


def _cut(values: NDArray[np.floating], end: int) -> NDArray[np.integer]:
    return np.asarray(np.clip(values, 0, end - 1), int)
