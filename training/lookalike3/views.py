"""Five views of each training picture, and what the network makes of them before training.

The first blocks are not trained, so their output is computed once, in int8, as it is shipped. A
training step then runs only the later blocks, which takes a sixth of the time.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from benchmarks.report import Progress
from lookalike.edits import random_edit
from lookalike.errors import PictureError
from lookalike.finetune.data import Reader, augment
from lookalike.finetune.efficientnet_lite import HIDDEN_SHAPE, POOLED, EfficientNetLite2
from lookalike.finetune.export import export_int8
from lookalike.finetune.synthetic import synthetic_picture

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.random import Generator as Random
    from numpy.typing import NDArray
    from PIL import Image

    from lookalike.finetune.network import Trunk

WHOLE = 0  # the first view: the whole picture
MILD = (1, 2)  # large crops, mirrored or not, in other light
EDITED = (3, 4)  # copies, edited as people edit them
VIEWS = 5
KEPT_VIEWS = 3  # of the first of them, training keeps what the network says
CALIBRATION_BATCHES = 16
PICTURES_PER_TASK = 16
_READER = Reader(EfficientNetLite2.preprocessing)


class ViewCache:
    """What training reads; memory-mapped files of N pictures in a folder.

    Attributes:
        hidden: float16 [N, VIEWS, *HIDDEN_SHAPE], output of the frozen blocks.
        original: float16 [N, KEPT_VIEWS, POOLED], features before training.
        done: uint8 [N], 1 where a picture's rows are written.
    """

    def __init__(self, folder: Path, pictures: int) -> None:
        """Open the files, or create them."""
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.hidden = self._open("hidden", np.float16, (pictures, VIEWS, *HIDDEN_SHAPE))
        self.original = self._open("original", np.float16, (pictures, KEPT_VIEWS, POOLED))
        self.done = self._open("done", np.uint8, (pictures,))

    def _open(self, name: str, dtype: type, shape: tuple[int, ...]) -> np.memmap:
        path = self.folder / f"{name}.npy"
        if not path.exists():
            return np.lib.format.open_memmap(path, "w+", dtype, shape)
        array = np.lib.format.open_memmap(path, "r+")
        if array.shape != shape:
            raise ValueError(f"{path} is of other pictures; delete {self.folder}")
        return array


def fill_cache(cache: ViewCache, paths: Sequence[str], trunk: Trunk, *, seed: int) -> None:
    """Compute what is missing in the cache, in one process for each core."""
    model = cache.folder / "views.onnx"
    if not model.exists():
        model.write_bytes(export_int8(_HiddenAndFeatures(trunk), calibration_batches(paths, seed)))
    missing = np.flatnonzero(cache.done == 0)
    tasks = [missing[i : i + PICTURES_PER_TASK] for i in range(0, len(missing), PICTURES_PER_TASK)]
    progress = Progress("Views", len(tasks))
    with ProcessPoolExecutor(initializer=_start, initargs=(cache.folder, paths, seed)) as pool:
        for _ in pool.map(_compute, tasks):
            progress.advance(1)


class _HiddenAndFeatures(nn.Module):
    """The output of a trunk's frozen layers beside its features: float32 [N, ...]."""

    def __init__(self, trunk: Trunk) -> None:
        super().__init__()
        self.trunk = trunk

    def forward(self, pixels: Tensor) -> Tensor:
        hidden = self.trunk.forward_frozen(pixels)
        return torch.cat([hidden.flatten(1), self.trunk.forward_trained(hidden)], dim=1)


def calibration_batches(paths: Sequence[str], seed: int) -> list[NDArray[np.uint8]]:
    """Choose pictures for the ranges of int8: batches of uint8 [n, H, W, 3]."""
    count = CALIBRATION_BATCHES * PICTURES_PER_TASK
    rows = np.random.default_rng(seed).choice(len(paths), count, replace=len(paths) < count)
    pixels = [_READER.resize(_load(paths[row], row)) for row in rows]
    return list(np.stack(pixels).reshape(CALIBRATION_BATCHES, -1, *pixels[0].shape))


def make_views(image: Image.Image, random: Random, others: list[Image.Image]) -> NDArray[np.uint8]:
    """Make the views of one picture: uint8 [VIEWS, H, W, 3]."""
    views = [image, *(augment(image, random) for _ in MILD)]
    views += [random_edit(image, random, others=others).convert("RGB") for _ in EDITED]
    return np.stack([_READER.resize(view) for view in views])


def _load(path: str, row: int) -> Image.Image:
    """Load a picture, or make one if it can't be used."""
    try:
        return _READER.load_larger(path)
    except PictureError:
        return synthetic_picture(np.random.default_rng(row))


def _start(folder: Path, paths: Sequence[str], seed: int) -> None:
    """Open, in a new process, what its tasks need."""
    global _work  # noqa: PLW0603  a process has one
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        folder / "views.onnx", options, providers=["CPUExecutionProvider"]
    )
    _work = ViewCache(folder, len(paths)), paths, seed, session


def _compute(rows: NDArray[np.int64]) -> None:
    """Write the rows of some pictures."""
    cache, paths, seed, session = _work
    images = [_load(paths[row], row) for row in rows]
    for row, image in zip(rows, images, strict=True):
        random = np.random.default_rng((seed, row))
        others = [images[i] for i in random.integers(0, len(images), 3)]
        (output,) = session.run(None, {"pixels": make_views(image, random, others)})
        cache.hidden[row] = output[:, :-POOLED].reshape(VIEWS, *HIDDEN_SHAPE)
        cache.original[row] = output[:KEPT_VIEWS, -POOLED:]
        cache.done[row] = 1
