"""The packaged network in int8, bf16 and float32: python -m benchmarks.speed.precisions FOLDER.

int8 runs in ONNX Runtime, as it is shipped; ONNX Runtime's CPU provider has no convolutions in
bf16, so that bf16 runs in torch (oneDNN, which uses the CPU's own instructions where it has some),
and float32 beside it. All cores, each with calls of its own of one thread, as `index` does; in
turns, several rounds. Needs the `train` extra.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from benchmarks.speed.pipeline import CORES, rate, spread
from lookalike import encoders
from lookalike.decode import decode
from lookalike.finetune.pretrained import pretrained_network
from lookalike.ingest.chunk import CHUNK_PICTURES
from lookalike.sources.read import read, walk

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

PICTURES = 256


def main() -> None:
    """Measure, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    sources = random.Random(0).sample(list(walk(str(options.folder.resolve()))), PICTURES)
    encoder = encoders.load()
    inputs = [encoder.prepare(decode(read(source))) for source in sources]
    chunks = [inputs[n : n + CHUNK_PICTURES] for n in range(0, len(inputs), CHUNK_PICTURES)]
    torch.set_num_threads(1)
    trunk = pretrained_network(encoders.DEFAULT_ENCODER, classes=1)[0].trunk.eval()
    trunk = trunk.to(memory_format=torch.channels_last)

    def in_torch(*, narrow: bool) -> Callable[[list[NDArray[np.uint8]]], NDArray[np.float32]]:
        def encode(chunk: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
            kind = torch.autocast("cpu", torch.bfloat16) if narrow else contextlib.nullcontext()
            with torch.inference_mode(), kind:
                return trunk(torch.from_numpy(np.stack(chunk))).float().numpy()

        return encode

    ways = {
        "int8, ONNX Runtime (as shipped)": lambda chunk: encoder.encode(chunk, threads=1),
        "bf16, torch": in_torch(narrow=True),
        "float32, torch": in_torch(narrow=False),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.runs + 1):  # the first warms up
        for name, encode in ways.items():
            calls = rate(lambda n, encode=encode: encode(chunks[n]), len(chunks))
            rates[name].append(len(inputs) / len(chunks) * calls)
    print(f"{PICTURES} pictures, {options.runs} rounds, median (least to greatest), {CORES} cores,")
    print(f"torch {torch.__version__}; load after: {os.getloadavg()[0]:.2f}\n")
    print("| the network in | pictures/s | int8 is faster by |\n|---|---|---|")
    int8 = rates[next(iter(ways))][1:]
    for name, found in rates.items():
        ratios = [one / other for one, other in zip(int8, found[1:], strict=True)]
        print(f"| {name} | {spread(found[1:])} | {spread(ratios, 2)} |")


if __name__ == "__main__":
    main()
