"""Compare the torch network with the .tflite file from which its weights come.

    python -m training.check_trunk --caltech101 FOLDER --start FILE.safetensors --tflite FILE.tflite

Prints the cosine of the pooled features over 100 train pictures. It is about 0.99 instead of 1, as
the original computes in uint8.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from ai_edge_litert.interpreter import Interpreter
from safetensors.torch import load_file

from lookalike.finetune.data import Reader
from lookalike.finetune.mobilenet_edgetpu import POOLED as FEATURES, MobileNetEdgeTpu
from training.__main__ import train_pictures

POOLED = "MobilenetEdgeTPU/Logits/AvgPool"
PICTURES = 100


def main() -> None:
    """Compare the features and print their cosines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--caltech101", type=Path, required=True)
    parser.add_argument("--start", type=Path, required=True)
    parser.add_argument("--tflite", type=Path, required=True)
    args = parser.parse_args()

    train = train_pictures(args.caltech101, half=False)
    trunk = MobileNetEdgeTpu()
    trunk.load_state_dict(load_file(args.start))
    reader = Reader(trunk.preprocessing)
    sample = train[:: len(train) // PICTURES][:PICTURES]
    pixels = np.stack([reader.prepare(picture.path) for picture in sample])
    original = _tflite_features(args.tflite, pixels)
    with torch.inference_mode():
        ours = trunk(torch.from_numpy(pixels))[:, :FEATURES].numpy()
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(original, axis=1)
    cosines = (ours * original).sum(axis=1) / lengths
    print(f"cosine of {PICTURES} pictures: mean {cosines.mean():.4f}, min {cosines.min():.4f}")


def _tflite_features(path: Path, pixels: np.ndarray) -> np.ndarray:
    """Return the original's pooled features, float32 [N, 1280], for uint8 [N, 224, 224, 3]."""
    interpreter = Interpreter(str(path), experimental_preserve_all_tensors=True)
    interpreter.allocate_tensors()
    entry = interpreter.get_input_details()[0]["index"]
    pooled = next(d for d in interpreter.get_tensor_details() if d["name"] == POOLED)
    scale, zero = pooled["quantization"]
    features = np.empty((len(pixels), FEATURES), np.float32)
    for row, picture in zip(features, pixels, strict=True):
        interpreter.set_tensor(entry, picture[None])
        interpreter.invoke()
        row[:] = (interpreter.get_tensor(pooled["index"]).ravel().astype(np.float32) - zero) * scale
    return features


if __name__ == "__main__":
    main()
