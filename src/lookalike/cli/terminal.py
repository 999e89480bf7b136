"""Results as text: lines, tables, and small pictures where the terminal can show them."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any

from .streams import escape, write_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..evaluate import Evaluation
    from ..types import Hit, SearchResult

HARDEST_LABELS = 5
THUMBNAIL_COLUMNS, THUMBNAIL_LINES = 18, 6  # at most, in cells of the terminal
CELL_ASPECT = 2  # a cell is about twice as high as wide
_SAME_AS_P_AT_1 = ("hit@1", "kNN@1")


def say(text: str, *, error: bool = False) -> None:
    """Print a line; see `streams.escape`. If nobody can read what went wrong, go on."""
    if not error:
        print(escape(text, sys.stdout))
        return
    with contextlib.suppress(OSError):
        print(escape(text, sys.stderr), file=sys.stderr, flush=True)


def counted(count: int, noun: str) -> str:
    """Return `1 file` or `1,234 files`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def say_newer_encoder(source: str) -> None:
    """Say on stderr that this version's default encoder is newer than a gallery's, if it is."""
    from ..encoders import packaged_file, successor

    newer = successor(source)
    if newer != source and packaged_file(source):
        say(
            f"{newer} is newer than this gallery's encoder, {source}; to re-encode its "
            "pictures with it: lookalike index --rebuild",
            error=True,
        )


def say_nulls(count: int) -> None:
    """Tell of how many pictures numbers in the metadata were taken as null, if any."""
    if count:
        say(
            f"The metadata of {counted(count, 'picture')} has numbers that JSON can't hold (NaN or "
            "infinity); they were taken as null.",
            error=True,
        )


def counted_kinds(kinds: Mapping[str, int]) -> str:
    """Return `2 NEF, 1 PDF`."""
    return ", ".join(f"{count:,} {name}" for name, count in kinds.items())


def show_figures(evaluation: Evaluation) -> None:
    """Print the figures of an evaluation with their intervals, and what was measured."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    metrics, card = evaluation.metrics, evaluation.encoder
    labels = len({picture.label for picture in evaluation.gallery})
    gallery = "all others" if metrics.leave_one_out else f"{metrics.gallery:,} pictures"
    folders = " to ".join(evaluation.folders)
    say(f"{card['name']} on {folders}, protocol {evaluation.protocol}")
    say(f"{metrics.queries:,} queries to {gallery}, {labels:,} labels")
    table = Table("", box=SIMPLE, pad_edge=False)
    for name in ("mean", "95% interval"):
        table.add_column(name, justify="right")
    for name, estimate in metrics.estimates.items():
        if name not in _SAME_AS_P_AT_1:
            interval = f"{estimate.low:.4f} to {estimate.high:.4f}"
            table.add_row(name, f"{estimate.mean:.4f}", interval)
    table.add_row("mAP, mean over labels", f"{metrics.macro_mean_average_precision:.4f}", "")
    Console(highlight=False).print(table)
    ranked = sorted(metrics.labels, key=lambda label: label.means["mAP"])[:HARDEST_LABELS]
    hardest = ", ".join(f"{label.label} {label.means['mAP']:.2f}" for label in ranked)
    say(f"Hardest labels by mAP: {hardest}")
    weights = f"weights {card['sha256'][:12]}, {card['dimensions']} dimensions"
    say(f"{card['name']}: {weights}; {evaluation.pictures_per_second:,.0f} pictures/s encoded")
    say(", ".join(f"{name} {version}" for name, version in evaluation.versions.items()))


def paths_of(hit: Hit, *, all_places: bool) -> list[str]:
    """Return the path of a hit, or those of all its files."""
    return [place.path for place in hit.places] if all_places else [hit.path]


def show_paths(result: SearchResult, *, all_places: bool, end: str) -> None:
    """Print the paths of the hits, each with an end."""
    for hit in result:
        for path in paths_of(hit, all_places=all_places):
            write_path(path, end)


def show_hits(result: SearchResult, *, all_places: bool) -> None:
    """Print the hits: a table with pictures on a terminal, tab-separated lines elsewhere."""
    if not sys.stdout.isatty():
        for hit in result:
            size = f"{hit.width}x{hit.height}"
            for path in paths_of(hit, all_places=all_places):
                say(f"{hit.rank}\t{hit.kind}\t{hit.score:.4f}\t{size}\t{path}")
        return
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    picture_class = _picture_class()
    table = Table("", box=SIMPLE, pad_edge=False)
    if picture_class:
        table.add_column("picture", width=THUMBNAIL_COLUMNS)
    for name in ("kind", "score", "size"):
        table.add_column(name)
    table.add_column("path", overflow="fold")
    for hit in result:
        paths = paths_of(hit, all_places=all_places)
        others = len(hit.places) - len(paths)
        lines = [*paths, f"and {others:,} more (--all-places)"] if others > 0 else paths
        table.add_row(
            str(hit.rank),
            *([_thumbnail(picture_class, hit)] if picture_class else []),
            _kind(hit),
            f"{hit.score:.3f}",
            f"{hit.width} x {hit.height}",
            Text("\n".join(escape(line, sys.stdout) for line in lines), overflow="fold"),
        )
    console = Console()
    console.print(table)
    summary = f"{counted(len(result), 'hit')} in {result.took_ms:.0f} ms"
    console.print(summary, style="dim", highlight=False)


def _kind(hit: Hit) -> Any:
    """Return the kind of a hit: in bold if it is a copy, with the edits that were made."""
    from rich.text import Text

    from ..copies import changes
    from ..types import COPY_KINDS

    if hit.kind not in COPY_KINDS:
        return hit.kind
    if hit.kind == "copy" and hit.match:
        text = f"copy: {', '.join(changes(hit.match)) or 're-saved'}"
    else:
        text = hit.kind
    return Text(text, "bold", overflow="fold")


def _picture_class() -> Any | None:
    """Return the class that draws pictures on this terminal (kitty, sixel), if it shows any."""
    if os.environ.get("TERM") == "dumb":
        return None
    import logging

    logging.getLogger("textual_image").setLevel(logging.CRITICAL)  # a silent terminal is normal
    try:
        from textual_image import renderable  # which asks the terminal when it is imported
    except Exception:  # noqa: BLE001  an odd answer of a terminal must not cost the hits
        return None
    good = (renderable.SixelImage, renderable.TGPImage)
    return renderable.Image if renderable.Image in good else None


def _thumbnail(picture_class: Any, hit: Hit) -> Any:
    from .contact_sheet import open_picture

    picture = open_picture(hit.path)
    if picture is None:
        return "gone"
    if picture.width * THUMBNAIL_LINES * CELL_ASPECT > picture.height * THUMBNAIL_COLUMNS:
        return picture_class(picture, width=THUMBNAIL_COLUMNS, height="auto")
    return picture_class(picture, width="auto", height=THUMBNAIL_LINES)
