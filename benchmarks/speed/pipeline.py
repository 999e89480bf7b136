"""Measure the speed of indexing, and how close it is to its limits.

    python -m benchmarks.speed.pipeline FOLDER

Every figure is the median of several runs with its range. Each run measures the limits (decoding
alone, encoding alone) and then the index, in the same process and on the same pictures.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import percentile, seconds_of
from benchmarks.report import facts_line, markdown_table, median_and_range, versions
from lookalike import Gallery, encoders
from lookalike.decode import decode
from lookalike.ingest.chunk import CHUNK_PICTURES
from lookalike.sources import read, walk

if TYPE_CHECKING:
    from collections.abc import Callable

CORES = os.cpu_count() or 1


def calls_per_second(function: Callable[[int], object], count: int) -> float:
    """Call `function(n)` for each n < count on all cores; return the calls per second."""
    start = time.perf_counter()
    with ThreadPoolExecutor(CORES) as pool:
        for _ in pool.map(function, range(count)):
            pass
    return count / (time.perf_counter() - start)


def peak_memory_mb(command: list[str]) -> float:
    """Run a command; return its greatest resident memory in MB (Linux; elsewhere 0)."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text("ascii")
        except OSError:
            break
        peaks = [int(line.split()[1]) for line in status.splitlines() if line[:6] == "VmHWM:"]
        peak = max([peak, *peaks])
        time.sleep(0.05)
    process.wait()
    return peak / 1000


def main() -> None:
    """Measure, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="pictures, at any depth")
    parser.add_argument("--runs", type=int, default=3, help="repetitions")
    options = parser.parse_args()
    print(f"Load before: {os.getloadavg()[0]:.2f} on {CORES} cores", file=sys.stderr)

    sources = list(walk(str(options.folder.resolve())))
    random.Random(0).shuffle(sources)
    sample = sources[:2_000]
    encoder = encoders.load()
    inputs = [encoder.prepare(decode(read(source))) for source in sample[:512]]
    chunks = [inputs[n : n + CHUNK_PICTURES] for n in range(0, len(inputs), CHUNK_PICTURES)]
    encoder.encode(chunks[0])
    decode_rates, encode_rates, index_rates = list[float](), list[float](), list[float]()
    reruns, cold_searches, warm_searches = list[float](), list[float](), list[float]()
    folder = Path(tempfile.mkdtemp(prefix="lookalike-benchmark-"))
    lookalike = [sys.executable, "-m", "lookalike"]
    try:
        for _ in range(options.runs):
            decode_rates.append(
                calls_per_second(lambda n: encoder.prepare(decode(read(sample[n]))), len(sample))
            )
            encode_rates.append(
                CHUNK_PICTURES
                * calls_per_second(
                    lambda n: encoder.encode(chunks[n % len(chunks)], threads=1), 2 * len(chunks)
                )
            )
            shutil.rmtree(folder, ignore_errors=True)
            gallery = Gallery.open(folder)
            report = gallery.index(options.folder)
            index_rates.append(report.added / report.seconds)
            reruns.append(seconds_of(partial(gallery.index, options.folder)))
        info = gallery.info()
        for source in random.Random(1).sample(sample, 5):
            command = [*lookalike, "search", source.path, "--gallery", str(folder)]
            run = partial(subprocess.run, command, check=True, stdout=subprocess.DEVNULL)
            cold_searches.append(seconds_of(run))
        for source in random.Random(2).sample(sample, 300):
            warm_searches.append(1000 * seconds_of(partial(gallery.search, source.path)))
        other = str(folder) + "-memory"
        memory = peak_memory_mb([*lookalike, "index", str(options.folder), "--gallery", other])
        shutil.rmtree(other, ignore_errors=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    rates = (decode_rates, encode_rates, index_rates)
    decode_rate, encode_rate, index_rate = map(statistics.median, rates)
    limit = 1 / (1 / decode_rate + 1 / encode_rate)
    warm_searches = warm_searches[10:]
    rows = [
        ("index, pictures/s", median_and_range(index_rates)),
        ("read and decode alone, all cores, pictures/s", median_and_range(decode_rates)),
        ("encode alone, all cores, pictures/s", median_and_range(encode_rates)),
        ("one after the other on the same cores (the limit), pictures/s", f"{limit:,.1f}"),
        ("index / that limit", f"{index_rate / limit:.2f}"),
        (
            "index / the slower of the two alone",
            f"{index_rate / min(decode_rate, encode_rate):.2f}",
        ),
        ("rerun on the unchanged folder, s", median_and_range(reruns, 2)),
        ("peak memory of `lookalike index`, MB", f"{memory:,.0f}"),
        ("bytes on disk per picture", f"{info.bytes_on_disk / info.files:,.0f}"),
        ("cold `lookalike search`, s", median_and_range(cold_searches, 2)),
        ("warm search, file to hits, p50, ms", f"{percentile(warm_searches, 50):.1f}"),
        ("warm search, file to hits, p99, ms", f"{percentile(warm_searches, 99):.1f}"),
    ]
    print(f"{info.files:,} pictures of {options.folder.name}, {options.runs} runs, median")
    print(f"(minimum to maximum); {CORES} cores,")
    print(facts_line(versions("lookalike", "onnxruntime", "pylance", "pillow", "numpy")))
    print(f"load after: {os.getloadavg()[0]:.2f}; threads left: {threading.active_count()}\n")
    print(markdown_table(["measure", "value"], rows))


if __name__ == "__main__":
    main()
