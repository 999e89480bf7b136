"""Moves duplicates to the system's trash, each checked first; nothing is deleted."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..copies import TO_PIXEL_CENTRES, scale_transform
from ..decode import decode
from ..errors import PictureError
from ..sources import content_hash, is_local, read
from ..types import Refusal, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from ..types import Match, Picture
    from .groups import Duplicate, Group
    from .members import Member

COMPARED_PIXELS = 160  # longer side of the pictures that are compared in colour
BLUR_PIXELS = 5  # hides displacements of a pixel
WINDOW_PIXELS = 9
# Levels of 255 by which a window may differ on average. Of twenty pictures re-saved at quality 20,
# nine in ten differ by at most 8; reduced to a quarter, by at most 6; with a caption, by over 23.
MAX_DIFFERENCE = 10.0


@dataclass(frozen=True, slots=True)
class TrashReport:
    """What `to_trash` moved, or would move.

    Attributes:
        moved: paths.
        left: all other duplicates, each with the reason why it stays.
        bytes_freed: the size of the moved files, freed once the trash is emptied.
    """

    moved: tuple[str, ...]
    left: tuple[Refusal, ...]
    bytes_freed: int


def to_trash(
    groups: Iterable[Group],
    *,
    dry_run: bool = False,
    on_file: Callable[[str, str], None] = lambda _path, _reason: None,
) -> TrashReport:
    """Move the duplicates that are safe to move to the system's trash; keep the originals.

    Right before each move both files are read again: the original and the duplicate must be
    unchanged since they were indexed, must be two files, and must have the same bytes or look the
    same. A file that fails a check is reported and stays; the others are moved.

    Args:
        groups: as `Gallery.duplicates` returns them.
        dry_run: only check, and report what would be moved.
        on_file: called with the path of every duplicate, and why it stays; empty if it was moved.

    Example:
        >>> import shutil
        >>> from lookalike import Gallery
        >>> _ = shutil.copy("photos/sunflower/image_0001.jpg", "photos/copy of sunflower.jpg")
        >>> gallery = Gallery.open("gallery")
        >>> _ = gallery.index("photos")
        >>> report = to_trash(gallery.duplicates(), dry_run=True)
        >>> len(report.moved), report.left
        (1, ())
    """
    moved, left, freed = list[str](), list[Refusal](), 0
    for group in groups:
        for other in group.others:
            path = other.member.path
            reason = other.stays or _objection(group.kept, other)
            if not reason and not dry_run:
                reason = _move(path, group.kept.path)
            if reason:
                left.append(Refusal(path, reason))
            else:
                moved.append(path)
                freed += other.bytes_freed
            on_file(path, reason)
    return TrashReport(tuple(moved), tuple(left), freed)


def looks_the_same(match: Match, copy: Picture, original: Picture) -> bool:
    """Check whether two pictures look the same in colour when one is laid over the other.

    A caption, a recolouring or a blur shows in some window; re-saving, resizing, rotating or
    mirroring does not. A change much smaller than a window goes unnoticed.

    Args:
        match: how `copy` lies over `original`.
        copy: decoded.
        original: decoded.
    """
    import cv2

    # JPEG stores colour at half the resolution.
    sides = (max(picture.pixels.shape) // 2 for picture in (copy, original))
    side = max(min(COMPARED_PIXELS, *sides), 1)
    above, above_scale = _reduce(copy, side)
    below, below_scale = _reduce(original, side)
    warp = TO_PIXEL_CENTRES @ below_scale @ np.array(match.transform)
    warp = warp @ np.linalg.inv(TO_PIXEL_CENTRES @ above_scale)
    warped = cv2.warpPerspective(above, warp, below.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    blur, window = (BLUR_PIXELS, BLUR_PIXELS), (WINDOW_PIXELS, WINDOW_PIXELS)
    difference = np.abs(
        cv2.blur(warped.astype(np.float32), blur) - cv2.blur(below.astype(np.float32), blur)
    ).max(axis=2)  # of the channel that differs most
    return float(cv2.blur(difference, window).max()) <= MAX_DIFFERENCE


def _reduce(picture: Picture, side: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Resize the longer side to `side`; return also the transform from the whole picture."""
    import cv2

    size = picture.width, picture.height
    scale = side / max(size)
    small = max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)
    pixels = cv2.resize(picture.pixels, small, interpolation=cv2.INTER_AREA)
    return np.asarray(pixels, np.uint8), scale_transform(size, small)


def _objection(kept: Member, other: Duplicate) -> str:
    """Say why a file must not be moved; empty if it may."""
    if not all(is_local(member.path) for member in (kept, other.member)):
        return "it or the original is in an archive, or not on this machine"
    try:
        original = _read(kept)
    except (OSError, PictureError, MemoryError) as error:
        return f"the original can't be checked: {_reason(error)}"
    try:
        return _difference(kept, original, other)
    except (OSError, PictureError, MemoryError) as error:
        return _reason(error)


def _difference(kept: Member, original: bytes, other: Duplicate) -> str:
    copy = _read(other.member)
    if os.path.samefile(kept.path, other.member.path):
        return "it is the same file as the original"
    if other.match is None:
        return "" if copy == original else "its bytes differ from the original's"
    same = looks_the_same(other.match, decode(copy), decode(original))
    return "" if same else "it looks different from the original"


def _read(member: Member) -> bytes:
    """Read a file, and check that its content is still the one indexed.

    Raises:
        PictureError: the content has changed.
        OSError: it can't be read.
    """
    data = read(Source(member.path, member.size, member.mtime_ns))
    if content_hash(data) != member.content_hash:
        raise PictureError("the file has changed since it was indexed")
    return data


def _move(path: str, kept: str) -> str:
    """Move one file to the trash; return what failed."""
    from send2trash import send2trash

    try:
        send2trash(path)
    except Exception as error:  # noqa: BLE001  each system's trash raises its own errors
        return f"it can't be moved to the trash: {_reason(error)}"
    # A file reached through two mounts has two identities.
    return "" if os.path.exists(kept) else f"restore it from the trash: {kept} was moved with it"


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
