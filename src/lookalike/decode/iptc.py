"""IPTC IIM: the captions and keywords of the press, and the Photoshop blocks that hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .exif import parse_time
from .tiff import clean_text

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_DATASETS = 10_000
_RESOURCE = 0x0404
_MARKER = 0x1C
_EXTENDED = 0x8000
_NAMES = {
    5: "title",
    7: "edit status",
    12: "subject",
    15: "category",
    20: "more categories",
    25: "keywords",
    26: "place code",
    40: "instructions",
    80: "author",
    85: "author's title",
    90: "city",
    92: "place",
    95: "state",
    100: "country code",
    101: "country",
    103: "reference",
    105: "headline",
    110: "credit",
    115: "source",
    116: "copyright",
    118: "contact",
    120: "description",
    122: "caption writer",
    131: "orientation of the page",
    135: "language",
}
_DATE, _TIME, _DIGITAL_DATE, _DIGITAL_TIME = 55, 60, 62, 63


def read_iptc(block: bytes) -> dict[str, str]:
    """Read the datasets of record 2, by normalised name; several values are one a line, sorted."""
    values = dict[int, set[str]]()
    for dataset, value in _datasets(block):
        text = clean_text(value[:65_536])
        if text:
            values.setdefault(dataset, set()).add(text)
    facts = {
        _NAMES[one]: "\n".join(sorted(texts)) for one, texts in values.items() if one in _NAMES
    }
    for name, date, time in (("taken", _DATE, _TIME), ("digitized", _DIGITAL_DATE, _DIGITAL_TIME)):
        day, clock = (min(values.get(one, {""})) for one in (date, time))
        if len(day) == len("20240501"):
            text = f"{day[:4]}-{day[4:6]}-{day[6:]}"
            text += f"T{clock[:2]}:{clock[2:4]}:{clock[4:6]}{clock[6:11]}" if clock else ""
            found = parse_time(text)
            if found and found != facts.get("taken"):
                facts[name] = found
    return facts


def find_iptc(block: bytes) -> bytes:
    """Find the IPTC block among Photoshop's; empty if there is none."""
    at = 0
    for _ in range(_MAX_DATASETS):
        at = block.find(b"8BIM", at)
        if at < 0 or at + 12 > len(block):
            break
        kind = int.from_bytes(block[at + 4 : at + 6], "big")
        start = at + 6 + (block[at + 6] + 2 & ~1)  # its name, padded
        size = int.from_bytes(block[start : start + 4], "big")
        if kind == _RESOURCE:
            return block[start + 4 : start + 4 + size]
        at = start + 4 + size
    return b""


def _datasets(block: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    for _ in range(_MAX_DATASETS):
        if at + 5 > len(block) or block[at] != _MARKER:
            return
        record, dataset = block[at + 1 : at + 3]
        size = int.from_bytes(block[at + 3 : at + 5], "big")
        at += 5
        if size & _EXTENDED:
            digits = size & ~_EXTENDED
            size = int.from_bytes(block[at : at + min(digits, 8)], "big")
            at += digits
        if record == 2:  # noqa: PLR2004  what describes the picture
            yield dataset, block[at : at + size]
        at += size
