"""A gallery's lasting choices, in `gallery.json`: encoder, table, roots, format."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import GalleryFormatError
from .place import open_place, parse_place

if TYPE_CHECKING:
    from ..encoders import Encoder
    from .place import Place

ENVIRONMENT_VARIABLE = "LOOKALIKE_GALLERY"
MANIFEST_NAME = "gallery.json"
FORMAT_VERSION = 1
FIRST_TABLE = "pictures.lance"


@dataclass(frozen=True, slots=True)
class EncoderCard:
    """Which encoder made a table's vectors.

    Attributes:
        name: of the encoder.
        source: what `encoders.load` takes to find it again.
        sha256: of its weights.
        dimensions: D.
        preprocessing: as the encoder states it.
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
        """Tell whether the vectors of both can be compared: weights, D and preprocessing agree."""
        return replace(self, name=other.name, source=other.source) == other


@dataclass(frozen=True, slots=True)
class Manifest:
    """What `gallery.json` says.

    Attributes:
        encoder: of the table in use.
        table: name of the table of pictures in use.
        roots: absolute paths of the folders that were indexed.
        rebuild: encoder and table of a rebuild that is under way; None without one.
        copies: whether fingerprints are kept, by which copies are proved.
        stamp: of the object that it was read from, see `place.Stored`.
    """

    encoder: EncoderCard
    table: str = FIRST_TABLE
    roots: tuple[str, ...] = ()
    rebuild: tuple[EncoderCard, str] | None = None
    copies: bool = True
    stamp: dict[str, str] | None = field(default=None, compare=False)

    @classmethod
    def read(cls, folder: Place) -> Manifest | None:
        """Read a gallery's manifest; None where there is no gallery.

        Raises:
            GalleryFormatError: it is damaged, or of a newer format.
            StorageError: it can't be read, or its place can't be reached.
        """
        stored = open_place(folder).read(MANIFEST_NAME)
        if stored is None:
            return None
        try:
            values = json.loads(stored.data.decode("utf-8"))
            if values["format_version"] > FORMAT_VERSION:
                raise GalleryFormatError(
                    f"The gallery {folder} was made by a newer lookalike; update lookalike."
                )
            rebuild = values["rebuild"]
            return cls(
                encoder=EncoderCard(**values["encoder"]),
                table=_table_name(values["table"]),
                roots=tuple(map(str, values["roots"])),
                rebuild=rebuild and (EncoderCard(**rebuild[0]), _table_name(rebuild[1])),
                copies=bool(values.get("copies", True)),
                stamp=stored.stamp,
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise GalleryFormatError(
                f"{folder / MANIFEST_NAME} is damaged; put back a copy of it, or delete all of it "
                "and index again."
            ) from error

    def write(self, folder: Place) -> Manifest:
        """Put the manifest in place in one step; give it as it then is.

        Raises:
            GalleryBusyError: in an object store, somebody else has written it since it was read.
            StorageError: the disk is full or read-only, or the store can't be written.
        """
        values = asdict(self)
        del values["stamp"]
        text = json.dumps({"format_version": FORMAT_VERSION, **values}, indent=2) + "\n"
        stamp = open_place(folder).write(MANIFEST_NAME, text.encode("utf-8"), self.stamp)
        return replace(self, stamp=stamp)


def locate_gallery(path: str | os.PathLike[str] | None) -> Place:
    """Find a gallery's place: the one named, else the environment's, else the user's own folder.

    Raises:
        ArgumentError: it is neither a folder nor an address of an object store.
    """
    path = path or os.environ.get(ENVIRONMENT_VARIABLE)
    if not path:
        import platformdirs

        path = platformdirs.user_data_path("lookalike", appauthor=False) / "gallery"
    return parse_place(path)


def _table_name(name: str) -> str:
    """Refuse a table outside the gallery's folder: the file may come from somebody else."""
    if Path(name).name != name or not name.endswith(".lance"):
        raise ValueError(name)
    return name
