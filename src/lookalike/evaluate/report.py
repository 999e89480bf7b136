"""The report: an evaluation as one HTML file that needs no network."""

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
from .findings import Confusion, Example, best_and_worst, confusion_matrix, confusions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..sources import LabelledPicture
    from .evaluation import Evaluation

MAX_REFUSALS = 50  # named on the page
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
_MARKS = {True: ("right", "&#10003;", "right"), False: ("wrong", "&#10005;", "wrong")}


def write_report(
    evaluation: Evaluation,
    out: str | os.PathLike[str],
    *,
    on_progress: Callable[[str, int, int], None] = lambda _stage, _done, _of: None,
) -> int:
    """Write the page; give its size in bytes.

    Args:
        evaluation: what `evaluate` gave; its pictures are read again, to be shown small.
        out: the file to write.
        on_progress: told the stage, and how much of it is through (of 0: not known).

    Raises:
        ArgumentError: the file can't be written.
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


def _body(
    evaluation: Evaluation,
    heading: str,
    script: str,
    on_progress: Callable[[str, int, int], None],
) -> str:
    found = evaluation.metrics
    best, worst = best_and_worst(evaluation)
    pairs = confusions(evaluation)
    shown = _Thumbnails(evaluation, on_progress, len(best) + len(worst) + len(pairs))
    map_part, points = _map(evaluation, on_progress)
    return Template((_PAGE / "report.html").read_text("utf-8")).substitute(
        script=script,
        heading=heading,
        facts=_facts(evaluation),
        remarks="".join(f'<p class="remark">{escape(said)}</p>' for said in evaluation.remarks),
        nav="".join(f'<a href="#{part}">{name}</a>' for part, name in _NAV.items()),
        cards=_cards(evaluation),
        queries=f"{found.queries:,}",
        figures=_figure_rows(evaluation),
        curve=charts.precision_recall(found.recall, found.precision),
        histogram=charts.histogram(found.average_precision),
        curve_rows="".join(
            f'<tr><th scope="row" class="n">{n * 10}%</th>'
            f'<td class="n">{format_score(float(found.precision[n * 10]))}</td></tr>'
            for n in range(11)
        ),
        macro=format_score(found.macro_mean_average_precision),
        bars=charts.label_bars(found.labels),
        label_heads=_label_heads(evaluation),
        label_rows=_label_rows(evaluation),
        confusions=_confusions(evaluation, pairs, shown),
        worst="".join(_asked(evaluation, example, shown) for example in worst),
        best="".join(_asked(evaluation, example, shown) for example in best),
        map=map_part,
        points=points,
        command=escape(evaluation.command),
        origin=_origin(evaluation),
        refusals=_refusals(evaluation),
    )


def _facts(evaluation: Evaluation) -> str:
    found = evaluation.metrics
    card = evaluation.encoder
    labels = len({picture.label for picture in evaluation.gallery})
    others = "all others" if found.leave_one_out else f"{found.gallery:,} others"
    facts = [
        f"<b>{found.queries:,}</b> pictures, each asked of {others}",
        f"<b>{labels:,}</b> labels",
        f"protocol <b>{escape(evaluation.protocol)}</b>",
        f"<b>{card['dimensions']}</b> dimensions",
        f"<b>{evaluation.pictures_per_second:,.0f}</b> pictures/s encoded",
        f"weights <b>{card['sha256'][:12]}</b>",
    ]
    return " &middot; ".join(facts)


def _cards(evaluation: Evaluation) -> str:
    found = evaluation.metrics
    said = {
        "mAP": "How well whole rankings are sorted; 1 when all that is alike comes first.",
        "P@1": f"{100 * found['P@1'].mean:.0f}&nbsp;% of the first hits are right.",
        "P@10": f"Of the first ten hits {10 * found['P@10'].mean:.1f} are right.",
        "kNN@20": f"A vote of 20 nearest names {100 * found['kNN@20'].mean:.0f}&nbsp;% rightly.",
        "MRR": "How near the top the first right hit stands; 1 is first, .5 second.",
    }
    return "".join(
        f'<div class="card{" first" if name == "mAP" else ""}"><h3>{name}</h3>'
        f"<strong>{format_score(found[name].mean)}</strong>{charts.interval(found[name])}"
        f'<span class="range-text">{format_score(found[name].low)} to '
        f"{format_score(found[name].high)}</span>"
        f"<p>{says}</p></div>"
        for name, says in said.items()
    )


def _figure_rows(evaluation: Evaluation) -> str:
    rows = []
    for name, estimate in evaluation.metrics.estimates.items():
        kind, _, k = name.partition("@")
        meaning = {
            "mAP": "precision at each right hit, mean"
            + (
                f"; of the first {k} hits, over the smaller of {k} and all that are right" * bool(k)
            ),
            "MAP": "precision at each right hit among the first R, over R: all that are right",
            "P": f"share of the first {k} hits that is right",
            "recall": f"share of all that is right found in the first {k} hits",
            "hit": f"queries with anything right in the first {k} hits (Recall@{k} elsewhere)",
            "nDCG": "right hits, each by 1 / log2(rank + 1), over the best that could be"
            + f"; of the first {k}" * bool(k),
            "MRR": "1 / rank of the first right hit",
            "kNN": f"queries whose label a weighted vote of the {k} nearest gives",
        }[kind]
        rows.append(
            f'<tr><th scope="row">{name}</th><td class="n">{format_score(estimate.mean, 4)}</td>'
            f'<td class="n">{format_score(estimate.low, 4)} to '
            f"{format_score(estimate.high, 4)}</td>"
            f"<td>{meaning}</td></tr>"
        )
    return "".join(rows)


def _label_columns(evaluation: Evaluation) -> list[str]:
    k = evaluation.metrics.k
    return ["mAP", "P@1", "P@10", f"recall@{k}", "nDCG", "MRR", "kNN@20"]


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
    """Pictures as `<img>`, each file read once; tells its progress by examples."""

    def __init__(
        self, evaluation: Evaluation, on_progress: Callable[[str, int, int], None], of: int
    ) -> None:
        self.evaluation, self.on_progress = evaluation, on_progress
        self.done, self.of = 0, of
        self.uris: dict[str, str] = {}

    def image(self, picture: LabelledPicture, alt: str) -> str:
        uri = self.uris.get(picture.path)
        if uri is None:
            uri = self.uris[picture.path] = thumbnail_uri(picture.path)
        if not uri:
            return '<span class="gone">gone</span>'
        title = escape(_relative(self.evaluation, picture))
        return f'<img src="{uri}" alt="{escape(alt)}" title="{title}">'

    def count(self) -> None:
        self.done += 1
        self.on_progress("Showing queries", self.done, self.of)


def _confusions(evaluation: Evaluation, pairs: Sequence[Confusion], shown: _Thumbnails) -> str:
    k = evaluation.metrics.neighbours[:, : evaluation.metrics.k].shape[1]
    if not pairs:
        return f'<p class="note">Nothing: the first {k} hits of every query are right.</p>'
    items = []
    for pair in pairs:
        query, hit = evaluation.queries[pair.query], evaluation.gallery[pair.hit]
        items.append(
            f"<li>{shown.image(query, f'query: {pair.label}')}"
            f"{shown.image(hit, f'wrong hit: {pair.taken_for}')}"
            f"<p><b>{100 * pair.share:.0f}%</b> of the hits for <bdi>{escape(pair.label)}</bdi> "
            f"are <bdi>{escape(pair.taken_for)}</bdi></p></li>"
        )
        shown.count()
    matrix = confusion_matrix(evaluation)
    heat = ""
    if matrix:
        heat = (
            f"<figure>{charts.heat_map(*matrix)}<figcaption>Rows are labels of queries, columns "
            f"labels of their first {k} hits, in percent.</figcaption></figure><h3>The pairs "
            "confused most</h3>"
        )
    note = f"Of the first {k} hits; the two pictures are the nearest such pair, the query at left."
    return f'{heat}<p class="note">{note}</p><ul class="pairs">{"".join(items)}</ul>'


def _asked(evaluation: Evaluation, example: Example, shown: _Thumbnails) -> str:
    query = evaluation.queries[example.query]
    hits = []
    for rank, (row, score, is_right) in enumerate(
        zip(example.hits, example.scores, example.is_relevant, strict=True), 1
    ):
        hit = evaluation.gallery[row]
        kind, sign, word = _MARKS[is_right]
        image = shown.image(hit, f"hit {rank}, {word}: {hit.label}")
        hits.append(
            f'<li class="{kind}"><figure><div class="frame">{image}'
            f'<span class="mark" aria-hidden="true">{sign}</span></div>'
            f'<figcaption title="{escape(hit.label)}, cosine {score:.3f}">'
            f"<bdi>{escape(hit.label)}</bdi></figcaption></figure></li>"
        )
    shown.count()
    name = escape(_relative(evaluation, query)).replace("/", "/<wbr>")
    return (
        f'<div class="asked"><div class="query">{shown.image(query, f"query: {query.label}")}'
        f"<p><b><bdi>{escape(query.label)}</bdi></b>"
        f"AP {format_score(example.average_precision)}<br>"
        f"{example.relevant:,} to find<br><bdi>{name}</bdi></p></div>"
        f'<ol class="hits">{"".join(hits)}</ol></div>'
    )


def _map(evaluation: Evaluation, on_progress: Callable[[str, int, int], None]) -> tuple[str, str]:
    """Give the map's part of the page, and its points as JSON that may stand in a script."""
    on_progress("Laying out the map", 0, 0)
    atlas = build_map(evaluation.vectors)
    pictures = [evaluation.gallery[row] for row in atlas.rows]
    labels = sorted({picture.label for picture in pictures})
    codes = {label: code for code, label in enumerate(labels)}
    found = evaluation.metrics
    first = dict(zip(found.rows.tolist(), found.is_relevant[:, 0].tolist(), strict=True))
    right = [first.get(int(row)) if found.leave_one_out else None for row in atlas.rows]
    tiles, columns = sprite(
        [picture.path for picture in pictures],
        on_progress=lambda done, of: on_progress("Drawing the map", done, of),
    )
    points: dict[str, Any] = {
        "labels": [_shown(label) for label in labels],
        "label": [codes[picture.label] for picture in pictures],
        "name": [_shown(_relative(evaluation, picture)) for picture in pictures],
        "x": (atlas.points[:, 0] * 1000).round().astype(int).tolist(),
        "y": (1000 - atlas.points[:, 1] * 1000).round().astype(int).tolist(),
        "right": [2 if is_right is None else int(is_right) for is_right in right],
        "tile": TILE_PIXELS,
        "columns": columns,
        "sprite": tiles,
    }
    part = Template((_PAGE / "map.html").read_text("utf-8")).substitute(
        points=f"{len(pictures):,}",
        method=atlas.method,
        note=escape(atlas.note),
        hit=_HIT_BUTTON if found.leave_one_out else "",
    )
    return part, json.dumps(points, separators=(",", ":")).replace("<", "\\u003c")


_HIT_BUTTON = (
    '<button type="button" id="map-hit" aria-pressed="false">Mark wrong first hits</button>'
)


def _origin(evaluation: Evaluation) -> str:
    card = evaluation.encoder
    entries = {
        "folders": ", ".join(evaluation.folders),
        "encoder": f"{card['name']}, {card['dimensions']} dimensions",
        "weights, SHA-256": card["sha256"],
        "preprocessing": ", ".join(
            f"{key} {value}" for key, value in card["preprocessing"].items()
        ),
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


def _relative(evaluation: Evaluation, picture: LabelledPicture) -> str:
    """Name a picture below the folder that it was found in."""
    for folder in evaluation.folders:
        root = os.path.abspath(folder)
        if picture.path.startswith(root.rstrip(os.sep) + os.sep):
            return os.path.relpath(picture.path, root)
    return picture.path


def _shown(name: str) -> str:
    return name.encode("utf-8", "replace").decode()
