"""Retrieval quality of the packaged encoder on Caltech-101.

    python benchmarks/retrieval.py FOLDER

The protocol: `BACKGROUND_Google` is left out; a picture whose number is divisible by 3 is test;
every test picture is a query and all other test pictures are its gallery; a hit is a picture of the
same category. mAP is over the full ranking.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lookalike import encoders
from lookalike.decode import decode

if TYPE_CHECKING:
    from numpy.typing import NDArray

BACKGROUND = "BACKGROUND_Google"
QUERIES_AT_ONCE = 256  # rows of the score matrix held in memory
BATCH = 16  # pictures


class CaltechPicture(NamedTuple):
    """One picture of the data set."""

    path: Path
    category: str
    is_test: bool


class Figures(NamedTuple):
    """Retrieval figures, each a mean over queries, in 0..1."""

    mean_average_precision: float
    precision_at_1: float
    precision_at_10: float
    queries: int

    def cells(self) -> str:
        """Return the figures as cells of a Markdown table: mAP, P@1, P@10, N."""
        return f"{self[0]:.4f} | {self[1]:.4f} | {self[2]:.4f} | {self.queries}"


def list_caltech101(folder: Path) -> list[CaltechPicture]:
    """Return every picture of a `101_ObjectCategories` folder, the background too, in order.

    Raises:
        FileNotFoundError: the folder has no category folders with pictures.
    """
    if (folder / "101_ObjectCategories").is_dir():
        folder = folder / "101_ObjectCategories"
    pictures = [
        CaltechPicture(path, path.parent.name, int(path.stem.rpartition("_")[2]) % 3 == 0)
        for path in sorted(folder.glob("*/image_*.jpg"))
    ]
    if not pictures:
        message = f"no pictures named */image_NNNN.jpg under {folder}"
        raise FileNotFoundError(message)
    return pictures


def retrieval_figures(embeddings: NDArray[np.float32], labels: NDArray[np.str_]) -> Figures:
    """Measure leave-one-out retrieval.

    `embeddings` is float32 [N, D] of unit length, `labels` is [N]. Queries without another picture
    of their label do not count. Average precision is the mean, over the relevant pictures, of the
    precision at each one's rank (Manning, Raghavan and Schuetze, "Introduction to Information
    Retrieval", 2008, eq. 8.4).
    """
    ranks = np.arange(1, len(labels))
    precisions: list[tuple[float, float, float]] = []
    for start in range(0, len(labels), QUERIES_AT_ONCE):
        block = np.arange(start, min(start + QUERIES_AT_ONCE, len(labels)))
        scores = embeddings[block] @ embeddings.T
        scores[np.arange(len(block)), block] = -np.inf  # the query itself comes last
        order = np.argsort(-scores, axis=1, kind="stable")[:, :-1]
        hits = labels[order] == labels[block, None]
        relevant = hits.sum(axis=1)
        average = (np.cumsum(hits, axis=1) / ranks * hits).sum(axis=1) / np.maximum(relevant, 1)
        at_10 = hits[:, :10].mean(axis=1)
        rows = np.stack([average, hits[:, 0], at_10], axis=1)
        precisions.extend(rows[relevant > 0])
    means = np.mean(precisions, axis=0)
    return Figures(float(means[0]), float(means[1]), float(means[2]), len(precisions))


def main() -> None:
    """Read the command line, encode the test pictures, print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="Caltech-101, or its 101_ObjectCategories")
    parser.add_argument("--encoder", default=encoders.DEFAULT, help="a name or an .onnx file")
    parser.add_argument("--threads", type=int, default=1, help="cores for one batch")
    args = parser.parse_args()

    test = [p for p in list_caltech101(args.folder) if p.is_test and p.category != BACKGROUND]
    encoder = encoders.load(args.encoder)
    embeddings = []
    decoding = encoding = 0.0  # seconds
    for start in range(0, len(test), BATCH):
        began = time.perf_counter()
        inputs = [encoder.prepare(decode(p.path.read_bytes())) for p in test[start : start + BATCH]]
        decoded = time.perf_counter()
        embeddings.append(encoder.encode(inputs, threads=args.threads))
        decoding += decoded - began
        encoding += time.perf_counter() - decoded
    figures = retrieval_figures(
        np.concatenate(embeddings), np.array([picture.category for picture in test])
    )
    print("| encoder | D | mAP | P@1 | P@10 | N | decode, pictures/s | encode, pictures/s |")
    print("|---|---|---|---|---|---|---|---|")
    print(
        f"| {encoder.name} ({encoder.sha256[:12]}) | {encoder.dimensions} | {figures.cells()} "
        f"| {len(test) / decoding:.0f} | {len(test) / encoding:.0f} |"
    )
    versions = ", ".join(f"{name} {version(name)}" for name in ("onnxruntime", "pillow", "numpy"))
    print(
        f"\nBatches of {BATCH} on {args.threads} of {os.cpu_count()} cores "
        f"({platform.machine()}); Python {platform.python_version()}, {versions}."
    )


if __name__ == "__main__":
    main()
