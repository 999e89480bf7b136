"""The pictures that the benchmarks use, and which of them can be queries."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from benchmarks.report import Progress
from lookalike.decode import decode
from lookalike.errors import PictureError
from lookalike.sources import read, walk
from lookalike.sources.content import content_hash

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lookalike.types import Picture, Source

BACKGROUND = "BACKGROUND_Google"
# Of Caltech-101: Faces_easy is cropped from Faces and flamingo_head from flamingo; half of Leopards
# mirrors the other half.
CATEGORIES_WITH_COPIES = {"Faces", "Faces_easy", "Leopards", "flamingo", "flamingo_head"}
KNOWN_COPIES = Path(__file__).parent / "copies" / "known_copies.txt"  # of Caltech-101, found by eye
FILES_PER_BATCH = 256
THUMBNAIL_SIDE = 16  # pixels
SAME_SHOT_LEVELS = 3.0  # of 255: the greatest mean difference of two thumbnails of one shot


class Collection(NamedTuple):
    """The usable pictures of a folder, in order; files with the same bytes count once.

    Attributes:
        sources: the files.
        thumbnails: uint8 [N, THUMBNAIL_SIDE^2 x 3].
        can_be_query: bool [N], whether a query may be made from the picture.
    """

    sources: list[Source]
    thumbnails: NDArray[np.uint8]
    can_be_query: NDArray[np.bool_]

    def shuffled_queries(self, random: np.random.Generator) -> Iterator[int]:
        """Yield in random order the pictures that can be queries and are the only file of a shot.

        If two files show the same shot, either could be the original, and a held-out picture would
        still be in the gallery.
        """
        means = self.thumbnails.mean(axis=1)
        for k in random.permutation(np.flatnonzero(self.can_be_query)).tolist():
            # The means of two thumbnails differ by no more than the thumbnails do.
            near = self.thumbnails[np.abs(means - means[k]) <= SAME_SHOT_LEVELS].astype(np.int16)
            differences = np.abs(near - self.thumbnails[k]).mean(axis=1)
            if (differences <= SAME_SHOT_LEVELS).sum() == 1:
                yield k


def collect(folder: Path, *, test3: bool, whole: bool, threads: int) -> Collection:
    """Read a folder's pictures, leaving out unusable files.

    Args:
        folder: pictures, at any depth.
        test3: only Caltech-101's test pictures (their number is divisible by 3) can be queries,
            without the categories full of copies and the pictures with a known edited copy. The
            gallery holds the test pictures and the background.
        whole: with `test3`, the gallery holds all pictures.
        threads: how many decode.
    """
    copies = {name for pair in known_copies() for name in pair}
    sources = list(walk(str(folder)))
    if test3 and not whole:
        sources = [s for s in sources if is_test(s) or Path(s.path).parent.name == BACKGROUND]
    progress = Progress("reading", len(sources))
    by_hash: dict[bytes, tuple[Source, NDArray[np.uint8]]] = {}
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(sources), FILES_PER_BATCH):
            batch = sources[start : start + FILES_PER_BATCH]
            for source, content in zip(batch, pool.map(_hash_and_thumbnail, batch), strict=True):
                if content:
                    by_hash.setdefault(content[0], (source, content[1]))
            progress.advance(len(batch))
    unique = [source for source, _ in by_hash.values()]
    thumbnails = np.reshape(
        [thumbnail for _, thumbnail in by_hash.values()], (len(unique), 3 * THUMBNAIL_SIDE**2)
    )
    can_be_query = [not test3 or (is_test(s) and not _has_copy(s, copies)) for s in unique]
    return Collection(unique, thumbnails, np.array(can_be_query, bool))


def read_picture(source: Source) -> Picture | None:
    """Decode a file as the gallery does; return None if it is unusable."""
    try:
        return decode(read(source))
    except (PictureError, OSError):
        return None


def known_copies() -> set[frozenset[str]]:
    """Read the pairs of Caltech-101 files that are copies, named like `anchor/image_0001.jpg`."""
    return {frozenset(line.split()) for line in KNOWN_COPIES.read_text("utf-8").splitlines()}


def picture_name(path: str) -> str:
    """Return a file's name as `known_copies` has it."""
    return f"{Path(path).parent.name}/{Path(path).name}"


def _hash_and_thumbnail(source: Source) -> tuple[bytes, NDArray[np.uint8]] | None:
    try:
        data = read(source)
        image = Image.fromarray(decode(data, min_side=THUMBNAIL_SIDE).pixels)
    except (PictureError, OSError):
        return None
    size = (THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    return content_hash(data), np.asarray(image.resize(size, Image.Resampling.BILINEAR)).ravel()


def _has_copy(source: Source, copies: set[str]) -> bool:
    category = Path(source.path).parent.name
    return category in CATEGORIES_WITH_COPIES or picture_name(source.path) in copies


def is_test(source: Source) -> bool:
    """Whether a picture is for testing: its name ends in a number that is divisible by 3."""
    number = Path(source.path).stem.rpartition("_")[2]
    return number.isdecimal() and int(number) % 3 == 0
