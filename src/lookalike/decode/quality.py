"""How strongly a file is compressed: the quality of a JPEG, and whether a format loses anything."""

from __future__ import annotations

import struct

from .jpeg import DQT, segments
from .tiff import Tiff

_COMPRESSION = 259
# Of TIFF: JPEG, JPEG 2000, WebP, lossy DNG, JPEG XL
_LOSSY_TIFF = {6, 7, 33003, 33004, 33005, 34712, 34892, 50001, 50002, 52546}
_LOSSLESS_JPEG = {0xC3, 0xC7, 0xCB, 0xCF}
_SEQUENTIAL_MARKERS = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
# The tables of quality 50 in libjpeg: ITU-T T.81, tables K.1 and K.2, in zigzag order.
_LUMINANCE = [
    *(16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40),
    *(26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57, 51),
    *(56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87),
    *(95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99),
]
_CHROMINANCE = [
    *(17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66, 99, 99),
    *([99] * 48),
]


def jpeg_quality(data: bytes) -> int | None:
    """Estimate a JPEG's quality from its quantisation tables, on libjpeg's scale, 1..100.

    Of all qualities it is the one whose tables are nearest, so other tables have one, too.
    """
    tables = _tables(data)
    if not tables:
        return None
    bases = dict(zip(sorted(tables)[:2], (_LUMINANCE, _CHROMINANCE), strict=False))

    def distance(quality: int) -> int:
        return sum(
            abs(expected - found)
            for number, base in bases.items()
            for expected, found in zip(_scaled(base, quality), tables[number], strict=True)
        )

    return min(range(100, 0, -1), key=distance)


def subsampling(data: bytes) -> str | None:
    """Return how a JPEG's colour is thinned, as `4:2:0`; None for grey and rare ways."""
    for marker, start, end in segments(data):
        if marker in _SEQUENTIAL_MARKERS:
            factors = data[start + 7 : min(end, start + 6 + 3 * data[start + 5]) : 3]
            sides = [(one >> 4, one & 15) for one in factors]
            if len(sides) < 3 or sides[1] != (1, 1) or sides[2] != (1, 1):  # noqa: PLR2004
                return None
            known = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0", (4, 1): "4:1:1"}
            return (known | {(1, 2): "4:4:0", (4, 2): "4:1:0"}).get(sides[0])
    return None


def is_lossless(data: bytes, name: str) -> bool:
    """Check whether a file's compression keeps every pixel.

    Args:
        data: the whole file.
        name: the format.
    """
    if name == "JPEG":
        return any(marker in _LOSSLESS_JPEG for marker, _, _ in segments(data))
    if name == "WEBP":
        return b"VP8L" in data[:4096] and not (data[12:16] == b"VP8X" and _has_lossy_frame(data))
    if name == "TIFF":
        tiff = Tiff(data)
        pages = tiff.chain(most=64)
        return not any(tiff.number(page, _COMPRESSION) in _LOSSY_TIFF for page in pages)
    if name == "JPEG2000":
        at = data.find(b"\xff\x52", 0, 65_536)  # the coding style: the last byte is the wavelet
        return 0 <= at < len(data) - 14 and data[at + 13] == 1
    return name not in ("HEIF", "AVIF")


def _has_lossy_frame(data: bytes) -> bool:
    at = 12
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        inside = data[at + 24 : at + 28] if kind == b"ANMF" else kind
        if b"VP8 " in (inside, kind):
            return True
        at += 8 + size + (size & 1)
    return False


def _tables(data: bytes) -> dict[int, list[int]]:
    tables = {}
    for marker, start, end in segments(data):
        at = start
        while marker == DQT and at < min(end, len(data)):
            wide, number = data[at] >> 4, data[at] & 15
            size = 128 if wide else 64
            values = data[at + 1 : at + 1 + size]
            if len(values) < size:
                break
            tables[number] = list(struct.unpack(">64H" if wide else "64B", values))
            at += 1 + size
    return tables


def _scaled(base: list[int], quality: int) -> list[int]:
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality  # noqa: PLR2004  libjpeg's
    return [min(max((one * scale + 50) // 100, 1), 255) for one in base]
