"""Checksums of a table's files, kept at each commit, by which damage is found.

For each table of a folder, `checksums/NAME.json` lists the files that its newest version needs, and
holds a copy of that version's manifest, which is small and can't be made again. Lance never changes
a file, so each is read once, right after it was written. A commit whose checksums were not written,
because the process was killed, is no damage: its files are recorded without a checksum until
`lookalike check` has read them. Object stores keep checksums themselves.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .failures import GONE, NOT_AS_WRITTEN, DamageError, storage_errors
from .place import COPIES, open_place
from .sealed_json import CHECKSUM_BYTES, seal, unseal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import lance

    from .place import Place

READ_BYTES = 2**20
MANIFESTS = "_versions"
INDEXES = "_indices"
_LAST_VERSION = 2**64 - 1  # manifests are named so that the newest comes first


class FileSum(NamedTuple):
    """A file as it was written: its bytes, and their checksum; None if they were not read yet."""

    size: int
    checksum: str | None


@dataclass(frozen=True, slots=True)
class Checksums:
    """What is known about a table's files, by their paths inside the table.

    Attributes:
        version: of the table.
        manifest_name: path of the version's manifest.
        manifest: its bytes, in base64.
        needed: the files of the version.
        others: files of older versions that may still be there.
    """

    version: int
    manifest_name: str
    manifest: str
    needed: dict[str, FileSum]
    others: dict[str, FileSum]

    @property
    def files(self) -> dict[str, FileSum]:
        """All files."""
        return {**self.others, **self.needed}

    def problems(self, table: Path) -> Iterator[tuple[str, str]]:
        """List the needed files that are gone or of another size, and a manifest that changed."""
        for name, known in self.needed.items():
            problem = why_damaged(table / name, known, deep=name == self.manifest_name)
            if problem:
                yield name, problem


def why_damaged(path: Path, known: FileSum, *, deep: bool) -> str:
    """Say what is wrong with a file; empty if nothing is.

    Args:
        path: the file's.
        known: about it.
        deep: also compare the checksum, if it is known.

    Raises:
        StorageError: the file can't be read.
    """
    try:
        size = path.stat().st_size
        if size != known.size:
            return f"has {size:,} bytes instead of {known.size:,}"
        if deep and known.checksum is not None and checksum_of(path) != known.checksum:
            return "has other bytes than were written"
    except (FileNotFoundError, NotADirectoryError):
        return GONE
    except OSError:
        with storage_errors():
            raise
    return ""


def checksum_of(path: Path) -> str:
    """Return the checksum of a file's bytes."""
    digest = hashlib.blake2b(digest_size=CHECKSUM_BYTES)
    with path.open("rb") as file:
        while data := file.read(READ_BYTES):
            digest.update(data)
    return digest.hexdigest()


def checksums_path(table: Path) -> Path:
    """Return the path of a table's checksums."""
    return table.parent / COPIES / f"{table.name}.json"


def read_checksums(table: Path) -> Checksums | None:
    """Read a table's checksums; None if there are none.

    Raises:
        GalleryFormatError: they are damaged themselves.
        StorageError: they can't be read.
    """
    path = checksums_path(table)
    stored = open_place(path.parent).read(path.name)
    if stored is None:
        return None
    try:
        values = unseal(stored.data)
        for part in ("needed", "others"):
            values[part] = {name: FileSum(*known) for name, known in values[part].items()}
        return Checksums(**values)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamageError(path, NOT_AS_WRITTEN) from error


def check_files(table: Path) -> None:
    """Check that the files of a table's newest version are there, of the right sizes.

    A version that is newer than the checksums is not checked.

    Raises:
        GalleryFormatError: they are not.
    """
    known = read_checksums(table)
    while known and newest_version(table) <= known.version:
        problem = next(known.problems(table), None)
        if problem is None:
            return
        newer = read_checksums(table)  # a writer may have deleted the files of a version before
        if newer and newer.version == known.version:
            raise DamageError(table / problem[0], problem[1])
        known = newer


def newest_version(table: Path) -> int:
    """Return the newest version whose manifest is there; 0 without any."""
    return max((version for version, _ in manifests(table)), default=0)


def manifests(table: Path) -> Iterator[tuple[int, str]]:
    """List the versions whose manifests are there, with the paths inside the table."""
    for path in (table / MANIFESTS).glob("*.manifest"):
        if path.stem.isdigit():
            number = int(path.stem)
            version = _LAST_VERSION - number if number > _LAST_VERSION // 2 else number
            yield version, f"{MANIFESTS}/{path.name}"


@contextlib.contextmanager
def recording(table: Place, newest: Callable[[], lance.LanceDataset | None]) -> Iterator[None]:
    """Record the files of a commit, which happens inside.

    Args:
        table: the table's place.
        newest: opens its newest version.
    """
    if not isinstance(table, Path):
        yield
        return
    _update(table, newest(), are_new=False)
    yield
    _update(table, newest(), are_new=True)


def _update(table: Path, dataset: lance.LanceDataset | None, *, are_new: bool) -> None:
    """Record the files of the newest version; those that are new get a checksum."""
    if dataset is None:
        return
    known = read_checksums(table)
    if known is None or known.version != dataset.version:
        is_older = known is not None and known.version < dataset.version
        record(table, dataset, known.files if known and is_older else {}, are_new=are_new)


def record(
    table: Path, dataset: lance.LanceDataset, known: Mapping[str, FileSum], *, are_new: bool
) -> None:
    """Write the checksums of a version.

    Args:
        table: the table's path.
        dataset: the version, the newest one.
        known: about its files, and others; these are not read again.
        are_new: whether files that are not known were just written, and get a checksum.

    Raises:
        StorageError: a file can't be read, or the checksums can't be written.
    """
    name = next(name for version, name in manifests(table) if version == dataset.version)
    with storage_errors():
        needed = {
            path: known.get(path)
            or FileSum(
                (table / path).stat().st_size, checksum_of(table / path) if are_new else None
            )
            for path in sorted({name, *_needed(table, dataset, known)})
        }
        data = (table / name).read_bytes()
    others = {p: one for p, one in known.items() if p not in needed and (table / p).exists()}
    text = base64.b64encode(data).decode("ascii")
    values = asdict(Checksums(int(dataset.version), name, text, needed, others))
    path = checksums_path(table)
    open_place(path.parent).write(path.name, seal(values), None)


def _needed(table: Path, dataset: lance.LanceDataset, known: Iterable[str]) -> Iterator[str]:
    """List the files that a version needs besides its manifest."""
    for fragment in dataset.get_fragments():
        yield from files_of_fragment(fragment)
    for index in dataset.describe_indices():
        for segment in index.segments:
            folder = f"{INDEXES}/{segment.uuid}"
            yield from (name for name in known if name.startswith(f"{folder}/"))
            yield from (f"{folder}/{path.name}" for path in (table / folder).glob("*"))


def files_of_fragment(fragment: Any) -> list[str]:
    """Return the paths of a fragment's files inside the table."""
    deletions = fragment.deletion_file()
    paths = [f"data/{file.path}" for file in fragment.metadata.files]
    return [*paths, deletions] if deletions else paths
