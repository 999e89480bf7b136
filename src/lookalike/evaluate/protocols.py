"""Which pictures are queries, and which are the gallery that they are asked of."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import ArgumentError
from ..sources import LabelledPicture, list_labelled
from ..storage import MANIFEST_NAME

if TYPE_CHECKING:
    from ..types import Refusal

PROTOCOLS = ("all", "test3")
BACKGROUND = "BACKGROUND_Google"  # Caltech-101's folder of pictures that are of no category
_ONE_IN = 3


@dataclass(frozen=True, slots=True)
class Split:
    """What a protocol made of the folders.

    Attributes:
        protocol: `all`, `test3` or `two folders`.
        queries: by path.
        gallery: by path; the queries themselves where one is left out.
        leave_one_out: whether each query is asked of all others.
        refusals: folders that could not be listed.
    """

    protocol: str
    queries: tuple[LabelledPicture, ...]
    gallery: tuple[LabelledPicture, ...]
    leave_one_out: bool
    refusals: tuple[Refusal, ...] = field(default=())


def split_folder(folder: str | os.PathLike[str], protocol: str) -> Split:
    """Take the pictures of one folder, each a query to all others (leave-one-out).

    `all` takes every picture. `test3` is the protocol of Caltech-101: `BACKGROUND_Google` is left
    out, and a picture whose number (the digits at the end of its name) is divisible by 3 is taken.

    Raises:
        ArgumentError: there is no such protocol, the folder is not labelled, `test3` meets a name
            without a number, or the labels leave nothing to measure.
    """
    if protocol not in PROTOCOLS:
        raise ArgumentError(
            f"There is no protocol {protocol!r}; name one of: {', '.join(PROTOCOLS)}."
        )
    pictures, refusals = _list(folder)
    if protocol == "test3":
        pictures = [p for p in pictures if p.label != BACKGROUND and _number(p.path) % _ONE_IN == 0]
        if not pictures:
            raise ArgumentError(f"No picture under {folder} has a number that is divisible by 3.")
    _check_labels(pictures, pictures, own=1)
    chosen = tuple(pictures)
    return Split(protocol, chosen, chosen, leave_one_out=True, refusals=tuple(refusals))


def split_folders(queries: str | os.PathLike[str], gallery: str | os.PathLike[str]) -> Split:
    """Take one folder's pictures as queries to the pictures of another.

    Raises:
        ArgumentError: a folder is not labelled, a picture is in both, or the labels leave nothing
            to measure.
    """
    asked, refusals = _list(queries)
    among, more = _list(gallery)
    both = {os.path.realpath(p.path) for p in among} & {os.path.realpath(p.path) for p in asked}
    if both:
        raise ArgumentError(
            f"Queries are in the gallery, too: {len(both):,} files, such as {min(both)}; they "
            "would find themselves. Name two folders that have none in common, or only one, whose "
            "pictures ask one another: lookalike evaluate FOLDER."
        )
    _check_labels(asked, among, own=0)
    unread = (*refusals, *more)
    return Split("two folders", tuple(asked), tuple(among), leave_one_out=False, refusals=unread)


def _list(folder: str | os.PathLike[str]) -> tuple[list[LabelledPicture], list[Refusal]]:
    if os.path.isfile(os.path.join(folder, MANIFEST_NAME)):
        raise ArgumentError(
            f"{folder} is a gallery, which has vectors but no labels; name the folder of pictures, "
            "with one folder for each label in it."
        )
    refusals: list[Refusal] = []
    return list_labelled(folder, on_unreadable=refusals.append), refusals


def _check_labels(queries: list[LabelledPicture], gallery: list[LabelledPicture], own: int) -> None:
    counts = Counter(picture.label for picture in gallery)
    if len(counts) == 1 and {picture.label for picture in queries} == set(counts):
        raise ArgumentError(
            f"All pictures are labelled {min(counts)!r}, so that every hit would be right; add "
            "folders of other labels."
        )
    if not any(counts[picture.label] > own for picture in queries):
        raise ArgumentError(
            "No query has another picture of its label to find"
            + (": each label has one picture. Add some." if own else "; the labels differ.")
        )


def _number(path: str) -> int:
    found = re.search(r"([0-9]+)$", os.path.splitext(os.path.basename(path))[0])
    if not found:
        raise ArgumentError(
            f"The protocol test3 needs names that end with a number, as image_0003.jpg; {path} has "
            "none. Choose --protocol all."
        )
    return int(found[1])
