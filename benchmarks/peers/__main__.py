"""Compare lookalike with other programs in one run.

    python -m benchmarks.peers FOLDER [--pictures N] [--photos N] [--peers NAME,...] [--repeat 3]
                                      [--sizes 10000,100000] [--work DIR] [--json OUT]

Each peer is installed into an environment of its own and used as its documentation says, by a short
runner (`runners/run_NAME.py`) that says what it replaces. No peer downloads trained weights: its
network has random weights, which take the same time, so the hits mean nothing and are not measured.
A peer that can't be installed or run is listed with the reason.

The benchmark measures:

- indexing, in pictures/s from process start to end, for FOLDER and for 12-megapixel photos made
  from it, and again for the unchanged folder;
- the peak memory of all processes together;
- the size of the environment, without weights that are downloaded later (lookalike's are in its
  package);
- a cold query, from process start to end;
- a warm query, from file to hits, among FOLDER's pictures and in larger collections, made by
  repeating vectors with noise.

Before each measurement of a peer, the same is measured for lookalike without copy detection, which
the peers lack. Ratios compare these pairs (x `lookalike-no-copies`), and the medians of a round
(x `lookalike`, with copy detection). A ratio of 10 means that lookalike is ten times better. Values
are medians (minimum to maximum).

At the end, lookalike's indexing is compared with its own limits: decoding alone and encoding alone
on all cores.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from benchmarks.peers.catalogue import NETWORKS, PACKAGED, PEERS, REFERENCE, RUNNERS, WITH_COPIES
from benchmarks.peers.environments import ensure_environment, installed_version, size_mb
from benchmarks.peers.pictures import copy_sample, make_photos, make_queries, paths_of
from benchmarks.peers.processes import run
from benchmarks.peers.results import Measure, Results, Sample
from benchmarks.peers.rounds import Comparison, Workload, measure_round
from benchmarks.report import (
    NO_VALUE,
    Progress,
    facts_line,
    markdown_table,
    median_and_range,
    versions,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.peers.catalogue import Environment, Peer

QUERIES = 50
LIMITS = "limits"  # lookalike's own limits, as a peer in the results


def main(arguments: Sequence[str] | None = None) -> None:
    """Install the peers, measure, print."""
    options = _parse(arguments)
    results = Results(REFERENCE.name, WITH_COPIES.name)
    comparison = Comparison(options.work, {}, REFERENCE, results, options.limit)
    peers = [peer for peer in PEERS if peer.name in options.peers]
    peer_versions = _install(comparison, [REFERENCE, *peers])
    if REFERENCE.name not in peer_versions:
        raise SystemExit(f"lookalike itself can't be installed: {comparison.failures[0][2]}")
    peers = [peer for peer in peers if peer.name in peer_versions]
    networks = _networks(comparison)
    workload = _workload(options)
    try:
        _measure(comparison, peers, workload, networks, options)
    except KeyboardInterrupt:
        print("Stopped; these are the results so far:", file=sys.stderr)
    shutil.rmtree(options.work / "collections", ignore_errors=True)
    names = [REFERENCE.name, *(peer.name for peer in peers)]
    _save(options.json, comparison)
    print(_report(comparison, workload, options, names, peer_versions))


def _measure(
    comparison: Comparison,
    peers: list[Peer],
    workload: Workload,
    networks: Path,
    options: argparse.Namespace,
) -> None:
    """Measure all rounds; save the samples after each peer, as a round may take hours."""
    progress = Progress("peers measured", options.repeat * len(peers))
    for number in range(options.repeat):
        for peer in peers:
            measure_round(comparison, peer, workload, number)
            _save(options.json, comparison)
            progress.advance(1)
        limits = partial(_limits, comparison, workload, networks, number)
        comparison.run_step(REFERENCE, LIMITS, limits)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="pictures, at any depth")
    parser.add_argument("--pictures", type=int, help="pictures of the folder to use; default: all")
    parser.add_argument(
        "--photos", type=int, default=0, help="12-megapixel photos to make; default: 0"
    )
    parser.add_argument("--peers", help="names, comma-separated; default: all")
    parser.add_argument("--repeat", type=int, default=3, help="rounds")
    parser.add_argument("--sizes", default="", help="more rows for warm queries: 10000,100000")
    work = user_cache_path("lookalike") / "peers"
    parser.add_argument("--work", type=Path, default=work, help="folder for the environments")
    parser.add_argument("--limit", type=float, default=7_200, help="seconds per command")
    parser.add_argument("--json", type=Path, help="write the samples to this file")
    options = parser.parse_args(arguments)
    names = [peer.name for peer in PEERS]
    options.peers = options.peers.split(",") if options.peers else names
    if not set(options.peers) <= set(names):
        parser.error(f"--peers must be among {', '.join(names)}")
    options.sizes = [int(rows) for rows in options.sizes.split(",") if rows]
    options.work = options.work.resolve()
    options.work.mkdir(parents=True, exist_ok=True)
    # Collections of an interrupted run are incomplete or hold other pictures.
    shutil.rmtree(options.work / "collections", ignore_errors=True)
    return options


def _install(comparison: Comparison, peers: list[Peer]) -> dict[str, str]:
    """Create the environments; return the versions of the installed peers."""
    environments: dict[Environment, tuple[Path, str, float]] = {}
    peer_versions = {}
    for peer in peers:

        def install(peer: Peer = peer) -> None:
            environment = peer.environment
            if environment not in environments:
                python = ensure_environment(environment, comparison.work / "environments")
                version = installed_version(python, environment.distribution)
                environments[environment] = (python, version, size_mb(python))
            python, peer_versions[peer.name], size = environments[environment]
            comparison.pythons[peer.name] = python
            beside = None if peer is REFERENCE else environments[REFERENCE.environment][2]
            comparison.results.add(Sample(peer.name, "installed", 0, size, beside))

        comparison.run_step(peer, "install", install)
    return peer_versions


def _networks(comparison: Comparison) -> Path:
    """Make the networks that are neither shipped nor downloaded; return their folder."""
    folder = comparison.work / "networks"

    def make() -> None:
        python = ensure_environment(NETWORKS, comparison.work / "environments")
        command = [str(python), str(RUNNERS / "make_networks.py"), str(PACKAGED), str(folder)]
        (comparison.work / "logs").mkdir(exist_ok=True)
        run(command, log=comparison.work / "logs" / "networks.txt", limit=comparison.limit)

    comparison.run_step(REFERENCE, "networks", make)
    return folder


def _workload(options: argparse.Namespace) -> Workload:
    folder = options.folder.resolve()
    if options.pictures:
        output = options.work / f"pictures-{options.pictures}"
        copy_sample(folder, options.pictures, output)
        folder = output
    folders = {"pictures": folder}
    if options.photos:
        folders["photos"] = options.work / f"photos-{options.photos}"
        make_photos(folder, options.photos, folders["photos"])
    queries = make_queries(folder, QUERIES, options.work / f"queries-{folder.name}")
    return Workload(folders, queries, options.sizes)


def _limits(comparison: Comparison, workload: Workload, networks: Path, number: int) -> None:
    """Measure decoding alone and encoding alone."""
    command = [str(comparison.pythons[REFERENCE.name]), str(RUNNERS / "run_limits.py")]
    command += [str(workload.folders["pictures"]), *map(str, networks.glob("float32.onnx"))]
    log = comparison.work / "logs" / "limits.txt"
    for name, rate in run(command, log=log, limit=comparison.limit).output.items():
        comparison.results.add(Sample(LIMITS, name, number, rate))


def _report(
    comparison: Comparison,
    workload: Workload,
    options: argparse.Namespace,
    names: list[str],
    peer_versions: dict[str, str],
) -> str:
    """Format all results as Markdown."""
    counts = {kind: len(paths_of(folder)) for kind, folder in workload.folders.items()}
    head = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
    head += f" of {options.folder.name}; rounds: {options.repeat}; {os.cpu_count()} cores, "
    head += f"{facts_line(versions())}, load at the end {os.getloadavg()[0]:.2f}"
    groups = [
        {
            "pictures": Measure("indexing, pictures/s", 1, more_is_better=True),
            "photos": Measure("12-megapixel photos/s", 2, more_is_better=True),
        },
        {
            "cold": Measure("cold query, s", 2),
            "warm, pictures": Measure(f"warm query among {counts['pictures']:,}, ms", 1),
            **{f"warm, {rows}-rows": Measure(f"among {rows:,}, ms", 1) for rows in options.sizes},
        },
        {
            "rerun": Measure("rerun on the unchanged folder, s", 2),
            "installed": Measure("installed, without downloaded weights, MB", 0),
        },
        {
            "memory, pictures": Measure("peak memory, pictures, MB", 0),
            "memory, photos": Measure("peak memory, photos, MB", 0),
        },
    ]
    parts = [head, *(comparison.results.table(names, group) for group in groups)]
    parts += [_limits_table(comparison.results), _peers_table(names, peer_versions)]
    if comparison.failures:
        rows = [[peer, step, f"`{reason}`"] for peer, step, reason in comparison.failures]
        parts.append(markdown_table(["failed", "step", "reason"], rows))
    return "\n\n".join(parts)


def _limits_table(results: Results) -> str:
    """Compare indexing with decoding alone and encoding alone, round by round."""
    alone = {name: results.values(LIMITS, name) for name in ("decode", "int8", "float32")}
    rates = results.values(REFERENCE.name, "pictures")
    shares, shares_of_both = [], []
    for number in {sample.round for sample in results.samples if sample.peer == LIMITS}:
        decode, encode = (results.values(LIMITS, n, number)[0] for n in ("decode", "int8"))
        for rate in results.values(REFERENCE.name, "pictures", number):
            shares.append(rate / min(decode, encode))
            shares_of_both.append(rate * (1 / decode + 1 / encode))
    rows = [
        ["index, process start to end, pictures/s", median_and_range(rates, 1)],
        ["read and decode alone, all cores, pictures/s", median_and_range(alone["decode"], 1)],
        ["encode alone, all cores, int8, pictures/s", median_and_range(alone["int8"], 1)],
        ["the same network in float32, pictures/s", median_and_range(alone["float32"], 1)],
        ["index / the slower of the two alone", median_and_range(shares, 2)],
        ["index / one after the other on the same cores", median_and_range(shares_of_both, 2)],
    ]
    return markdown_table([f"`{REFERENCE.name}`", "value"], rows)


def _peers_table(names: list[str], peer_versions: dict[str, str]) -> str:
    rows = []
    for peer in (REFERENCE, *PEERS):
        if peer.name in names:
            version = f"{peer.environment.distribution} {peer_versions[peer.name]}"
            rerun = "" if peer.skips_unchanged else "indexes everything again on a rerun"
            notes = "; ".join(note for note in (peer.replacement, rerun) if note)
            rows.append([peer.name, version, peer.network, notes or NO_VALUE])
    return markdown_table(["peer", "version", "network", "replaced; notes"], rows)


def _save(path: Path | None, comparison: Comparison) -> None:
    if path:
        samples = [sample._asdict() for sample in comparison.results.samples]
        data = {"samples": samples, "failures": comparison.failures}
        path.write_text(json.dumps(data, indent=1), "utf-8")


if __name__ == "__main__":
    main()
