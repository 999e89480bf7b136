"""lookalike side by side with what people use today, in one run.

    python -m benchmarks.peers FOLDER [--pictures N] [--photos N] [--peers NAME,...] [--repeat 3]
                                      [--sizes 10000,100000] [--work DIR] [--json OUT]

Each peer is installed into an environment of its own and used as its documentation says, by a
short runner (`runners/run_NAME.py`) that says what it had to replace. No peer downloads trained
weights here: each one's own network has random weights, which cost the same time, so what is found
means nothing and is not measured. One that can't be installed or run is listed with its reason.

Measured are pictures/s into the collection (FOLDER; and photos of 12 megapixels made of it), from
the start of the process to its end; a second run over the unchanged folder; the most memory of all
processes together; what the environment takes, weights that are downloaded later not counted (ours
lie in the package); a cold query, from the start of the process to its end, and a warm one, from
file to hits, among FOLDER's pictures and among more, made by repeating vectors with noise. Before
each measurement of a peer the same is measured of lookalike without copies, which is what the peers
do; the ratios are of these pairs (x `lookalike-no-copies`) and of the medians of a round
(x `lookalike`, which finds and proves copies, too). A ratio of 10 says that lookalike does ten
times as well. Values are medians (least to greatest).

It ends with how near lookalike's indexing comes to its own limit: decoding alone and encoding alone
with all cores.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from benchmarks.collection import Line
from benchmarks.peers.catalogue import NETWORKS, PACKAGED, PEERS, REFERENCE, RUNNERS, WITH_COPIES
from benchmarks.peers.environments import made, megabytes, version
from benchmarks.peers.figures import Figures, Measure, Sample, spread, table
from benchmarks.peers.pictures import make_photos, make_queries, paths_of, sample
from benchmarks.peers.rounds import Bench, Task, measure_round
from benchmarks.peers.running import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.peers.catalogue import Environment, Peer

QUERIES = 50
LIMITS = "limits"  # the name that lookalike's own limits have among the figures


def main(arguments: Sequence[str] | None = None) -> None:
    """Make what is needed, measure, print."""
    options = _parsed(arguments)
    figures = Figures(REFERENCE.name, WITH_COPIES.name)
    bench = Bench(options.work, {}, REFERENCE, figures, options.limit)
    peers = [peer for peer in PEERS if peer.name in options.peers]
    versions = _install(bench, [REFERENCE, *peers])
    if REFERENCE.name not in versions:
        raise SystemExit(f"lookalike itself can't be installed: {bench.failures[0][2]}")
    peers = [peer for peer in peers if peer.name in versions]
    networks = _networks(bench)
    task = _task(options)
    try:
        _measure(bench, peers, task, networks, options)
    except KeyboardInterrupt:
        print("stopped; what there is:", file=sys.stderr)
    shutil.rmtree(options.work / "places", ignore_errors=True)
    names = [REFERENCE.name, *(peer.name for peer in peers)]
    _save(options.json, bench)
    print(_report(bench, task, options, names, versions))


def _measure(
    bench: Bench, peers: list[Peer], task: Task, networks: Path, options: argparse.Namespace
) -> None:
    """Go through the rounds; samples are saved after each peer, for hours may lie behind them."""
    line = Line("peers measured", options.repeat * len(peers))
    for number in range(options.repeat):
        for peer in peers:
            measure_round(bench, peer, task, number)
            _save(options.json, bench)
            line.add(1)
        bench.step(REFERENCE, LIMITS, lambda: _limits(bench, task, networks, number))  # noqa: B023


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, help="take so many of the folder; default: all")
    parser.add_argument("--photos", type=int, default=0, help="of 12 megapixels, made; default: 0")
    parser.add_argument("--peers", help="names, with commas; default: all")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--sizes", default="", help="rows for warm queries, such as 10000,100000")
    parser.add_argument("--work", type=Path, default=user_cache_path("lookalike") / "peers")
    parser.add_argument("--limit", type=float, default=7_200, help="seconds a command may take")
    parser.add_argument("--json", type=Path, help="where all samples go")
    options = parser.parse_args(arguments)
    known = [peer.name for peer in PEERS]
    options.peers = options.peers.split(",") if options.peers else known
    if not set(options.peers) <= set(known):
        parser.error(f"--peers knows {', '.join(known)}")
    options.sizes = [int(rows) for rows in options.sizes.split(",") if rows]
    options.work = options.work.resolve()
    options.work.mkdir(parents=True, exist_ok=True)
    # Of a run that was stopped: its collections are of other pictures, or half done.
    shutil.rmtree(options.work / "places", ignore_errors=True)
    return options


def _install(bench: Bench, peers: list[Peer]) -> dict[str, str]:
    """Make the environments; give the versions of those peers that have one."""
    found: dict[Environment, tuple[Path, str, float]] = {}
    versions = {}
    for peer in peers:

        def install(peer: Peer = peer) -> None:
            one = peer.environment
            if one not in found:
                python = made(one, bench.work / "environments")
                found[one] = (python, version(python, one.shown), megabytes(python))
            bench.pythons[peer.name], versions[peer.name], size = found[one]
            beside = None if peer is REFERENCE else found[REFERENCE.environment][2]
            bench.figures.add(Sample(peer.name, "installed", 0, size, beside))

        bench.step(peer, "install", install)
    return versions


def _networks(bench: Bench) -> Path:
    """Make the networks that are neither shipped nor downloaded; give their folder."""
    folder = bench.work / "networks"

    def make() -> None:
        python = made(NETWORKS, bench.work / "environments")
        command = [str(python), str(RUNNERS / "make_networks.py"), str(PACKAGED), str(folder)]
        (bench.work / "logs").mkdir(exist_ok=True)
        run(command, log=bench.work / "logs" / "networks.txt", limit=bench.limit)

    bench.step(REFERENCE, "networks", make)
    return folder


def _task(options: argparse.Namespace) -> Task:
    folder = options.folder.resolve()
    if options.pictures:
        place = options.work / f"pictures-{options.pictures}"
        sample(folder, options.pictures, place)
        folder = place
    folders = {"pictures": folder}
    if options.photos:
        folders["photos"] = options.work / f"photos-{options.photos}"
        make_photos(folder, options.photos, folders["photos"])
    queries = make_queries(folder, QUERIES, options.work / f"queries-{folder.name}")
    return Task(folders, queries, options.sizes)


def _limits(bench: Bench, task: Task, networks: Path, number: int) -> None:
    """Measure decoding alone, encoding alone."""
    command = [str(bench.pythons[REFERENCE.name]), str(RUNNERS / "run_limits.py")]
    command += [str(task.folders["pictures"]), *map(str, networks.glob("float32.onnx"))]
    log = bench.work / "logs" / "limits.txt"
    for name, rate in run(command, log=log, limit=bench.limit).answer.items():
        bench.figures.add(Sample(LIMITS, name, number, rate))


def _report(
    bench: Bench,
    task: Task,
    options: argparse.Namespace,
    names: list[str],
    versions: dict[str, str],
) -> str:
    """Write everything as Markdown."""
    counts = {kind: len(paths_of(folder)) for kind, folder in task.folders.items()}
    head = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
    head += f" of {options.folder.name}; rounds: {options.repeat}; {os.cpu_count()} cores, "
    head += f"Python {platform.python_version()}, load at the end {os.getloadavg()[0]:.2f}"
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
            "installed": Measure("installed, without weights that it downloads, MB", 0),
        },
        {
            "memory, pictures": Measure("most memory, pictures, MB", 0),
            "memory, photos": Measure("most memory, photos, MB", 0),
        },
    ]
    parts = [head, *(bench.figures.table(names, group) for group in groups)]
    parts += [_limits_table(bench.figures), _what_is_what(names, versions)]
    if bench.failures:
        rows = [[peer, step, f"`{reason}`"] for peer, step, reason in bench.failures]
        parts.append(table(["could not", "step", "reason"], rows))
    return "\n\n".join(parts)


def _limits_table(figures: Figures) -> str:
    """Tell how near indexing comes to what decoding and encoding allow, round by round."""
    alone = {name: figures.values(LIMITS, name) for name in ("decode", "int8", "float32")}
    wholes = figures.values(REFERENCE.name, "pictures")
    shares, shares_of_both = [], []
    for number in {one.round for one in figures.samples if one.peer == LIMITS}:
        decode, encode = (figures.values(LIMITS, n, number)[0] for n in ("decode", "int8"))
        for whole in figures.values(REFERENCE.name, "pictures", number):
            shares.append(whole / min(decode, encode))
            shares_of_both.append(whole * (1 / decode + 1 / encode))
    rows = [
        [
            "index, process start to end, pictures/s",
            spread(wholes, 1),
        ],
        ["read and decode alone, all cores, pictures/s", spread(alone["decode"], 1)],
        ["encode alone, all cores, int8, pictures/s", spread(alone["int8"], 1)],
        ["the same network in float32, pictures/s", spread(alone["float32"], 1)],
        ["index / the slower of the two alone", spread(shares, 2)],
        ["index / both one after the other on the same cores", spread(shares_of_both, 2)],
    ]
    return table([f"`{REFERENCE.name}`", "measured"], rows)


def _what_is_what(names: list[str], versions: dict[str, str]) -> str:
    rows = []
    for peer in (REFERENCE, *PEERS):
        if peer.name in names:
            shown = f"{peer.environment.shown} {versions[peer.name]}"
            again = "" if peer.knows_unchanged else "does all again on a rerun"
            said = "; ".join(part for part in (peer.changed, again) if part)
            rows.append([peer.name, shown, peer.network, said or "nothing"])
    return table(["peer", "version", "network", "replaced, and to know"], rows)


def _save(path: Path | None, bench: Bench) -> None:
    if path:
        samples = [one._asdict() for one in bench.figures.samples]
        found = {"samples": samples, "failures": bench.failures}
        path.write_text(json.dumps(found, indent=1), "utf-8")


if __name__ == "__main__":
    main()
