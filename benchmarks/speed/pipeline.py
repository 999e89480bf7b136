"""How fast indexing is, and how close to its limits.

    python -m benchmarks.speed.pipeline FOLDER

Every figure is the median of several runs with its least and greatest; the limits (decode alone,
encode alone) are measured in turns with the whole, in the same process, on the same pictures.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from lookalike import Gallery, encoders
from lookalike.decode import decode
from lookalike.ingest.chunk import CHUNK_PICTURES
from lookalike.sources.read import read, walk

if TYPE_CHECKING:
    from collections.abc import Callable

CORES = os.cpu_count() or 1


def rate(work: Callable[[int], object], count: int) -> float:
    """Run `work(n)` for n < count on all cores; give the calls a second."""
    started = time.perf_counter()
    with ThreadPoolExecutor(CORES) as pool:
        for _ in pool.map(work, range(count)):
            pass
    return count / (time.perf_counter() - started)


def peak_memory_mb(command: list[str]) -> float:
    """Run a command; give the greatest resident memory that it had (Linux), in MB."""
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


def spread(values: list[float], digits: int = 1) -> str:
    """Write a median with its least and greatest."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:,.{digits}f} ({low:,.{digits}f} to {high:,.{digits}f})"


def main() -> None:
    """Measure, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=3)
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
    memory, reruns, colds, warm = list[float](), list[float](), list[float](), list[float]()
    place = Path(tempfile.mkdtemp(prefix="lookalike-benchmark-"))
    lookalike = [sys.executable, "-m", "lookalike"]
    try:
        for _ in range(options.runs):
            decode_rates.append(
                rate(lambda n: encoder.prepare(decode(read(sample[n]))), len(sample))
            )
            encode_rates.append(
                rate(lambda n: encoder.encode(chunks[n % len(chunks)], threads=1), 2 * len(chunks))
                * CHUNK_PICTURES
            )
            shutil.rmtree(place, ignore_errors=True)
            gallery = Gallery.open(place)
            report = gallery.index(options.folder)
            index_rates.append(report.added / report.seconds)
            started = time.perf_counter()
            gallery.index(options.folder)
            reruns.append(time.perf_counter() - started)
        info = gallery.info()
        for source in random.Random(1).sample(sample, 5):
            started = time.perf_counter()
            command = [*lookalike, "search", source.path, "--gallery", str(place)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            colds.append(time.perf_counter() - started)
        for source in random.Random(2).sample(sample, 300):
            started = time.perf_counter()
            gallery.search(source.path)
            warm.append((time.perf_counter() - started) * 1000)
        second = str(place) + "-memory"
        memory.append(
            peak_memory_mb([*lookalike, "index", str(options.folder), "--gallery", second])
        )
        shutil.rmtree(second, ignore_errors=True)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    limit = 1 / (1 / statistics.median(decode_rates) + 1 / statistics.median(encode_rates))
    whole = statistics.median(index_rates)
    slower = min(statistics.median(decode_rates), statistics.median(encode_rates))
    warm = sorted(warm[10:])
    rows = [
        ("index, pictures/s", spread(index_rates)),
        ("read and decode alone, all cores, pictures/s", spread(decode_rates)),
        ("encode alone, all cores, pictures/s", spread(encode_rates)),
        ("both one after the other on the same cores (the limit), pictures/s", f"{limit:,.1f}"),
        ("index / that limit", f"{whole / limit:.2f}"),
        ("index / the slower of the two alone", f"{whole / slower:.2f}"),
        ("rerun on the unchanged folder, s", spread(reruns, 2)),
        ("peak memory of `lookalike index`, MB", f"{memory[0]:,.0f}"),
        ("bytes on disk a picture", f"{info.bytes_on_disk / info.pictures:,.0f}"),
        ("cold `lookalike search`, s", spread(colds, 2)),
        ("warm search, file to hits, p50, ms", f"{warm[len(warm) // 2]:.1f}"),
        ("warm search, file to hits, p99, ms", f"{warm[len(warm) * 99 // 100]:.1f}"),
    ]
    print(f"{info.pictures:,} pictures of {options.folder.name}, {options.runs} runs, median")
    print(f"(least to greatest); {CORES} cores, Python {platform.python_version()},")
    names = ("lookalike", "onnxruntime", "pylance", "pillow", "numpy")
    print(", ".join(f"{name} {version(name)}" for name in names))
    print(f"load after: {os.getloadavg()[0]:.2f}; threads left: {threading.active_count()}\n")
    print("| what | measured |\n|---|---|")
    for name, value in rows:
        print(f"| {name} | {value} |")


if __name__ == "__main__":
    main()
