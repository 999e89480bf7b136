"""Pictures that people marked as no duplicates of each other, by content.

A mark is a set of contents, no two of which are duplicates: a thousand files take as much space as
a thousand hashes, not half a million pairs.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError
from ..sources import CONTENT_HASH_BYTES, absolute, is_id
from ..storage import batched, from_text, path_literal
from .stored_json import damaged, read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ..storage import Place, Store

FILE_NAME = "not_duplicates.json"
MAX_CONTENTS = 500_000  # over all marks, 18 MB of JSON
MIN_CONTENTS = 2  # of a mark
MAX_PATHS_PER_SCAN = 256


@dataclass(frozen=True, slots=True)
class NotDuplicate:
    """A picture that is marked as no duplicate of others.

    Attributes:
        id: the content hash, 32 hexadecimal digits.
        paths: its files in the gallery, sorted; none if it was removed since.

    Example:
        >>> from lookalike import Gallery
        >>> gallery = Gallery.open("gallery")
        >>> gallery.mark_not_duplicates(*gallery.browse(top=2).entries[0].paths, "query.jpg")
        Traceback (most recent call last):
        lookalike.errors.ArgumentError: ...query.jpg is not in the gallery; ...
    """

    id: str
    paths: tuple[str, ...]


class Marks:
    """Sets of contents, no two of which are duplicates."""

    def __init__(self, sets: Iterable[Collection[bytes]] = ()) -> None:
        """Take the sets."""
        self.sets = tuple(map(frozenset, sets))
        self._sets_of: defaultdict[bytes, set[int]] = defaultdict(set)
        for k, contents in enumerate(self.sets):
            for content in contents:
                self._sets_of[content].add(k)

    def have(self, one: bytes, other: bytes) -> bool:
        """Check whether two contents are marked as no duplicates of each other."""
        shared = self._sets_of.get(one, set()) & self._sets_of.get(other, set())
        return one != other and bool(shared)

    def add(self, contents: Collection[bytes]) -> Marks:
        """Mark contents as no duplicates of each other.

        Raises:
            ArgumentError: there are fewer than two, or too many in all.
        """
        added = frozenset(contents)
        if len(added) < MIN_CONTENTS:
            raise ArgumentError(
                "Name at least two files of different content to mark; files of the same bytes are "
                "always duplicates."
            )
        if any(added <= known for known in self.sets):
            return self
        return _checked([*(known for known in self.sets if not known <= added), added])

    def forget(self, contents: Collection[bytes]) -> Marks:
        """Undo the marks between contents, or all marks of a single one.

        Raises:
            ArgumentError: there are none, or too many would be left.
        """
        sets = list[frozenset[bytes]]()
        for known in self.sets:
            forgotten = known & set(contents)
            if len(contents) == 1:
                sets.append(known - forgotten)
            elif len(forgotten) < MIN_CONTENTS:
                sets.append(known)
            else:  # each of the forgotten is still marked against all others
                sets += [known - forgotten | {content} for content in sorted(forgotten)]
        left = tuple(one for one in dict.fromkeys(sets) if len(one) >= MIN_CONTENTS)
        if left == self.sets:
            raise ArgumentError(
                "These files are not marked as no duplicates of each other; list the marks with: "
                "lookalike duplicates --list-not"
            )
        return _checked(left)

    def listed(self, store: Store) -> list[tuple[NotDuplicate, ...]]:
        """List the sets, with the files of the gallery that have these contents."""
        paths: defaultdict[bytes, list[str]] = defaultdict(list)
        for batch in store.pictures.scan_contents(self._sets_of, ["path", "content_hash"]):
            for path, content in zip(*(c.to_pylist() for c in batch.columns), strict=True):
                paths[content].append(from_text(path))
        pictures = {
            content: NotDuplicate(content.hex(), tuple(sorted(paths[content])))
            for content in self._sets_of
        }
        return [
            tuple(sorted((pictures[c] for c in contents), key=lambda p: (p.paths, p.id)))
            for contents in self.sets
        ]


def read_marks(folder: Place) -> Marks:
    """Read the marks that a gallery keeps.

    Raises:
        GalleryFormatError: their file is damaged.
    """
    return _parse(folder, read_json(folder, FILE_NAME).values)


def write_marks(folder: Place, marks: Marks) -> None:
    """Keep marks in a gallery; the caller holds its lock."""
    values = {"sets": [sorted(content.hex() for content in one) for one in marks.sets]}
    write_json(folder, FILE_NAME, values, read_json(folder, FILE_NAME).revision)


def contents_of(store: Store, names: Collection[str], marks: Marks) -> set[bytes]:
    """Return the contents of pictures.

    Args:
        store: the gallery's tables.
        names: paths of files, or ids of pictures: in the gallery, or marked.
        marks: the marks that the gallery keeps.

    Raises:
        ArgumentError: one is not in the gallery.
    """
    ids = {bytes.fromhex(name): name for name in names if is_id(name)}
    known = set(ids) & {content for contents in marks.sets for content in contents}
    known |= store.contents_matching(ids, "true")
    paths = {absolute(name): name for name in names if name not in map(bytes.hex, known)}
    found = dict[str, bytes]()
    for some in batched(paths, MAX_PATHS_PER_SCAN):
        where = f"path IN ({', '.join(map(path_literal, some))})"
        for batch in store.pictures.scan(["path", "content_hash"], where):
            for path, content in zip(*(c.to_pylist() for c in batch.columns), strict=True):
                found[from_text(path)] = content
    missing = paths.keys() - found
    if missing:
        raise ArgumentError(f"{min(missing)} is not in the gallery; index it first.")
    return known | set(found.values())


def _checked(sets: Collection[frozenset[bytes]]) -> Marks:
    if sum(map(len, sets)) > MAX_CONTENTS:
        raise ArgumentError(
            f"The gallery would have more than {MAX_CONTENTS:,} marks of pictures that are no "
            "duplicates; forget some with: lookalike duplicates --forget-not"
        )
    return Marks(sets)


def _parse(folder: Place, values: dict[str, Any]) -> Marks:
    try:
        sets = [frozenset(map(bytes.fromhex, contents)) for contents in values.get("sets", [])]
    except (TypeError, ValueError) as error:
        raise damaged(folder, FILE_NAME) from error
    sizes = {len(content) for contents in sets for content in contents}
    if sizes - {CONTENT_HASH_BYTES} or sum(map(len, sets)) > MAX_CONTENTS:
        raise damaged(folder, FILE_NAME)
    return Marks(sets)
