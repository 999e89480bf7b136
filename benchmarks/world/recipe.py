"""The collections: where they are from, which of their pictures are used, and how.

`collections.tsv` has one line for each:

name        also the name of its folder
half        `development`: encoders may be chosen by it; `test`: only reported. Never both.
repository  on GitHub, as owner/name, and the commit that is used
licence     as stated there, and the file that states it
pictures    a regular expression: the paths that it matches whole are pictures, and its group
            `label` is the picture's label
about       what the pictures show

No encoder may be trained on a repository of this list, whichever half it is in.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

RECIPE = Path(__file__).parent / "collections.tsv"
HALVES = ("development", "test")
MAX_PER_LABEL = 60
MIN_PER_LABEL = 2  # a picture with no other of its label can't be a query


class Collection(NamedTuple):
    """One line of the recipe; the module explains the columns."""

    name: str
    half: str
    repository: str
    commit: str
    licence: str
    stated_in: str
    pictures: str
    about: str

    @property
    def url(self) -> str:
        """Where git gets it."""
        return f"https://github.com/{self.repository}"


def read_recipe(path: Path = RECIPE, *, half: str | None = None) -> list[Collection]:
    """Read the collections, all or those of one half, in order."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        collections = [Collection(**row) for row in rows]
    return [c for c in collections if half in {None, c.half}]


def choose(pictures: str, files: Iterable[tuple[str, str]]) -> dict[str, dict[str, str]]:
    """Choose a collection's pictures: up to `MAX_PER_LABEL` of each label, by the hash of content.

    Content that a repository has several times counts once, and not at all under two labels.

    Args:
        pictures: the collection's regular expression.
        files: git's object name (a hash of the content) and the path of every file.

    Returns:
        By label, the path of each chosen picture by its object name.
    """
    by_label: dict[str, dict[str, str]] = defaultdict(dict)
    labels: dict[str, set[str]] = defaultdict(set)
    for name, path in files:
        match = re.fullmatch(pictures, path)
        if match:
            by_label[match["label"]].setdefault(name, path)
            labels[name].add(match["label"])
    chosen = {}
    for label, paths in sorted(by_label.items()):
        names = sorted(name for name in paths if len(labels[name]) == 1)[:MAX_PER_LABEL]
        if len(names) >= MIN_PER_LABEL:
            chosen[label] = {name: paths[name] for name in names}
    return chosen
