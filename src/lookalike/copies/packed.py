"""A fingerprint in bytes, as a gallery stores it: 22 per feature, about 2,400 for the thumbnail.

Format 1 had smaller grey thumbnails, hashed the pixels of reduced decodings, and had no samples.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from ..errors import GalleryFormatError
from . import thumbnail
from .descriptors import DIMENSIONS, descriptor_model
from .fingerprint import PIXELS_HASH_BYTES, Fingerprint

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMAT = 2
_HEAD = struct.Struct("<BBHii32s16s")  # format, quality, features, width, height, hashes
_SIZE = np.dtype("<u2")  # bytes of a sample
_UNKNOWN_HASH = bytes(PIXELS_HASH_BYTES)
_POINT = np.dtype([("x", "<u2"), ("y", "<u2"), ("radius", "u1"), ("angle", "u1")])
_POSITIONS = 65_536  # steps along a side
_ANGLES = 256  # steps of a full turn
_RADII = 16  # steps per doubling of the radius
_MIN_RADIUS = 2.0**-12  # of the picture's diagonal


def pack(fingerprint: Fingerprint) -> bytes:
    """Serialize a fingerprint; points lose a little precision."""
    x, y, radius, angle = fingerprint.points.T
    points = np.empty(len(x), _POINT)
    points["x"] = _quantize(x / fingerprint.width * _POSITIONS, _POSITIONS)
    points["y"] = _quantize(y / fingerprint.height * _POSITIONS, _POSITIONS)
    min_radius = _MIN_RADIUS * _diagonal(fingerprint.width, fingerprint.height)
    points["radius"] = _quantize(np.log2(np.maximum(radius / min_radius, 1)) * _RADII, 256)
    points["angle"] = np.round(angle / (2 * np.pi) * _ANGLES).astype(int) % _ANGLES
    low, high = fingerprint.descriptors[:, ::2], fingerprint.descriptors[:, 1::2]
    pictures = [
        data if isinstance(data, bytes) else thumbnail.encode(data)
        for data in (*fingerprint.sample_data, fingerprint.thumbnail_data)
    ]
    head = _HEAD.pack(
        FORMAT,
        fingerprint.pdq_quality,
        len(points),
        fingerprint.width,
        fingerprint.height,
        fingerprint.pdq.tobytes(),
        fingerprint.pixels_hash or _UNKNOWN_HASH,
    )
    sizes = np.array([len(pictures) - 1, *map(len, pictures[:-1])], _SIZE).tobytes()
    return b"".join([head, points.tobytes(), (low | high << 4).tobytes(), sizes, *pictures])


def unpack(data: bytes) -> Fingerprint:
    """Deserialize what `pack` serialized.

    Raises:
        GalleryFormatError: the bytes are damaged or of a newer format. A damaged thumbnail raises
            it only when it is decoded.
    """
    try:
        format_, quality, count, width, height, pdq, pixels_hash = _HEAD.unpack_from(data)
        offset = _HEAD.size
        packed = np.frombuffer(data, _POINT, count, offset)
        offset += packed.nbytes
        nibbles = np.frombuffer(data, np.uint8, count * DIMENSIONS // 2, offset)
        offset += nibbles.nbytes
        samples = []
        if format_ != 1:
            sample_count = int(np.frombuffer(data, _SIZE, 1, offset)[0])
            sizes = np.frombuffer(data, _SIZE, sample_count, offset + _SIZE.itemsize)
            offset += _SIZE.itemsize + sizes.nbytes
            for size in sizes.tolist():
                samples.append(data[offset : offset + size])
                offset += size
    except (struct.error, ValueError) as error:
        raise GalleryFormatError(thumbnail.DAMAGED) from error
    if format_ not in (1, FORMAT) or min(width, height) < 1:
        raise GalleryFormatError(thumbnail.DAMAGED)
    points = np.empty((count, 4), np.float32)
    points[:, 0] = (packed["x"] + 0.5) * (width / _POSITIONS)
    points[:, 1] = (packed["y"] + 0.5) * (height / _POSITIONS)
    min_radius = _MIN_RADIUS * _diagonal(width, height)
    points[:, 2] = min_radius * np.exp2((packed["radius"] + 0.5) / _RADII)
    points[:, 3] = packed["angle"] * (2 * np.pi / _ANGLES)
    return Fingerprint(
        width,
        height,
        points,
        _unpack_nibbles(nibbles),
        data[offset:],
        np.frombuffer(pdq, np.uint8),
        quality,
        b"" if format_ == 1 or pixels_hash == _UNKNOWN_HASH else pixels_hash,
        tuple(samples),
    )


def unpack_pdq(data: bytes) -> bytes:
    """Read only the PDQ hash of a packed fingerprint."""
    return bytes(_HEAD.unpack_from(data)[5])


def unpack_words(data: bytes) -> NDArray[np.int64]:
    """Read only the visual words of a packed fingerprint: int64 [N]."""
    _, _, count, *_ = _HEAD.unpack_from(data)
    offset = _HEAD.size + count * _POINT.itemsize
    nibbles = np.frombuffer(data, np.uint8, count * DIMENSIONS // 2, offset)
    return descriptor_model().words(_unpack_nibbles(nibbles))


def _unpack_nibbles(nibbles: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Split each byte into its low and high four bits: uint8 [N, 32]."""
    return np.stack([nibbles & 15, nibbles >> 4], axis=1).reshape(-1, DIMENSIONS)


def _diagonal(width: int, height: int) -> float:
    return float(np.hypot(width, height))


def _quantize(values: NDArray[np.floating], end: int) -> NDArray[np.integer]:
    return np.asarray(np.clip(values, 0, end - 1), int)
