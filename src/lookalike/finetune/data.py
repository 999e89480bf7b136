"""Training data: labelled pictures, the held-out split, and batches of two views."""

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
from .synthetic import synthetic_picture

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from numpy.random import Generator as Random
    from numpy.typing import NDArray

    from ..encoders import Preprocessing
    from ..sources import LabelledPicture

BATCH_PICTURES = 48  # each in two views
SYNTHETIC_SHARE = 1 / 8  # of a batch: generated pictures, which have no label
EDITED_SHARE = 0.7  # of the second views; the others are augmented mildly, like the first views
MIN_TO_HOLD_OUT = 6  # pictures of a label; a smaller label is trained on completely
PREFETCHED_BATCHES = 3
CROP_MARGIN = 8 / 7  # pictures are loaded this much larger than the network's input, for crops
MIN_LABELS = 2
_HALF_THE_TIME = 0.5
_OTHERS = 3  # pictures passed to edits that need several


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Pictures with numbered labels.

    Attributes:
        paths: of N files.
        labels: N numbers, -1 for a picture without a label.
        names: of the labels, by number.
    """

    paths: tuple[str, ...]
    labels: tuple[int, ...]
    names: tuple[str, ...]

    def subset(self, rows: Sequence[int]) -> LabelledSet:
        """Return the pictures of these rows; the labels keep their numbers."""
        return LabelledSet(
            tuple(self.paths[i] for i in rows), tuple(self.labels[i] for i in rows), self.names
        )


def labelled_set(
    pictures: Sequence[LabelledPicture], *, unlabelled: Sequence[str] = ()
) -> LabelledSet:
    """Give each label a number; those named in `unlabelled` become -1.

    Raises:
        ArgumentError: fewer than two labels have a picture.
    """
    names = sorted({picture.label for picture in pictures} - set(unlabelled))
    missing = set(unlabelled) - {picture.label for picture in pictures}
    if missing:
        raise ArgumentError(
            f"There is no folder {min(missing)!r} to use without its label; check its name."
        )
    if len(names) < MIN_LABELS:
        raise ArgumentError(
            f"Only {len(names)} label has pictures; fine-tuning learns from the differences "
            "between labels and needs at least two, such as FOLDER/cat/1.jpg and FOLDER/dog/1.jpg."
        )
    number = {name: i for i, name in enumerate(names)}
    return LabelledSet(
        tuple(picture.path for picture in pictures),
        tuple(number.get(picture.label, -1) for picture in pictures),
        tuple(names),
    )


def hold_out(pictures: LabelledSet, *, share: float, seed: int) -> tuple[list[int], list[int]]:
    """Split the pictures into rows to train on and rows to measure on.

    Holds out the share of each label that has at least `MIN_TO_HOLD_OUT` pictures, and at least
    two of them, because a query needs a picture to find.
    """
    rows_by_label = defaultdict(list)
    for row, label in enumerate(pictures.labels):
        rows_by_label[label].append(row)
    random = np.random.default_rng(seed)
    held_out = set[int]()
    for label, rows in sorted(rows_by_label.items()):
        if label >= 0 and share > 0 and len(rows) >= MIN_TO_HOLD_OUT:
            count = max(2, round(share * len(rows)))
            held_out.update(random.choice(rows, count, replace=False).tolist())
    return [i for i in range(len(pictures.paths)) if i not in held_out], sorted(held_out)


class Reader:
    """Reads files as pixels of the network's input size, as they are or edited."""

    def __init__(self, preprocessing: Preprocessing) -> None:
        """Read for a network with this preprocessing."""
        self.preprocessing = preprocessing
        self.size = (preprocessing.width, preprocessing.height)
        self._larger_size = (round(self.size[0] * CROP_MARGIN), round(self.size[1] * CROP_MARGIN))

    def prepare(self, path: str) -> NDArray[np.uint8]:
        """Prepare a picture as the encoder will: uint8 [H, W, 3].

        Raises:
            PictureError: it can't be read or is not a usable picture.
        """
        return self.preprocessing.apply(decode(_read_file(path)))

    def load_larger(self, path: str) -> Image.Image:
        """Load the whole picture, a little larger than the network's input.

        Raises:
            PictureError: it can't be read or is not a usable picture.
        """
        image = Image.fromarray(decode(_read_file(path)).pixels)
        return image.resize(self._larger_size, Image.Resampling.BILINEAR)

    def resize(self, image: Image.Image) -> NDArray[np.uint8]:
        """Resize a picture to the network's input: uint8 [H, W, 3]."""
        return np.asarray(image.resize(self.size, Image.Resampling.BILINEAR))

    def prepare_edited(
        self, path: str, random: Random, others: Sequence[Image.Image]
    ) -> NDArray[np.uint8]:
        """Prepare an edited copy: uint8 [H, W, 3]."""
        edited = random_edit(self.load_larger(path), random, others=others)
        return self.resize(edited.convert("RGB"))


def _read_file(path: str) -> bytes:
    source = stat_source(path)
    if source is None:
        raise PictureError("it is no longer there")
    try:
        return read(source)
    except OSError as error:
        raise PictureError(f"it can't be read ({error.strerror or error})") from error


def find_usable(
    paths: Sequence[str], *, on_file: Callable[[int], None] = lambda _: None
) -> tuple[list[int], list[tuple[str, str]]]:
    """Try to decode every file; return the rows of usable ones, and (path, reason) of the rest."""

    def problem(path: str) -> str | None:
        try:
            decode(_read_file(path))
        except (PictureError, MemoryError) as error:
            return str(error) or "there is not enough memory for it"
        return None

    usable, unusable = list[int](), list[tuple[str, str]]()
    with ThreadPoolExecutor() as pool:
        for row, reason in enumerate(pool.map(problem, paths)):
            if reason is None:
                usable.append(row)
            else:
                unusable.append((paths[row], reason))
            on_file(row + 1)
    return usable, unusable


@dataclass(frozen=True, slots=True)
class Batch:
    """N pictures, each in two views.

    Attributes:
        first_views: uint8 [N, H, W, 3], the whole picture or a large crop.
        second_views: uint8 [N, H, W, 3], an edited copy.
        labels: int64 [N], -1 for none.
    """

    first_views: NDArray[np.uint8]
    second_views: NDArray[np.uint8]
    labels: NDArray[np.int64]


class Batches:
    """The batch of any step; seed and step alone decide it, so a resumed run sees the same."""

    def __init__(self, pictures: LabelledSet, reader: Reader, *, seed: int) -> None:
        """Sample from `pictures`: labels by the square root of their size, so rare ones more."""
        self.pictures, self.reader, self.seed = pictures, reader, seed
        labels = np.array(pictures.labels)
        counts = np.bincount(labels[labels >= 0], minlength=len(pictures.names))
        weights = np.where(labels >= 0, 1 / np.sqrt(np.maximum(counts, 1))[labels], 0.0)
        # A picture without a label counts as one of the largest label.
        weights[labels < 0] = 1 / np.sqrt(counts.max())
        self.weights = weights / weights.sum()
        self.size = min(BATCH_PICTURES, len(labels))
        self.synthetic = max(1, round(self.size * SYNTHETIC_SHARE))

    def __len__(self) -> int:
        """Return the number of steps in an epoch."""
        return (len(self.pictures.paths) - 1) // self.size + 1

    def batch(self, step: int) -> Batch:
        """Make the batch of a step."""
        random = np.random.default_rng((self.seed, step))
        rows = random.choice(len(self.weights), self.size, replace=False, p=self.weights)
        labels = [self.pictures.labels[i] for i in rows] + [-1] * self.synthetic
        images = list[Image.Image]()
        for n, row in enumerate(rows):
            try:
                images.append(self.reader.load_larger(self.pictures.paths[row]))
            except PictureError:  # damaged or removed since `find_usable`
                images.append(synthetic_picture(random))
                labels[n] = -1
        images += [synthetic_picture(random) for _ in range(self.synthetic)]
        first_views, second_views = [], []
        for image in images:
            first_views.append(self.reader.resize(augment(image, random)))
            others = [images[int(i)] for i in random.integers(0, len(images), _OTHERS)]
            if random.random() < EDITED_SHARE:
                copy = random_edit(image, random, others=others).convert("RGB")
            else:
                copy = augment(image, random)
            second_views.append(self.reader.resize(copy))
        return Batch(np.stack(first_views), np.stack(second_views), np.array(labels))

    def prefetch(self, first: int, last: int) -> Generator[Batch, None, None]:
        """Yield the batches of the steps `first` to `last` - 1; threads make them in advance."""
        with ThreadPoolExecutor(PREFETCHED_BATCHES) as pool:
            pending: list[Future[Batch]] = []
            try:
                for step in range(first, last):
                    while len(pending) < PREFETCHED_BATCHES and step + len(pending) < last:
                        pending.append(pool.submit(self.batch, step + len(pending)))
                    yield pending.pop(0).result()
            finally:
                for future in pending:
                    future.cancel()


def augment(image: Image.Image, random: Random) -> Image.Image:
    """Crop a large part, mirror half of the pictures, and change light and colour a little."""
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
    if random.random() < _HALF_THE_TIME:
        part = part.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if random.random() < _HALF_THE_TIME:
        part = ImageEnhance.Brightness(part).enhance(random.uniform(0.7, 1.3))
        part = ImageEnhance.Color(part).enhance(random.uniform(0.4, 1.6))
        part = ImageEnhance.Contrast(part).enhance(random.uniform(0.7, 1.3))
    return part


def prepare_batches(
    paths: Sequence[str], reader: Reader, size: int, *, edit_seed: int | None = None
) -> Iterator[NDArray[np.uint8]]:
    """Yield the pictures in order, in batches of at most `size`: uint8 [n, H, W, 3].

    With an `edit_seed`, each picture is edited first; the seed and its row decide how.

    Raises:
        PictureError: a picture can't be used; `find_usable` lists these beforehand.
    """

    def prepare(row: int) -> NDArray[np.uint8]:
        if edit_seed is None:
            return reader.prepare(paths[row])
        others = [reader.load_larger(paths[(row + n) % len(paths)]) for n in range(1, _OTHERS + 1)]
        random = np.random.default_rng((edit_seed, row))
        return reader.prepare_edited(paths[row], random, others)

    with ThreadPoolExecutor() as pool:
        for start in range(0, len(paths), size):
            yield np.stack([*pool.map(prepare, range(start, min(start + size, len(paths))))])
