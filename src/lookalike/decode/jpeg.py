"""The segments and scans of a JPEG: bounded work, a missing end, what comes after the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import PictureError
from .formats import open_plugin
from .limits import MAX_JPEG_SCAN_PIXELS, reason

if TYPE_CHECKING:
    from collections.abc import Iterator

SOF0, SOF2, DHT, SOI, EOI, SOS, DQT, COM, APP0 = (
    0xC0,
    0xC2,
    0xC4,
    0xD8,
    0xD9,
    0xDA,
    0xDB,
    0xFE,
    0xE0,
)
_SOF = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = {SOF2, 0xCA}  # by Huffman's code, by an arithmetic one
_STANDALONE = {0x01, *range(0xD0, 0xD8)}
_MAX_SEGMENTS = 10_000
_COEFFICIENTS = 64
_LEAST_SCAN_BYTES = 8  # its header
_TAIL_BYTES = 64  # in which the end is looked for first
_END = b"\xff\xd9"
# What decoding must not need: two fillings that, if read as data, give different pictures.
_FILLINGS = (bytes(range(7, 250, 3)), bytes(range(251, 8, -3)))


def segments(data: bytes, at: int = 2) -> Iterator[tuple[int, int, int]]:
    """List the segments up to the first scan, inclusive: marker, start and end of the content."""
    for _ in range(_MAX_SEGMENTS):
        while data[at : at + 2] == b"\xff\xff":  # fill bytes
            at += 1
        if at + 4 > len(data) or data[at] != 0xFF:  # noqa: PLR2004
            return
        marker = data[at + 1]
        if marker in _STANDALONE:
            at += 2
            continue
        if marker in (SOI, EOI):
            return
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        yield marker, at + 4, end
        if marker == SOS:
            return
        at = end


def check_scans(data: bytes, width: int, height: int) -> None:
    """Check that a JPEG does not decode its pixels too often.

    Raises:
        PictureError: it has too many scans.
    """
    if len(data) // _LEAST_SCAN_BYTES * width * height <= MAX_JPEG_SCAN_PIXELS:
        return
    components = 0
    for marker, start, _ in segments(data):
        if marker in (0xC0, 0xC1) and start + 6 <= len(data):
            components = data[start + 5]
        elif marker == SOS and components and data[start : start + 1] == bytes((components,)):
            return  # sequential, and all in one scan: nothing after it is decoded
    scans = data.count(b"\xff\xda")
    if scans * width * height > MAX_JPEG_SCAN_PIXELS:
        raise PictureError(f"too much work: {scans} scans of {width} x {height}")


def ensure_end(data: bytes) -> bytes:
    """Return a JPEG that has its end, or the completed one; Pillow takes padding for data, too.

    Raises:
        PictureError: data of the picture is gone.
    """
    if _END in data[-_TAIL_BYTES:]:
        return data
    end, _ = _end_of_scans(data)
    if data[end : end + _TAIL_BYTES].lstrip(b"\xff").startswith(_END[1:]):
        return data
    if (whole := complete(data)) is None:
        raise PictureError(reason(EOFError(), "JPEG"))
    return whole


def complete(data: bytes) -> bytes | None:
    """Return a JPEG to the end of its last scan, and its end; None if data of the picture is gone.

    If all data is there, decoding does not depend on what follows it: nothing, bytes of one value,
    or another picture, which are left out. But what was cut short and padded is decoded to its
    end, too, from padding as if it were data. So the data must reach to where it begins, and no
    further.
    """
    end, has_all = _end_of_scans(data)
    if not has_all:
        return None
    body = data[:end].rstrip(b"\xff")
    start = len(body.rstrip(body[-1:])) + 2  # the data may end in such bytes, too
    if start < len(body) and _is_whole(body[:start]):
        return body[:start] + _END
    return body + _END if _is_whole(body) and not _is_whole(body[:-2]) else None


def _is_whole(body: bytes) -> bool:
    """Check that all data of the picture is there: what follows it changes no pixel."""
    pictures = []
    for filling in _FILLINGS:
        image = open_plugin("JPEG", body + filling + _END)
        try:
            image.load()
        except OSError:
            return False
        pictures.append(image)
    return bool(pictures[0] == pictures[1])


def _end_of_scans(data: bytes) -> tuple[int, bool]:
    """Find where the last scan ends, and whether each coefficient has a scan with its last bit.

    Once they have, what looks like another scan is none.
    """
    missing: dict[int, list[bool]] = {}
    at, is_progressive = 2, False
    for _ in range(_MAX_SEGMENTS):
        scan = None
        for marker, start, end in segments(data, at):
            if marker in _SOF:
                is_progressive = marker in _PROGRESSIVE
                names = data[start + 6 : start + 6 + 3 * data[start + 5] : 3]
                missing = {name: [True] * _COEFFICIENTS for name in names}
            elif marker == SOS:
                scan = start, end
        if scan is None or scan[1] > len(data):
            break
        start, end = scan
        count = data[start]
        first, last, bits = data[start + 1 + 2 * count : start + 4 + 2 * count]
        for name in data[start + 1 : start + 1 + 2 * count : 2]:
            if name in missing and not (is_progressive and bits & 0xF):
                gone = range(first, min(last, 63) + 1) if is_progressive else range(_COEFFICIENTS)
                for number in gone:
                    missing[name][number] = False
        at = _end_of_scan(data, end)
        if missing and not any(map(any, missing.values())):
            return at, True
    return at, False


def _end_of_scan(data: bytes, at: int) -> int:
    """Find the marker after a scan's data."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            return len(data)
        if data[at + 1] and data[at + 1] not in _STANDALONE:
            return at
        at += 2
