"""How fast an encoder is on a device: python -m benchmarks.speed.gpu FOLDER [--device cuda].

Encodes the same prepared pictures in batches of several sizes, and then indexes the folder as a
user does, with and without fingerprints; to be run where there is a GPU, and with `--device cpu`
beside it. How far the vectors of the two devices are apart is told, too.
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


def encoding(encoder: encoders.Encoder, inputs: list[np.ndarray], batch: int, runs: int) -> float:
    """Tell how many pictures a second are encoded in batches of a size: the median of some runs."""
    rates = []
    for _ in range(runs + 1):  # the first warms up
        started = time.perf_counter()
        for at in range(0, len(inputs), batch):
            encoder.encode(inputs[at : at + batch])
        rates.append(len(inputs) / (time.perf_counter() - started))
    return statistics.median(rates[1:])


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--encoder", default=encoders.DEFAULT_ENCODER)
    parser.add_argument("--pictures", type=int, default=2_048, help="that are encoded")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--no-index", action="store_true", help="only encode")
    asked = parser.parse_args()
    encoder = encoders.load(asked.encoder, device=asked.device)
    inputs = []
    for source in walk(str(asked.folder.resolve())):
        try:
            inputs.append(encoder.prepare(decode(read(source))))
        except PictureError:
            continue
        if len(inputs) == asked.pictures:
            break
    print(f"{encoder.name} on {encoder.device}, {len(inputs)} pictures")
    for batch in BATCHES:
        print(f"encode, batch {batch:>4}  {encoding(encoder, inputs, batch, asked.runs):,.0f} /s")
    some = inputs[:128]
    by_cpu = encoders.load(asked.encoder, device="cpu").encode(some)
    cosines = np.sum(by_cpu * encoder.encode(some), axis=1)
    print(f"cosine to the CPU's vectors: {cosines.mean():.5f}, least {cosines.min():.5f}")
    for copies in () if asked.no_index else (False, True):
        with tempfile.TemporaryDirectory() as place:
            gallery = Gallery.open(Path(place) / "g", encoder=asked.encoder, device=asked.device)
            report = gallery.index(asked.folder, copies=copies)
            what = "with fingerprints" if copies else "vectors alone"
            print(f"index, {what:17}  {report.added / report.seconds:,.0f} /s")


if __name__ == "__main__":
    main()
