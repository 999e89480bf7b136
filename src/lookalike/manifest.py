"""A gallery's lasting choices, in `gallery.json`: encoder, table, roots, format."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import GalleryFormatError, StorageError

if TYPE_CHECKING:
    from .encoders import Encoder

ENVIRONMENT_VARIABLE = "LOOKALIKE_GALLERY"
FILE_NAME = "gallery.json"
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
    def of(cls, encoder: Encoder) -> EncoderCard:
        """Describe a loaded encoder."""
        return cls(
            encoder.name,
            encoder.source,
            encoder.sha256,
            encoder.dimensions,
            encoder.preprocessing,
        )

    def fits(self, other: EncoderCard) -> bool:
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
    """

    encoder: EncoderCard
    table: str = FIRST_TABLE
    roots: tuple[str, ...] = ()
    rebuild: tuple[EncoderCard, str] | None = None
    copies: bool = True

    @classmethod
    def read(cls, folder: Path) -> Manifest | None:
        """Read a gallery's manifest; None where there is no gallery.

        Raises:
            GalleryFormatError: it is damaged, or of a newer format.
            StorageError: it can't be read.
        """
        path = folder / FILE_NAME
        try:
            values = json.loads(path.read_text("utf-8"))
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
            )
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise StorageError(
                f"{path} can't be read ({error.strerror}); see its rights."
            ) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise GalleryFormatError(
                f"{path} is damaged; put back a copy of it, or delete the folder and index again."
            ) from error

    def write(self, folder: Path) -> None:
        """Put the manifest in place in one step, so that it is never half written.

        Raises:
            StorageError: the disk is full or read-only.
        """
        text = json.dumps({"format_version": FORMAT_VERSION, **asdict(self)}, indent=2)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                "w", encoding="utf-8", dir=folder, prefix=FILE_NAME, delete=False
            ) as file:
                file.write(text + "\n")
                file.flush()
                os.fsync(file.fileno())
            Path(file.name).replace(folder / FILE_NAME)
        except OSError as error:
            raise StorageError(
                f"The gallery {folder} can't be written ({error.strerror}); see its disk's space "
                "and rights, or choose another folder with --gallery."
            ) from error


def locate(path: str | os.PathLike[str] | None) -> Path:
    """Find a gallery's folder: the one named, else the environment's, else the user's own."""
    path = path or os.environ.get(ENVIRONMENT_VARIABLE)
    if not path:
        import platformdirs

        path = platformdirs.user_data_path("lookalike", appauthor=False) / "gallery"
    return Path(os.path.abspath(path))


def _table_name(name: str) -> str:
    """Refuse a table outside the gallery's folder: the file may come from somebody else."""
    if Path(name).name != name or not name.endswith(".lance"):
        raise ValueError(name)
    return name
