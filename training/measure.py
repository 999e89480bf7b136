"""Compare a trained encoder with its trunk, its parts, and the seed project's recipe.

    python -m training.measure --encoder FILE.onnx --caltech101 FOLDER
        [--labels half] [--also FOLDER ...] [--write-start START.onnx]

The rows are the trunk's 1,280 pooled features; class probabilities compared by Euclidean distance,
as in the seed project, and the class part (both only if the encoder learned classes); the other
parts of the embedding; the embedding in float32; the file as shipped. Caltech-101 is measured by
its protocol (with `--labels half` only the categories that a training with `--labels half` never
sees), other labelled folders leave-one-out. `--write-start` writes the trunk's features as an
encoder that `benchmarks.copies.recall` can use.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from benchmarks.collection import BACKGROUND
from lookalike import encoders
from lookalike.evaluate.metrics import retrieval_metrics
from lookalike.evaluate.protocols import split_folder
from lookalike.finetune.data import LabelledSet, Reader
from lookalike.finetune.efficientnet_lite import POOLED, EfficientNetLite2
from lookalike.finetune.export import add_card, export_float32, make_card, read_weights
from lookalike.finetune.features import trunk_features
from lookalike.finetune.losses import TEMPERATURE
from lookalike.finetune.network import EmbeddingNetwork, unit_rows
from lookalike.ingest.embed import embed
from training.caltech101 import categories_left_out

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lookalike.sources import LabelledPicture


class Start(torch.nn.Module):
    """A trunk's pooled features, normalised to unit length."""

    dimensions = POOLED

    def __init__(self, trunk: EfficientNetLite2) -> None:
        """Wrap a trunk."""
        super().__init__()
        self.trunk = trunk

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Map uint8 [N, H, W, 3] to float32 [N, 1280]."""
        return unit_rows(self.trunk(pixels))


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--caltech101", type=Path)
    parser.add_argument("--labels", choices=("all", "half"), default="all")
    parser.add_argument("--also", type=Path, nargs="*", default=[])
    parser.add_argument("--write-start", type=Path)
    args = parser.parse_args()

    network = read_network(args.encoder)
    if args.write_start:
        bare = Start(network.trunk)
        card = make_card(bare, name="start", license="Apache-2.0")
        args.write_start.write_bytes(add_card(export_float32(bare), card))
    groups: dict[str, tuple[LabelledPicture, ...]] = {}
    if args.caltech101:
        test = split_folder(args.caltech101, "test3").queries
        if args.labels == "half":
            left_out = categories_left_out({p.label for p in test} - {BACKGROUND})
            groups["unseen"] = tuple(p for p in test if p.label in left_out)
        else:
            groups["test"] = test
    groups |= {folder.name: split_folder(folder, "all").queries for folder in args.also}
    print("| vectors | pictures | D | mAP | P@1 | P@10 | N |\n|---|---|---|---|---|---|---|")
    for group, pictures in groups.items():
        labels = [picture.label for picture in pictures]
        for name, vectors, gallery in _rows(args.encoder, network, [p.path for p in pictures]):
            metrics = retrieval_metrics(
                vectors, labels, gallery, labels, leave_one_out=True, resamples=0
            )
            figures = " | ".join(f"{metrics[key].mean:.4f}" for key in ("mAP", "P@1", "P@10"))
            width = vectors.shape[1]
            print(f"| {name} | {group} | {width} | {figures} | {metrics.queries} |", flush=True)


def read_network(path: Path) -> EmbeddingNetwork:
    """Read an encoder's float weights."""
    weights = read_weights(path.read_bytes())
    network = EmbeddingNetwork(EfficientNetLite2(), classes=len(weights.get("proxies", ())))
    network.load_state_dict({k: torch.from_numpy(weights[k].copy()) for k in network.state_dict()})
    return network.eval()


def _rows(
    path: Path, network: EmbeddingNetwork, paths: list[str]
) -> Iterator[tuple[str, NDArray[np.float32], NDArray[np.float32]]]:
    """Yield each row's name, query vectors and gallery vectors, to rank by inner product."""
    pictures = LabelledSet(tuple(paths), (0,) * len(paths), ("",))
    features = trunk_features(network, pictures, Reader(network.trunk.preprocessing))
    with torch.inference_mode():
        parts = {
            "pooled features": unit_rows(features),
            "general part": network.general_vector(features),
            "copies part": network.copies_vector(features),
        }
        embedding = network.embed(features)
        if network.classes:
            width = network.general.out_features + network.copies.out_features
            parts["class part"] = unit_rows(embedding[:, width:])
            cosines = network.class_cosines(features) / TEMPERATURE
            beliefs = torch.softmax(cosines, dim=1).numpy()
            # The smallest distance has the greatest x . y - |y|^2 / 2.
            column = np.ones((len(beliefs), 1), np.float32)
            squares = (beliefs**2).sum(axis=1, keepdims=True) / 2
            yield (
                "class probabilities, euclidean",
                np.hstack([beliefs, column]),
                np.hstack([beliefs, -squares]),
            )
    for name, part in {**parts, "embedding, float32": embedding}.items():
        yield name, part.numpy(), part.numpy()
    shipped = embed(paths, encoders.load(str(path))).vectors
    yield "as shipped", shipped, shipped


if __name__ == "__main__":
    main()
