"""The metadata of a JPEG, and the pictures, sounds and depth that are attached after its end."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from .exif import digest
from .iptc import find_iptc
from .jpeg import COM, SOS, segments
from .tiff import Tiff, clean_text

if TYPE_CHECKING:
    from .blocks import Blocks

_EXIF = b"Exif\0\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_MORE_XMP = b"http://ns.adobe.com/xmp/extension/\0"
_MORE_XMP_HEAD = 40  # GUID, whole length, offset
_PHOTOSHOP = b"Photoshop 3.0\0"
_PICTURES = b"MPF\0"
_PICTURE_LIST = 0xB002
_GAIN_MAP = (b"hdrgm:", b"urn:iso:std:iso:ts:21496:-1", b"HDRGainMap")
_HEAD_BYTES = 65_536
_MAX_ATTACHED = 64
_APP1, _APP2, _APP11, _APP13 = 0xE1, 0xE2, 0xEB, 0xED
_SAMSUNG = {  # what Samsung's cameras put at the end
    b"DualShot_DepthMap": "depth map",
    b"SoundShot_000": "audio",
    b"FocusShot_Map": "depth map",
    b"Surround_Shot_Info": "auxiliary images",
}


def add_jpeg(blocks: Blocks, _: Any, data: bytes) -> None:
    """Add what a JPEG holds besides its picture."""
    photoshop, more_xmp, end = b"", dict[bytes, dict[int, bytes]](), len(data)
    thumbnails = set[int]()
    for marker, start, stop in segments(data):
        body = data[start : min(stop, start + _HEAD_BYTES)]
        if marker == SOS:
            end = stop
        elif marker == COM:
            blocks.texts.append(("comment", clean_text(body)))
        elif marker == _APP1:
            _add_app1(blocks, body, more_xmp)
        elif marker == _APP13 and body.startswith(_PHOTOSHOP):
            photoshop += body[len(_PHOTOSHOP) :]
        elif marker == _APP11 and body[:2] == b"JP":
            blocks.attach("content credentials", "present")
        elif marker == _APP2 and body.startswith(_PICTURES):
            thumbnails |= _thumbnails(body[len(_PICTURES) :], start + len(_PICTURES))
    blocks.iptc = find_iptc(photoshop)
    for parts in more_xmp.values():
        blocks.xmp.append(b"".join(parts[offset] for offset in sorted(parts)))
    _add_attached(blocks, data, end, thumbnails)


def _add_app1(blocks: Blocks, body: bytes, more_xmp: dict[bytes, dict[int, bytes]]) -> None:
    if body.startswith(_EXIF):
        blocks.exif = (blocks.exif or _EXIF) + body[len(_EXIF) :]
    elif body.startswith(_XMP):
        blocks.xmp.append(body[len(_XMP) :])
    elif body.startswith(_MORE_XMP):  # a part of a packet that is longer than a segment
        rest = body[len(_MORE_XMP) :]
        offset = int.from_bytes(rest[36:40], "big")
        more_xmp.setdefault(rest[:32], {})[offset] = rest[_MORE_XMP_HEAD:]


def _thumbnails(body: bytes, origin: int) -> set[int]:
    """List where the pictures begin that a multi-picture index calls large thumbnails."""
    tiff = Tiff(body)
    main = tiff.directory(tiff.first)
    table = tiff.raw(main, _PICTURE_LIST) if main else b""
    order = "little" if body[:2] == b"II" else "big"
    found = set()
    for at in range(0, len(table) - 15, 16):
        kind = int.from_bytes(table[at : at + 4], order) & 0xFFFFFF  # type: ignore[arg-type]
        start = int.from_bytes(table[at + 8 : at + 12], order)  # type: ignore[arg-type]
        if kind >> 16 == 1 and start:
            found.add(origin + start)
    return found


def _add_attached(blocks: Blocks, data: bytes, at: int, thumbnails: set[int]) -> None:
    starts = list[int]()
    # In the data of a scan no marker but restarts can be: these begin other pictures.
    while len(starts) < _MAX_ATTACHED and (at := data.find(b"\xff\xd8\xff", at)) >= 0:
        starts.append(at)
        at = _end_of_head(data, at)
    for start, stop in itertools.pairwise([*starts, len(data)]):
        if start in thumbnails:
            continue
        head = data[start : start + _HEAD_BYTES]
        name = "gain map" if any(word in head for word in _GAIN_MAP) else "auxiliary images"
        end = data.rfind(b"\xff\xd9", start, stop)
        blocks.attach(name, digest(data[start : end + 2 if end > 0 else stop]))
    if data.endswith(b"SEFT"):
        for word, name in _SAMSUNG.items():
            if word in data[max(at, 0) :]:
                blocks.attach(name, "present")


def _end_of_head(data: bytes, start: int) -> int:
    """Find where an attached picture's own header ends, with the thumbnail in it."""
    return max([start + 2, *(stop for _, _, stop in segments(data, start + 2))])
