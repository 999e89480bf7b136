"""Measure a server under load.

    python -m benchmarks.server.load FOLDER [--rows 10000] [--clients 32] [--seconds 60] [--top 50]

`synthetic_gallery` makes a gallery of `--rows` rows from pictures of FOLDER, and `lookalike serve`
runs on it in a process of its own. The clients are threads of this process; each sends one edited
picture after another, never the same file twice, and waits for the hits. The output has throughput,
latencies, failed requests, the memory of the server and its child processes over time, and what
encoding in batches would gain.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from benchmarks.measure import memory_kb, seconds_of
from benchmarks.report import facts_line, markdown_table, versions
from benchmarks.synthetic_gallery import edited_files, fill_store
from lookalike import encoders
from lookalike.sources import walk
from lookalike.storage.manifest import EncoderCard, Manifest
from lookalike.storage.store import Store

QUERIES = 200  # pictures, each sent again with other bytes appended
BOUNDARY = "lookalike-load"
BATCH_SIZES = (1, 4, 8)
TIMEOUT_SECONDS = 120


def main() -> None:
    """Make the gallery, load the server, print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="pictures, at any depth")
    parser.add_argument("--rows", type=int, default=10_000, help="size of the gallery")
    parser.add_argument("--real", type=int, default=2_000, help="pictures in it")
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--top", type=int, default=50, help="hits per search")
    parser.add_argument("--no-copies", action="store_true", help="search by similarity only")
    parser.add_argument("--gallery", type=Path, help="folder of the gallery; may exist")
    options = parser.parse_args()
    random = np.random.default_rng(0)
    sources = list(walk(str(options.folder.resolve())))
    chosen = [sources[k] for k in random.permutation(len(sources))[: options.real]]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        gallery = options.gallery or Path(temporary) / "gallery"
        if Manifest.read(gallery) is None:
            create_gallery(gallery, chosen, options.rows, random)
        files = [Path(source.path) for source in chosen[:QUERIES]]
        results = measure_load(
            gallery,
            edited_files(files, random),
            clients=options.clients,
            seconds=options.seconds,
            fields={"top": options.top, "copies": str(not options.no_copies).lower()},
        )
    print(f"{options.rows:,} rows, {options.clients} clients, {options.seconds:.0f} s, ", end="")
    print(f"{os.cpu_count()} cores, load before {results.pop('load'):.2f}; ", end="")
    print(facts_line(versions("lookalike", "pylance", "onnxruntime", "uvicorn")) + "\n")
    name = f"encoding, ms per picture, one thread, batches of {BATCH_SIZES}"
    print(markdown_table(["measure", "value"], [*results.items(), (name, batch_times(files))]))


def create_gallery(
    gallery: Path, sources: list[Any], rows: int, random: np.random.Generator
) -> None:
    """Make a gallery of real pictures and synthetic rows."""
    encoder = encoders.load()
    manifest = Manifest(EncoderCard.from_encoder(encoder))
    manifest.write(gallery)
    store = Store(gallery, manifest.table, encoder.dimensions)
    fill_store(store, encoder, sources, rows, random)
    store.optimize()


def measure_load(
    gallery: Path,
    queries: list[bytes],
    *,
    clients: int,
    seconds: float,
    fields: dict[str, Any],
) -> dict[str, Any]:
    """Serve a gallery, send searches to it, and return the measures by name."""
    load_before = os.getloadavg()[0]
    command = [sys.executable, "-m", "lookalike", "serve", "--gallery", gallery, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            url = urlsplit(server.stdout.readline().split()[0])
            send_search(url, queries[0], fields)  # waits until the workers are ready
            start = time.monotonic()
            latencies, outcomes, memory = _run_clients(
                url, server.pid, queries, clients, seconds, fields
            )
            duration = time.monotonic() - start  # until the last client has its response
        finally:
            server.terminate()
    times = np.array(latencies or [0.0]) * 1000
    p50, p90, p99 = np.percentile(times, [50, 90, 99])
    tenth = max(len(memory) // 10, 1)
    return {
        "load": load_before,
        "searches per second": f"{outcomes['200'] / duration:.1f}",
        "latency p50 / p90 / p99, ms": f"{p50:.0f} / {p90:.0f} / {p99:.0f}",
        "worst latency, ms": f"{times.max():.0f}",
        "responses": dict(outcomes),
        "memory of server and workers: first tenth, last tenth, peak, MB": " / ".join(
            f"{value:,.0f}"
            for value in (np.mean(memory[:tenth]), np.mean(memory[-tenth:]), max(memory))
        ),
    }


def _run_clients(
    url: Any,
    pid: int,
    queries: list[bytes],
    clients: int,
    seconds: float,
    fields: dict[str, Any],
) -> tuple[list[float], Counter[str], list[float]]:
    """Return the latencies in seconds, the outcomes, and the memory over time in MB."""
    numbers = itertools.count()
    end = time.monotonic() + seconds
    latencies: list[float] = []
    outcomes: Counter[str] = Counter()

    def client() -> None:
        while time.monotonic() < end:
            number = next(numbers)
            # Bytes after a JPEG's end change its hash, so no result is cached.
            query = queries[number % len(queries)] + number.to_bytes(8, "big")
            start = time.perf_counter()
            outcome = send_search(url, query, fields)
            outcomes[outcome] += 1
            if outcome == "200":
                latencies.append(time.perf_counter() - start)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    memory = [memory_kb(pid) / 1024]
    while any(thread.is_alive() for thread in threads):
        time.sleep(min(seconds / 30, 1))
        memory.append(memory_kb(pid) / 1024)
    for thread in threads:
        thread.join()
    return latencies, outcomes, memory


def send_search(url: Any, query: bytes, fields: dict[str, Any]) -> str:
    """Send one search; return its status, or the name of the error."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="q.jpg"\r\n\r\n'
    body = b"".join(parts) + head.encode() + query + f"\r\n--{BOUNDARY}--\r\n".encode()
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=TIMEOUT_SECONDS)
    try:
        content_type = f"multipart/form-data; boundary={BOUNDARY}"
        connection.request("POST", "/api/v1/search", body, {"Content-Type": content_type})
        response = connection.getresponse()
        status = str(response.status)
        return status if json.loads(response.read()).get("hits") else f"{status}, no hits"
    except (OSError, ValueError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()


def batch_times(files: list[Path]) -> str:
    """Return the milliseconds per picture of the encoder on one thread, for each batch size."""
    from lookalike.decode import decode

    encoder = encoders.load()
    inputs = [encoder.prepare(decode(file.read_bytes())) for file in files[:64]]

    def encode_all(size: int) -> None:
        for start in range(0, len(inputs) - size + 1, size):
            encoder.encode(inputs[start : start + size], threads=1)

    milliseconds = []
    for size in BATCH_SIZES:
        encoder.encode(inputs[:size], threads=1)
        best = min(seconds_of(partial(encode_all, size)) for _ in range(3))
        milliseconds.append(f"{1000 * best / (len(inputs) // size * size):.2f}")
    return " / ".join(milliseconds)


if __name__ == "__main__":
    main()
