"""Cameras' raw files that are TIFFs: told by what their directories hold, not by their name."""

from __future__ import annotations

from collections import deque

from .formats import raw_error
from .tiff import Directory, Tiff

_MAX_VISITED = 64  # directories
_MAX_DEPTH = 4
_COMPRESSION, _PHOTOMETRIC, _MAKE, _BITS, _DNG_VERSION = 259, 262, 271, 258, 50706
_RAW_PHOTOMETRIC = {32803, 34892}  # colour filter array, linear raw
# Sony ARW, packed 12 bits, Samsung SRW, Kodak, Nikon NEF, Kodak DCR, Pentax PEF
_RAW_COMPRESSION = {32767, 32769, 32770, 262, 34713, 65000, 65535}
_JPEG_COMPRESSION = {6, 7}
_EIGHT_BITS = 8  # only a camera writes JPEG of more bits into a TIFF: lossless, of the sensor
_LEAF_DATA = 34310
_MAKERS = {  # the first word of the maker: its name, and its format
    "NIKON": ("Nikon", "NEF"),
    "CANON": ("Canon", "CR2"),
    "SONY": ("Sony", "ARW"),
    "PENTAX": ("Pentax", "PEF"),
    "RICOH": ("Pentax", "PEF"),
    "ASAHI": ("Pentax", "PEF"),
    "HASSELBLAD": ("Hasselblad", "3FR"),
    "PHASE": ("Phase One", "IIQ"),
    "KODAK": ("Kodak", "DCR"),
    "EASTMAN": ("Kodak", "KDC"),
    "EPSON": ("Epson", "ERF"),
    "SEIKO": ("Epson", "ERF"),
    "MAMIYA": ("Mamiya", "MEF"),
    "LEAF": ("Leaf", "MOS"),
    "SAMSUNG": ("Samsung", "SRW"),
    "LEICA": ("Leica", "RWL"),
    "OLYMPUS": ("Olympus", "ORF"),
    "PANASONIC": ("Panasonic", "RW2"),
    "FUJIFILM": ("Fujifilm", "RAF"),
    "MINOLTA": ("Minolta", "MRW"),
    "KONICA": ("Minolta", "MRW"),
}


def check_not_raw(data: bytes) -> None:
    """Check that a TIFF is not a camera's raw file.

    The first directory of a raw file shows a thumbnail as an ordinary TIFF does; the sensor's data
    is in another one, in the chain or below. A walk of at most `_MAX_VISITED` finds it.

    Raises:
        UnsupportedFormatError: it is.
    """
    if data[8:10] == b"CR":
        raise raw_error("CR2", "Canon CR2")
    if data[8:12] == b"IIII" and data[13:16] == b"waR":
        raise raw_error("IIQ", "Phase One IIQ")
    tiff = Tiff(data)
    maker, is_raw, is_dng = "", False, False
    waiting, seen = deque([(tiff.first, 0)]), set[int]()
    while waiting and len(seen) < _MAX_VISITED:
        at, depth = waiting.popleft()
        directory = None if at in seen else tiff.directory(at)
        if directory is None:
            continue
        seen.add(at)
        maker = maker or tiff.text(directory, _MAKE, 40)
        is_dng |= _DNG_VERSION in directory.entries
        is_raw |= is_dng or _holds_raw(tiff, directory)
        if is_raw and maker:
            break
        if depth < _MAX_DEPTH:
            waiting += [(below, depth + 1) for below in tiff.below(directory)[:_MAX_VISITED]]
        waiting.append((directory.next, depth))
    if is_raw:
        words = maker.replace("-", " ").split()
        name, kind = _MAKERS.get(words[0].upper() if words else "", (maker, "RAW"))
        kind = "DNG" if is_dng else kind
        raise raw_error(kind, f"{name} {kind}".strip())


def _holds_raw(tiff: Tiff, directory: Directory) -> bool:
    compression = tiff.number(directory, _COMPRESSION)
    return (
        tiff.number(directory, _PHOTOMETRIC) in _RAW_PHOTOMETRIC
        or compression in _RAW_COMPRESSION
        or (compression in _JPEG_COMPRESSION and tiff.number(directory, _BITS) > _EIGHT_BITS)
        or _LEAF_DATA in directory.entries
    )
