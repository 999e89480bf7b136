"""Train the packaged encoder with `finetune`; README.md in this folder explains how and why.

python -m training --caltech101 FOLDER --start FILE.safetensors --tflite FILE.tflite
    --output FILE.onnx
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from safetensors.torch import load_file

from benchmarks.collection import BACKGROUND
from lookalike.finetune.mobilenet_edgetpu import MobileNetEdgeTpu
from lookalike.finetune.train import EPOCHS, finetune
from lookalike.sources import LabelledPicture, list_labelled
from training.classifier import read_classifier

NAME = "lookalike-2"
SOURCE = (
    "MobileNetEdgeTPU 1.0 of mlcommons/mobile_models (v0_7/tflite, Apache-2.0), trained on by "
    "lookalike with Caltech-101's train pictures (Li, Andreeto, Ranzato, Perona; Caltech Data "
    "mzrjq-6wc02, CC BY 4.0) and pictures it makes itself"
)
PROGRESS_SECONDS = 15.0


def main() -> None:
    """Train, then print the size and the mAP on held-out train pictures."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__.splitlines()[0])
    parser.add_argument("--caltech101", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--start", type=Path, required=True, help="weights of the trunk")
    parser.add_argument("--tflite", type=Path, required=True, help="the trunk with its classifier")
    parser.add_argument("--output", type=Path, required=True, help="the .onnx file to write")
    parser.add_argument("--labels", choices=("all", "half"), default="all", help="half: see README")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument(
        "--held-out", type=float, default=0.1, help="share of train pictures held out"
    )
    parser.add_argument("--precision", default="int8")
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()

    trunk = MobileNetEdgeTpu()
    trunk.load_state_dict(load_file(args.start))
    trunk.classifier = read_classifier(args.tflite)
    last_report = 0.0

    def report(stage: str, count: int, total: int) -> None:
        nonlocal last_report
        if time.monotonic() - last_report > PROGRESS_SECONDS or count == total:
            last_report = time.monotonic()
            print(f"{stage}: {count} of {total}", file=sys.stderr, flush=True)

    result = finetune(
        train_pictures(args.caltech101, half=args.labels == "half"),
        args.output,
        init=trunk,
        epochs=args.epochs,
        held_out=args.held_out,
        unlabelled=[BACKGROUND],
        precision=args.precision,
        name=NAME,
        source=SOURCE,
        resume=args.resume,
        on_progress=report,
    )
    print(f"{result.output}: {result.bytes} bytes, {result.dimensions} dimensions, ", end="")
    print(f"{result.seconds:.0f} s")
    print(f"mAP on {result.held_out} held-out pictures: start {result.start:.4f}, ", end="")
    print(f"float32 {result.float32:.4f}, exported {result.exported:.4f}")


def train_pictures(folder: Path, *, half: bool) -> list[LabelledPicture]:
    """List Caltech-101's train pictures: those whose number is not divisible by 3.

    Args:
        folder: of the data set.
        half: leave out every other category, to measure on categories never seen.
    """
    pictures = [p for p in list_labelled(folder) if int(Path(p.path).stem.split("_")[-1]) % 3]
    left_out = categories_left_out({picture.label for picture in pictures} - {BACKGROUND})
    return [picture for picture in pictures if not (half and picture.label in left_out)]


def categories_left_out(categories: set[str]) -> set[str]:
    """Return every other category in alphabetical order: 50 of 101."""
    return set(sorted(categories)[1::2])


if __name__ == "__main__":
    main()
