"""Small JSON files in a gallery's place, checked when they are read: they may be a stranger's."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import GalleryFormatError
from ..storage import DamageError, open_place, read_sealed, write_sealed

if TYPE_CHECKING:
    from ..storage import Place

FORMAT_VERSION = 1
DIGEST_BYTES = 16


class StoredJson(NamedTuple):
    """An object as it was read.

    Attributes:
        values: the object's; empty where there is no file.
        revision: of the file, for `write_json`.
    """

    values: dict[str, Any]
    revision: dict[str, str] | None


def read_json(folder: Place, name: str) -> StoredJson:
    """Read an object.

    Raises:
        GalleryFormatError: it is damaged, or of a newer format.
        StorageError: it can't be read.
    """
    sealed = read_sealed(folder, name)
    if sealed is None:
        return StoredJson({}, None)
    values, stored = sealed
    try:
        version = values.pop("format_version")
        if version > FORMAT_VERSION:
            raise GalleryFormatError(
                f"{folder / name} was written by a newer lookalike; update lookalike."
            )
    except (KeyError, TypeError) as error:
        raise damaged(folder, name) from error
    return StoredJson(values, stored.revision)


def write_json(
    folder: Place, name: str, values: dict[str, Any], after: dict[str, str] | None
) -> None:
    """Write an object in one step; the caller holds the gallery's lock.

    Raises:
        GalleryBusyError: in an object store, somebody else has written it since it was read.
        StorageError: it can't be written.
    """
    write_sealed(folder, name, {"format_version": FORMAT_VERSION, **values}, after)


def state_of(folder: Place, *names: str) -> str:
    """Return a text that changes whenever one of the files does."""
    digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
    for name in names:
        stored = open_place(folder).read(name)
        digest.update(hashlib.sha256(stored.data).digest() if stored else b"-")
    return digest.hexdigest()


def damaged(folder: Place, name: str) -> GalleryFormatError:
    """Make the error for a file whose contents are not what lookalike writes."""
    return DamageError(folder / name, "is not what lookalike writes")
