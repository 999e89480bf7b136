"""Make the packaged encoder by `finetune`'s own code; README.md in this folder says how and why.

python -m training --caltech101 FOLDER --start FILE.safetensors --output FILE.onnx
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from safetensors.torch import load_file

from lookalike.finetune.mobilenet_edgetpu import MobileNetEdgeTpu
from lookalike.finetune.train import EPOCHS, finetune
from lookalike.sources import LabelledPicture, list_labelled
from training.classifier import read_classifier

BACKGROUND = "BACKGROUND_Google"
NAME = "lookalike-2"
SOURCE = (
    "MobileNetEdgeTPU 1.0 of mlcommons/mobile_models (v0_7/tflite, Apache-2.0), trained on by "
    "lookalike with Caltech-101's train pictures (Li, Andreeto, Ranzato, Perona; Caltech Data "
    "mzrjq-6wc02, CC BY 4.0) and pictures it makes itself"
)
TELL_SECONDS = 15.0


def main() -> None:
    """Read the command line, train, print what was measured on pictures held out of train."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__.splitlines()[0])
    parser.add_argument("--caltech101", type=Path, required=True, help="the data set's folder")
    parser.add_argument("--start", type=Path, required=True, help="the trunk's .safetensors")
    parser.add_argument("--tflite", type=Path, required=True, help="the trunk with its classifier")
    parser.add_argument("--output", type=Path, required=True, help="the .onnx file to write")
    parser.add_argument("--labels", choices=("all", "half"), default="all", help="half: see README")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--held-out", type=float, default=0.1, help="share of train not trained on")
    parser.add_argument("--precision", default="int8")
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()

    trunk = MobileNetEdgeTpu()
    trunk.load_state_dict(load_file(args.start))
    trunk.classifier = read_classifier(args.tflite)
    told = [0.0]

    def tell(stage: str, done: int, of: int) -> None:
        if time.monotonic() - told[0] > TELL_SECONDS or done == of:
            told[0] = time.monotonic()
            print(f"{stage}: {done} of {of}", file=sys.stderr, flush=True)

    made = finetune(
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
        on_progress=tell,
    )
    print(f"{made.output}: {made.bytes} bytes, {made.dimensions} dimensions, {made.seconds:.0f} s")
    print(f"mAP on {made.held_out} pictures held out: start {made.start:.4f}, float32 ", end="")
    print(f"{made.float32:.4f}, as written {made.exported:.4f}")


def train_pictures(folder: Path, *, half: bool) -> list[LabelledPicture]:
    """List Caltech-101's train pictures: those whose number is not divisible by 3.

    With `half` only every other category, for the label-disjoint measure.
    """
    pictures = [p for p in list_labelled(folder) if int(Path(p.path).stem.split("_")[-1]) % 3]
    left_out = categories_left_out({picture.label for picture in pictures} - {BACKGROUND})
    return [picture for picture in pictures if not (half and picture.label in left_out)]


def categories_left_out(categories: set[str]) -> set[str]:
    """Name every other category, in alphabetical order: 50 of 101."""
    return set(sorted(categories)[1::2])


if __name__ == "__main__":
    main()
