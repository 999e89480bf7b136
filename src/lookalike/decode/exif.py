"""EXIF: when, where and with what a picture was taken, and what else a camera or person wrote."""

from __future__ import annotations

import hashlib
import math
import re
from typing import TYPE_CHECKING, NamedTuple

from .tiff import Directory, Tiff, clean_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .tiff import Value

MAX_CAMERA_CHARACTERS = 100
_MAKE, _MODEL, _EXIF, _GPS = 271, 272, 34665, 34853
_MODIFIED, _ORIGINAL, _DIGITIZED = 306, 36867, 36868
_OFFSETS = {_MODIFIED: 36880, _ORIGINAL: 36881, _DIGITIZED: 36882}
_USER_COMMENT, _MAKER_NOTE = 37510, 37500
_WINDOWS = {40091: "title", 40092: "comment", 40093: "author", 40094: "keywords", 40095: "subject"}
_NAMES = {
    270: "description",
    315: "author",
    33432: "copyright",
    18246: "rating",
    18249: "rating percent",
    33434: "exposure time",
    33437: "f-number",
    34850: "exposure program",
    34855: "iso",
    37380: "exposure bias",
    37383: "metering",
    37385: "flash",
    37386: "focal length",
    41989: "focal length in 35 mm",
    41986: "exposure mode",
    41987: "white balance",
    42032: "owner",
    42033: "camera serial number",
    42034: "lens specification",
    42035: "lens maker",
    42036: "lens",
    42037: "lens serial number",
}
_GPS_NAMES = {
    6: "altitude",
    16: "direction reference",
    17: "direction",
    27: "gps method",
    28: "area",
}
# What software writes by itself, what only describes the file, and what is read elsewhere.
_LEFT_OUT = {
    *range(254, 270),
    *range(273, 306),
    *(11, 305, 306, 316, 317, 318, 319, 330, 338, 339, 347, 700, 50341, 59932, 59933),
    *range(320, 326),
    *range(512, 535),
    *(33723, 34377, 34665, 34675, 34853, 36864, 36867, 36868, *range(36880, 36883)),
    *(37121, 37122, *range(37520, 37523), 40960, 40961, 40962, 40963, 40965),
    *(_MAKE, _MODEL, _MAKER_NOTE),
}
# What cameras and programs write where a person might have written.
MACHINE_WORDS = re.compile(
    r"OLYMPUS DIGITAL CAMERA|SONY DSC|KONICA MINOLTA DIGITAL CAMERA|MINOLTA DIGITAL CAMERA|DCIM"
    r"|DIGITAL CAMERA|SAMSUNG|Screenshot|ASCII|.*\b(?:Created|Edited|Written) (?:with|by) .*"
    r"|(?:CREATOR: )?gd-jpeg.*|LEAD Technologies.*|Lav[cf]\d.*|Intel\(R\) JPEG.*|Optimi[sz]ed by .*"
    r"|Compressed by .*|Processed [Bb]y .*|AppleMark|File (?:source|written by).*|<?x?packet.*",
    re.DOTALL,
)


class Taken(NamedTuple):
    """When, where and with what a picture was taken; None for what is unknown."""

    taken: str | None = None
    camera: str | None = None
    latitude: float | None = None
    longitude: float | None = None


class _Block(NamedTuple):
    tiff: Tiff
    main: Directory
    exif: Directory | None
    gps: Directory | None


def read_taken(block: bytes | None) -> Taken:
    """Read when, where and with what a picture was taken.

    Args:
        block: EXIF, or a TIFF; anything else tells nothing.
    """
    opened = _open(block)
    if opened is None:
        return Taken()
    tiff, main, _, gps = opened
    taken = next(
        (found for tag in (_ORIGINAL, _DIGITIZED, _MODIFIED) if (found := _time(opened, tag))), None
    )
    camera = join_camera(tiff.text(main, _MAKE), tiff.text(main, _MODEL))
    latitude = longitude = None
    if gps is not None:
        latitude = _degrees(tiff.value(gps, 2), tiff.text(gps, 1), "S", 90)
        longitude = _degrees(tiff.value(gps, 4), tiff.text(gps, 3), "W", 180)
    if latitude is None or longitude is None:
        latitude = longitude = None
    return Taken(taken, camera, latitude, longitude)


def read_exif(block: bytes | None) -> dict[str, str]:
    """Read all that a camera or a person wrote, by normalised name.

    Args:
        block: EXIF, or a TIFF; anything else tells nothing.
    """
    opened = _open(block)
    if opened is None:
        return {}
    facts = _facts_of(read_taken(block))
    digitized = _time(opened, _DIGITIZED)
    if digitized and digitized != facts.get("taken"):
        facts["digitized"] = digitized
    for name, value in _entries(opened):
        if value and not MACHINE_WORDS.fullmatch(value):
            facts.setdefault(name, value)
    return facts


def join_camera(make: str, model: str) -> str | None:
    """Join maker and model, as `Canon EOS R6`, without saying the maker twice."""
    make, model = (" ".join(text.split()) for text in (make, model))
    first = make.split()[0].lower() if make else ""
    camera = model if model.lower().startswith(first) and model else f"{make} {model}".strip()
    return camera[:MAX_CAMERA_CHARACTERS] or None


def parse_time(text: str, offset: str = "") -> str | None:
    """Write a time of EXIF, XMP or IPTC as `2024-05-01T12:00:00`, with an offset if it has one."""
    match = re.match(
        r"(\d{4})[:\-/.](\d\d)[:\-/.](\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d))?(?:\.\d*)?\s*"
        r"(Z|[+-]\d\d:?\d\d)?)?",
        text.strip(),
    )
    if match is None:
        return None
    year, month, day = (int(one) for one in match.group(1, 2, 3))
    hour, minute, second = (int(one or 0) for one in match.group(4, 5, 6))
    is_time = 1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second <= 60  # noqa: PLR2004
    if not is_time or not year:
        return None
    zone = match.group(7) or (offset if re.fullmatch(r"Z|[+-]\d\d:\d\d", offset) else "")
    zone = (
        "+00:00" if zone == "Z" else zone if ":" in zone or not zone else f"{zone[:3]}:{zone[3:]}"
    )
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{zone}"


def _facts_of(taken: Taken) -> dict[str, str]:
    facts = {name: value for name in ("taken", "camera") if (value := getattr(taken, name))}
    if taken.latitude is not None:
        facts |= {"latitude": f"{taken.latitude:.5f}", "longitude": f"{taken.longitude:.5f}"}
    return facts


def _open(block: bytes | None) -> _Block | None:
    if not block:
        return None
    try:
        tiff = Tiff(block.removeprefix(b"Exif\0\0"))
    except ValueError:
        return None
    main = tiff.directory(tiff.first)
    if main is None:
        return None
    exif, gps = (
        tiff.directory(at[0]) if (at := tiff.below(main, tag)) else None for tag in (_EXIF, _GPS)
    )
    return _Block(tiff, main, exif, gps)


def _time(block: _Block, tag: int) -> str | None:
    place = block.main if tag == _MODIFIED else block.exif
    if place is None:
        return None
    offset = block.tiff.text(block.exif, _OFFSETS[tag]) if block.exif else ""
    return parse_time(block.tiff.text(place, tag), offset)


def _degrees(value: Value | None, side: str, negative: str, most: int) -> float | None:
    if not isinstance(value, tuple) or not 1 <= len(value) <= 3:  # noqa: PLR2004
        return None
    degrees: float = sum(
        part / 60**power for power, part in enumerate(value) if power == 0 or not math.isnan(part)
    )
    if not 0 <= degrees <= most:  # neither is NaN
        return None
    return round(-degrees if side.upper().startswith(negative) else degrees, 7)


def _entries(block: _Block) -> Iterator[tuple[str, str]]:
    for directory in (block.main, block.exif):
        if directory is None:
            continue
        for tag in sorted(directory.entries):
            value = block.tiff.value(directory, tag)
            if tag == _MAKER_NOTE:
                yield "maker note", "present"
            if value is None or tag in _LEFT_OUT:
                continue
            if tag in _WINDOWS and isinstance(value, bytes):
                text = value.decode("utf-16-le", "ignore").split("\0")[0].strip()
                parts = sorted({one.strip() for one in text.split(";")} - {""})
                yield _WINDOWS[tag], "\n".join(parts) if tag == 40094 else text  # noqa: PLR2004
            elif tag == _USER_COMMENT and isinstance(value, bytes):
                yield "comment", _comment(value)
            else:
                yield _NAMES.get(tag, f"exif {tag}"), canonical(value)
    for tag in _GPS_NAMES if block.gps else ():
        value = block.tiff.value(block.gps, tag) if block.gps else None
        if value is not None:
            yield _GPS_NAMES[tag], canonical(value)


def canonical(value: Value) -> str:
    """Write a value so that equal ones are equal texts; long or binary ones as their hash."""
    if isinstance(value, tuple):
        numbers = [f"{one:.6g}" if math.isfinite(one) else "" for one in value[:64]]
        return " ".join(numbers).strip() if len(value) <= 64 else digest(repr(value).encode())  # noqa: PLR2004
    text = clean_text(value)
    if text and sum(map(str.isprintable, text)) >= len(value.rstrip(b"\0 ")) * 0.5:
        return text
    return digest(value) if value.strip(b"\0 ") else ""


def digest(data: bytes) -> str:
    """Stand for data by its length and the start of its SHA-256."""
    return f"{len(data)} bytes {hashlib.sha256(data).hexdigest()[:16]}"


def _comment(value: bytes) -> str:
    head, body = value[:8], value[8:]
    if head.startswith(b"UNICODE"):
        text = body.decode("utf-16", "ignore") if body[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
        swapped = body[:1] == b"\0"
        text = text or body.decode("utf-16-be" if swapped else "utf-16-le", "ignore")
        return text.split("\0")[0].strip()
    return clean_text(body if head.strip(b"\0 ") in (b"ASCII", b"JIS", b"") else value)
