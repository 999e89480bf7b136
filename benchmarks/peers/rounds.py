"""The order in which things are measured: in every step lookalike, then the peer."""

from __future__ import annotations

import shutil
import statistics
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.peers.figures import Figures, Sample
from benchmarks.peers.running import Outcome, PeerError, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.peers.catalogue import Peer

COLD_QUERIES = 3  # a round


@dataclass
class Bench:
    """What a measurement needs to know.

    Attributes:
        work: the folder that everything is kept in.
        pythons: of the environments, by the peer's name.
        reference: the peer that is measured before each other one.
        figures: where samples go.
        limit: seconds that one command may take.
        failures: peer, step and reason.
        took: the seconds of each peer's last index of the pictures.
    """

    work: Path
    pythons: dict[str, Path]
    reference: Peer
    figures: Figures
    limit: float
    failures: list[tuple[str, str, str]] = field(default_factory=list)
    took: dict[str, float] = field(default_factory=dict)

    def place(self, peer: Peer, kind: str) -> Path:
        """Name the folder of a peer's collection."""
        return self.work / "places" / f"{peer.name}-{kind}"

    def run(self, peer: Peer, *arguments: str | Path) -> Outcome:
        """Run a peer's runner.

        Raises:
            PeerError: it failed.
        """
        log = self.work / "logs" / f"{peer.name}-{arguments[0]}.txt"
        log.parent.mkdir(parents=True, exist_ok=True)
        extra = {
            "HF_HUB_OFFLINE": "1",  # what is missing fails at once
            # Else torch's threads spin while they wait for each other; where something else has a
            # core, one small picture then takes a hundred times as long.
            "OMP_WAIT_POLICY": "PASSIVE",
            "PEERS_NETWORKS": str(self.work / "networks"),
        }
        command = peer.command(self.pythons[peer.name], *map(str, arguments))
        try:
            return run(command, log=log, limit=self.limit, environment=extra)
        except PeerError as error:
            raise PeerError(f"{peer.name} {arguments[0]}: {error}") from error

    def step(self, peer: Peer, name: str, work: Callable[[], None]) -> bool:
        """Do a step; a failure is noted and the others go on."""
        print(f"{peer.name}: {name}", file=sys.stderr, flush=True)
        try:
            work()
        except PeerError as error:
            print(f"{peer.name}: {name} failed: {error}", file=sys.stderr, flush=True)
            self.failures.append((peer.name, name, str(error)))
            return False
        return True


@dataclass(frozen=True)
class Task:
    """What is measured, of every peer alike.

    Attributes:
        folders: what to index, by the kind of pictures: `pictures`, `photos`.
        queries: to ask with.
        sizes: rows that warm queries are also asked among.
    """

    folders: dict[str, Path]
    queries: list[Path]
    sizes: list[int]


def measure_round(bench: Bench, peer: Peer, task: Task, number: int) -> None:
    """Measure a peer once, and before each step the reference."""
    for kind, folder in task.folders.items():
        there = bench.step(peer, f"index {kind}", lambda: _index(bench, peer, kind, folder, number))  # noqa: B023
        if kind == "pictures" and not there:
            return
    if "photos" in task.folders:
        for one in (bench.reference, peer):
            shutil.rmtree(bench.place(one, "photos"), ignore_errors=True)
    bench.step(peer, "rerun", lambda: _rerun(bench, peer, task.folders["pictures"], number))
    bench.step(peer, "cold query", lambda: _cold(bench, peer, task.queries, number))
    warm = bench.work / "queries.txt"
    warm.write_text("\n".join(map(str, task.queries)), "utf-8")
    bench.step(peer, "warm query", lambda: _warm(bench, peer, "pictures", warm, number))
    for rows in task.sizes:
        kind = f"{rows}-rows"
        if bench.step(peer, f"{rows:,} rows", lambda: _grow(bench, peer, rows)):  # noqa: B023
            bench.step(
                peer,
                f"warm query among {rows:,}",
                lambda: _warm(bench, peer, kind, warm, number),  # noqa: B023
            )


def _index(bench: Bench, peer: Peer, kind: str, folder: Path, number: int) -> None:
    rates, peaks, took = [], [], []
    for one in _pair(bench, peer):
        place = bench.place(one, kind)
        shutil.rmtree(place, ignore_errors=True)
        done = bench.run(one, "index", folder, place)
        pictures = bench.run(one, "count", place).answer["pictures"]
        if not pictures:
            raise PeerError("no picture came in")
        rates.append(pictures / done.seconds)
        peaks.append(done.peak_mb)
        took.append(done.seconds)
    _add(bench, peer, kind, number, rates)
    if kind == "pictures":
        bench.took[peer.name] = took[1]
    if all(peaks):
        _add(bench, peer, f"memory, {kind}", number, peaks)


def _rerun(bench: Bench, peer: Peer, folder: Path, number: int) -> None:
    took = [
        bench.run(one, "index", folder, bench.place(one, "pictures")).seconds
        if one.knows_unchanged
        else bench.took[one.name]  # all is done again, which takes as long again
        for one in _pair(bench, peer)
    ]
    _add(bench, peer, "rerun", number, took)


def _cold(bench: Bench, peer: Peer, queries: list[Path], number: int) -> None:
    start = number * COLD_QUERIES
    for k in range(start, start + COLD_QUERIES):
        query = queries[k % len(queries)]
        took = [
            bench.run(one, "ask", bench.place(one, "pictures"), query).seconds
            for one in _pair(bench, peer)
        ]
        _add(bench, peer, "cold", number, took)


def _warm(bench: Bench, peer: Peer, kind: str, queries: Path, number: int) -> None:
    took = [
        statistics.median(bench.run(one, "warm", bench.place(one, kind), queries).answer["ms"])
        for one in _pair(bench, peer)
    ]
    _add(bench, peer, f"warm, {kind}", number, took)


def _grow(bench: Bench, peer: Peer, rows: int) -> None:
    for one in _pair(bench, peer):
        place = bench.place(one, f"{rows}-rows")
        if not place.exists():
            partial = place.with_name(place.name + "-partial")
            shutil.rmtree(partial, ignore_errors=True)
            bench.run(one, "grow", bench.place(one, "pictures"), partial, str(rows))
            partial.rename(place)


def _pair(bench: Bench, peer: Peer) -> tuple[Peer, Peer]:
    return (bench.reference, peer)


def _add(bench: Bench, peer: Peer, measure: str, number: int, pair: list[float]) -> None:
    bench.figures.add(Sample(peer.name, measure, number, pair[1], beside=pair[0]))
