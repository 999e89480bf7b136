"""Estimate what a gallery costs in time, disk, memory and money.

    python -m benchmarks.scale.cost --pictures 1e9 --cores 1000

Every figure is a parameter. The defaults are what docs/benchmarks/index.md and
docs/guides/copies.md measured on one machine; prices have none, as they are whatever your provider
asks. See docs/guides/cluster.md.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields

SECONDS_AN_HOUR = 3600
KEY_BYTES = 32  # a row, in the process that commits: 4 keys of 64 bits
DESK_BYTES = 16  # a row, in the process that grants contents: 2 keys
SCORE_BYTES = 8  # a picture, for each view of a query, and thrice for their order
PARTITION_ROWS = 4_096  # of the index of vectors
SAMPLE_ROWS = 256  # a partition, that Lance trains its centres on
LISTED_AT_ONCE = 1_000  # keys that an object store gives a request
MOST_PICTURES = 2**30  # that 32 bits of a posting can number, beside which of four words it is


@dataclass(frozen=True, slots=True)
class Assumed:
    """What is assumed; see `--help` for each."""

    pictures: float = 1e6
    cores: float = 2
    core_rate: float = 30.5
    gpus: float = 0
    gpu_rate: float = 0
    gpu_core_rate: float = 38
    picture_bytes: float = 13_800
    row_bytes: float = 1_172
    fingerprint_bytes: float = 6_588
    word_bytes: float = 957
    dimensions: float = 512
    views: float = 2
    shard: float = 512
    merged_rows: float = 100_000
    core_hour: float = 0
    gpu_hour: float = 0
    gb_month: float = 0
    read_1000: float = 0
    write_1000: float = 0
    read_gb: float = 0


HELP = {
    "pictures": "how many",
    "cores": "that decode and make fingerprints",
    "core_rate": "pictures/s a core, encoding on it too (61 on two with fingerprints, 115 without)",
    "gpus": "that encode",
    "gpu_rate": "pictures/s a GPU encodes: measure it with benchmarks/gpu.py",
    "gpu_core_rate": "pictures/s a core, with the encoding taken from it",
    "picture_bytes": "of a file, on average",
    "row_bytes": "on disk, without fingerprints",
    "fingerprint_bytes": "on disk; 0 with --no-copies",
    "word_bytes": "of the index of words, on disk; 0 with --no-copies",
    "dimensions": "of a vector",
    "views": "of a query whose words are looked up: as it is, mirrored",
    "shard": "pictures in a fragment that a worker writes",
    "merged_rows": "in a fragment once they are merged",
    "core_hour": "price of a core for an hour",
    "gpu_hour": "price of a GPU for an hour",
    "gb_month": "price of keeping 10^9 bytes for a month",
    "read_1000": "price of 1,000 reading requests",
    "write_1000": "price of 1,000 writing or listing requests",
    "read_gb": "price of carrying 10^9 bytes from where the pictures lie",
}


def seconds(of: Assumed) -> float:
    """Tell how long the ingest takes: all cores busy, or all GPUs, whichever is slower."""
    if not of.gpus:
        return of.pictures / (of.cores * of.core_rate)
    if not of.gpu_rate:
        raise SystemExit("Say --gpu-rate, which benchmarks/gpu.py measures.")
    return of.pictures / min(of.cores * of.gpu_core_rate, of.gpus * of.gpu_rate)


def disk_bytes(of: Assumed) -> float:
    """Tell what the gallery takes on disk."""
    return of.pictures * (of.row_bytes + of.fingerprint_bytes + of.word_bytes)


def requests(of: Assumed) -> tuple[float, float]:
    """Count the requests that read, and those that write or list, at an object store.

    A picture is one read. A shard writes a file for its rows and one for its fingerprints; merging
    reads these and writes large ones; a commit of every shard is counted, which is too many.
    """
    tables = 2 if of.fingerprint_bytes else 1
    shards, merged = of.pictures / of.shard, of.pictures / of.merged_rows
    reads = of.pictures + tables * shards
    return reads, of.pictures / LISTED_AT_ONCE + 2 * tables * shards + tables * merged


def table(of: Assumed) -> list[tuple[str, str, float]]:
    """Make the table: what, its unit, how much."""
    hours = seconds(of) / SECONDS_AN_HOUR
    reads, writes = requests(of)
    partitions = max(of.pictures / PARTITION_ROWS, 1)
    rows = [
        ("ingest", "hours", hours),
        ("cores", "core-hours", hours * of.cores),
        ("GPUs", "GPU-hours", hours * of.gpus),
        ("pictures read", "GB", of.pictures * of.picture_bytes / 1e9),
        ("... a second", "MB/s", of.pictures * of.picture_bytes / seconds(of) / 1e6),
        ("written by workers", "GB", of.pictures * (of.row_bytes + of.fingerprint_bytes) / 1e9),
        ("gallery on disk", "GB", disk_bytes(of) / 1e9),
        ("... while fragments are merged", "GB", 2 * disk_bytes(of) / 1e9),
        ("requests that read", "million", reads / 1e6),
        ("requests that write or list", "million", writes / 1e6),
        ("memory: keys, who commits", "GB", of.pictures * KEY_BYTES / 1e9),
        ("memory: keys, who grants", "GB", of.pictures * DESK_BYTES / 1e9),
        ("memory: sample for the index", "GB", partitions * SAMPLE_ROWS * of.dimensions * 4 / 1e9),
    ]
    if of.word_bytes:
        rows += [
            (
                "memory: words of one query",
                "GB",
                of.pictures * (of.views + 3) * SCORE_BYTES / 1e9,
            ),
            ("galleries needed for the words", "", -(-of.pictures // MOST_PICTURES)),
        ]
    spent = [
        ("price: cores", hours * of.cores * of.core_hour),
        ("price: GPUs", hours * of.gpus * of.gpu_hour),
        ("price: requests", (reads * of.read_1000 + writes * of.write_1000) / 1_000),
        ("price: carrying the pictures", of.pictures * of.picture_bytes / 1e9 * of.read_gb),
        ("price: keeping it, a month", disk_bytes(of) / 1e9 * of.gb_month),
    ]
    rows += [(name, "", price) for name, price in spent if price]
    return [row for row in rows if row[2] or row[0] != "GPUs"]


def compared(of: Assumed, measured: str) -> list[tuple[str, float, float]]:
    """Set a measured run, `SECONDS,BYTES`, beside what is predicted: what, predicted, measured."""
    took, took_bytes = map(float, measured.split(","))
    return [("seconds", seconds(of), took), ("bytes on disk", disk_bytes(of), took_bytes)]


def main() -> None:
    """Print the table, or how a measured run compares."""
    parser = argparse.ArgumentParser(description=__doc__)
    for field in fields(Assumed):
        option = "--" + field.name.replace("_", "-")
        parser.add_argument(option, type=float, default=field.default, help=HELP[field.name])
    parser.add_argument("--measured", metavar="SECONDS,BYTES", help="of a run, to compare with")
    asked = vars(parser.parse_args())
    measured = asked.pop("measured")
    of = Assumed(**asked)
    for name, unit, value in table(of):
        print(f"{name:32}{value:>16,.2f} {unit}")
    for name, predicted, found in compared(of, measured) if measured else []:
        share = found / predicted
        print(f"{name:32}{predicted:>16,.0f} predicted, {found:,.0f} measured: {share:.2f}")


if __name__ == "__main__":
    main()
