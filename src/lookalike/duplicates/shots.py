"""Files that together are one shot: a raw file and its JPEG, a Live Photo, a file and its sidecar.

Cameras and editors give them one name in one folder, with different endings. None of them is a
duplicate of another, and none should go without the others.
"""

from __future__ import annotations

import os
from collections import defaultdict
from typing import TYPE_CHECKING

from ..sources import is_local

if TYPE_CHECKING:
    from collections.abc import Iterable


def _endings(words: str) -> frozenset[str]:
    return frozenset(f".{word}" for word in words.split())


RAW_ENDINGS = _endings(
    "3fr ari arw bay braw cap cr2 cr3 crw dcr dng erf fff gpr iiq k25 kdc mdc mef mos mrw nef nrw "
    "orf pef ptx raf raw rw2 rwl sr2 srf srw x3f"
)
PICTURE_ENDINGS = _endings("avif heic heif hif jpe jpeg jpg jxl png tif tiff webp")
VIDEO_ENDINGS = _endings("m4v mov mp4")
SIDECAR_ENDINGS = _endings("aae dop on1 pp3 thm xmp")  # IMG_1.xmp or IMG_1.jpg.xmp
LONG_SIDECAR_ENDINGS = SIDECAR_ENDINGS | _endings("json")  # IMG_1.jpg.json alone


def parts_beside(paths: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the names of the files that are one shot with each of some pictures.

    Each folder is listed once. Files that are not on this machine have no parts, and neither have
    those in a folder that can't be listed.

    Args:
        paths: of pictures, absolute.

    Returns:
        the names of each path's other parts, sorted; paths without any are left out.
    """
    in_folder = defaultdict[str, list[str]](list)
    for path in paths:
        if is_local(path):
            in_folder[os.path.dirname(path)].append(path)
    parts = dict[str, tuple[str, ...]]()
    for folder, pictures in in_folder.items():
        names_of = defaultdict[str, list[str]](list)
        for name in _names(folder):
            stem, ending = os.path.splitext(name.casefold())
            names_of[stem].append(name)
            if ending in LONG_SIDECAR_ENDINGS:
                names_of[os.path.splitext(stem)[0]].append(name)
        for path in pictures:
            own = os.path.basename(path)
            beside = names_of[os.path.splitext(own.casefold())[0]]
            if found := sorted({name for name in beside if _is_part(own, name)}):
                parts[path] = tuple(found)
    return parts


def are_one_shot(paths: Iterable[str], others: Iterable[str]) -> bool:
    """Check whether a raw file among some paths is one shot with a picture among others.

    Args:
        paths: of one content.
        others: of another content.
    """
    (raws, pictures), (other_raws, other_pictures) = map(_shots, (paths, others))
    return bool(raws & other_pictures or pictures & other_raws)


def _shots(paths: Iterable[str]) -> tuple[set[str], set[str]]:
    """Return the paths of raw files, and those of other files, without their endings."""
    raws, pictures = set[str](), set[str]()
    for path in paths:
        folder, name = os.path.split(path)
        shots = raws if _ending(name) in RAW_ENDINGS else pictures
        shots.add(os.path.join(folder, os.path.splitext(name.casefold())[0]))
    return raws, pictures


def _is_part(picture: str, name: str) -> bool:
    """Check whether a file of the picture's folder and stem is another part of its shot."""
    owner, ending = os.path.splitext(name.casefold())
    if ending in LONG_SIDECAR_ENDINGS and owner == picture.casefold():
        return True
    if ending in SIDECAR_ENDINGS:
        return owner == os.path.splitext(picture.casefold())[0]
    others = PICTURE_ENDINGS if _ending(picture) in RAW_ENDINGS else RAW_ENDINGS
    return ending in others or ending in VIDEO_ENDINGS


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _ending(name: str) -> str:
    return os.path.splitext(name.casefold())[1]
