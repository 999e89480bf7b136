"""Evaluation protocols: which pictures are queries, and which are the gallery."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import ArgumentError
from ..sources import LabelledPicture, list_labelled

if TYPE_CHECKING:
    from ..types import Refusal

PROTOCOLS = ("all", "test3")
BACKGROUND = "BACKGROUND_Google"  # Caltech-101's folder of pictures that have no category
_TEST_DIVISOR = 3


@dataclass(frozen=True, slots=True)
class Split:
    """The pictures of the folders, as a protocol splits them.

    Attributes:
        protocol: `all`, `test3` or `two folders`.
        queries: by path.
        gallery: by path; the queries themselves with `leave_one_out`.
        leave_one_out: whether each query searches all the others.
        refusals: folders that could not be listed.
    """

    protocol: str
    queries: tuple[LabelledPicture, ...]
    gallery: tuple[LabelledPicture, ...]
    leave_one_out: bool
    refusals: tuple[Refusal, ...] = field(default=())


def split_folder(folder: str | os.PathLike[str], protocol: str) -> Split:
    """Take the pictures of one folder, each a query to all others (leave-one-out).

    `all` takes every picture. `test3` is Caltech-101's protocol: it leaves out
    `BACKGROUND_Google` and takes the pictures whose number (the digits at the end of the name) is
    divisible by 3.

    Raises:
        ArgumentError: there is no such protocol, the folder is not labelled, a name has no number
            for `test3`, or the labels leave nothing to measure.
    """
    if protocol not in PROTOCOLS:
        raise ArgumentError(
            f"There is no protocol {protocol!r}; use one of: {', '.join(PROTOCOLS)}."
        )
    pictures, refusals = _list(folder)
    if protocol == "test3":
        pictures = [
            p for p in pictures if p.label != BACKGROUND and _number(p.path) % _TEST_DIVISOR == 0
        ]
        if not pictures:
            raise ArgumentError(
                f"No picture under {folder} has a number divisible by 3; use --protocol all."
            )
    _check_labels(pictures, pictures, leave_one_out=True)
    chosen = tuple(pictures)
    return Split(protocol, chosen, chosen, leave_one_out=True, refusals=tuple(refusals))


def split_folders(queries: str | os.PathLike[str], gallery: str | os.PathLike[str]) -> Split:
    """Take the pictures of one folder as queries, and those of another as the gallery.

    Raises:
        ArgumentError: a folder is not labelled, both have the same picture, or the labels leave
            nothing to measure.
    """
    query_pictures, refusals = _list(queries)
    gallery_pictures, more_refusals = _list(gallery)
    both = {os.path.realpath(p.path) for p in gallery_pictures}
    both &= {os.path.realpath(p.path) for p in query_pictures}
    if both:
        raise ArgumentError(
            f"The gallery contains {len(both):,} of the queries, such as {min(both)}; they would "
            "find themselves. Name two folders without common files, or one folder in which each "
            "picture searches the others: lookalike evaluate FOLDER."
        )
    _check_labels(query_pictures, gallery_pictures, leave_one_out=False)
    return Split(
        "two folders",
        tuple(query_pictures),
        tuple(gallery_pictures),
        leave_one_out=False,
        refusals=(*refusals, *more_refusals),
    )


def _list(folder: str | os.PathLike[str]) -> tuple[list[LabelledPicture], list[Refusal]]:
    from ..storage import MANIFEST_NAME

    if os.path.isfile(os.path.join(folder, MANIFEST_NAME)):
        raise ArgumentError(
            f"{folder} is a gallery, which has vectors but no labels; name the folder of pictures, "
            "which has one folder for each label."
        )
    refusals: list[Refusal] = []
    return list_labelled(folder, on_unreadable=refusals.append), refusals


def _check_labels(
    queries: list[LabelledPicture], gallery: list[LabelledPicture], *, leave_one_out: bool
) -> None:
    counts = Counter(picture.label for picture in gallery)
    if len(counts) == 1 and {picture.label for picture in queries} == set(counts):
        raise ArgumentError(
            f"All pictures have the label {min(counts)!r}, so every hit would be right; add "
            "folders of other labels."
        )
    if not any(counts[picture.label] > int(leave_one_out) for picture in queries):
        raise ArgumentError(
            "No query has another picture of its label to find: each label has one picture; add "
            "some."
            if leave_one_out
            else "No query has a picture of its label to find: the two folders have different "
            "labels; name folders that share labels."
        )


def _number(path: str) -> int:
    match = re.search(r"([0-9]+)$", os.path.splitext(os.path.basename(path))[0])
    if not match:
        raise ArgumentError(
            f"The protocol test3 needs names that end with a number, such as image_0003.jpg, but "
            f"{path} has none. Use --protocol all."
        )
    return int(match[1])
