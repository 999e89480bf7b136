"""What is trained on: which pictures, which are held out, and the batches made of them."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageEnhance

from ..decode import decode
from ..edits import random_edit
from ..errors import ArgumentError, PictureError
from ..sources import read, stat_source
from .synthetic import made_picture

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from numpy.random import Generator as Random
    from numpy.typing import NDArray

    from ..encoders import Preprocessing
    from ..sources import LabelledPicture

BATCH_PICTURES = 48  # each is seen twice
MADE_SHARE = 1 / 8  # of a batch: pictures of no label that the project makes
EDITED_SHARE = 0.7  # of the second views; the others are milder, like the first
LEAST_TO_HOLD_OUT = 6  # pictures of a label; of fewer none is spared
EVERY_OTHER = 0.5
AHEAD = 3  # batches made while one is trained on
ROOM = 8 / 7  # a picture is read this much larger than the network's input, to cut parts from
_OTHERS = 3  # pictures at hand for edits that need more than one


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Pictures with labels as numbers.

    Attributes:
        paths: of N files.
        labels: N numbers, -1 for a picture without a label.
        names: of the labels, by number.
    """

    paths: tuple[str, ...]
    labels: tuple[int, ...]
    names: tuple[str, ...]

    def only(self, places: Sequence[int]) -> LabelledSet:
        """Take some of the pictures; the labels keep their numbers."""
        return LabelledSet(
            tuple(self.paths[i] for i in places), tuple(self.labels[i] for i in places), self.names
        )


def labelled_set(
    pictures: Sequence[LabelledPicture], *, unlabelled: Sequence[str] = ()
) -> LabelledSet:
    """Give every label a number; those named in `unlabelled` become -1.

    Raises:
        ArgumentError: there are not at least two labels with a picture.
    """
    names = sorted({picture.label for picture in pictures} - set(unlabelled))
    missing = set(unlabelled) - {picture.label for picture in pictures}
    if missing:
        raise ArgumentError(f"There is no folder {min(missing)!r} to take without its label.")
    if len(names) < 2:  # noqa: PLR2004
        raise ArgumentError(
            f"Only {len(names)} label has pictures; fine-tuning learns from the difference between "
            "labels and needs two at least, as FOLDER/cat/1.jpg and FOLDER/dog/1.jpg."
        )
    number = {name: i for i, name in enumerate(names)}
    return LabelledSet(
        tuple(picture.path for picture in pictures),
        tuple(number.get(picture.label, -1) for picture in pictures),
        tuple(names),
    )


def hold_out(pictures: LabelledSet, *, share: float, seed: int) -> tuple[list[int], list[int]]:
    """Split into places to train on and places held out to measure on.

    Of each label with `LEAST_TO_HOLD_OUT` pictures the share is held out, two at least, as a
    query needs something to find.
    """
    by_label = defaultdict(list)
    for place, label in enumerate(pictures.labels):
        by_label[label].append(place)
    random = np.random.default_rng(seed)
    held = set[int]()
    for label, places in sorted(by_label.items()):
        if label >= 0 and share > 0 and len(places) >= LEAST_TO_HOLD_OUT:
            count = max(2, round(share * len(places)))
            held.update(random.choice(places, count, replace=False).tolist())
    everything = range(len(pictures.paths))
    return [i for i in everything if i not in held], sorted(held)


class Reader:
    """Files to pixels of the network's size, whole or edited; a bad file gives a reason."""

    def __init__(self, preprocessing: Preprocessing) -> None:
        """Read for a network that takes pixels so prepared."""
        self.preprocessing = preprocessing
        self.size = (preprocessing.width, preprocessing.height)
        self._room = (round(self.size[0] * ROOM), round(self.size[1] * ROOM))

    def plain(self, path: str) -> NDArray[np.uint8]:
        """Prepare a picture as the encoder will: uint8 [H, W, 3].

        Raises:
            PictureError: it can't be read or is no usable picture.
        """
        return self.preprocessing.apply(decode(_bytes(path)))

    def roomy(self, path: str) -> Image.Image:
        """Read the whole picture a little larger than the network's input.

        Raises:
            PictureError: as above.
        """
        image = Image.fromarray(decode(_bytes(path)).pixels)
        return image.resize(self._room, Image.Resampling.BILINEAR)

    def fitted(self, image: Image.Image) -> NDArray[np.uint8]:
        """Bring a picture to the network's input: uint8 [H, W, 3]."""
        return np.asarray(image.resize(self.size, Image.Resampling.BILINEAR))

    def edited(self, path: str, random: Random, others: Sequence[Image.Image]) -> NDArray[np.uint8]:
        """Prepare an edited copy: uint8 [H, W, 3]."""
        return self.fitted(random_edit(self.roomy(path), random, others=others).convert("RGB"))


def _bytes(path: str) -> bytes:
    source = stat_source(path)
    if source is None:
        raise PictureError("it is no longer there")
    try:
        return read(source)
    except OSError as error:
        raise PictureError(f"it can't be read ({error.strerror or error})") from error


def usable(
    paths: Sequence[str], *, on_file: Callable[[int], None] = lambda _: None
) -> tuple[list[int], list[tuple[str, str]]]:
    """Try to decode every file: places of those that can be used, and (path, reason) of others."""

    def why(path: str) -> str | None:
        try:
            decode(_bytes(path))
        except (PictureError, MemoryError) as error:
            return str(error) or "there is not enough memory for it"
        return None

    good, bad = list[int](), list[tuple[str, str]]()
    with ThreadPoolExecutor() as pool:
        for place, reason in enumerate(pool.map(why, paths)):
            if reason is None:
                good.append(place)
            else:
                bad.append((paths[place], reason))
            on_file(place + 1)
    return good, bad


@dataclass(frozen=True, slots=True)
class Batch:
    """N pictures, each in two views.

    Attributes:
        one: uint8 [N, H, W, 3], the picture whole or a large part of it.
        other: likewise, an edited copy.
        labels: int64 [N], -1 for none.
    """

    one: NDArray[np.uint8]
    other: NDArray[np.uint8]
    labels: NDArray[np.int64]


class Batches:
    """The batch of any step, from the seed and the step alone: so a resumed run sees the same."""

    def __init__(self, pictures: LabelledSet, reader: Reader, *, seed: int) -> None:
        """Draw from `pictures`; rare labels more often than their number, by its square root."""
        self.pictures, self.reader, self.seed = pictures, reader, seed
        labels = np.array(pictures.labels)
        counts = np.bincount(labels[labels >= 0], minlength=len(pictures.names))
        weights = np.where(labels >= 0, 1 / np.sqrt(np.maximum(counts, 1))[labels], 0.0)
        # A picture without a label is drawn as one of the largest label.
        weights[labels < 0] = 1 / np.sqrt(counts.max())
        self.weights = weights / weights.sum()
        self.size = min(BATCH_PICTURES, len(labels))
        self.made = max(1, round(self.size * MADE_SHARE))

    def __len__(self) -> int:
        """Count the steps of an epoch."""
        return (len(self.pictures.paths) - 1) // self.size + 1

    def batch(self, step: int) -> Batch:
        """Make the batch of a step."""
        random = np.random.default_rng((self.seed, step))
        places = random.choice(len(self.weights), self.size, replace=False, p=self.weights)
        labels = [self.pictures.labels[i] for i in places] + [-1] * self.made
        images = list[Image.Image]()
        for n, place in enumerate(places):
            try:
                images.append(self.reader.roomy(self.pictures.paths[place]))
            except PictureError:  # it was damaged or removed since `usable` saw it
                images.append(made_picture(random))
                labels[n] = -1
        images += [made_picture(random) for _ in range(self.made)]
        one, other = [], []
        for image in images:
            one.append(self.reader.fitted(_varied(image, random)))
            near = [images[int(i)] for i in random.integers(0, len(images), _OTHERS)]
            if random.random() < EDITED_SHARE:
                copy = random_edit(image, random, others=near).convert("RGB")
            else:
                copy = _varied(image, random)
            other.append(self.reader.fitted(copy))
        return Batch(np.stack(one), np.stack(other), np.array(labels))

    def run(self, first: int, last: int) -> Generator[Batch, None, None]:
        """Give the batches of the steps from `first` to before `last`, made ahead by threads."""
        with ThreadPoolExecutor(AHEAD) as pool:
            waiting: list[Future[Batch]] = []
            try:
                for step in range(first, last):
                    while len(waiting) < AHEAD and step + len(waiting) < last:
                        waiting.append(pool.submit(self.batch, step + len(waiting)))
                    yield waiting.pop(0).result()
            finally:
                for future in waiting:
                    future.cancel()


def _varied(image: Image.Image, random: Random) -> Image.Image:
    """Cut out a large part, mirror every other picture, shift the light a little."""
    side, ratio = random.uniform(0.3, 1) ** 0.5, np.exp(random.uniform(-0.2, 0.2))
    width, height = min(1.0, side * ratio), min(1.0, side / ratio)
    x, y = random.uniform(0, 1 - width), random.uniform(0, 1 - height)
    box = (
        x * image.width,
        y * image.height,
        (x + width) * image.width,
        (y + height) * image.height,
    )
    part = image.resize(image.size, Image.Resampling.BILINEAR, box)
    if random.random() < EVERY_OTHER:
        part = part.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if random.random() < EVERY_OTHER:
        part = ImageEnhance.Brightness(part).enhance(random.uniform(0.7, 1.3))
        part = ImageEnhance.Color(part).enhance(random.uniform(0.4, 1.6))
        part = ImageEnhance.Contrast(part).enhance(random.uniform(0.7, 1.3))
    return part


def prepared(
    paths: Sequence[str], reader: Reader, size: int, *, seed: int | None
) -> Iterator[NDArray[np.uint8]]:
    """Give the pictures in batches of up to `size`, in order: uint8 [n, H, W, 3].

    With a `seed` each is edited first, by that seed and its place in the list.

    Raises:
        PictureError: one can't be used; `usable` tells beforehand.
    """

    def prepare(place: int) -> NDArray[np.uint8]:
        if seed is None:
            return reader.plain(paths[place])
        near = [reader.roomy(paths[(place + n) % len(paths)]) for n in range(1, _OTHERS + 1)]
        return reader.edited(paths[place], np.random.default_rng((seed, place)), near)

    with ThreadPoolExecutor() as pool:
        for start in range(0, len(paths), size):
            yield np.stack([*pool.map(prepare, range(start, min(start + size, len(paths))))])
