"""The manifest of a gallery, `gallery.json`: its encoder, table, roots and format."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import GalleryFormatError
from .failures import GONE, NOT_AS_WRITTEN, DamageError
from .place import open_place, parse_place
from .sealed_json import read_sealed, write_sealed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..encoders import Encoder
    from .place import Place

ENVIRONMENT_VARIABLE = "LOOKALIKE_GALLERY"
MANIFEST_NAME = "gallery.json"
FORMAT_VERSION = 2  # 2 added what a file holds, and the formats of fingerprints and refusals
FIRST_TABLE = "pictures.lance"
UNKNOWN_ROWS = -1


@dataclass(frozen=True, slots=True)
class EncoderCard:
    """The encoder that made a table's vectors.

    Attributes:
        name: of the encoder.
        source: the argument of `encoders.load` that finds it again.
        sha256: of its weights.
        dimensions: D.
        preprocessing: of pictures, in the encoder's own terms.
    """

    name: str
    source: str
    sha256: str
    dimensions: int
    preprocessing: dict[str, Any]

    @classmethod
    def from_encoder(cls, encoder: Encoder) -> EncoderCard:
        """Describe a loaded encoder."""
        return cls(
            encoder.name,
            encoder.source,
            encoder.sha256,
            encoder.dimensions,
            encoder.preprocessing,
        )

    def matches(self, other: EncoderCard) -> bool:
        """Check that both make comparable vectors: the same weights, D and preprocessing."""
        return replace(self, name=other.name, source=other.source) == other


@dataclass(frozen=True, slots=True)
class Manifest:
    """The contents of `gallery.json`.

    Attributes:
        encoder: of the current table.
        table: name of the current table of pictures.
        roots: absolute paths of the indexed folders.
        rebuild: encoder and table of an unfinished rebuild; None without one.
        copies: whether the gallery keeps fingerprints, which prove copies.
        mounts: absolute paths of the mount points that hold indexed files, but for `/`.
        repair: how many rows the table had before a repair that has not ended, `UNKNOWN_ROWS` if
            nobody can tell; None without one.
        revision: of the object that it was read from, see `bucket.StoredFile`.
    """

    encoder: EncoderCard
    table: str = FIRST_TABLE
    roots: tuple[str, ...] = ()
    rebuild: tuple[EncoderCard, str] | None = None
    copies: bool = True
    mounts: tuple[str, ...] = ()
    repair: int | None = None
    revision: dict[str, str] | None = field(default=None, compare=False)

    @classmethod
    def read(cls, folder: Place) -> Manifest | None:
        """Read a gallery's manifest; None if there is no gallery.

        Raises:
            GalleryFormatError: it is damaged, or of a newer format.
            StorageError: it can't be read, or its place can't be reached.
        """
        sealed = read_sealed(folder, MANIFEST_NAME)
        if sealed is None:
            if open_place(folder).tables():
                raise DamageError(folder / MANIFEST_NAME, GONE)
            return None
        values, stored = sealed
        try:
            if values["format_version"] > FORMAT_VERSION:
                raise GalleryFormatError(
                    f"The gallery {folder} was made by a newer lookalike; update lookalike."
                )
            rebuild = values["rebuild"]
            return cls(
                encoder=EncoderCard(**values["encoder"]),
                table=_table_name(values["table"]),
                roots=tuple(map(str, values["roots"])),
                mounts=tuple(map(str, values.get("mounts", ()))),
                rebuild=rebuild and (EncoderCard(**rebuild[0]), _table_name(rebuild[1])),
                copies=bool(values.get("copies", True)),
                repair=None if values.get("repair") is None else int(values["repair"]),
                revision=stored.revision,
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DamageError(folder / MANIFEST_NAME, NOT_AS_WRITTEN) from error

    def write(self, folder: Place) -> Manifest:
        """Write the manifest in one step; return it with its new revision.

        Raises:
            GalleryBusyError: in an object store, somebody else has written it since it was read.
            StorageError: the disk is full or read-only, or the store can't be written.
        """
        values = asdict(self)
        del values["revision"]
        values = {"format_version": FORMAT_VERSION, **values}
        revision = write_sealed(folder, MANIFEST_NAME, values, self.revision)
        return replace(self, revision=revision)

    def remember_mounts(self, folder: Place, mounts: Iterable[str]) -> Manifest:
        """Write the manifest with these mount points, if they are others.

        Raises:
            GalleryBusyError, StorageError: as for `write`.
        """
        found = tuple(sorted(mounts))
        return self if found == self.mounts else replace(self, mounts=found).write(folder)


def locate_gallery(path: str | os.PathLike[str] | None) -> Place:
    """Return a gallery's place: `path`, else `LOOKALIKE_GALLERY`, else the user's data folder.

    Raises:
        ArgumentError: it is neither a folder nor an address of an object store.
    """
    path = path or os.environ.get(ENVIRONMENT_VARIABLE)
    if not path:
        import platformdirs

        path = platformdirs.user_data_path("lookalike", appauthor=False) / "gallery"
    return parse_place(path)


def _table_name(name: str) -> str:
    """Check that a table is inside the gallery's folder: the file may come from a stranger."""
    if Path(name).name != name or not name.endswith(".lance"):
        raise ValueError(name)
    return name
