"""A folder of labelled pictures: the folder that directly holds a file names its label."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..decode import HEAD_BYTES, sniff
from ..errors import ArgumentError
from .content import PICTURE_SUFFIXES
from .walk import walk

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..types import Refusal

_LAYOUT = "one folder of pictures for each label, as FOLDER/cat/1.jpg, FOLDER/dog/2.jpg"


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """A picture file and what it shows.

    Attributes:
        path: absolute path; lone surrogates are bytes that are not UTF-8 (PEP 383).
        label: name of the folder that directly holds it, likewise.
    """

    path: str
    label: str


def list_labelled(
    folder: str | os.PathLike[str], *, on_unreadable: Callable[[Refusal], None] = lambda _: None
) -> list[LabelledPicture]:
    """List the labelled pictures under a folder, sorted by path.

    Label folders may be at any depth, and folders of one name are one label. Files directly in
    `folder` have no label and are left out; so are the files that `sources.walk` leaves out, and
    those that neither their name nor their first bytes show to be pictures. A damaged picture is
    listed: only decoding shows the damage.

    Args:
        folder: the folder of label folders.
        on_unreadable: called with every folder below that can't be listed.

    Raises:
        ArgumentError: it is not a folder, or has no picture in a folder below it.

    Example:
        >>> pictures = list_labelled("photos")
        >>> sorted({picture.label for picture in pictures})
        ['leopards', 'motorbikes', 'sunflower']
    """
    root = os.path.abspath(folder)
    if not os.path.isdir(root):
        reason = "is a file" if os.path.exists(root) else "does not exist"
        raise ArgumentError(f"{root} {reason}; choose a folder that holds {_LAYOUT}.")
    pictures, has_unlabelled = list[LabelledPicture](), False
    for source in walk(root, on_unreadable=on_unreadable):
        if not _is_picture(source.path):
            continue
        parent = os.path.dirname(source.path)
        if parent == root:
            has_unlabelled = True
        else:
            pictures.append(LabelledPicture(source.path, os.path.basename(parent)))
    if not pictures:
        reason = "has pictures in no label folder" if has_unlabelled else "has no pictures"
        raise ArgumentError(f"{root} {reason}; choose a folder that holds {_LAYOUT}.")
    return sorted(pictures, key=lambda picture: picture.path)


def _is_picture(path: str) -> bool:
    """Check a file's name, or else its first bytes; a file that can't be read is not a picture."""
    if os.path.splitext(path)[1].lower() in PICTURE_SUFFIXES:
        return True
    try:
        flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
        with open(os.open(path, flags), "rb") as file:
            return sniff(file.read(HEAD_BYTES)) is not None
    except OSError:
        return False
