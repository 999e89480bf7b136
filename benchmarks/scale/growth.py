"""Measure a gallery as it grows to a million pictures: build, search, add, remove.

    python -m benchmarks.scale.growth FOLDER [--sizes 10000,100000,1000000] [--work DIR]
        [--json FILE] [--plot FILE] [--without pairs]

For each size a gallery is made: a few pictures of FOLDER are indexed as usual, with copy detection;
the other rows are synthetic vectors (see `synthetic_vectors`). Each stage of `growth_stages` runs
in a process of its own, whose peak memory is reported. Its results go to `DIR/SIZE/measured.json`:
a second run of this command continues after the last complete stage. Recall is measured against an
exact comparison with all vectors.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.report import facts_line, markdown_table, versions
from benchmarks.scale.growth_stages import ADDED_ROWS, STAGES

PANELS: dict[str, tuple[str, ...]] = {
    "ms (p50)": (
        "index, p50 / p99, ms",
        "index, p50 / p99, ms, 1% of rows allowed",
        "index, p50 / p99, ms, 50% of rows allowed",
        "file to hits, copies proved, p50 / p99, ms",
        "file to hits, by likeness alone, p50 / p99, ms",
    ),
    "seconds": (
        "index built, s",
        f"{ADDED_ROWS:,} rows added until found, s",
        "one more file indexed, s",
        "first search, process start to end, s",
        "pairs for duplicates by vectors, s",
    ),
    "MB, peak": ("search MB", "files MB", "build MB", "add MB"),
}


def main() -> None:
    """Run all stages for all sizes, print a Markdown table, draw the plot."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="pictures, at any depth")
    parser.add_argument("--sizes", default="10000,100000,1000000", help="rows, comma-separated")
    parser.add_argument("--work", type=Path, default=Path("scale"), help="folder for the galleries")
    parser.add_argument("--json", type=Path, help="write the results to this file, too")
    parser.add_argument("--plot", type=Path, help="draw the results into this file")
    parser.add_argument("--without", default="", help="stages to leave out, such as pairs,prune")
    parser.add_argument("--stage", nargs=2, help=argparse.SUPPRESS)  # what `_measure` runs
    options = parser.parse_args()
    if options.stage:
        name, rows = options.stage
        print(json.dumps(_run_stage(name, options.folder, options.work, int(rows))))
        return
    stages = [name for name in STAGES if name not in options.without.split(",")]
    results = {}
    for rows in map(int, options.sizes.split(",")):
        (options.work / str(rows)).mkdir(parents=True, exist_ok=True)
        results[rows] = _measure(options.folder, options.work, rows, stages)
    facts = versions("lookalike", "pylance", "onnxruntime", "numpy")
    facts |= {"cores": str(os.cpu_count())}
    if options.json:
        options.json.write_text(json.dumps({"facts": facts, "measured": results}, indent=1))
    if options.plot:
        _plot(results, options.plot)
    print(facts_line(facts) + "\n")
    names = dict.fromkeys(name for result in results.values() for name in result)
    table = [[name, *(result.get(name, "") for result in results.values())] for name in names]
    print(markdown_table(["rows", *(f"{rows:,}" for rows in results)], table))


def _run_stage(name: str, folder: Path, work: Path, rows: int) -> dict[str, Any]:
    """Run a stage in this process; return its results and the peak memory."""
    result = STAGES[name](folder, work, rows)
    processes = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = max(resource.getrusage(process).ru_maxrss for process in processes) / 1024
    return {**result, f"{name} MB": round(peak)}


def _measure(folder: Path, work: Path, rows: int, stages: list[str]) -> dict[str, Any]:
    """Run the stages that have no results yet; return all results."""
    file = work / str(rows) / "measured.json"
    results: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    for name in stages:
        if f"{name} MB" in results:
            continue
        start = time.monotonic()
        command = [sys.executable, "-m", "benchmarks.scale.growth", str(folder)]
        command += ["--work", str(work), "--stage", name, str(rows)]
        output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        results |= json.loads(output.splitlines()[-1])
        results[f"load after {name}"] = round(os.getloadavg()[0], 1)
        file.write_text(json.dumps(results, indent=1))
        print(f"{rows:,}: {name}, {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    return results


def _plot(results: dict[int, dict[str, Any]], path: Path) -> None:
    """Plot selected results by size, on logarithmic axes."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.ticker import LogLocator, NullLocator

    figure, panels = plt.subplots(1, len(PANELS), figsize=(13, 4.2), layout="constrained")
    sizes = list(results)
    for panel, (unit, names) in zip(panels, PANELS.items(), strict=True):
        for name in names:
            cells = [str(results[size].get(name, "nan")) for size in sizes]
            values = np.array([float(cell.split(" / ")[0]) for cell in cells])
            label = re.sub(r", p50 / p99, ms|, s$| MB$", "", name)
            panel.plot(sizes, values, marker="o", label=label)
        panel.set(xscale="log", yscale="log", xlabel="rows", ylabel=unit)
        panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        panel.yaxis.set_minor_locator(NullLocator())
        panel.xaxis.set_minor_locator(NullLocator())
        for axis in (panel.xaxis, panel.yaxis):
            axis.set_major_formatter("{x:,g}")
        panel.legend(fontsize=7)
        panel.grid(alpha=0.3)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
