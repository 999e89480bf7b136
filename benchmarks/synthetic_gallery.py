"""Galleries larger than the folder they are made of: real pictures, and rows made of them."""

from __future__ import annotations

import io
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from benchmarks.collection import Line, decoded
from benchmarks.copies.finders import add_rows
from lookalike.copies.fingerprint import Fingerprint, stored_fingerprint
from lookalike.edits.edits import EDITS

if TYPE_CHECKING:
    from pathlib import Path

    from lookalike.encoders.encoder import Encoder
    from lookalike.storage.store import Store
    from lookalike.types import Picture, Source

BATCH = 500
ASKED_EDITS = ("low-quality", "cropped", "pasted", "mirrored", "screenshot")


def fill(
    store: Store,
    encoder: Encoder,
    sources: list[Source],
    rows: int,
    random: np.random.Generator,
) -> list[Picture]:
    """Add the pictures of some files and made rows, `rows` in all; give the pictures.

    A made row has the features of one picture at their places, each with the descriptor of some
    other one, and the mean of two pictures' vectors with as much noise.
    """
    line = Line("gallery", rows)
    pictures = [picture for picture in map(decoded, sources) if picture]
    inputs = [encoder.prepare(picture) for picture in pictures]
    vectors = encoder.encode(inputs)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        prints = list(pool.map(stored_fingerprint, pictures))
    add_rows(store, 0, prints, vectors)
    descriptors = np.concatenate([one.descriptors for one in prints])
    for start in range(len(prints), rows, BATCH):
        line.add(BATCH)
        count = min(BATCH, rows - start)
        bases = [prints[k] for k in random.integers(len(prints), size=count)]
        made = [_made(one, descriptors, random) for one in bases]
        two = vectors[random.integers(len(vectors), size=(2, count))].sum(axis=0)
        noise = random.normal(size=two.shape) / np.sqrt(two.shape[1])
        mixed = two / np.linalg.norm(two, axis=1, keepdims=True) + noise
        mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
        add_rows(store, start, made, mixed)
    return pictures


def _made(base: Fingerprint, descriptors: np.ndarray, random: np.random.Generator) -> Fingerprint:
    taken = descriptors[random.integers(len(descriptors), size=len(base.points))]
    pdq = random.integers(256, size=32, dtype=np.uint8)
    return replace(base, descriptors=taken, pdq=pdq, pixels_hash=random.bytes(16))


def edited(files: list[Path], random: np.random.Generator) -> list[bytes]:
    """Edit pictures as people do; give them as files."""
    images = [Image.open(file).convert("RGB") for file in files]
    found = []
    for k, image in enumerate(images):
        copy = EDITS[ASKED_EDITS[k % len(ASKED_EDITS)]](image, random, 0.5, images[-5:])
        out = io.BytesIO()
        copy.convert("RGB").save(out, "JPEG", quality=90)
        found.append(out.getvalue())
    return found
