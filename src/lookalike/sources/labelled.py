"""A folder of labelled pictures: the folder that directly holds a file names its label."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..decode import HEAD_BYTES, sniff
from ..errors import ArgumentError
from .content import PICTURE_SUFFIXES
from .read import walk

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..types import Refusal

_LAYOUT = "one folder of pictures for each label, as FOLDER/cat/1.jpg, FOLDER/dog/2.jpg"


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """A picture file and what it shows.

    Attributes:
        path: absolute path; bytes that are not UTF-8 stand in it as lone surrogates (PEP 383).
        label: name of the folder that directly holds it, likewise.
    """

    path: str
    label: str


def list_labelled(
    folder: str | os.PathLike[str], *, on_unreadable: Callable[[Refusal], None] = lambda _: None
) -> list[LabelledPicture]:
    """List the labelled pictures under a folder, sorted by path.

    A label's folder may stand at any depth, and folders of one name are one label. Files directly
    in `folder` have no label and are left out; so is what `sources.walk` leaves out, and files
    that neither name nor first bytes show to be pictures. A damaged picture is listed: only
    decoding tells.

    Args:
        folder: the folder of label folders.
        on_unreadable: told of every folder below that can't be listed.

    Raises:
        ArgumentError: it is no folder, or has no picture in a folder below it.
    """
    root = os.path.abspath(folder)
    if not os.path.isdir(root):
        what = "is a file" if os.path.exists(root) else "is not there"
        raise ArgumentError(f"{root} {what}; name a folder that holds {_LAYOUT}.")
    pictures, unlabelled = list[LabelledPicture](), False
    for source in walk(root, on_unreadable=on_unreadable):
        if not _is_picture(source.path):
            continue
        holder = os.path.dirname(source.path)
        if holder == root:
            unlabelled = True
        else:
            pictures.append(LabelledPicture(source.path, os.path.basename(holder)))
    if not pictures:
        what = "its pictures stand in no label folder" if unlabelled else "it has no picture"
        raise ArgumentError(f"{root} is no labelled folder: {what}. It must hold {_LAYOUT}.")
    return sorted(pictures, key=lambda picture: picture.path)


def _is_picture(path: str) -> bool:
    """Tell a picture by its name, or else by its first bytes; one that can't be read is none."""
    if os.path.splitext(path)[1].lower() in PICTURE_SUFFIXES:
        return True
    try:
        flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
        with open(os.open(path, flags), "rb") as file:
            return sniff(file.read(HEAD_BYTES)) is not None
    except OSError:
        return False
