"""The report of an evaluation: one HTML file that needs no network."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from ..report import TILE_PIXELS, build_map, escape, sprite, thumbnail_uri, write_document
from . import charts
from .charts import format_score
from .error_analysis import Confusion, Example, best_and_worst, confusion_matrix, confusions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..sources import LabelledPicture
    from .evaluation import Evaluation

    OnProgress = Callable[[str, int, int], None]

MAX_REFUSALS = 50  # listed on the page
_PAGE = Path(__file__).parent / "page"
_NAV = {
    "figures": "Figures",
    "curve": "Curve",
    "labels": "Labels",
    "confusions": "Confusions",
    "queries": "Queries",
    "map": "Map",
    "rerun": "Rerun",
}
_HIT_BUTTON = (
    '<button type="button" id="map-hit" aria-pressed="false">Mark wrong first hits</button>'
)
_MARKS = {True: ("right", "&#10003;"), False: ("wrong", "&#10005;")}


def write_report(
    evaluation: Evaluation,
    out: str | os.PathLike[str],
    *,
    on_progress: OnProgress = lambda _stage, _done, _of: None,
) -> int:
    """Write an evaluation as one HTML page; return its size in bytes.

    Args:
        evaluation: from `evaluate`; its pictures are read again, for thumbnails.
        out: the file to write.
        on_progress: called with the stage, the number done and the total (0 if unknown).

    Raises:
        ArgumentError: the file can't be written.

    Example:
        >>> import lookalike
        >>> from lookalike.evaluate import write_report
        >>> evaluation = lookalike.evaluate("photos")
        >>> write_report(evaluation, "report.html") > 100_000
        True
    """
    script = (_PAGE / "report.js").read_text("utf-8")
    sha256 = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    names = ", ".join(os.path.basename(os.path.abspath(folder)) for folder in evaluation.folders)
    heading = escape(f"{evaluation.encoder['name']} on {names}")
    return write_document(
        out,
        title=heading,
        style=(_PAGE / "report.css").read_text("utf-8"),
        body=_body(evaluation, heading, script, on_progress),
        policy=f"; script-src 'sha256-{sha256}'",
    )


def _body(evaluation: Evaluation, heading: str, script: str, on_progress: OnProgress) -> str:
    metrics = evaluation.metrics
    best, worst = best_and_worst(evaluation)
    pairs = confusions(evaluation)
    thumbnails = _Thumbnails(evaluation, on_progress, len(best) + len(worst) + len(pairs))
    map_section, points = _map(evaluation, on_progress)
    return Template((_PAGE / "report.html").read_text("utf-8")).substitute(
        script=script,
        heading=heading,
        facts=_facts(evaluation),
        remarks="".join(f'<p class="remark">{escape(text)}</p>' for text in evaluation.remarks),
        nav="".join(f'<a href="#{section}">{name}</a>' for section, name in _NAV.items()),
        cards=_cards(evaluation),
        queries=f"{metrics.queries:,}",
        figures=_figure_rows(evaluation),
        curve=charts.precision_recall(metrics.recall, metrics.precision),
        histogram=charts.histogram(metrics.average_precision),
        curve_rows="".join(
            f'<tr><th scope="row" class="n">{n * 10}%</th>'
            f'<td class="n">{format_score(float(metrics.precision[n * 10]))}</td></tr>'
            for n in range(11)
        ),
        macro=format_score(metrics.macro_mean_average_precision),
        bars=charts.label_bars(metrics.labels),
        label_heads=_label_heads(evaluation),
        label_rows=_label_rows(evaluation),
        confusions=_confusions(evaluation, pairs, thumbnails),
        worst="".join(_example(evaluation, example, thumbnails) for example in worst),
        best="".join(_example(evaluation, example, thumbnails) for example in best),
        map=map_section,
        points=points,
        command=escape(evaluation.command),
        origin=_origin(evaluation),
        refusals=_refusals(evaluation),
    )


def _facts(evaluation: Evaluation) -> str:
    metrics, encoder = evaluation.metrics, evaluation.encoder
    labels = len({picture.label for picture in evaluation.gallery})
    gallery = "all others" if metrics.leave_one_out else f"a gallery of {metrics.gallery:,}"
    facts = [
        f"<b>{metrics.queries:,}</b> queries, each to {gallery}",
        f"<b>{labels:,}</b> labels",
        f"protocol <b>{escape(evaluation.protocol)}</b>",
        f"<b>{encoder['dimensions']}</b> dimensions",
        f"<b>{evaluation.pictures_per_second:,.0f}</b> pictures/s encoded",
        f"weights <b>{encoder['sha256'][:12]}</b>",
    ]
    return " &middot; ".join(facts)


def _cards(evaluation: Evaluation) -> str:
    metrics = evaluation.metrics
    explanations = {
        "mAP": "Quality of the whole ranking; 1 if all relevant pictures come first.",
        "P@1": f"{100 * metrics['P@1'].mean:.0f}% of the first hits are right.",
        "P@10": f"{10 * metrics['P@10'].mean:.1f} of the first ten hits are right.",
        "kNN@20": f"A vote of the 20 nearest is right for {100 * metrics['kNN@20'].mean:.0f}%.",
        "MRR": "Position of the first right hit: 1 if it is first, .5 if second.",
    }
    return "".join(
        f'<div class="card{" first" if name == "mAP" else ""}"><h3>{name}</h3>'
        f"<strong>{format_score(metrics[name].mean)}</strong>{charts.interval(metrics[name])}"
        f'<span class="range-text">{format_score(metrics[name].low)} to '
        f"{format_score(metrics[name].high)}</span>"
        f"<p>{explanation}</p></div>"
        for name, explanation in explanations.items()
    )


def _figure_rows(evaluation: Evaluation) -> str:
    return "".join(
        f'<tr><th scope="row">{name}</th><td class="n">{format_score(estimate.mean, 4)}</td>'
        f'<td class="n">{format_score(estimate.low, 4)} to {format_score(estimate.high, 4)}</td>'
        f"<td>{_meaning(name)}</td></tr>"
        for name, estimate in evaluation.metrics.estimates.items()
    )


def _meaning(name: str) -> str:
    metric, _, k = name.partition("@")
    return {
        "mAP": "mean precision at each right hit"
        + f" in the first {k}, divided by {k} or, if less, the number of relevant pictures"
        * bool(k),
        "MAP": "precision at each right hit in the first R, divided by R, the number of relevant "
        "pictures",
        "P": f"share of the first {k} hits that are right",
        "recall": f"share of the relevant pictures that are in the first {k} hits",
        "hit": f"share of queries with a right hit in the first {k} (elsewhere called Recall@{k})",
        "nDCG": f"right hits{f' in the first {k}' * bool(k)}, weighted by 1 / log2(rank + 1), "
        "divided by the best possible sum",
        "MRR": "1 / rank of the first right hit",
        "kNN": f"share of queries whose label wins a weighted vote of the {k} nearest",
    }[metric]


def _label_columns(evaluation: Evaluation) -> list[str]:
    return ["mAP", "P@1", "P@10", f"recall@{evaluation.metrics.k}", "nDCG", "MRR", "kNN@20"]


def _label_heads(evaluation: Evaluation) -> str:
    names = ["queries", *_label_columns(evaluation)]
    return '<th scope="col">label</th>' + "".join(
        f'<th scope="col" class="n">{name}</th>' for name in names
    )


def _label_rows(evaluation: Evaluation) -> str:
    columns = _label_columns(evaluation)
    return "".join(
        f'<tr><th scope="row"><bdi>{escape(label.label)}</bdi></th>'
        f'<td class="n" data-value="{label.queries}">{label.queries:,}</td>'
        + "".join(f'<td class="n">{format_score(label.means[name])}</td>' for name in columns)
        + "</tr>"
        for label in evaluation.metrics.labels
    )


class _Thumbnails:
    """Pictures as `<img>`, each file read once; reports progress by examples."""

    def __init__(self, evaluation: Evaluation, on_progress: OnProgress, of: int) -> None:
        self.evaluation, self.on_progress = evaluation, on_progress
        self.done, self.of = 0, of
        self.uris: dict[str, str] = {}

    def image(self, picture: LabelledPicture, alt: str) -> str:
        uri = self.uris.get(picture.path)
        if uri is None:
            uri = self.uris[picture.path] = thumbnail_uri(picture.path)
        if not uri:
            return '<span class="gone">missing</span>'
        title = escape(_relative_path(self.evaluation, picture))
        return f'<img src="{uri}" alt="{escape(alt)}" title="{title}">'

    def count(self) -> None:
        self.done += 1
        self.on_progress("Showing queries", self.done, self.of)


def _confusions(evaluation: Evaluation, pairs: Sequence[Confusion], thumbnails: _Thumbnails) -> str:
    k = evaluation.metrics.neighbours[:, : evaluation.metrics.k].shape[1]
    if not pairs:
        return f'<p class="note">None: the first {k} hits of every query are right.</p>'
    items = []
    for pair in pairs:
        query, hit = evaluation.queries[pair.query], evaluation.gallery[pair.hit]
        items.append(
            f"<li>{thumbnails.image(query, f'query: {pair.label}')}"
            f"{thumbnails.image(hit, f'wrong hit: {pair.taken_for}')}"
            f"<p><b>{100 * pair.share:.0f}%</b> of the hits for <bdi>{escape(pair.label)}</bdi> "
            f"are <bdi>{escape(pair.taken_for)}</bdi></p></li>"
        )
        thumbnails.count()
    matrix = confusion_matrix(evaluation)
    heat_map = ""
    if matrix:
        heat_map = (
            f"<figure>{charts.heat_map(*matrix)}<figcaption>Rows: label of the query. Columns: "
            f"label of its first {k} hits, in percent.</figcaption></figure>"
            "<h3>Most confused pairs</h3>"
        )
    note = f"Shares of the first {k} hits. Each pair shows a query (left) and its nearest such hit."
    return f'{heat_map}<p class="note">{note}</p><ul class="pairs">{"".join(items)}</ul>'


def _example(evaluation: Evaluation, example: Example, thumbnails: _Thumbnails) -> str:
    query = evaluation.queries[example.query]
    hits = []
    for rank, (row, score, is_relevant) in enumerate(
        zip(example.hits, example.scores, example.is_relevant, strict=True), 1
    ):
        hit = evaluation.gallery[row]
        word, sign = _MARKS[is_relevant]
        image = thumbnails.image(hit, f"hit {rank}, {word}: {hit.label}")
        hits.append(
            f'<li class="{word}"><figure><div class="frame">{image}'
            f'<span class="mark" aria-hidden="true">{sign}</span></div>'
            f'<figcaption title="{escape(hit.label)}, cosine {score:.3f}">'
            f"<bdi>{escape(hit.label)}</bdi></figcaption></figure></li>"
        )
    thumbnails.count()
    name = escape(_relative_path(evaluation, query)).replace("/", "/<wbr>")
    return (
        '<div class="example"><div class="query">'
        f"{thumbnails.image(query, f'query: {query.label}')}"
        f"<p><b><bdi>{escape(query.label)}</bdi></b>"
        f"AP {format_score(example.average_precision)}<br>"
        f"{example.relevant:,} relevant<br><bdi>{name}</bdi></p></div>"
        f'<ol class="hits">{"".join(hits)}</ol></div>'
    )


def _map(evaluation: Evaluation, on_progress: OnProgress) -> tuple[str, str]:
    """Return the map's section of the page, and its points as JSON that is safe in a script."""
    on_progress("Laying out the map", 0, 0)
    layout = build_map(evaluation.vectors)
    pictures = [evaluation.gallery[row] for row in layout.rows]
    labels = sorted({picture.label for picture in pictures})
    codes = {label: code for code, label in enumerate(labels)}
    metrics = evaluation.metrics
    first_hits = dict(zip(metrics.rows.tolist(), metrics.is_relevant[:, 0].tolist(), strict=True))
    right = [first_hits.get(int(row)) if metrics.leave_one_out else None for row in layout.rows]
    tiles, columns = sprite(
        [picture.path for picture in pictures],
        on_progress=lambda done, of: on_progress("Drawing the map", done, of),
    )
    points: dict[str, Any] = {
        "labels": [_encodable(label) for label in labels],
        "label": [codes[picture.label] for picture in pictures],
        "name": [_encodable(_relative_path(evaluation, picture)) for picture in pictures],
        "x": (layout.points[:, 0] * 1000).round().astype(int).tolist(),
        "y": (1000 - layout.points[:, 1] * 1000).round().astype(int).tolist(),
        "right": [2 if is_right is None else int(is_right) for is_right in right],
        "tile": TILE_PIXELS,
        "columns": columns,
        "sprite": tiles,
    }
    section = Template((_PAGE / "map.html").read_text("utf-8")).substitute(
        points=f"{len(pictures):,}",
        method=layout.method,
        note=escape(layout.note),
        hit=_HIT_BUTTON if metrics.leave_one_out else "",
    )
    return section, json.dumps(points, separators=(",", ":")).replace("<", "\\u003c")


def _origin(evaluation: Evaluation) -> str:
    encoder = evaluation.encoder
    entries = {
        "folders": ", ".join(evaluation.folders),
        "encoder": f"{encoder['name']}, {encoder['dimensions']} dimensions",
        "weights, SHA-256": encoder["sha256"],
        "preprocessing": ", ".join(f"{k} {v}" for k, v in encoder["preprocessing"].items()),
        "versions": ", ".join(f"{name} {number}" for name, number in evaluation.versions.items()),
    }
    return "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in entries.items())


def _refusals(evaluation: Evaluation) -> str:
    refusals = evaluation.refusals
    if not refusals:
        return ""
    items = "".join(
        f"<li><bdi>{escape(refusal.path)}</bdi>: {escape(refusal.reason)}</li>"
        for refusal in refusals[:MAX_REFUSALS]
    )
    more = len(refusals) - MAX_REFUSALS
    rest = f"<p>and {more:,} more</p>" if more > 0 else ""
    files = "file" if len(refusals) == 1 else "files"
    return (
        f"<details><summary>{len(refusals):,} {files} could not be used</summary>"
        f'<ul class="refusals">{items}</ul>{rest}</details>'
    )


def _relative_path(evaluation: Evaluation, picture: LabelledPicture) -> str:
    """Return a picture's path relative to the evaluated folder that contains it."""
    for folder in evaluation.folders:
        root = os.path.abspath(folder)
        if picture.path.startswith(root.rstrip(os.sep) + os.sep):
            return os.path.relpath(picture.path, root)
    return picture.path


def _encodable(name: str) -> str:
    """Replace what UTF-8 can't encode, such as bytes of a file name in another encoding."""
    return name.encode("utf-8", "replace").decode()
