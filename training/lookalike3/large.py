"""Make lookalike-3-large: lookalike-3's trunk beside MobileNetEdgeTPU, twice the time.

    python -m training.lookalike3.large --pictures FOLDER... --caltech101 FOLDER
        --edgetpu mobilenet_edgetpu_100.safetensors --output lookalike-3-large.onnx

The two err on other pictures, so both together rank better than either. Only the general head is
fitted anew; the copies head is that of lookalike-3.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch import Tensor, nn

from lookalike import encoders
from lookalike.finetune.data import Reader, prepare_batches
from lookalike.finetune.export import embed_with, export_float32
from lookalike.finetune.network import EmbeddingNetwork, Trunk, unit_rows
from lookalike.finetune.pretrained import pretrained_network

from .__main__ import add_picture_options, draw, list_pictures, write
from .edgetpu import read_edgetpu
from .trainer import fit_general_head

NAME = "lookalike-3-large"
EDGE_WEIGHT = 0.7  # of the second trunk's cosine; the first has 1
FITTED_PICTURES = 6_000
BATCH_PICTURES = 16
SOURCE = (
    "lookalike-3, and MobileNetEdgeTPU 1.0 of mlcommons/mobile_models (Apache-2.0), as published"
)


class TwoTrunks(Trunk):
    """The features of two trunks side by side, the second scaled to its share of the cosine."""

    def __init__(self, first: Trunk, second: Trunk) -> None:
        """Take two trunks of the same preprocessing."""
        super().__init__()
        self.first, self.second = first, second
        self.dimensions = first.dimensions + second.dimensions
        self.preprocessing = first.preprocessing

    def forward(self, pixels: Tensor) -> Tensor:
        """Map uint8 [N, H, W, 3] to float32 [N, F]."""
        first, second = self.first(pixels), self.second(pixels)
        length = first.norm(dim=1, keepdim=True) * EDGE_WEIGHT**0.5
        return torch.cat([first, unit_rows(second) * length], dim=1)


class Features(nn.Module):
    """Returns a trunk's features, to be exported: faster than torch on the CPU."""

    def __init__(self, trunk: Trunk) -> None:
        """Wrap a trunk."""
        super().__init__()
        self.trunk = trunk

    def forward(self, pixels: Tensor) -> Tensor:
        """Map uint8 [N, H, W, 3] to float32 [N, F]."""
        features: Tensor = self.trunk(pixels)
        return features


def main() -> None:
    """Join the trunks, fit the general head, and write the encoder."""
    parser = argparse.ArgumentParser(
        prog="python -m training.lookalike3.large", description=__doc__.splitlines()[0]
    )
    add_picture_options(parser)
    parser.add_argument("--edgetpu", type=Path, required=True, help="the second trunk's weights")
    args = parser.parse_args()

    first, _, _ = pretrained_network(encoders.DEFAULT_ENCODER, classes=0)
    second = read_edgetpu(args.edgetpu)
    network = EmbeddingNetwork(TwoTrunks(first.trunk, second))
    with torch.no_grad():
        network.copies.weight[:, : first.trunk.dimensions] = first.copies.weight

    paths, probabilities = list_pictures(args)
    rows = draw(probabilities, FITTED_PICTURES)
    batches = prepare_batches(
        [paths[row] for row in rows], Reader(network.trunk.preprocessing), BATCH_PICTURES
    )
    features = embed_with(export_float32(Features(network.trunk)), batches)
    fit_general_head(network, torch.from_numpy(features))
    record = {"pictures": len(rows)}
    write(args.output, network, paths, name=NAME, source=SOURCE, training=record)


if __name__ == "__main__":
    main()
