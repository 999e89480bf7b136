"""The directories of a TIFF, which EXIF uses, too: read within bounds, whatever they claim."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_ENTRIES = 4096  # of a directory
MAX_DIRECTORIES = 10_000  # of a file
MAX_VALUE_BYTES = 2**20
SUB_DIRECTORIES = 330
_CHAIN_START, _BIG_CHAIN_START = 4, 8
_BYTE, _ASCII, _SHORT, _LONG, _RATIONAL, _UNDEFINED = 1, 2, 3, 4, 5, 7
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SIZES |= {16: 8, 17: 8, 18: 8, 129: 1}
_CODES = {3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I", 16: "Q", 17: "q"}
_CODES |= {18: "Q"}
_FRACTIONS = {5: "I", 10: "i"}

Value = bytes | tuple[float, ...]


class _Entry(NamedTuple):
    kind: int
    values: int
    start: int  # of its bytes in the data


class Directory(NamedTuple):
    """A directory: where it starts, its entries by tag, and where the next one starts."""

    start: int
    entries: dict[int, _Entry]
    next: int


class Tiff:
    """The directories of a TIFF, BigTIFF or EXIF block; damaged parts are left out."""

    def __init__(self, data: bytes) -> None:
        """Read the header.

        Raises:
            ValueError: it is none.
        """
        order = {b"II": "<", b"MM": ">"}.get(data[:2])
        if order is None or len(data) < _CHAIN_START + 4:
            raise ValueError("no TIFF header")
        self.data = data
        self._order = order
        self._is_big = struct.unpack_from(order + "H", data, 2)[0] == 43  # noqa: PLR2004  BigTIFF's
        if self._is_big and len(data) < _BIG_CHAIN_START + 8:
            raise ValueError("no TIFF header")
        at, code = (_BIG_CHAIN_START, "Q") if self._is_big else (_CHAIN_START, "I")
        self.first: int = struct.unpack_from(order + code, data, at)[0]

    def directory(self, start: int) -> Directory | None:
        """Read the directory at a place; None if there is none."""
        count_code, entry_code, next_code = (
            ("Q", "HHQ8s", "Q") if self._is_big else ("H", "HHI4s", "I")
        )
        count_size, entry_size, next_size = (8, 20, 8) if self._is_big else (2, 12, 4)
        if not 0 < start <= len(self.data) - count_size:
            return None
        count = struct.unpack_from(self._order + count_code, self.data, start)[0]
        at = start + count_size
        end = at + count * entry_size
        whole = min(count, MAX_ENTRIES, (len(self.data) - at) // entry_size)
        table = self.data[at : at + whole * entry_size]
        entries = {}
        inline = entry_size - next_size
        for tag, kind, values, _ in struct.iter_unpack(self._order + entry_code, table):
            size = _SIZES.get(kind, 0) * values
            where = at + inline
            if size > next_size:
                where = struct.unpack_from(self._order + next_code, self.data, where)[0]
            if size and where + size <= len(self.data):
                entries[tag] = _Entry(kind, values, where)
            at += entry_size
        if end + next_size > len(self.data):
            return Directory(start, entries, 0)
        return Directory(
            start, entries, struct.unpack_from(self._order + next_code, self.data, end)[0]
        )

    def chain(self, start: int | None = None, most: int = MAX_DIRECTORIES) -> Iterator[Directory]:
        """Follow the chain from a directory, by default the first, to its end or a loop."""
        at, seen = self.first if start is None else start, set[int]()
        while at not in seen and len(seen) < most:
            seen.add(at)
            directory = self.directory(at)
            if directory is None:
                return
            yield directory
            at = directory.next

    def below(self, directory: Directory, tag: int = SUB_DIRECTORIES) -> list[int]:
        """List where the directories start that a tag of a directory names."""
        value = self.value(directory, tag)
        return [int(at) for at in value if math.isfinite(at)] if isinstance(value, tuple) else []

    def value(self, directory: Directory, tag: int) -> Value | None:
        """Return a tag's value: bytes, or numbers; NaN for a fraction over 0; None without."""
        entry = directory.entries.get(tag)
        if entry is None:
            return None
        size = _SIZES[entry.kind] * entry.values
        if size > MAX_VALUE_BYTES:
            return None
        if entry.kind in _CODES:
            form = f"{self._order}{entry.values}{_CODES[entry.kind]}"
            return struct.unpack_from(form, self.data, entry.start)
        if entry.kind in _FRACTIONS:
            form = f"{self._order}{2 * entry.values}{_FRACTIONS[entry.kind]}"
            parts = struct.unpack_from(form, self.data, entry.start)
            pairs = zip(parts[::2], parts[1::2], strict=True)
            return tuple(above / below if below else math.nan for above, below in pairs)
        return self.data[entry.start : entry.start + size]

    def raw(self, directory: Directory, tag: int) -> bytes:
        """Return a tag's bytes as they are stored, whatever its type; empty without."""
        entry = directory.entries.get(tag)
        size = _SIZES[entry.kind] * entry.values if entry else 0
        return self.data[entry.start : entry.start + size] if entry else b""

    def number(self, directory: Directory, tag: int, default: int = 0) -> int:
        """Return the first number of a tag."""
        value = self.value(directory, tag)
        if not value:
            return default
        return int(value[0]) if math.isfinite(value[0]) else default

    def text(self, directory: Directory, tag: int, most: int = 4096) -> str:
        """Return a tag's text without what surrounds it; empty if there is none."""
        value = self.value(directory, tag)
        return clean_text(value[:most]) if isinstance(value, bytes) else ""


def clean_text(value: bytes) -> str:
    """Decode text up to its zero byte: UTF-8, or else Latin-1; without control characters."""
    value = value.split(b"\0", 1)[0]
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    return "".join(one for one in text if one.isprintable() or one in "\n\t").strip()
