"""Which pictures of a gallery a search considers: by folder, label, size and date."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from ..errors import ArgumentError
from ..sources import absolute, is_absolute
from ..storage import path_literal, to_text, under_filter

_MAX_INT32, _MAX_INT64 = 2**31 - 1, 2**63 - 1
_NS = 10**9
_MINIMA = {
    "min_width": ("width", _MAX_INT32),
    "min_height": ("height", _MAX_INT32),
    "min_bytes": ("size", _MAX_INT64),
}


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions that a picture must all meet; None is no condition.

    Attributes:
        folder: absolute path or URL; only files at or below it.
        label: name of the folder that directly contains the file.
        min_width: pixels, upright.
        min_height: pixels, upright.
        min_bytes: of the file.
        max_bytes: of the file.
        after: a date or time, ISO 8601; only files last changed then or later. Without a time
            zone it is local time.
        before: a date or time, ISO 8601; only files last changed earlier.

    Example:
        >>> from lookalike import Gallery
        >>> big_cats = Filter(label="leopards", min_width=100)
        >>> hits = Gallery.open("gallery").search("query.jpg", top=3, where=big_cats)
        >>> [hit.path for hit in hits]
        [...leopards...leopards...leopards...]
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
        """Check the values.

        Raises:
            ArgumentError: the folder is relative, a size is negative, or a date is invalid.
        """
        if self.folder is not None and not is_absolute(self.folder):
            raise ArgumentError(
                f"The folder {self.folder!r} is not a full path; enter one such as /photos/2026."
            )
        for name in ("min_width", "min_height", "min_bytes", "max_bytes"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= _MAX_INT64:
                raise ArgumentError(f"{name} is {value}; enter a number from 0 to {_MAX_INT64}.")
        for name in ("after", "before"):
            _nanoseconds(name, getattr(self, name))

    @classmethod
    def from_json(cls, values: Any) -> Filter:
        """Read a JSON object whose keys are the attributes' names.

        Raises:
            ArgumentError: it is not an object, or has an unknown key or a value of a wrong type.
        """
        names = [field.name for field in fields(cls)]
        if not isinstance(values, dict) or not set(values) <= set(names):
            raise ArgumentError(f"A filter is an object with keys among {', '.join(names)}.")
        for name, value in values.items():
            kind = int if name.startswith(("min", "max")) else str
            if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
                raise ArgumentError(f"The filter's {name} must be {_TYPE_NAMES[kind]}.")
        return cls(**values)

    def as_json(self) -> dict[str, Any]:
        """Return the conditions that are set."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    def sql(self) -> str | None:
        """Return the filter in Lance's SQL; None without conditions."""
        conditions = []
        if self.folder is not None:
            conditions.append(under_filter(absolute(self.folder)))
        if self.label is not None:
            conditions.append(f"regexp_like(path, {path_literal(_label_pattern(self.label))})")
        for name, (column, largest) in _MINIMA.items():
            value = getattr(self, name)
            if value is not None:
                conditions.append(f"{column} >= {min(value, largest)}")
        if self.max_bytes is not None:  # -1 is an unknown size
            conditions.append(f"(size >= 0 AND size <= {self.max_bytes})")
        after, before = _nanoseconds("after", self.after), _nanoseconds("before", self.before)
        if after is not None:
            conditions.append(f"mtime_ns >= {after}")
        if before is not None:
            conditions.append(f"(mtime_ns >= 0 AND mtime_ns < {before})")
        return " AND ".join(conditions) or None


_TYPE_NAMES = {int: "a whole number", str: "a text"}


def _label_pattern(label: str) -> str:
    """Return the regular expression of a path whose last folder has this name."""
    escaped = "".join(
        c if c.isalnum() or c in " _" else f"\\x{{{ord(c):x}}}" for c in to_text(label)
    )
    return rf"[/\\]{escaped}[/\\][^/\\]*$"


def _nanoseconds(name: str, value: str | None) -> int | None:
    if value is None:
        return None
    try:
        # Python 3.10 does not parse the Z.
        moment = datetime.fromisoformat(f"{value[:-1]}+00:00" if value.endswith("Z") else value)
        # `astimezone` also resolves local times that a clock change skips or repeats.
        seconds = moment.timestamp() if moment.tzinfo else moment.astimezone().timestamp()
        return min(max(int(seconds), 0) * _NS, _MAX_INT64)
    except (ValueError, OverflowError, OSError) as error:
        raise ArgumentError(
            f"{name} is {value!r}; enter a date or time such as {date(2026, 5, 31).isoformat()}."
        ) from error
