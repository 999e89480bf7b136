"""Train the encoder `caltech101` from lookalike-3; README.md in this folder explains how and why.

python -m training.caltech101 --caltech101 FOLDER --output FILE.onnx
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from benchmarks.collection import BACKGROUND
from lookalike.finetune.train import EPOCHS, finetune
from lookalike.sources import LabelledPicture, list_labelled

NAME = "caltech101"
SOURCE = (
    "lookalike-3, trained further with Caltech-101's train pictures (Li, Andreeto, Ranzato, "
    "Perona; Caltech Data mzrjq-6wc02, CC BY 4.0) and pictures that lookalike makes itself"
)
PROGRESS_SECONDS = 15.0


def main() -> None:
    """Train, then print the size and the mAP on held-out train pictures."""
    parser = argparse.ArgumentParser(
        prog="python -m training.caltech101", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--caltech101", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--output", type=Path, required=True, help="the .onnx file to write")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument(
        "--held-out", type=float, default=0.1, help="share of train pictures held out"
    )
    parser.add_argument("--others", type=Path, help="labelled pictures of other kinds, to measure")
    parser.add_argument("--precision", default="int8")
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()

    last_report = 0.0

    def report(stage: str, count: int, total: int) -> None:
        nonlocal last_report
        if time.monotonic() - last_report > PROGRESS_SECONDS or count == total:
            last_report = time.monotonic()
            print(f"{stage}: {count} of {total}", file=sys.stderr, flush=True)

    result = finetune(
        train_pictures(args.caltech101),
        args.output,
        epochs=args.epochs,
        held_out=args.held_out,
        unlabelled=[BACKGROUND],
        others=args.others,
        precision=args.precision,
        name=NAME,
        source=SOURCE,
        resume=args.resume,
        on_progress=report,
    )
    print(f"{result.output}: {result.bytes} bytes, {result.dimensions} dimensions, ", end="")
    print(f"{result.seconds:.0f} s")
    print("\n".join(result.findings))


def train_pictures(folder: Path) -> list[LabelledPicture]:
    """List the train pictures of the data set in a folder: numbers not divisible by 3."""
    return [p for p in list_labelled(folder) if int(Path(p.path).stem.split("_")[-1]) % 3]


if __name__ == "__main__":
    main()
