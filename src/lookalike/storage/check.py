"""Check a table's files against their checksums, and cut out what is damaged.

What has no checksum, such as a table of an older lookalike, is read as a whole instead; that finds
what can't be decoded, not every changed byte. Whoever calls holds the gallery's lock.
"""

from __future__ import annotations

import base64
import contextlib
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import GalleryFormatError
from .checksums import (
    INDEXES,
    MANIFESTS,
    Checksums,
    checksums_path,
    files_of_fragment,
    manifests,
    newest_version,
    read_checksums,
    record,
    why_damaged,
)
from .datasets import open_dataset
from .failures import GONE, NOT_AS_WRITTEN, storage_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import lance

    from .table import Table

_CHECKSUMS = "checksums"  # in the place of a file's name
_UNREADABLE = "can't be read"


@dataclass(slots=True)
class TableCheck:
    """What a check of one table found.

    Attributes:
        table: its place, as text.
        damaged: what is wrong, by the path of the file inside the table.
        files: how many files were checked.
        bytes: their size.
        unrecorded: how many of them had no checksum, and were read by their contents.
    """

    table: str
    damaged: dict[str, str] = field(default_factory=dict)
    files: int = 0
    bytes: int = 0
    unrecorded: int = 0

    def paths(self) -> Iterator[tuple[str, str]]:
        """List the damaged files, each with what is wrong."""
        for name, problem in self.damaged.items():
            path = f"{self.table}/{name}"
            if name == _CHECKSUMS:
                path = str(checksums_path(Path(self.table)))
            yield path, problem


def check_table(table: Table, on_bytes: Callable[[int], None] = lambda _: None) -> TableCheck:
    """Read a table's files, and compare them with their checksums.

    Files without one get theirs if nothing is damaged.

    Args:
        table: any; one that was never written is sound.
        on_bytes: called with the size of each file that was checked.

    Raises:
        StorageError: a file can't be read because of the disk.
    """
    found = TableCheck(str(table.uri))
    if not isinstance(table.uri, Path):
        _read_contents(table, None, found)
        return found
    path, known = table.uri, None
    try:
        known = read_checksums(path)
    except GalleryFormatError:
        found.damaged[_CHECKSUMS] = NOT_AS_WRITTEN
    newest = newest_version(path)
    if newest == 0 and known is None:
        if path.exists():
            found.damaged[MANIFESTS] = GONE
        return found
    is_recorded = known is not None and known.version >= newest  # a newer manifest may be gone
    needed = known.needed if known else {}
    for name, one in known.files.items() if known else ():
        problem = why_damaged(path / name, one, deep=True)
        # What is of an older version may have been deleted.
        if problem and ((is_recorded and name in needed) or (path / name).exists()):
            found.damaged[name] = problem
        found.files, found.bytes = found.files + 1, found.bytes + one.size
        on_bytes(one.size)
    if not found.damaged and not (is_recorded and all(one.checksum for one in needed.values())):
        _read_contents(table, known, found)
    return found


def _read_contents(table: Table, known: Checksums | None, found: TableCheck) -> None:
    """Read the newest version's files by their contents; record their checksums if all are well."""
    try:
        with storage_errors():
            dataset = open_dataset(table.uri)
    except GalleryFormatError:
        there = manifests(table.uri) if isinstance(table.uri, Path) else ()
        found.damaged[max(there, default=(0, MANIFESTS))[1]] = _UNREADABLE
        return
    if dataset is None:
        return
    checked = {name: one for name, one in known.files.items() if one.checksum} if known else {}
    for fragment in dataset.get_fragments():
        names = files_of_fragment(fragment)
        new = [name for name in names if known is None or name not in known.files]
        found.files += len(new)
        found.bytes += sum(file.file_size_bytes or 0 for file in fragment.metadata.files if new)
        found.unrecorded += sum(name not in checked for name in names)
        try:
            with storage_errors():
                for batch in fragment.to_batches():
                    batch.validate(full=True)
        except GalleryFormatError:
            found.damaged.update(dict.fromkeys(names, _UNREADABLE))
    for index in dataset.describe_indices():
        try:
            with storage_errors():
                dataset.stats.index_stats(index.name)
                dataset.prewarm_index(index.name)
        except GalleryFormatError:
            for segment in index.segments:
                found.damaged[f"{INDEXES}/{segment.uuid}"] = _UNREADABLE
    if isinstance(table.uri, Path) and not found.damaged:
        record(table.uri, dataset, checked, are_new=True)


def repair_table(table: Table, damaged: dict[str, str], *, derived: bool = False) -> int | None:
    """Cut what is damaged out of a table of a folder, so that the rest can be used again.

    A manifest comes back from its copy. Rows whose files are damaged are dropped, and indexes, too;
    the caller makes them again.

    Args:
        table: the table.
        damaged: from `check_table`.
        derived: drop all rows if any is damaged: they are made again from another table.

    Returns:
        the number of rows that were dropped; None if the whole table was, and it is not known how
        many it had.
    """
    path = Path(str(table.uri))
    known = _restore_small_files(path, damaged)
    try:
        with storage_errors():
            dataset = open_dataset(table.uri)
    except GalleryFormatError:
        dataset = None
    if dataset is None:
        checksums_path(path).unlink(missing_ok=True)
        shutil.rmtree(path, ignore_errors=True)
        return None
    rows = _drop_damaged(dataset, damaged, derived=derived)
    dataset = open_dataset(table.uri)
    assert dataset is not None  # noqa: S101  it was there
    files = known.files if known else {}
    record(path, dataset, {n: f for n, f in files.items() if n not in damaged}, are_new=True)
    return rows


def _restore_small_files(path: Path, damaged: dict[str, str]) -> Checksums | None:
    """Restore the manifest from its copy, and delete the damaged files that nothing needs."""
    known = None
    with contextlib.suppress(GalleryFormatError):
        known = read_checksums(path)
    for name in damaged:
        if known and name == known.manifest_name:
            (path / MANIFESTS).mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(base64.b64decode(known.manifest))
        elif name.startswith(f"{MANIFESTS}/") or (known and name in known.others):
            (path / name).unlink(missing_ok=True)
    return known


def _drop_damaged(dataset: lance.LanceDataset, damaged: dict[str, str], *, derived: bool) -> int:
    """Drop the fragments and indexes with damaged files; return the number of rows dropped."""
    import lance

    fragments = dataset.get_fragments()
    dropped = [f for f in fragments if not damaged.keys().isdisjoint(files_of_fragment(f))]
    if dropped and derived:
        dropped = fragments
    # An index of rows that are gone is of no use, either.
    for index in dataset.describe_indices():
        folders = tuple(f"{INDEXES}/{segment.uuid}" for segment in index.segments)
        if dropped or any(name.startswith(folders) for name in damaged):
            dataset.drop_index(index.name)
    if dropped:
        operation = lance.LanceOperation.Delete([], [f.fragment_id for f in dropped], "true")
        lance.LanceDataset.commit(dataset, operation, read_version=dataset.version)
    return sum(int(fragment.metadata.num_rows) for fragment in dropped)
