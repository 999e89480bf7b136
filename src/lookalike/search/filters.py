"""Which pictures of a gallery a question is about: by folder, label, size and date."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from ..errors import ArgumentError
from ..sources import absolute, is_absolute
from ..storage import path_literal, to_text, under_filter

_MAX_INT32, _MAX_INT64 = 2**31 - 1, 2**63 - 1
_NS = 10**9
_LEAST = {
    "min_width": ("width", _MAX_INT32),
    "min_height": ("height", _MAX_INT32),
    "min_bytes": ("size", _MAX_INT64),
}


@dataclass(frozen=True, slots=True)
class Filter:
    """Limits, all of which a picture must keep; None is no limit.

    Attributes:
        folder: absolute path or URL; only files at or below it.
        label: name of the folder that directly holds the file.
        min_width: pixels, upright.
        min_height: likewise.
        min_bytes: of the file.
        max_bytes: likewise.
        after: a day or time, ISO 8601; only files last changed then or later. Without a zone it
            is local time.
        before: likewise; only files last changed earlier.
    """

    folder: str | None = None
    label: str | None = None
    min_width: int | None = None
    min_height: int | None = None
    min_bytes: int | None = None
    max_bytes: int | None = None
    after: str | None = None
    before: str | None = None

    def __post_init__(self) -> None:
        """Refuse what can't be meant.

        Raises:
            ArgumentError: a relative folder, a negative size, a date that is none.
        """
        if self.folder is not None and not is_absolute(self.folder):
            raise ArgumentError(f"The folder {self.folder!r} is no absolute path; write it whole.")
        for name in ("min_width", "min_height", "min_bytes", "max_bytes"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= _MAX_INT64:
                raise ArgumentError(f"{name} is {value}; it must be 0 to {_MAX_INT64}.")
        for name in ("after", "before"):
            _nanoseconds(name, getattr(self, name))

    @classmethod
    def from_json(cls, values: Any) -> Filter:
        """Take an object of JSON whose keys are the attributes' names.

        Raises:
            ArgumentError: it is no object, has another key, or a value of another type.
        """
        names = [field.name for field in fields(cls)]
        if not isinstance(values, dict) or not set(values) <= set(names):
            raise ArgumentError(f"A filter is an object with some of the keys {', '.join(names)}.")
        for name, value in values.items():
            kind = int if name.startswith(("min", "max")) else str
            if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
                raise ArgumentError(f"The filter's {name} must be a {_IN_WORDS[kind]}.")
        return cls(**values)

    def as_json(self) -> dict[str, Any]:
        """Give the limits that there are."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    def sql(self) -> str | None:
        """Write it as a filter of Lance; None where there is no limit."""
        parts = []
        if self.folder is not None:
            parts.append(under_filter(absolute(self.folder)))
        if self.label is not None:
            parts.append(f"regexp_like(path, {path_literal(_directly_in(self.label))})")
        for name, (column, most) in _LEAST.items():
            value = getattr(self, name)
            if value is not None:
                parts.append(f"{column} >= {min(value, most)}")
        if self.max_bytes is not None:  # -1 stands for a size that is not known
            parts.append(f"(size >= 0 AND size <= {self.max_bytes})")
        after, before = _nanoseconds("after", self.after), _nanoseconds("before", self.before)
        if after is not None:
            parts.append(f"mtime_ns >= {after}")
        if before is not None:
            parts.append(f"(mtime_ns >= 0 AND mtime_ns < {before})")
        return " AND ".join(parts) or None


_IN_WORDS = {int: "whole number", str: "text"}


def _directly_in(label: str) -> str:
    """Write the regular expression of a path whose last folder has this name."""
    escaped = "".join(
        c if c.isalnum() or c in " _" else f"\\x{{{ord(c):x}}}" for c in to_text(label)
    )
    return rf"[/\\]{escaped}[/\\][^/\\]*$"


def _nanoseconds(name: str, when: str | None) -> int | None:
    if when is None:
        return None
    try:
        # Python 3.10 does not know the Z.
        moment = datetime.fromisoformat(f"{when[:-1]}+00:00" if when.endswith("Z") else when)
        # A zone is added for days that clocks are not sure about, too.
        seconds = moment.timestamp() if moment.tzinfo else moment.astimezone().timestamp()
        return min(max(int(seconds), 0) * _NS, _MAX_INT64)
    except (ValueError, OverflowError, OSError) as error:
        raise ArgumentError(
            f"{name} is {when!r}; write a day or time as {date(2026, 5, 31).isoformat()}."
        ) from error
