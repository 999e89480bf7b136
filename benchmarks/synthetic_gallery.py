"""Galleries larger than their folder: real pictures, and synthetic rows derived from them."""

from __future__ import annotations

import io
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from benchmarks.collection import read_picture
from benchmarks.copies.finders import add_rows
from benchmarks.report import Progress
from lookalike.copies.fingerprint import Fingerprint, stored_fingerprint
from lookalike.copies.packed import pack, unpack
from lookalike.edits.edits import EDITS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lookalike.encoders.encoder import Encoder
    from lookalike.storage.store import Store
    from lookalike.types import Picture, Source

ROWS_PER_BATCH = 5_000
HOSTS = 5  # pictures that others are pasted onto
QUERY_EDITS = ("low-quality", "cropped", "pasted", "mirrored", "screenshot")


def fill_store(
    store: Store,
    encoder: Encoder,
    sources: list[Source],
    rows: int,
    random: np.random.Generator,
) -> list[Picture]:
    """Add the pictures of files, then synthetic rows up to `rows` in all; return the pictures.

    The vector of a synthetic row is the mean of two pictures' vectors plus noise of the same
    length; its fingerprint is a `synthetic_fingerprint`.
    """
    progress = Progress("gallery", rows)
    pictures = [picture for picture in map(read_picture, sources) if picture]
    inputs = [encoder.prepare(picture) for picture in pictures]
    vectors = encoder.encode(inputs)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # Packed once, for encoding a thumbnail takes longer than all else of a synthetic row.
        prints = [unpack(pack(one)) for one in pool.map(stored_fingerprint, pictures)]
    add_rows(store, 0, prints, vectors)
    descriptors = np.concatenate([fingerprint.descriptors for fingerprint in prints])
    for start in range(len(prints), rows, ROWS_PER_BATCH):
        progress.advance(ROWS_PER_BATCH)
        count = min(ROWS_PER_BATCH, rows - start)
        bases = [prints[k] for k in random.integers(len(prints), size=count)]
        fingerprints = [synthetic_fingerprint(base, descriptors, random) for base in bases]
        sums = vectors[random.integers(len(vectors), size=(2, count))].sum(axis=0)
        noise = random.normal(size=sums.shape) / np.sqrt(sums.shape[1])
        mixed = sums / np.linalg.norm(sums, axis=1, keepdims=True) + noise
        mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
        add_rows(store, start, fingerprints, mixed)
    return pictures


def synthetic_fingerprint(
    base: Fingerprint, descriptors: np.ndarray, random: np.random.Generator
) -> Fingerprint:
    """Return a fingerprint with the points of `base`, each with a descriptor drawn at random."""
    sample = descriptors[random.integers(len(descriptors), size=len(base.points))]
    pdq = random.integers(256, size=32, dtype=np.uint8)
    return replace(base, descriptors=sample, pdq=pdq, pixels_hash=random.bytes(16))


def edited_queries(
    images: Sequence[Image.Image], hosts: Sequence[Image.Image], random: np.random.Generator
) -> list[Image.Image]:
    """Edit pictures as people do: each by the next of `QUERY_EDITS`, at medium strength."""
    edits = [EDITS[QUERY_EDITS[k % len(QUERY_EDITS)]] for k in range(len(images))]
    return [edit(image, random, 0.5, hosts) for edit, image in zip(edits, images, strict=True)]


def edited_files(files: Sequence[Path], random: np.random.Generator) -> list[bytes]:
    """Edit pictures and encode them as JPEG files."""
    images = [Image.open(file).convert("RGB") for file in files]
    jpegs = []
    for copy in edited_queries(images, images[-HOSTS:], random):
        out = io.BytesIO()
        copy.convert("RGB").save(out, "JPEG", quality=90)
        jpegs.append(out.getvalue())
    return jpegs
