"""Paths, columns and filters in Lance's SQL, and lists short enough for one filter."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from ..sources import MEMBER, below

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    import lance

    from ..sources import Relocation


def batched(values: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Cut values into lists of at most `size`."""
    iterator = iter(values)
    while batch := list(itertools.islice(iterator, size)):
        yield batch


def existing_columns(dataset: lance.LanceDataset, columns: Iterable[str]) -> list[str]:
    """Return those of the columns that a table has."""
    names = set(dataset.schema.names)
    return [name for name in columns if name in names or name.startswith("_")]


def path_literal(path: str) -> str:
    """Return a path as a literal for Lance's filters."""
    return "'" + to_text(path).replace("'", "''") + "'"


def content_literals(contents: Iterable[bytes]) -> str:
    """Return content hashes as a list of literals for Lance's filters."""
    return ", ".join(f"X'{content.hex()}'" for content in contents)


def under_filter(*paths: str) -> str:
    """Return the filter for the rows at or below any of the paths."""
    prefixes = itertools.chain.from_iterable(map(below, paths))
    parts = [f"path IN ({', '.join(map(path_literal, paths))})"]
    parts += [f"starts_with(path, {path_literal(prefix)})" for prefix in prefixes]
    return f"({' OR '.join(parts)})"


def relocated_condition(moved: Relocation) -> str:
    """Return the filter for the rows at or below the old place of something that has moved."""
    prefixes = [moved.folders[0], *([moved.old + MEMBER] if moved.has_members else [])]
    parts = [f"starts_with(path, {path_literal(prefix)})" for prefix in prefixes]
    return " OR ".join([f"path = {path_literal(moved.old)}", *parts])


def relocated_path(moved: Relocation) -> str:
    """Return the expression for the new path of such a row; see `Relocation`."""
    old, new = (
        place.removesuffix(separator)
        for place, separator in zip((moved.old, moved.new), moved.separators, strict=True)
    )
    rest = f"right(path, -{len(to_text(old))})" if old else "path"
    if moved.separators[0] != moved.separators[1]:
        file = f"split_part({rest}, {path_literal(MEMBER)}, 1)"
        names = ", ".join(map(path_literal, moved.separators))
        member = f"right({rest}, character_length({rest}) - character_length({file}))"
        rest = f"replace({file}, {names}), {member}"
    return f"concat({path_literal(new)}, {rest})"


def to_text(path: str) -> str:
    r"""Make a path, which need not be valid Unicode (PEP 383), fit a string column.

    A lone surrogate becomes NUL, which no path contains, and its four hexadecimal digits.
    """
    return re.sub("[\ud800-\udfff]", lambda match: f"\0{ord(match[0]):04x}", path)


def from_text(text: str) -> str:
    """Undo `to_text`."""
    if "\0" not in text:
        return text
    return re.sub("\0([0-9a-f]{4})", lambda match: chr(int(match[1], 16)), text)
