"""Duplicates to the system's trash: checked one by one, moved, never deleted."""

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

    from ..types import Match, Member, Picture
    from .groups import Duplicate, Group

COMPARED_PIXELS = 160  # longer side of the pictures that are laid over each other
BLUR_PIXELS = 5  # of these pixels, so that a pixel's displacement is no difference
WINDOW = 9
# Levels of 255 that a window may differ by, on average. Of twenty pictures saved anew at quality 20
# nine in ten differ by 8 at most, reduced to a quarter by 6, with a caption by 24 at least.
MAX_DIFFERENCE = 10.0


@dataclass(frozen=True, slots=True)
class TrashReport:
    """What `to_trash` moved, or would move.

    Attributes:
        moved: paths.
        left: paths of all others beside the kept ones, each with the reason why it stays.
        bytes_freed: sizes of what was moved, once the trash is emptied.
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
    """Move all but the kept files to the system's trash, those that are safe to move.

    Right before each move both files are read: the kept one and the other must be as they were
    indexed, two files, and unless they are of the same bytes they must look the same. What fails is
    told and left; the others go on.

    Args:
        groups: as `Gallery.duplicates` gave them.
        dry_run: only check, and tell what would be moved.
        on_file: told of every file that was dealt with, and why it stays; empty where it went.
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
    """Tell whether two pictures look the same, laid over each other in colour.

    What was put over, recoloured or blurred differs in some window; what was saved anew, resized,
    turned or mirrored does not. Something that is much smaller than a window is not seen.

    Args:
        match: how `copy` lies in `original`.
        copy: decoded.
        original: decoded.
    """
    import cv2

    # JPEG keeps colours at half the size.
    sides = (max(picture.pixels.shape) // 2 for picture in (copy, original))
    side = max(min(COMPARED_PIXELS, *sides), 1)
    above, from_copy = _reduced(copy, side)
    below, from_original = _reduced(original, side)
    to = (
        TO_PIXEL_CENTRES
        @ from_original
        @ np.array(match.transform)
        @ np.linalg.inv(TO_PIXEL_CENTRES @ from_copy)
    )
    laid = cv2.warpPerspective(above, to, below.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    soft = [
        cv2.blur(pixels.astype(np.float32), (BLUR_PIXELS, BLUR_PIXELS)) for pixels in (laid, below)
    ]
    apart = np.abs(soft[0] - soft[1]).max(axis=2)  # of the colour that differs most
    return float(cv2.blur(apart, (WINDOW, WINDOW)).max()) <= MAX_DIFFERENCE


def _reduced(picture: Picture, side: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Bring the longer side to `side`; give also the map from the whole picture's pixels."""
    import cv2

    whole = picture.width, picture.height
    scale = side / max(whole)
    small = max(round(whole[0] * scale), 1), max(round(whole[1] * scale), 1)
    pixels = cv2.resize(picture.pixels, small, interpolation=cv2.INTER_AREA)
    return np.asarray(pixels, np.uint8), scale_transform(whole, small)


def _objection(kept: Member, other: Duplicate) -> str:  # noqa: PLR0911  each is one
    """Say why a file must not be moved; nothing where it may."""
    if not all(is_local(member.path) for member in (kept, other.member)):
        return "one of the two lies in an archive, or not on this machine"
    try:
        original = _read(kept)
    except (OSError, PictureError, MemoryError) as error:
        return f"the kept one can't be relied on: {_said(error)}"
    try:
        copy = _read(other.member)
        if os.path.samefile(kept.path, other.member.path):
            return "it is the same file as the kept one"
        if other.match is None:
            return "" if copy == original else "its bytes are not those of the kept one"
        if not looks_the_same(other.match, decode(copy), decode(original)):
            return "it does not look the same as the kept one"
    except (OSError, PictureError, MemoryError) as error:
        return _said(error)
    return ""


def _read(member: Member) -> bytes:
    """Read a file whose content is known.

    Raises:
        PictureError: it has another content by now.
        OSError: it can't be read.
    """
    data = read(Source(member.path, member.size, member.mtime_ns))
    if content_hash(data) != member.content_hash:
        raise PictureError("the file has changed since it was indexed")
    return data


def _move(path: str, kept: str) -> str:
    """Move one file to the trash; say what failed."""
    from send2trash import send2trash

    try:
        send2trash(path)
    except Exception as error:  # noqa: BLE001  each system's trash has errors of its own
        return f"it can't be moved to the trash: {_said(error)}"
    # One file seen through two mounts has two identities.
    return "" if os.path.exists(kept) else f"put it back from the trash: {kept} went with it"


def _said(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
