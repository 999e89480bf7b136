"""Files that together are one shot: a raw file and its JPEG, a Live Photo, a file and its sidecars.

Cameras and editors give them one name in one folder, with different endings. None of them is a
duplicate of another, and none goes without the others.
"""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from ..sources import is_local

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .members import Member


def _endings(words: str) -> frozenset[str]:
    return frozenset(f".{word}" for word in words.split())


RAW_ENDINGS = _endings(
    "3fr ari arw bay braw cap cr2 cr3 crw dcr dng erf fff gpr iiq k25 kdc mdc mef mos mrw nef nrw "
    "orf pef ptx raf raw rw2 rwl sr2 srf srw x3f"
)
PICTURE_ENDINGS = _endings("avif heic heif hif jpe jpeg jpg jxl png tif tiff webp")
# Of files that belong to a picture: the video of a Live Photo, a spoken note, edits, keywords,
# captions and labels. They are called a.xmp or a.jpg.xmp.
SIDECAR_ENDINGS = _endings("aae dop json m4v mov mp4 on1 pp3 thm txt wav xml xmp")
EXPORT_MARK = ".supplemental-metadata"  # before .json, in exports of Google Photos


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
        beside = _files_by_owner(folder)
        for path in pictures:
            name = os.path.basename(path).casefold()
            stem, ending = os.path.splitext(name)
            kinds = SIDECAR_ENDINGS | (PICTURE_ENDINGS if ending in RAW_ENDINGS else RAW_ENDINGS)
            found = {file for owner in (name, stem) for file in beside.get(owner, ())}
            names = sorted(file for file in found if _split(file)[1] in kinds)
            if names:
                parts[path] = tuple(names)
    return parts


def with_parts(members: Iterable[Member]) -> list[Member]:
    """Return members with the parts of their shots that are on the disk now."""
    members = list(members)
    parts = parts_beside(member.path for member in members)
    return [replace(member, parts=parts.get(member.path, ())) for member in members]


def left_alone(kept: Member, other: Member) -> str:
    """Say which part of a file's shot would be left alone; empty if none.

    A part of both, such as `a.xmp` of `a.jpg` and `a.png`, stays with the kept one.

    Args:
        kept: the file that stays.
        other: the file that would go.
    """
    is_same_shot = os.path.splitext(kept.path)[0] == os.path.splitext(other.path)[0]
    beside_kept = kept.parts if is_same_shot else ()
    alone = next((name for name in other.parts if name not in beside_kept), None)
    return f"{alone} beside it belongs to it" if alone else ""


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
        stem, ending = _split(name)
        (raws if ending in RAW_ENDINGS else pictures).add(os.path.join(folder, stem))
    return raws, pictures


def _files_by_owner(folder: str) -> dict[str, list[str]]:
    """Return the names of a folder's files by what they are called but for the ending."""
    names_of = defaultdict[str, list[str]](list)
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.is_dir():
                    names_of[_split(entry.name)[0]].append(entry.name)
    except OSError:
        return {}
    return names_of


def _split(name: str) -> tuple[str, str]:
    """Split a file's name into its stem and its ending, in lower case."""
    stem, ending = os.path.splitext(name.casefold())
    return stem.removesuffix(EXPORT_MARK), ending
