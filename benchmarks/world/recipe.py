"""The collections: where they are from, which of their pictures are used, and how.

`collections.tsv` has one line for each:

name        also the name of its folder
half        `development`: encoders may be chosen by it; `test`: only reported. Never both.
repository  on GitHub, as owner/name, and the commit that is used
licence     as stated there, and the file that states it
pictures    a regular expression: the paths that it matches whole are pictures, and its group
            `label` is the picture's label
labels      instead of that group: a CSV file there with the columns `filename` and `class`; the
            group `filename` looks a picture up
about       what the pictures show

No encoder may be trained on a repository of this list, whichever half it is in.

`training.tsv` has the repositories that encoders are trained on, with the same columns but no
half and no labels; there, `pictures` can have the group `original`: of all pictures with the same
one (edits that were saved beside it), one is used. `most` is how many pictures are used at most.
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

RECIPE = Path(__file__).parent / "collections.tsv"
TRAINING = Path(__file__).parent / "training.tsv"
HALVES = ("development", "test")
MAX_PER_LABEL = 60
MIN_PER_LABEL = 2  # a picture with no other of its label can't be a query


class Collection(NamedTuple):
    """One line of the recipe; the module explains the columns.

    `most` is 0 and `labels` may name a file where `half` is one of `HALVES`.
    """

    name: str
    half: str
    repository: str
    commit: str
    licence: str
    stated_in: str
    pictures: str
    about: str
    labels: str = ""
    most: int = 0

    @property
    def url(self) -> str:
        """Where git gets it."""
        return f"https://github.com/{self.repository}"


def read_recipe(half: str | None = None) -> list[Collection]:
    """Read the collections, all or those of one half, in order."""
    collections = [Collection(**row) for row in _rows(RECIPE)]
    return [c for c in collections if half in {None, c.half}]


def read_training() -> list[Collection]:
    """Read what encoders may be trained on, in order; the half of each is `training`."""
    rows = [{**row, "half": "training", "most": int(row["most"])} for row in _rows(TRAINING)]
    return [Collection(**row) for row in rows]


def _rows(table: Path) -> list[dict[str, Any]]:
    with table.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def read_labels(table: str) -> dict[str, set[str]]:
    """Read a CSV file of labels: each file's classes."""
    labels: dict[str, set[str]] = defaultdict(set)
    for row in csv.DictReader(io.StringIO(table)):
        labels[row["filename"]].add(row["class"])
    return labels


def choose(
    pictures: str, files: Iterable[tuple[str, str]], labels: Mapping[str, set[str]] | None = None
) -> dict[str, dict[str, str]]:
    """Choose a collection's pictures: up to `MAX_PER_LABEL` of each label, by the hash of content.

    Content that a repository has several times counts once, and not at all under two labels.

    Args:
        pictures: the collection's regular expression.
        files: git's object name (a hash of the content) and the path of every file.
        labels: from `read_labels`, where the paths don't tell.

    Returns:
        By label, the path of each chosen picture by its object name.
    """
    paths: dict[str, str] = {}
    labels_of: dict[str, set[str]] = defaultdict(set)
    for name, path in files:
        match = re.fullmatch(pictures, path)
        if match:
            paths.setdefault(name, path)
            labels_of[name] |= {match["label"]} if labels is None else labels[match["filename"]]
    by_label: dict[str, list[str]] = defaultdict(list)
    for name in sorted(paths):
        if len(labels_of[name]) == 1:
            by_label[min(labels_of[name])].append(name)
    return {
        label: {name: paths[name] for name in names[:MAX_PER_LABEL]}
        for label, names in sorted(by_label.items())
        if len(names) >= MIN_PER_LABEL
    }


def sample(pictures: str, files: Iterable[tuple[str, str]], most: int) -> dict[str, str]:
    """Choose pictures without labels: up to `most`, by the hash of their content.

    Args:
        pictures: the collection's regular expression; of each `original`, one picture is chosen.
        files: git's object name (a hash of the content) and the path of every file.
        most: how many pictures to choose at most.

    Returns:
        The path of each chosen picture by its object name.
    """
    paths: dict[str, str] = {}
    originals: set[str] = set()
    for name, path in sorted(files):
        match = re.fullmatch(pictures, path)
        if match and name not in paths:
            original = match.groupdict().get("original", name)
            if original not in originals:
                originals.add(original)
                paths[name] = path
    return dict(list(paths.items())[:most])
