"""Make the packaged encoder; README.md in this folder says how and why.

python -m training --caltech101 FOLDER --start FILE.safetensors --output FOLDER
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime

from benchmarks.retrieval import list_caltech101, retrieval_figures
from training.edits import edited
from training.export import activation_statistics, float_model, int8_model
from training.mobilenet_edgetpu import FEATURES, IMAGE_SIZE, load_trunk
from training.pictures import batched, prepared, split
from training.projection import fit_projection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import onnx
    from numpy.typing import NDArray

    from benchmarks.retrieval import CaltechPicture

NAME = "lookalike-1"
BATCH = 16  # pictures
CALIBRATION_PICTURES = 512
CALIBRATION_QUANTILE = 0.995  # of the extremes per picture; 1.0 would follow the oddest one
SEED = 20261123


def main() -> None:
    """Read the command line, fit, quantise, measure, write."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__.splitlines()[0])
    parser.add_argument("--caltech101", type=Path, required=True, help="the data set's folder")
    parser.add_argument("--start", type=Path, required=True, help="the trunk's .safetensors")
    parser.add_argument("--output", type=Path, help="folder for the encoder; none: only measure")
    parser.add_argument("--hold-out", action="store_true", help="measure inside train, not on test")
    parser.add_argument("--dimensions", type=int, default=512)
    parser.add_argument("--shrinkage", type=float, default=0.1)
    args = parser.parse_args()

    fit, measured = split(list_caltech101(args.caltech101), hold_out=args.hold_out)
    random = np.random.default_rng(SEED)
    fit = [fit[i] for i in random.permutation(len(fit))]
    trunk = load_trunk(args.start)

    # With the identity in place of a projection, the encoder gives the raw features, unit length.
    raw = float_model(trunk, np.eye(FEATURES, dtype=np.float32))
    features = _embed(raw, _with_edits(fit, random))
    projection = fit_projection(features, dimensions=args.dimensions, shrinkage=args.shrinkage)
    calibration = _batches(fit[:CALIBRATION_PICTURES])
    statistics = activation_statistics(raw, calibration, quantile=CALIBRATION_QUANTILE)
    int8 = int8_model(trunk, projection, statistics)

    print("| features | D | group | mAP | P@1 | P@10 | N |\n|---|---|---|---|---|---|---|")
    agreement = []
    for group, pictures in measured.items():
        labels = np.array([picture.category for picture in pictures])
        features = _embed(raw, _batches(pictures))
        projected = features @ projection
        projected /= np.linalg.norm(projected, axis=1, keepdims=True)
        quantised = _embed(int8, _batches(pictures))
        for name, rows in (("raw", features), ("projected", projected), ("int8", quantised)):
            cells = retrieval_figures(rows, labels).cells()
            print(f"| {name} | {rows.shape[1]} | {group} | {cells} |")
        cosines = (projected * quantised).sum(axis=1)
        agreement.append(f"{group}: mean {cosines.mean():.4f}, least {cosines.min():.4f}")
    print(f"\nCosine of int8 to projected float, {'; '.join(agreement)}.")
    if args.output:
        _write(args.output, int8, args.dimensions)


def _batches(pictures: Sequence[CaltechPicture]) -> Iterator[list[NDArray[np.uint8]]]:
    for batch in batched(pictures, BATCH):
        yield [prepared(picture.path) for picture in batch]


def _with_edits(
    pictures: Sequence[CaltechPicture], random: np.random.Generator
) -> Iterator[list[NDArray[np.uint8]]]:
    for batch in _batches(pictures):
        yield batch
        yield edited(batch, random)


def _embed(
    model: onnx.ModelProto, batches: Iterable[list[NDArray[np.uint8]]]
) -> NDArray[np.float32]:
    """Run a model over batches of pixels: float32 [N, D]."""
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return np.concatenate([session.run(None, {"pixels": np.stack(b)})[0] for b in batches])


def _write(folder: Path, model: onnx.ModelProto, dimensions: int) -> None:
    """Write the weights and the JSON that the encoder reads beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = model.SerializeToString(deterministic=True)
    (folder / f"{NAME}.onnx").write_bytes(weights)
    side = {"width": IMAGE_SIZE, "height": IMAGE_SIZE, "resize": "bilinear", "fit": "stretch"}
    card = {
        "name": NAME,
        "dimensions": dimensions,
        "preprocessing": side,
        "license": "Apache-2.0",
        "source": "MobileNetEdgeTPU 1.0, mlcommons/mobile_models v0_7/tflite, with a projection",
    }
    (folder / f"{NAME}.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    digest = hashlib.sha256(weights).hexdigest()
    print(f"{NAME}.onnx: {len(weights)} bytes, sha256 {digest}")


if __name__ == "__main__":
    main()
