"""Measure the speed of an encoder on a device.

    python -m benchmarks.speed.gpu FOLDER [--device cuda]

The same prepared pictures are encoded in batches of several sizes; then the folder is indexed with
and without fingerprints. Run it on a machine with a GPU, and again with `--device cpu`. It also
prints the cosine between the vectors of the device and those of the CPU.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from lookalike import Gallery, encoders
from lookalike.decode import decode
from lookalike.errors import PictureError
from lookalike.sources import read, walk

BATCHES = (1, 16, 128, 512)


def encoding_rate(
    encoder: encoders.Encoder, inputs: list[np.ndarray], batch: int, runs: int
) -> float:
    """Return the pictures encoded per second in batches of a size: the median of the runs."""
    rates = []
    for _ in range(runs + 1):  # the first is a warm-up
        start = time.perf_counter()
        for first in range(0, len(inputs), batch):
            encoder.encode(inputs[first : first + batch])
        rates.append(len(inputs) / (time.perf_counter() - start))
    return statistics.median(rates[1:])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="pictures, at any depth")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--encoder", default=encoders.DEFAULT_ENCODER)
    parser.add_argument("--pictures", type=int, default=2_048, help="pictures to encode")
    parser.add_argument("--runs", type=int, default=3, help="repetitions")
    parser.add_argument("--no-index", action="store_true", help="only encode")
    options = parser.parse_args()
    encoder = encoders.load(options.encoder, device=options.device)
    inputs = []
    for source in walk(str(options.folder.resolve())):
        try:
            inputs.append(encoder.prepare(decode(read(source))))
        except PictureError:
            continue
        if len(inputs) == options.pictures:
            break
    print(f"{encoder.name} on {encoder.device}, {len(inputs)} pictures")
    for batch in BATCHES:
        rate = encoding_rate(encoder, inputs, batch, options.runs)
        print(f"encode, batch {batch:>4}  {rate:,.0f} /s")
    sample = inputs[:128]
    cpu_vectors = encoders.load(options.encoder, device="cpu").encode(sample)
    cosines = np.sum(cpu_vectors * encoder.encode(sample), axis=1)
    print(f"cosine to the CPU's vectors: mean {cosines.mean():.5f}, minimum {cosines.min():.5f}")
    for copies in () if options.no_index else (False, True):
        with tempfile.TemporaryDirectory() as folder:
            gallery = Gallery.open(
                Path(folder) / "g", encoder=options.encoder, device=options.device
            )
            report = gallery.index(options.folder, copies=copies)
            content = "with fingerprints" if copies else "vectors only"
            print(f"index, {content:17}  {report.added / report.seconds:,.0f} /s")


if __name__ == "__main__":
    main()
