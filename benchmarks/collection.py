"""Which pictures `benchmarks.copies` measures on, and which of them it may ask with."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from lookalike.decode import decode
from lookalike.errors import PictureError
from lookalike.sources import read, walk
from lookalike.sources.content import content_hash

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lookalike.types import Picture, Source

BACKGROUND = "BACKGROUND_Google"
# Of Caltech-101: those of the one are cut from the other, the hundred others are mirror images.
FULL_OF_COPIES = {"Faces", "Faces_easy", "Leopards", "flamingo", "flamingo_head"}
KNOWN_COPIES = Path(__file__).parent / "copies" / "known_copies.txt"  # of Caltech-101, found by eye
PROGRESS_SECONDS = 5.0
FILES_AT_ONCE = 256
THUMBNAIL_SIDE = 16  # pixels
TWIN_LEVELS = 3.0  # of 255, on average over the thumbnails: the same shot, saved anew


class Line:
    """Progress with rate and time left, now and then a line on stderr."""

    def __init__(self, doing: str, total: int) -> None:
        """Start the clock."""
        self._doing, self._total, self._done = doing, total, 0
        self._started = self._said = time.monotonic()

    def add(self, count: int) -> None:
        """Tell that so many more are done."""
        self._done += count
        now = time.monotonic()
        if now - self._said > PROGRESS_SECONDS:
            self._said = now
            rate = self._done / (now - self._started)
            left = (self._total - self._done) / rate
            of = f"{self._done:,} of {self._total:,}, {rate:,.0f}/s, {left:,.0f} s left"
            print(f"{self._doing}: {of}", file=sys.stderr, flush=True)


class Collection(NamedTuple):
    """The usable pictures of a folder in order, files of the same bytes once.

    `thumbnails` is uint8 [N, THUMBNAIL_SIDE^2 x 3]; `may_ask` tells, [N], with which queries may be
    made.
    """

    sources: list[Source]
    thumbnails: NDArray[np.uint8]
    may_ask: NDArray[np.bool_]

    def chosen(self, random: np.random.Generator) -> Iterator[int]:
        """Give those without a twin, that may be asked with, in random order.

        A twin is another file of the same shot: where there is one, which of the two is the
        original can't be said, and a held-out picture would be in the gallery after all.
        """
        means = self.thumbnails.mean(axis=1)
        for k in random.permutation(np.flatnonzero(self.may_ask)).tolist():
            # Thumbnails that differ so little have means that differ no more.
            near = self.thumbnails[np.abs(means - means[k]) <= TWIN_LEVELS].astype(np.int16)
            if (np.abs(near - self.thumbnails[k]).mean(axis=1) <= TWIN_LEVELS).sum() == 1:
                yield k


def collect(folder: Path, *, test3: bool, whole: bool, threads: int) -> Collection:
    """Look through a folder; what can't be used is left out.

    With `test3` only Caltech-101's test pictures (their number is divisible by 3) may be asked
    with, none of a category that is full of copies, and none of which another file is known to be
    an edited copy; the gallery is these and the background, or with `whole` everything.
    """
    copied = {name for pair in known_copies() for name in pair}
    sources = list(walk(str(folder)))
    if test3 and not whole:
        sources = [s for s in sources if _is_test(s) or Path(s.path).parent.name == BACKGROUND]
    line = Line("looking", len(sources))
    seen: dict[bytes, tuple[Source, NDArray[np.uint8]]] = {}
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(sources), FILES_AT_ONCE):
            some = sources[start : start + FILES_AT_ONCE]
            for source, looked in zip(some, pool.map(_look, some), strict=True):
                if looked:
                    seen.setdefault(looked[0], (source, looked[1]))
            line.add(len(some))
    kept = [source for source, _ in seen.values()]
    thumbnails = [thumbnail for _, thumbnail in seen.values()]
    may_ask = np.array([not test3 or (_is_test(s) and _is_alone(s, copied)) for s in kept], bool)
    return Collection(kept, np.reshape(thumbnails, (len(kept), 3 * THUMBNAIL_SIDE**2)), may_ask)


def decoded(source: Source) -> Picture | None:
    """Decode a file as the gallery does; None where it can't be used."""
    try:
        return decode(read(source))
    except (PictureError, OSError):
        return None


def _look(source: Source) -> tuple[bytes, NDArray[np.uint8]] | None:
    try:
        data = read(source)
        image = Image.fromarray(decode(data, min_side=THUMBNAIL_SIDE).pixels)
    except (PictureError, OSError):
        return None
    size = (THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    return content_hash(data), np.asarray(image.resize(size, Image.Resampling.BILINEAR)).ravel()


def known_copies() -> set[frozenset[str]]:
    """Read the pairs of Caltech-101's files that are copies, named as `anchor/image_0001.jpg`."""
    return {frozenset(line.split()) for line in KNOWN_COPIES.read_text("utf-8").splitlines()}


def named(path: str) -> str:
    """Name a file as `known_copies` does."""
    return f"{Path(path).parent.name}/{Path(path).name}"


def _is_alone(source: Source, copied: set[str]) -> bool:
    return Path(source.path).parent.name not in FULL_OF_COPIES and named(source.path) not in copied


def _is_test(source: Source) -> bool:
    number = Path(source.path).stem.rpartition("_")[2]
    return number.isdecimal() and int(number) % 3 == 0
