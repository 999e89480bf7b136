"""Measures the limits of lookalike's own indexing: run_limits.py FOLDER [FLOAT32.onnx].

These are decoding alone and encoding alone on all cores, as in `benchmarks.speed.pipeline`, and
encoding with the same network in float32. Runs in lookalike's environment and prints one line of
JSON in pictures/s.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3]))

from benchmarks.speed.pipeline import calls_per_second
from lookalike import encoders
from lookalike.decode import decode
from lookalike.ingest.chunk import CHUNK_PICTURES
from lookalike.sources import read, walk

PICTURES = 2_000
ENCODED_PICTURES = 512


def main() -> None:
    """Measure each limit."""
    sources = list(walk(sys.argv[1]))
    random.Random(0).shuffle(sources)
    sources = sources[:PICTURES]
    encoder = encoders.load()
    inputs = [encoder.prepare(decode(read(source))) for source in sources[:ENCODED_PICTURES]]
    chunks = [inputs[n : n + CHUNK_PICTURES] for n in range(0, len(inputs), CHUNK_PICTURES)]
    chunks = [chunk for chunk in chunks if len(chunk) == CHUNK_PICTURES] or [inputs]
    rates = {
        "decode": calls_per_second(
            lambda n: encoder.prepare(decode(read(sources[n]))), len(sources)
        )
    }
    networks = dict(
        zip(("int8", "float32"), (encoders.DEFAULT_ENCODER, *sys.argv[2:]), strict=False)
    )
    for name, weights in networks.items():
        network = encoders.load(weights)
        network.encode(chunks[0], threads=1)
        rates[name] = len(chunks[0]) * calls_per_second(
            lambda n, network=network: network.encode(chunks[n % len(chunks)], threads=1),
            2 * len(chunks),
        )
    print(json.dumps(rates))


if __name__ == "__main__":
    main()
