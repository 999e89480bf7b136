"""What a server does under load.

    python -m benchmarks.server.load FOLDER [--rows 10000] [--clients 32] [--seconds 60] [--top 50]

A gallery of `--rows` rows is made by `synthetic_gallery`, of real pictures of FOLDER and rows made
of them, and `lookalike serve` runs over it as a process of its own. So many clients, threads of
this process, each send one picture after another, edited ones that were never sent before, and wait
for the hits. Reported are throughput, latencies, what was no answer, and the memory of the server
with all its children, over time. At last: what encoding in batches would gain.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from benchmarks.synthetic_gallery import edited, fill
from lookalike import encoders
from lookalike.sources import walk
from lookalike.storage.manifest import EncoderCard, Manifest
from lookalike.storage.store import Store

QUERIES = 200  # different ones, each sent again with other bytes
BOUNDARY = "lookalike-load"
BATCHES = (1, 4, 8)
CLIENT_SECONDS = 120


def main() -> None:
    """Read the command line, make the gallery, load the server, print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--real", type=int, default=2_000)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--top", type=int, default=50)
    parser.add_argument("--no-copies", action="store_true", help="only rank by likeness")
    parser.add_argument("--gallery", type=Path, help="where to make it, or one that is there")
    options = parser.parse_args()
    random = np.random.default_rng(0)
    sources = list(walk(str(options.folder.resolve())))
    chosen = [sources[k] for k in random.permutation(len(sources))[: options.real]]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        gallery = options.gallery or Path(place) / "gallery"
        if Manifest.read(gallery) is None:
            make(gallery, chosen, options.rows, random)
        files = [Path(source.path) for source in chosen[:QUERIES]]
        loaded = load(
            gallery,
            edited(files, random),
            clients=options.clients,
            seconds=options.seconds,
            fields={"top": options.top, "copies": str(not options.no_copies).lower()},
        )
    print(f"{options.rows:,} rows, {options.clients} clients, {options.seconds:.0f} s, ", end="")
    print(f"{os.cpu_count()} cores, load before {loaded.pop('load'):.2f}; ", end="")
    names = ("lookalike", "pylance", "onnxruntime", "uvicorn")
    facts = [f"python {platform.python_version()}", *(f"{n} {version(n)}" for n in names)]
    print(", ".join(facts) + "\n\n| what | measured |\n|---|---|")
    for name, value in loaded.items():
        print(f"| {name} | {value} |")
    print(f"| one encoding, ms a picture, one thread, batches of {BATCHES} | {batching(files)} |")


def make(gallery: Path, sources: list[Any], rows: int, random: np.random.Generator) -> None:
    """Make a gallery of real pictures and made rows."""
    encoder = encoders.load()
    manifest = Manifest(EncoderCard.from_encoder(encoder))
    manifest.write(gallery)
    store = Store(gallery, manifest.table, encoder.dimensions)
    fill(store, encoder, sources, rows, random)
    store.optimize()


def load(
    gallery: Path,
    queries: list[bytes],
    *,
    clients: int,
    seconds: float,
    fields: dict[str, Any],
) -> dict[str, Any]:
    """Serve a gallery, ask it, and tell how it went."""
    before = os.getloadavg()[0]
    command = [sys.executable, "-m", "lookalike", "serve", "--gallery", gallery, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            url = urlsplit(server.stdout.readline().split()[0])
            ask(url, queries[0], fields)  # the first one waits for the workers
            began = time.monotonic()
            took, outcomes, memory = _asked(url, server.pid, queries, clients, seconds, fields)
            lasted = time.monotonic() - began  # until the last client had its answer
        finally:
            server.terminate()
    times = np.array(took or [0.0]) * 1000
    p50, p90, p99 = np.percentile(times, [50, 90, 99])
    tenth = max(len(memory) // 10, 1)
    return {
        "load": before,
        "answers a second": f"{outcomes['200'] / lasted:.1f}",
        "latency p50 / p90 / p99, ms": f"{p50:.0f} / {p90:.0f} / {p99:.0f}",
        "worst latency, ms": f"{times.max():.0f}",
        "answers": dict(outcomes),
        "memory of server and workers, first and last tenth, peak, MB": " / ".join(
            f"{value:,.0f}"
            for value in (np.mean(memory[:tenth]), np.mean(memory[-tenth:]), max(memory))
        ),
    }


def _asked(
    url: Any,
    pid: int,
    queries: list[bytes],
    clients: int,
    seconds: float,
    fields: dict[str, Any],
) -> tuple[list[float], Counter[str], list[float]]:
    numbers = itertools.count()
    until = time.monotonic() + seconds
    took: list[float] = []
    outcomes: Counter[str] = Counter()

    def client() -> None:
        while time.monotonic() < until:
            number = next(numbers)
            # Bytes after a JPEG's end change its hash, and so no answer is known already.
            query = queries[number % len(queries)] + number.to_bytes(8, "big")
            began = time.perf_counter()
            outcome = ask(url, query, fields)
            outcomes[outcome] += 1
            if outcome == "200":
                took.append(time.perf_counter() - began)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    memory = [_memory(pid)]
    while any(thread.is_alive() for thread in threads):
        time.sleep(min(seconds / 30, 1))
        memory.append(_memory(pid))
    for thread in threads:
        thread.join()
    return took, outcomes, memory


def ask(url: Any, query: bytes, fields: dict[str, Any]) -> str:
    """Send one search; give its status, or the name of what went wrong."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="q.jpg"\r\n\r\n'
    body = b"".join(parts) + head.encode() + query + f"\r\n--{BOUNDARY}--\r\n".encode()
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=CLIENT_SECONDS)
    try:
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        connection.request("POST", "/api/v1/search", body, {"Content-Type": kind})
        answer = connection.getresponse()
        data = answer.read()
        return str(answer.status) if json.loads(data).get("hits") else f"{answer.status}, no hits"
    except (OSError, ValueError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()


def _memory(pid: int) -> float:
    """Sum up what a process and all below it hold, MB; what they share counts once."""
    found = subprocess.run(
        ["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    parents = dict(map(int, line.split()) for line in found.stdout.splitlines())
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    total = 0
    for one in family:
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text("ascii").splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        except (OSError, StopIteration):
            continue
    return total / 1024


def batching(files: list[Path]) -> str:
    """Time the encoder on one thread, by the size of its batches."""
    from lookalike.decode import decode

    encoder = encoders.load()
    inputs = [encoder.prepare(decode(file.read_bytes())) for file in files[:64]]
    found = []
    for size in BATCHES:
        encoder.encode(inputs[:size], threads=1)
        best = np.inf
        for _ in range(3):
            began = time.perf_counter()
            for start in range(0, len(inputs) - size + 1, size):
                encoder.encode(inputs[start : start + size], threads=1)
            best = min(best, time.perf_counter() - began)
        found.append(f"{1000 * best / (len(inputs) // size * size):.2f}")
    return " / ".join(found)


if __name__ == "__main__":
    main()
