"""The commands that measure and train encoders; they need no gallery."""

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .exit_codes import INTERRUPTED
from .options import JsonOption, check_output_folder, output_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..types import Refusal

MAX_REFUSALS_SHOWN = 20
training_option = partial(typer.Option, rich_help_panel="Training")


def evaluate(
    folder: Annotated[
        Path | None, typer.Argument(metavar="FOLDER", help="Pictures, in one folder per label.")
    ] = None,
    *,
    encoder: Annotated[
        str | None,
        typer.Option(
            "--encoder", metavar="NAME", help="Encoder to measure. By default lookalike-3."
        ),
    ] = None,
    protocol: Annotated[
        str,
        typer.Option(
            "--protocol", metavar="NAME", help="all, or test3, the protocol of Caltech-101."
        ),
    ] = "all",
    queries: Annotated[
        Path | None,
        typer.Option(
            "--queries", metavar="A", help="Search with these pictures, instead of FOLDER."
        ),
    ] = None,
    gallery: Annotated[
        Path | None,
        typer.Option("--gallery", metavar="B", help="Search in these pictures, with --queries."),
    ] = None,
    report: Annotated[
        Path | None,
        output_option(
            "--report",
            metavar="OUT.html",
            help="Also write a page with figures, charts and pictures.",
        ),
    ] = None,
    as_json: JsonOption = False,
    top: Annotated[
        int, typer.Option("--top", metavar="K", min=1, help="The k of mAP@k, recall@k and nDCG@k.")
    ] = 10,
    max_queries: Annotated[
        int | None,
        typer.Option(
            "--max-queries",
            metavar="N",
            min=0,
            help="Draw at most N queries, 0 for all. By default 20,000.",
        ),
    ] = None,
) -> None:
    """Measure an encoder on labelled pictures.

    The figures say how well it finds the pictures that have the query's label.
    """
    from ..encoders import DEFAULT_ENCODER
    from ..evaluate import MAX_QUERIES, evaluate as run_evaluation, write_report
    from .progress import StageProgress
    from .terminal import say, show_figures

    if report:
        check_output_folder(report)
    with StageProgress() as progress:
        try:
            evaluation = run_evaluation(
                folder,
                queries=queries,
                gallery=gallery,
                encoder=DEFAULT_ENCODER if encoder is None else encoder,
                protocol=protocol,
                k=top,
                max_queries=MAX_QUERIES if max_queries is None else max_queries,
                on_progress=progress,
            )
            size = write_report(evaluation, report, on_progress=progress) if report else 0
        except KeyboardInterrupt:
            say(
                "Stopped before anything was written; run the same command to start over.",
                error=True,
            )
            raise typer.Exit(INTERRUPTED) from None
    for remark in evaluation.remarks:
        say(remark, error=True)
    _show_refusals(evaluation.refusals, "; list them all with --json")
    if as_json:
        say(json.dumps(evaluation.as_json()))
    else:
        show_figures(evaluation)
    if report:
        say(f"Report: {report} ({size / 1e6:.1f} MB)", error=True)


def finetune(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Pictures, in one folder per label.")
    ],
    *,
    output: Annotated[
        Path, typer.Option("--output", metavar="OUT.onnx", help="The encoder file to write.")
    ],
    epochs: Annotated[
        int | None,
        training_option(
            "--epochs",
            metavar="N",
            min=1,
            help="How many times to train on each picture. By default 6.",
        ),
    ] = None,
    init: Annotated[
        str | None,
        training_option(
            "--init",
            metavar="NAME",
            help="Encoder or hf:owner/name to start from. By default lookalike-3.",
        ),
    ] = None,
    device: Annotated[
        str,
        training_option(
            "--device",
            metavar="NAME",
            help="Where to train: auto (a GPU if possible), cpu or cuda.",
        ),
    ] = "auto",
    precision: Annotated[
        str,
        typer.Option(
            "--precision", metavar="NAME", help="Precision of the written weights: int8 or float32."
        ),
    ] = "int8",
    held_out: Annotated[
        float,
        training_option(
            "--held-out",
            metavar="SHARE",
            min=0,
            max=0.5,
            help="Share of each label to measure on instead of training on, 0 to 0.5.",
        ),
    ] = 0.1,
    unlabelled: Annotated[
        list[str] | None,
        training_option(
            "--unlabelled",
            metavar="LABEL",
            help="A folder of mixed pictures, to use without its label; repeatable.",
        ),
    ] = None,
    others: Annotated[
        Path | None,
        training_option(
            "--others",
            metavar="FOLDER",
            help="Labelled pictures of other kinds, to measure before and after.",
        ),
    ] = None,
    seed: Annotated[
        int | None, training_option("--seed", metavar="N", help="Seed of every random choice.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue a stopped run.")] = False,
) -> None:
    """Train your own encoder on labelled pictures."""
    from ..finetune import finetune as train
    from .progress import StageProgress
    from .terminal import say

    choices = {"epochs": epochs, "init": init, "seed": seed}
    with StageProgress() as progress:
        try:
            trained = train(
                folder,
                output,
                device=device,
                precision=precision,
                held_out=held_out,
                unlabelled=unlabelled or (),
                others=others,
                resume=resume,
                on_progress=progress,
                **{name: value for name, value in choices.items() if value is not None},
            )
        except KeyboardInterrupt:
            say("Stopped; run the same command with --resume to continue.", error=True)
            raise typer.Exit(INTERRUPTED) from None
    _show_refusals(trained.refusals)
    say(
        f"{trained.output}: {trained.bytes / 1e6:.1f} MB, {trained.dimensions} dimensions, trained "
        f"on {trained.pictures:,} pictures of {trained.labels:,} labels in {trained.seconds:,.0f} "
        f"s on {trained.device}. Training curve: {trained.curve}"
    )
    for finding in trained.findings:
        say(finding)
    say(f"Use it: lookalike index FOLDER --gallery DIR --encoder {trained.output}")


def dataset(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the data set: caltech101.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to download it to.")],
    *,
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="FILE", help="Its archive: a file, or another URL."),
    ] = None,
    keep_archive: Annotated[
        bool, typer.Option("--keep-archive", help="Keep the downloaded archive in DIR.")
    ] = False,
) -> None:
    """Download a public data set of labelled pictures.

    A stopped download continues where it was.
    """
    from ..dataset import DATA_SETS, fetch
    from .progress import ByteProgress
    from .terminal import say

    with ByteProgress() as progress:
        try:
            pictures = fetch(
                name, folder, source=source, keep_archive=keep_archive, on_progress=progress
            )
        except KeyboardInterrupt:
            state = f" ({progress})" if progress.stage else ""
            say(f"Stopped{state}; run the same command again to continue.", error=True)
            raise typer.Exit(INTERRUPTED) from None
    data_set = DATA_SETS[name]
    remark = "" if progress.stage else " (already complete, so nothing was downloaded)"
    say(f"{data_set.pictures:,} pictures in {pictures}{remark}.")
    say(f"Licence: {data_set.licence}")
    say(f"Cite: {data_set.citation}")
    argument = f'"{pictures}"' if " " in str(pictures) else pictures
    say(f"Next: lookalike evaluate {argument} --protocol {data_set.protocol}")


def _show_refusals(refusals: "Sequence[Refusal]", remark: str = "") -> None:
    from .terminal import say

    for refusal in refusals[:MAX_REFUSALS_SHOWN]:
        say(f"{refusal.path}\t{refusal.reason}", error=True)
    if len(refusals) > MAX_REFUSALS_SHOWN:
        say(f"... and {len(refusals) - MAX_REFUSALS_SHOWN:,} more{remark}.", error=True)
