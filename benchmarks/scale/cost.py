"""Estimate what a gallery costs in time, disk, memory and money.

    python -m benchmarks.scale.cost --pictures 1e9 --cores 1000

Every figure is a parameter. The defaults were measured on one machine (docs/benchmarks/index.md and
docs/guides/copies.md); prices default to 0, as they depend on your provider. See
docs/guides/cluster.md.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields

SECONDS_PER_HOUR = 3600
COMMIT_KEY_BYTES = 32  # per row, in the process that commits: 4 keys of 64 bits
GRANT_KEY_BYTES = 16  # per row, in the process that grants contents: 2 keys
SCORE_BYTES = 8  # per picture, for each view of a query, and three times for their order
PARTITION_ROWS = 4_096  # of the vector index
SAMPLE_ROWS = 256  # per partition, on which Lance trains its centres
KEYS_PER_LISTING = 1_000  # that an object store returns in one response
MAX_PICTURES = 2**30  # a posting has 32 bits: 30 for the picture, 2 for which of four words it is


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What the estimate assumes; see `--help` for each."""

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
    "pictures": "number of pictures",
    "cores": "cores that decode and compute fingerprints",
    "core_rate": "pictures/s per core that also encodes (two: 61 with fingerprints, 115 without)",
    "gpus": "GPUs that encode",
    "gpu_rate": "pictures/s that a GPU encodes; benchmarks.speed.gpu measures it",
    "gpu_core_rate": "pictures/s per core when GPUs encode",
    "picture_bytes": "mean size of a picture file",
    "row_bytes": "bytes per row on disk, without fingerprints",
    "fingerprint_bytes": "bytes per fingerprint on disk; 0 with --no-copies",
    "word_bytes": "bytes per picture in the visual word index; 0 with --no-copies",
    "dimensions": "dimensions of a vector",
    "views": "views of a query whose visual words are looked up: plain, mirrored",
    "shard": "pictures in a fragment that a worker writes",
    "merged_rows": "rows in a merged fragment",
    "core_hour": "price of a core per hour",
    "gpu_hour": "price of a GPU per hour",
    "gb_month": "price of storing 10^9 bytes for a month",
    "read_1000": "price of 1,000 read requests",
    "write_1000": "price of 1,000 write or list requests",
    "read_gb": "price of transferring 10^9 bytes of pictures",
}


def ingest_seconds(of: Assumptions) -> float:
    """Estimate the time of the ingest: that of the cores or the GPUs, whichever is slower."""
    if not of.gpus:
        return of.pictures / (of.cores * of.core_rate)
    if not of.gpu_rate:
        raise SystemExit("Set --gpu-rate; python -m benchmarks.speed.gpu measures it.")
    return of.pictures / min(of.cores * of.gpu_core_rate, of.gpus * of.gpu_rate)


def disk_bytes(of: Assumptions) -> float:
    """Estimate the size of the gallery on disk."""
    return of.pictures * (of.row_bytes + of.fingerprint_bytes + of.word_bytes)


def request_counts(of: Assumptions) -> tuple[float, float]:
    """Estimate the read requests, and the write or list requests, to an object store.

    A picture is one read. A shard writes one file for its rows and one for its fingerprints;
    merging reads these and writes large ones. One commit per shard is counted: an upper bound.
    """
    tables = 2 if of.fingerprint_bytes else 1
    shards, merged = of.pictures / of.shard, of.pictures / of.merged_rows
    reads = of.pictures + tables * shards
    return reads, of.pictures / KEYS_PER_LISTING + 2 * tables * shards + tables * merged


def estimate(of: Assumptions) -> list[tuple[str, str, float]]:
    """Estimate everything; return rows of name, unit and value."""
    hours = ingest_seconds(of) / SECONDS_PER_HOUR
    reads, writes = request_counts(of)
    partitions = max(of.pictures / PARTITION_ROWS, 1)
    rows = [
        ("ingest", "hours", hours),
        ("cores", "core-hours", hours * of.cores),
        ("GPUs", "GPU-hours", hours * of.gpus),
        ("pictures read", "GB", of.pictures * of.picture_bytes / 1e9),
        ("... per second", "MB/s", of.pictures * of.picture_bytes / ingest_seconds(of) / 1e6),
        ("written by workers", "GB", of.pictures * (of.row_bytes + of.fingerprint_bytes) / 1e9),
        ("gallery on disk", "GB", disk_bytes(of) / 1e9),
        ("... while fragments are merged", "GB", 2 * disk_bytes(of) / 1e9),
        ("read requests", "million", reads / 1e6),
        ("write or list requests", "million", writes / 1e6),
        ("memory: keys to commit", "GB", of.pictures * COMMIT_KEY_BYTES / 1e9),
        ("memory: keys to grant contents", "GB", of.pictures * GRANT_KEY_BYTES / 1e9),
        ("memory: sample for the index", "GB", partitions * SAMPLE_ROWS * of.dimensions * 4 / 1e9),
    ]
    if of.word_bytes:
        rows += [
            (
                "memory: visual words of a query",
                "GB",
                of.pictures * (of.views + 3) * SCORE_BYTES / 1e9,
            ),
            ("galleries needed for visual words", "", -(-of.pictures // MAX_PICTURES)),
        ]
    prices = [
        ("price: cores", hours * of.cores * of.core_hour),
        ("price: GPUs", hours * of.gpus * of.gpu_hour),
        ("price: requests", (reads * of.read_1000 + writes * of.write_1000) / 1_000),
        ("price: transferring pictures", of.pictures * of.picture_bytes / 1e9 * of.read_gb),
        ("price: storage per month", disk_bytes(of) / 1e9 * of.gb_month),
    ]
    rows += [(name, "", price) for name, price in prices if price]
    return [row for row in rows if row[2] or row[0] != "GPUs"]


def compare(of: Assumptions, measured: str) -> list[tuple[str, float, float]]:
    """Compare the estimate with a measured run; return rows of name, estimated and measured.

    Args:
        of: the assumptions.
        measured: the run's `SECONDS,BYTES`.
    """
    seconds, size = map(float, measured.split(","))
    return [("seconds", ingest_seconds(of), seconds), ("bytes on disk", disk_bytes(of), size)]


def main() -> None:
    """Print the estimate and, with `--measured`, how a measured run compares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for field in fields(Assumptions):
        option = "--" + field.name.replace("_", "-")
        parser.add_argument(option, type=float, default=field.default, help=HELP[field.name])
    parser.add_argument(
        "--measured", metavar="SECONDS,BYTES", help="a measured run to compare with"
    )
    options = vars(parser.parse_args())
    measured = options.pop("measured")
    of = Assumptions(**options)
    for name, unit, value in estimate(of):
        print(f"{name:34}{value:>16,.2f} {unit}")
    for name, estimated, actual in compare(of, measured) if measured else []:
        ratio = actual / estimated
        print(f"{name:34}{estimated:>16,.0f} estimated, {actual:,.0f} measured: {ratio:.2f}")


if __name__ == "__main__":
    main()
