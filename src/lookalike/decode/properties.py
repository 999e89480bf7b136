"""What a file's metadata says of it: when, where and with what it was taken; a video inside."""

from __future__ import annotations

import re
import struct
from typing import Any

from ..types import Properties
from .exif import parse_time, read_taken

_MAX_XMP_BYTES = 2**20  # that are searched for a date
_XMP_TIMES = [
    re.compile(name + rb"(?:=[\"']|>)\s*([0-9][0-9T:+\-. Z]{9,34})")
    for name in (rb"exif:DateTimeOriginal", rb"photoshop:DateCreated", rb"xmp:CreateDate")
]
_VIDEO_WORDS = (b"MotionPhoto", b"MicroVideo")
_TAIL_BYTES = 64
_MAX_BOX_BYTES = 512  # of the box that begins a video
_VIDEO_BOXES = {b"moov", b"mdat", b"free", b"wide", b"skip", b"uuid", b"beam", b"meta", b"styp"}


def file_properties(image: Any, data: bytes, name: str, **known: Any) -> Properties:
    """Complete the properties by those that do not depend on pixels.

    Args:
        image: the file as opened by the plugin of its format.
        data: the whole file.
        name: the format.
        known: the properties that depend on pixels.
    """
    block = data if name == "TIFF" else image.info.get("exif")
    found = read_taken(block if isinstance(block, bytes) else None)
    xmp = image.info.get("xmp", b"")
    xmp = xmp if isinstance(xmp, bytes) else b""
    return Properties(
        **known,
        has_video=has_video(data, name, xmp),
        taken=found.taken or (_time_in(xmp) if xmp else None),
        camera=found.camera,
        latitude=found.latitude,
        longitude=found.longitude,
    )


def has_video(data: bytes, name: str, xmp: bytes) -> bool:
    """Check whether a video is embedded: one that is there, not one that metadata speaks of."""
    if name == "JPEG":
        ends = b"\xff\xd9" in data[-2:] or data[-_TAIL_BYTES:].rstrip(b"\0")[-2:] == b"\xff\xd9"
        if ends and not any(word in xmp for word in _VIDEO_WORDS):
            return False
        return find_video(data, 2) is not None
    return name in ("HEIF", "AVIF") and _has_video_box(data, name)


def _has_video_box(data: bytes, name: str) -> bool:
    """Check the boxes of HEIF, and what comes after them; an AVIF's tracks are its frames."""
    at = 0
    while at + 16 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"mpvd" or (kind == b"moov" and name == "HEIF"):
            return True
        if size == 1:
            size = struct.unpack_from(">Q", data, at + 8)[0]
        if size < 8 or at + size > len(data):  # noqa: PLR2004  a box to the end, or no box
            break
        at += size
    return find_video(data, max(at, 16)) is not None


def find_video(data: bytes, start: int) -> int | None:
    """Find where an MP4 or QuickTime video begins; None if there is none."""
    at = start
    while (at := data.find(b"ftyp", at)) >= 0:
        size = int.from_bytes(data[at - 4 : at], "big")
        is_box = 16 <= size <= _MAX_BOX_BYTES and data[at + 4 : at + 8].isascii()  # noqa: PLR2004
        if is_box and data[at + size : at + size + 4] in _VIDEO_BOXES:
            return at - 4
        at += 4
    return None


def _time_in(xmp: bytes) -> str | None:
    for pattern in _XMP_TIMES:
        match = pattern.search(xmp, 0, _MAX_XMP_BYTES)
        if match:
            return parse_time(match[1].decode("ascii"))
    return None
