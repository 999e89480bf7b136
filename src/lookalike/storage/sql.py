"""Paths and conditions as Lance writes them."""

from __future__ import annotations

import itertools
import re

from ..sources import below


def path_literal(path: str) -> str:
    """Write a path as a literal of Lance's filters."""
    return "'" + to_text(path).replace("'", "''") + "'"


def under_filter(*paths: str) -> str:
    """Write the Lance filter for the rows at or below one of some paths."""
    folders = itertools.chain.from_iterable(map(below, paths))
    parts = [f"path IN ({', '.join(map(path_literal, paths))})"]
    parts += [f"starts_with(path, {path_literal(folder)})" for folder in folders]
    return f"({' OR '.join(parts)})"


def to_text(path: str) -> str:
    r"""Make a path that need not be valid Unicode (PEP 383) fit a string column.

    A lone surrogate becomes NUL, which no path has, and its four hexadecimal digits.
    """
    return re.sub("[\ud800-\udfff]", lambda match: f"\0{ord(match[0]):04x}", path)


def from_text(text: str) -> str:
    """Undo `to_text`."""
    if "\0" not in text:
        return text
    return re.sub("\0([0-9a-f]{4})", lambda match: chr(int(match[1], 16)), text)
