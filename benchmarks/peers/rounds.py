"""A round of measurements: in each step lookalike first, then the peer."""

from __future__ import annotations

import shutil
import statistics
import sys
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.peers.processes import PeerError, RunResult, run
from benchmarks.peers.results import Results, Sample

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.peers.catalogue import Peer

COLD_QUERIES = 3  # per round


@dataclass
class Comparison:
    """The state of a comparison.

    Attributes:
        work: the folder for environments, collections and logs.
        pythons: the Python of each peer's environment, by the peer's name.
        reference: the peer that is measured before each other member.
        results: the samples.
        limit: seconds that one command may take.
        failures: peer, step and reason.
        index_seconds: how long each peer last took to index the pictures.
    """

    work: Path
    pythons: dict[str, Path]
    reference: Peer
    results: Results
    limit: float
    failures: list[tuple[str, str, str]] = field(default_factory=list)
    index_seconds: dict[str, float] = field(default_factory=dict)

    def collection(self, peer: Peer, kind: str) -> Path:
        """Return the folder of a peer's collection."""
        return self.work / "collections" / f"{peer.name}-{kind}"

    def run(self, peer: Peer, *arguments: str | Path) -> RunResult:
        """Run a peer's runner.

        Raises:
            PeerError: If it fails.
        """
        log = self.work / "logs" / f"{peer.name}-{arguments[0]}.txt"
        log.parent.mkdir(parents=True, exist_ok=True)
        extra = {
            "HF_HUB_OFFLINE": "1",  # a missing download fails at once
            # Otherwise torch's threads spin while they wait for each other; if another process
            # uses a core, a small picture then takes a hundred times as long.
            "OMP_WAIT_POLICY": "PASSIVE",
            "PEERS_NETWORKS": str(self.work / "networks"),
        }
        command = peer.command(self.pythons[peer.name], *map(str, arguments))
        try:
            return run(command, log=log, limit=self.limit, environment=extra)
        except PeerError as error:
            raise PeerError(f"{peer.name} {arguments[0]}: {error}") from error

    def run_step(self, peer: Peer, name: str, action: Callable[[], None]) -> bool:
        """Run a step; record a failure and continue. Return whether it succeeded."""
        print(f"{peer.name}: {name}", file=sys.stderr, flush=True)
        try:
            action()
        except PeerError as error:
            print(f"{peer.name}: {name} failed: {error}", file=sys.stderr, flush=True)
            self.failures.append((peer.name, name, str(error)))
            return False
        return True


@dataclass(frozen=True)
class Workload:
    """The input of every peer.

    Attributes:
        folders: the folders to index, by kind: `pictures`, `photos`.
        queries: the pictures to search with.
        sizes: the numbers of rows of larger collections for warm queries.
    """

    folders: dict[str, Path]
    queries: list[Path]
    sizes: list[int]


def measure_round(comparison: Comparison, peer: Peer, workload: Workload, number: int) -> None:
    """Measure a peer once, and the reference before each step."""
    step = partial(comparison.run_step, peer)
    for kind, folder in workload.folders.items():
        is_indexed = step(f"index {kind}", partial(_index, comparison, peer, kind, folder, number))
        if kind == "pictures" and not is_indexed:
            return
    if "photos" in workload.folders:
        for member in (comparison.reference, peer):
            shutil.rmtree(comparison.collection(member, "photos"), ignore_errors=True)
    step("rerun", partial(_rerun, comparison, peer, workload.folders["pictures"], number))
    step("cold query", partial(_cold, comparison, peer, workload.queries, number))
    queries = comparison.work / "queries.txt"
    queries.write_text("\n".join(map(str, workload.queries)), "utf-8")
    step("warm query", partial(_warm, comparison, peer, "pictures", queries, number))
    for rows in workload.sizes:
        if step(f"{rows:,} rows", partial(_grow, comparison, peer, rows)):
            warm = partial(_warm, comparison, peer, f"{rows}-rows", queries, number)
            step(f"warm query among {rows:,}", warm)


def _index(comparison: Comparison, peer: Peer, kind: str, folder: Path, number: int) -> None:
    rates, peaks, seconds = [], [], []
    for member in _pair(comparison, peer):
        collection = comparison.collection(member, kind)
        shutil.rmtree(collection, ignore_errors=True)
        result = comparison.run(member, "index", folder, collection)
        pictures = comparison.run(member, "count", collection).output["pictures"]
        if not pictures:
            raise PeerError("it indexed no picture")
        rates.append(pictures / result.seconds)
        peaks.append(result.peak_mb)
        seconds.append(result.seconds)
    _add(comparison, peer, kind, number, rates)
    if kind == "pictures":
        comparison.index_seconds[peer.name] = seconds[1]
    if all(peaks):
        _add(comparison, peer, f"memory, {kind}", number, peaks)


def _rerun(comparison: Comparison, peer: Peer, folder: Path, number: int) -> None:
    values = [
        comparison.run(member, "index", folder, comparison.collection(member, "pictures")).seconds
        if member.skips_unchanged
        else comparison.index_seconds[member.name]  # it indexes everything again
        for member in _pair(comparison, peer)
    ]
    _add(comparison, peer, "rerun", number, values)


def _cold(comparison: Comparison, peer: Peer, queries: list[Path], number: int) -> None:
    start = number * COLD_QUERIES
    for k in range(start, start + COLD_QUERIES):
        query = queries[k % len(queries)]
        values = [
            comparison.run(
                member, "search", comparison.collection(member, "pictures"), query
            ).seconds
            for member in _pair(comparison, peer)
        ]
        _add(comparison, peer, "cold", number, values)


def _warm(comparison: Comparison, peer: Peer, kind: str, queries: Path, number: int) -> None:
    values = [
        statistics.median(result.output["ms"])
        for member in _pair(comparison, peer)
        for result in [comparison.run(member, "warm", comparison.collection(member, kind), queries)]
    ]
    _add(comparison, peer, f"warm, {kind}", number, values)


def _grow(comparison: Comparison, peer: Peer, rows: int) -> None:
    for member in _pair(comparison, peer):
        collection = comparison.collection(member, f"{rows}-rows")
        if not collection.exists():
            temporary = collection.with_name(collection.name + "-partial")
            shutil.rmtree(temporary, ignore_errors=True)
            pictures = comparison.collection(member, "pictures")
            comparison.run(member, "grow", pictures, temporary, str(rows))
            temporary.rename(collection)


def _pair(comparison: Comparison, peer: Peer) -> tuple[Peer, Peer]:
    return (comparison.reference, peer)


def _add(comparison: Comparison, peer: Peer, measure: str, number: int, pair: list[float]) -> None:
    comparison.results.add(Sample(peer.name, measure, number, pair[1], beside=pair[0]))
