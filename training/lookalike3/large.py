"""Make lookalike-3-large: lookalike-3's trunk beside MobileNetEdgeTPU, twice the time.

    python -m training.lookalike3.large --pictures FOLDER... --caltech101 FOLDER
        --edgetpu mobilenet_edgetpu_100.safetensors --output lookalike-3-large.onnx

The two err on other pictures, so both together rank better than either. Only the general head is
fitted anew; concepts and copies are those of lookalike-3.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lookalike import encoders
from lookalike.finetune.data import LabelledSet, Reader
from lookalike.finetune.export import add_card, export_int8, make_card
from lookalike.finetune.features import trunk_features
from lookalike.finetune.network import EmbeddingNetwork, Trunk, unit_rows
from lookalike.finetune.pretrained import pretrained_network

from .__main__ import SEED, add_picture_options, list_pictures
from .edgetpu import read_edgetpu
from .trainer import fit_general_head
from .views import calibration_batches

NAME = "lookalike-3-large"
EDGE_WEIGHT = 0.7  # of the second trunk's cosine; the first has 1
FITTED_PICTURES = 6_000
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
    network = EmbeddingNetwork(TwoTrunks(first.trunk, second), concepts=first.concepts)
    with torch.no_grad():
        network.concept_proxies.copy_(first.concept_proxies)
        network.classifier.bias.copy_(first.classifier.bias)
        for head in ("classifier", "copies"):
            weight = getattr(first, head).weight
            wider = torch.cat([weight, torch.zeros(len(weight), second.dimensions)], dim=1)
            getattr(network, head).weight.copy_(wider)

    paths, probabilities = list_pictures(args)
    count = min(FITTED_PICTURES, len(paths))
    rows = np.random.default_rng(SEED).choice(len(paths), count, replace=False, p=probabilities)
    pictures = LabelledSet(tuple(paths[row] for row in rows), (-1,) * count, ())
    fit_general_head(
        network, trunk_features(network, pictures, Reader(network.trunk.preprocessing))
    )
    card = make_card(
        network,
        name=NAME,
        license="Apache-2.0",
        source=SOURCE,
        training={"pictures": count},
    )
    args.output.write_bytes(add_card(export_int8(network, calibration_batches(paths, SEED)), card))
    print(f"{args.output}: {args.output.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
