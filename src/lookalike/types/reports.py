"""What the verbs of a gallery report."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  the server reads the hints at run time
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of an ingest.

    Attributes:
        listed: files listed so far.
        listing: whether the listing is still running, so that `todo` may grow.
        todo: files that are new or changed.
        done: how many of those are added or refused.
        refused: how many of those could not be used.
        seconds: since the start.
        optimizing: whether all files are done, and the search index is being updated.

    Example:
        >>> from lookalike import Gallery
        >>> steps = []
        >>> _ = Gallery.open("new gallery").index("photos", on_progress=steps.append)
        >>> steps[-1].done, steps[-1].todo
        (30, 30)
    """

    listed: int
    listing: bool
    todo: int
    done: int
    refused: int
    seconds: float
    optimizing: bool = False


@dataclass(frozen=True, slots=True)
class IndexReport:
    """The result of one `index`; the counts are files.

    Attributes:
        added: new rows.
        updated: rows whose file had changed, or was read again for what an earlier version did
            not keep.
        moved: rows that kept their vector under a new path.
        copied: how many of `added` and `updated` share the vector of a file with the same bytes.
        unchanged: files that needed no reading.
        refused: files that could not be used in this run; `Gallery.refused` has the reasons.
        skipped: files of other kinds (text, video, ...).
        unsupported: of `refused` and `skipped`, the files of kinds that lookalike can only name, by
            kind, such as `{"NEF": 2, "PDF": 1}`.
        kept: of a rebuild: rows that keep their old vector because their file could not be read,
            by the reason.
        nulls: pictures listed with metadata in which numbers were taken as null, because JSON can't
            hold them: NaN and infinity.
        offline: roots that could not be reached; their rows stay.
        seconds: wall time.

    Example:
        >>> from lookalike import Gallery
        >>> Gallery.open("gallery").index("photos").unchanged
        30
    """

    added: int = 0
    updated: int = 0
    moved: int = 0
    copied: int = 0
    unchanged: int = 0
    refused: int = 0
    skipped: int = 0
    unsupported: Mapping[str, int] = field(default_factory=dict, hash=False)
    kept: Mapping[str, int] = field(default_factory=dict, hash=False)
    nulls: int = 0
    offline: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Root:
    """An indexed folder, object store, archive or list.

    Attributes:
        path: absolute path.
        online: whether it can be read now.
        reason: why it is offline; empty if it is online.
    """

    path: str
    online: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Info:
    """The status of a gallery.

    Attributes:
        gallery: its folder.
        pictures: files with the same bytes are one picture.
        files: rows.
        fingerprints: the contents whose copies can be detected.
        refused: files that could not be used.
        roots: the indexed folders.
        encoder: name, weights sha256, dimensions and preprocessing.
        index: kind (`none` or Lance's name), indexed and unindexed rows.
        bytes_on_disk: of the whole folder.
        unsupported: the files of kinds that lookalike can only name, by kind, the most first:
            `{"NEF": 2, "PDF": 1}`. Those that may be pictures count as `refused`, too.

    Example:
        >>> from lookalike import Gallery
        >>> Gallery.open("gallery").info().pictures
        30
    """

    gallery: str
    pictures: int
    files: int
    fingerprints: int
    refused: int
    roots: tuple[Root, ...]
    encoder: dict[str, Any]
    index: dict[str, Any]
    bytes_on_disk: int
    unsupported: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RelocateReport:
    """What `relocate` rewrote, or would rewrite.

    Attributes:
        files: rows.
        refused: files that could not be used, which are remembered by their paths, too.
        roots: where the roots are now that moved.

    Example:
        >>> from lookalike import Gallery
        >>> Gallery.open("gallery").relocate("photos", "pictures", dry_run=True)
        RelocateReport(files=30, refused=0, roots=('...pictures',))
    """

    files: int
    refused: int
    roots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PruneReport:
    """What `prune` removed, or would remove.

    Attributes:
        removed: paths whose file is gone, while its root is online.
        offline: roots and mount points whose rows were left alone.

    Example:
        >>> from pathlib import Path
        >>> from lookalike import Gallery
        >>> Path("photos/leopards/image_0002.jpg").unlink()
        >>> Gallery.open("gallery").prune(dry_run=True).removed
        ('...image_0002.jpg',)
    """

    removed: tuple[str, ...]
    offline: tuple[Root, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Damage:
    """A file of a gallery that is not as it was written.

    Attributes:
        path: the file, or the folder of an index.
        problem: what is wrong with it, as the predicate of a sentence.
        repaired: whether it was restored, or replaced by what was made again.

    Example:
        >>> from pathlib import Path
        >>> from lookalike import Gallery
        >>> Path("gallery/refusals.lance.lost").touch()
        >>> Gallery.open("gallery").check().damaged
        ()
    """

    path: str
    problem: str
    repaired: bool = False


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What `check` found in a gallery's own files, and what it repaired.

    Attributes:
        files: how many files were read.
        bytes: their size.
        unrecorded: how many of them had no checksum, and were read by their contents instead.
        damaged: files that are not as they were written.
        lost_rows: rows that a repair dropped, and that did not come back from the pictures, at
            least; None if their number is not known.

    Example:
        >>> from lookalike import Gallery
        >>> Gallery.open("gallery").check().damaged
        ()
    """

    files: int
    bytes: int
    unrecorded: int = 0
    damaged: tuple[Damage, ...] = ()
    lost_rows: int | None = 0
