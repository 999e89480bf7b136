"""The command line's other half: commands that need no gallery."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from ..errors import ArgumentError

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

DONE, NOTHING_USABLE, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130

REFUSALS_NAMED = 20

app = typer.Typer()


@app.command()
def compare(
    one: Annotated[str, typer.Argument(metavar="A", help="A picture's path; - for stdin.")],
    other: Annotated[Path, typer.Argument(metavar="B", help="Another's.")],
    out: Annotated[
        Optional[Path],
        typer.Option("--out", metavar="OUT.jpg", help="Also draw them, and what they share."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Tell whether one picture is a copy of another, and what was done to it."""
    from ..search import compare as look_at_both
    from ..sources import read_stream
    from .terminal import say

    found = look_at_both(read_stream(sys.stdin.buffer) if one == "-" else one, other)
    if as_json:
        say(json.dumps(found.as_json()))
    else:
        for sentence in found.sentences:
            say(sentence)
    if out:
        from .contact_sheet import comparison_sheet, save

        save(comparison_sheet(found), out)
        say(f"Drawn: {out}", error=True)


@app.command()
def dataset(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which one: caltech101.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to bring it into.")],
    source: Annotated[
        Optional[str],
        typer.Option("--from", metavar="FILE", help="Its archive, as a file or at another URL."),
    ] = None,
    keep_archive: Annotated[
        bool, typer.Option("--keep-archive", help="Leave the downloaded archive in DIR.")
    ] = False,
) -> None:
    """Bring a public data set from its publisher; run it again to go on."""
    from ..dataset import DATA_SETS, fetch
    from .terminal import say

    with _ByteProgress() as progress:
        try:
            pictures = fetch(
                name, folder, source=source, keep_archive=keep_archive, on_progress=progress
            )
        except KeyboardInterrupt:
            at = f" ({progress})" if progress.doing else ""
            say(f"Stopped{at}. Run the same command again to go on.", error=True)
            raise typer.Exit(INTERRUPTED) from None
    data_set = DATA_SETS[name]
    there = "" if progress.doing else "; they were there already, and nothing was fetched"
    say(f"{data_set.pictures:,} pictures in {pictures}{there}.")
    say(f"Licence: {data_set.licence}")
    say(f"Cite: {data_set.citation}")
    quoted = f'"{pictures}"' if " " in str(pictures) else pictures
    say(f"Next: lookalike evaluate {quoted} --protocol {data_set.protocol}")


@app.command()
def evaluate(
    folder: Annotated[
        Optional[Path],
        typer.Argument(metavar="FOLDER", help="Pictures, in one folder for each label."),
    ] = None,
    encoder: Annotated[
        Optional[str], typer.Option("--encoder", metavar="NAME", help="Which encoder to measure.")
    ] = None,
    protocol: Annotated[
        str, typer.Option("--protocol", metavar="NAME", help="all, or Caltech-101's test3.")
    ] = "all",
    queries: Annotated[
        Optional[Path],
        typer.Option("--queries", metavar="A", help="Ask with these; with --gallery, no FOLDER."),
    ] = None,
    gallery: Annotated[
        Optional[Path], typer.Option("--gallery", metavar="B", help="Among these; labelled, too.")
    ] = None,
    report: Annotated[
        Optional[Path],
        typer.Option("--report", metavar="OUT.html", help="Also write a page that shows it all."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    top: Annotated[
        int, typer.Option("--top", min=1, help="The k of mAP@k, recall@k and nDCG@k.")
    ] = 10,
    max_queries: Annotated[
        Optional[int],
        typer.Option("--max-queries", min=0, help="Draw so many of more; 0 for all of them."),
    ] = None,
) -> None:
    """Measure how well an encoder finds pictures of a query's label."""
    from ..encoders import DEFAULT_ENCODER
    from ..evaluate import MAX_QUERIES, evaluate as measure, write_report
    from .terminal import StageProgress, say, show_figures

    if report and not report.absolute().parent.is_dir():
        raise ArgumentError(f"{report.parent} is no folder; write the report to one that is there.")
    with StageProgress() as progress:
        try:
            found = measure(
                folder,
                queries=queries,
                gallery=gallery,
                encoder=DEFAULT_ENCODER if encoder is None else encoder,
                protocol=protocol,
                k=top,
                max_queries=MAX_QUERIES if max_queries is None else max_queries,
                on_progress=progress,
            )
            size = write_report(found, report, on_progress=progress) if report else 0
        except KeyboardInterrupt:
            say("Stopped; nothing was written. Run the same command to begin again.", error=True)
            raise typer.Exit(INTERRUPTED) from None
    for said in found.remarks:
        say(said, error=True)
    for refusal in found.refusals[:REFUSALS_NAMED]:
        say(f"{refusal.path}\t{refusal.reason}", error=True)
    if len(found.refusals) > REFUSALS_NAMED:
        say(f"... and {len(found.refusals) - REFUSALS_NAMED:,} more; --json has all.", error=True)
    if as_json:
        say(json.dumps(found.as_json()))
    else:
        show_figures(found)
    if report:
        say(f"Report: {report} ({size / 1e6:.1f} MB)", error=True)


@app.command()
def finetune(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Pictures, in one folder for each label.")
    ],
    output: Annotated[
        Path, typer.Option("--output", metavar="OUT.onnx", help="The encoder's file to write.")
    ],
    epochs: Annotated[
        Optional[int], typer.Option("--epochs", min=1, help="How often each picture is seen.")
    ] = None,
    init: Annotated[
        Optional[str],
        typer.Option("--init", metavar="NAME", help="Start from: an encoder, or hf:owner/name."),
    ] = None,
    device: Annotated[
        str, typer.Option("--device", metavar="auto|cpu|cuda", help="Where to train.")
    ] = "auto",
    precision: Annotated[
        str, typer.Option("--precision", metavar="int8|float32", help="Of the written weights.")
    ] = "int8",
    held_out: Annotated[
        float, typer.Option("--held-out", min=0, max=0.5, help="Share to measure on, not train on.")
    ] = 0.1,
    unlabelled: Annotated[
        Optional[list[str]],
        typer.Option("--unlabelled", metavar="LABEL", help="A folder that shows anything."),
    ] = None,
    seed: Annotated[Optional[int], typer.Option("--seed", help="Decides every draw.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a stopped run.")] = False,
) -> None:
    """Train an encoder of your own from labelled pictures."""
    from ..finetune import finetune as train
    from .terminal import StageProgress, say

    asked = {"epochs": epochs, "init": init, "seed": seed}
    with StageProgress() as progress:
        try:
            made = train(
                folder,
                output,
                device=device,
                precision=precision,
                held_out=held_out,
                unlabelled=unlabelled or (),
                resume=resume,
                on_progress=progress,
                **{name: value for name, value in asked.items() if value is not None},
            )
        except KeyboardInterrupt:
            say("Stopped. Run the same command with --resume to go on.", error=True)
            raise typer.Exit(INTERRUPTED) from None
    for refusal in made.refusals[:REFUSALS_NAMED]:
        say(f"{refusal.path}\t{refusal.reason}", error=True)
    if len(made.refusals) > REFUSALS_NAMED:
        say(f"... and {len(made.refusals) - REFUSALS_NAMED:,} more.", error=True)
    say(
        f"{made.output}: {made.bytes / 1e6:.1f} MB, {made.dimensions} dimensions, from "
        f"{made.pictures:,} pictures of {made.labels:,} labels in {made.seconds:,.0f} s on "
        f"{made.device}. Its curve: {made.curve}"
    )
    for line in made.findings:
        say(line)
    say(f"Use it: lookalike index FOLDER --gallery DIR --encoder {made.output}")


class _ByteProgress:
    """Show bytes, their rate and the time left: a bar on a terminal, lines elsewhere; on stderr."""

    def __init__(self) -> None:
        from rich import progress
        from rich.console import Console

        console = Console(stderr=True)
        self._lines = not console.is_terminal
        self._bar = progress.Progress(
            progress.TextColumn("{task.description}", markup=False),
            progress.BarColumn(),
            progress.DownloadColumn(),
            progress.TransferSpeedColumn(),
            progress.TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=self._lines,
        )
        self._task = self._bar.add_task("", total=None)
        self._since = self._said = 0.0
        self._first = self._done = self._of = 0
        self.doing = ""

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def __str__(self) -> str:
        return f"{self.doing}: {self._done / 1e6:,.1f} of {self._of / 1e6:,.1f} MB"

    def __call__(self, doing: str, done: int, of: int) -> None:
        from .terminal import PLAIN_SECONDS, say

        now = time.monotonic()
        anew = doing != self.doing or done < self._done
        self.doing, self._done, self._of = doing, done, of
        if anew:  # what an earlier run brought is no part of the rate
            self._since, self._first = now, done
            self._bar.reset(self._task, total=of, completed=done, description=doing)
        self._bar.update(self._task, completed=done)
        if self._lines and (anew or now - self._said > PLAIN_SECONDS):
            self._said = now
            rate = (done - self._first) / max(now - self._since, 1e-9)
            left = f", {rate / 1e6:,.1f} MB/s, {(of - done) / rate:,.0f} s left" if rate else ""
            say(f"{self}{left}", error=True)
