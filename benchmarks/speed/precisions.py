"""Measure the speed of the packaged network in int8, bf16 and float32.

    python -m benchmarks.speed.precisions FOLDER

int8 runs in ONNX Runtime, as shipped. ONNX Runtime's CPU provider has no bf16 convolutions, so bf16
runs in torch (oneDNN, which uses the CPU's bf16 instructions if it has any), as does float32. As in
`index`, every core runs its own single-threaded calls. Each round measures all three. Needs the
`train` extra.
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

from benchmarks.report import markdown_table, median_and_range
from benchmarks.speed.pipeline import CORES, calls_per_second
from lookalike import encoders
from lookalike.decode import decode
from lookalike.finetune.pretrained import pretrained_network
from lookalike.ingest.chunk import CHUNK_PICTURES
from lookalike.sources import read, walk

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

PICTURES = 256


def main() -> None:
    """Measure, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="pictures, at any depth")
    parser.add_argument("--runs", type=int, default=5, help="rounds")
    options = parser.parse_args()
    sources = random.Random(0).sample(list(walk(str(options.folder.resolve()))), PICTURES)
    encoder = encoders.load()
    inputs = [encoder.prepare(decode(read(source))) for source in sources]
    chunks = [inputs[n : n + CHUNK_PICTURES] for n in range(0, len(inputs), CHUNK_PICTURES)]
    torch.set_num_threads(1)
    trunk = pretrained_network(encoders.DEFAULT_ENCODER, classes=1)[0].trunk.eval()
    trunk = trunk.to(memory_format=torch.channels_last)

    def torch_encode(*, bf16: bool) -> Callable[[list[NDArray[np.uint8]]], NDArray[np.float32]]:
        def encode(chunk: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
            context = torch.autocast("cpu", torch.bfloat16) if bf16 else contextlib.nullcontext()
            with torch.inference_mode(), context:
                return trunk(torch.from_numpy(np.stack(chunk))).float().numpy()

        return encode

    encode_functions = {
        "int8, ONNX Runtime (as shipped)": lambda chunk: encoder.encode(chunk, threads=1),
        "bf16, torch": torch_encode(bf16=True),
        "float32, torch": torch_encode(bf16=False),
    }
    rates: dict[str, list[float]] = {name: [] for name in encode_functions}
    for _ in range(options.runs + 1):  # the first is a warm-up
        for name, encode in encode_functions.items():
            calls = calls_per_second(lambda n, encode=encode: encode(chunks[n]), len(chunks))
            rates[name].append(len(inputs) / len(chunks) * calls)
    print(
        f"{PICTURES} pictures, {options.runs} rounds, median (minimum to maximum), {CORES} cores,"
    )
    print(f"torch {torch.__version__}; load after: {os.getloadavg()[0]:.2f}\n")
    measured = {name: values[1:] for name, values in rates.items()}
    int8 = next(iter(measured.values()))
    rows = []
    for name, values in measured.items():
        ratios = [fast / rate for fast, rate in zip(int8, values, strict=True)]
        rows.append([name, median_and_range(values), median_and_range(ratios, 2)])
    print(markdown_table(["network", "pictures/s", "speed-up of int8"], rows))


if __name__ == "__main__":
    main()
