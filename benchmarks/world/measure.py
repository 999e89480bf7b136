"""Measure encoders on the downloaded collections, each picture a query to all others.

    python -m benchmarks.world.measure FOLDER [--encoder NAME]... [--half development|test]

Prints mAP and P@1 with 95% intervals, as `lookalike evaluate FOLDER/NAME` does, for every
collection, and their means over the collections. Choose by the development half (the default);
report the test half.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from benchmarks.report import Progress, facts_line, markdown_table, versions
from benchmarks.world.recipe import HALVES, read_recipe
from lookalike.encoders import DEFAULT_ENCODER
from lookalike.evaluate import evaluate

if TYPE_CHECKING:
    from lookalike.evaluate import Evaluation

FIGURES = ("mAP", "P@1")


def main() -> None:
    """Evaluate every encoder on every collection; print a table for each figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="what `python -m benchmarks.world.fetch` made")
    parser.add_argument("--encoder", action="append", help="a name or a file; may be repeated")
    parser.add_argument("--half", choices=HALVES, default="development")
    options = parser.parse_args()
    encoders = options.encoder or [DEFAULT_ENCODER]
    names = [c.name for c in read_recipe(options.half)]
    progress = Progress("evaluations", len(names) * len(encoders))
    evaluations: dict[str, list[Evaluation]] = {}
    for name in names:
        if not (options.folder / name).is_dir():
            print(f"{name} is missing: run benchmarks.world.fetch first.", file=sys.stderr)
            continue
        evaluations[name] = [evaluate(options.folder / name, encoder=e) for e in encoders]
        progress.advance(len(encoders))
    if not evaluations:
        raise SystemExit(f"{options.folder} has no collection of the half {options.half}.")
    print(facts_line({"half": options.half, **versions("lookalike", "onnxruntime")}), end=".\n")
    for figure in FIGURES:
        print("\n" + table(figure, encoders, evaluations))


def table(figure: str, encoders: list[str], evaluations: dict[str, list[Evaluation]]) -> str:
    """Format a figure of every collection and encoder; the last row is the mean."""
    rows = []
    for name, of_encoders in evaluations.items():
        estimates = [evaluation.metrics[figure] for evaluation in of_encoders]
        cells = [f"{e.mean:.3f} ({e.low:.3f} to {e.high:.3f})" for e in estimates]
        rows.append([name, f"{of_encoders[0].metrics.queries:,}", *cells])
    columns = zip(*evaluations.values(), strict=True)
    means = [f"{fmean(e.metrics[figure].mean for e in column):.3f}" for column in columns]
    return markdown_table([figure, "queries", *encoders], [*rows, ["mean", "", *means]])


if __name__ == "__main__":
    main()
