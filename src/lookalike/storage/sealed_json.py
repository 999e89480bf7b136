"""Small JSON files of a gallery, each with a checksum of itself and a second copy.

They hold what nothing else can make again: the encoder and roots, the marks of people. The checksum
stands in the file, so both are written in one step. A file without one is an older lookalike's.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import GalleryFormatError
from .bucket import TABLE_SUFFIX
from .failures import GONE, NOT_AS_WRITTEN, DamageError
from .place import COPIES, open_place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .bucket import StoredFile
    from .place import Place

CHECKSUM_BYTES = 16
_KEY = "checksum"


def seal(values: dict[str, Any]) -> bytes:
    """Write an object as JSON with a checksum of its values."""
    text = json.dumps({**values, _KEY: _checksum(values)}, indent=2) + "\n"
    return text.encode("ascii")


def unseal(data: bytes) -> dict[str, Any]:
    """Read what `seal` wrote, or an older lookalike, which wrote no checksum.

    Raises:
        ValueError: it is no JSON object, or its values are not those that were written.
    """
    try:
        values = json.loads(data)
    except RecursionError as error:
        raise ValueError from error
    if not isinstance(values, dict):
        raise ValueError  # noqa: TRY004  callers ask for one kind of error
    if values.pop(_KEY, None) not in {None, _checksum(values)}:
        raise ValueError
    return values


def write_sealed(
    folder: Place, name: str, values: dict[str, Any], after: dict[str, str] | None
) -> dict[str, str] | None:
    """Write an object in one step, and its copy after it; return its new revision.

    An object store gets no copy: it checks and keeps its objects by itself.

    Raises:
        GalleryBusyError: in an object store, somebody else has written it since it was read.
        StorageError: it can't be written.
    """
    data = seal(values)
    revision = open_place(folder).write(name, data, after)
    if isinstance(folder, Path):
        open_place(folder / COPIES).write(name, data, None)
    return revision


def read_sealed(folder: Place, name: str) -> tuple[dict[str, Any], StoredFile] | None:
    """Read an object, with the file as it was stored; None if there never was one.

    Raises:
        GalleryFormatError: it is damaged, or gone while its copy is there.
        StorageError: it can't be read.
    """
    stored = open_place(folder).read(name)
    if stored is None:
        if isinstance(folder, Path) and (folder / COPIES / name).exists():
            raise DamageError(folder / name, GONE)
        return None
    try:
        return unseal(stored.data), stored
    except ValueError as error:
        raise DamageError(folder / name, NOT_AS_WRITTEN) from error


def damaged_files(folder: Path, *, repair: bool) -> Iterator[tuple[Path, str, bool]]:
    """List the objects of a gallery, and the copies of them, that are not what was written.

    Args:
        folder: the gallery's.
        repair: replace each by the other of the two, if that one is sound.

    Yields:
        the path, what is wrong, and whether it was replaced.
    """
    places = folder, folder / COPIES
    names = {path.name for place in places for path in place.glob("*.json")}
    for name in sorted(name for name in names if not name.endswith(f"{TABLE_SUFFIX}.json")):
        found = [_read(place, name) for place in places]
        for place, (data, problem), (other, _) in zip(places, found, reversed(found), strict=True):
            if problem and (place == folder or data is not None):
                if repair and other:
                    open_place(place).write(name, other, None)
                yield place / name, problem, repair and bool(other)


def _read(place: Path, name: str) -> tuple[bytes | None, str]:
    """Return the bytes of an object, none if they are not sound, and what is wrong."""
    try:
        stored = open_place(place).read(name)
        if stored is None:
            return None, GONE
        unseal(stored.data)
    except (ValueError, GalleryFormatError):
        return b"", NOT_AS_WRITTEN
    return stored.data, ""


def _checksum(values: dict[str, Any]) -> str:
    text = json.dumps(values, sort_keys=True)
    return hashlib.blake2b(text.encode("ascii"), digest_size=CHECKSUM_BYTES).hexdigest()
