"""The report's charts, as SVG and HTML; colours are the page's variables, for its dark mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..report import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .confidence_intervals import Estimate
    from .metrics import LabelFigures

BINS = 20
_WIDTH, _HEIGHT = 420, 290
_LEFT, _TOP, _RIGHT, _BOTTOM = 44, 28, 20, 42  # around the plot, pixels
_CELL = 22  # of the heat map, pixels
_LONG_LABEL = 18
_DARK_CELL = 0.45  # share from which a heat map's cell needs light text
_LEAST_SHOWN = 0.005  # share; a smaller one would read 0%
_GOOD_PRECISION = 0.5


def format_score(value: float, digits: int = 3) -> str:
    """Format a figure between 0 and 1 as papers do: `.755`, `1.000`."""
    return f"{value:.{digits}f}".removeprefix("0") if value < 1 else f"{value:.{digits}f}"


def precision_recall(recall: NDArray[Any], precision: NDArray[Any]) -> str:
    """Draw the interpolated precision-recall curve."""
    points = [f"{_x(r):.1f},{_y(p):.1f}" for r, p in zip(recall, precision, strict=True)]
    area = f"M{_x(0):.1f},{_y(0):.1f}L{'L'.join(points)}L{_x(1):.1f},{_y(0):.1f}Z"
    values = ", ".join(
        f"{format_score(float(precision[n * (len(recall) - 1) // 4]), 2)} at {n * 25}%"
        for n in range(5)
    )
    return (
        _open_svg(f"Precision by recall: {values}.")
        + _grid([f"{n * 25}%" for n in range(5)], [f"{n * 25}%" for n in range(5)])
        + f'<path class="area" d="{area}"/><polyline class="line" points="{" ".join(points)}"/>'
        + _axes("recall", "precision")
        + "</svg>"
    )


def histogram(values: NDArray[Any]) -> str:
    """Draw the number of queries by average precision."""
    import numpy as np

    counts, edges = np.histogram(values, BINS, (0, 1))
    step = _round_up(int(counts.max()) / 4)
    top = 4 * step
    bars = []
    for n, count in enumerate(counts.tolist()):
        x, width = _x(edges[n]) + 0.5, _x(edges[n + 1]) - _x(edges[n]) - 1
        title = f"{count:,} of {len(values):,} queries: {edges[n]:.2f} to {edges[n + 1]:.2f}"
        bars.append(
            f'<rect class="bar" x="{x:.1f}" y="{_y(count / top):.1f}" width="{width:.1f}" '
            f'height="{_y(0) - _y(count / top):.1f}"><title>{title}</title></rect>'
        )
    good = 100 * float((values >= _GOOD_PRECISION).mean())
    return (
        _open_svg(f"{good:.0f}% of the queries have an average precision of at least one half.")
        + _grid([f"{n / 4:g}" for n in range(5)], [f"{n * step:,}" for n in range(5)])
        + "".join(bars)
        + _axes("average precision of a query", "queries")
        + "</svg>"
    )


def interval(estimate: Estimate) -> str:
    """Draw a small bar of a figure from 0 to 1 and its interval."""
    return (
        '<svg class="interval" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="track" width="100" height="2" y="3"/>'
        f'<rect class="mean" width="{100 * estimate.mean:.2f}" height="2" y="3"/>'
        f'<rect class="range" x="{100 * estimate.low:.2f}" height="8" '
        f'width="{max(100 * (estimate.high - estimate.low), 0.8):.2f}"/></svg>'
    )


def label_bars(labels: Sequence[LabelFigures]) -> str:
    """Draw a bar of each label's mAP, the best first."""
    rows = []
    for label in sorted(labels, key=lambda label: -label.means["mAP"]):
        value, name = label.means["mAP"], escape(label.label)
        rows.append(
            f'<li><span class="name" title="{name}"><bdi>{name}</bdi></span>'
            f'<span class="count">{label.queries:,}</span>'
            f'<span class="track"><span style="width:{100 * value:.1f}%"></span></span>'
            f'<span class="value">{format_score(value, 2)}</span></li>'
        )
    return f'<ol class="bars">{"".join(rows)}</ol>'


def heat_map(labels: Sequence[str], shares: NDArray[Any]) -> str:
    """Draw the share of a label's hits (rows) that have each label (columns), in percent."""
    margin = 8 + 6.6 * min(max(map(len, labels)), _LONG_LABEL)
    size = f"{margin + _CELL * len(labels) + 4:.0f}"
    parts = []
    for n, label in enumerate(labels):
        at, name = margin + _CELL * (n + 0.5) + 4, f"<title>{escape(label)}</title>{_short(label)}"
        rotated = f'transform="translate({at:.1f} {margin - 6:.0f}) rotate(-90)"'
        parts += [
            f'<text class="end" x="{margin - 6:.0f}" y="{at:.1f}">{name}</text>',
            f"<text {rotated}>{name}</text>",
        ]
        for m, share in enumerate(shares[n].tolist()):
            title = f"{escape(label)}: {100 * share:.1f}% {escape(labels[m])}"
            shift = f"translate({margin + _CELL * m:.0f} {margin + _CELL * n:.0f})"
            box = f'width="{_CELL - 1}" height="{_CELL - 1}"'
            kind = "right" if n == m else "wrong"
            percent = f"{100 * share:.0f}" if share > _LEAST_SHOWN else ""
            ink = ' class="strong"' if share > _DARK_CELL else ""
            parts.append(
                f'<g transform="{shift}"><title>{title}</title><rect class="cell" {box}/>'
                f'<rect class="{kind}" {box} fill-opacity="{share:.3f}"/>'
                f'<text{ink} x="{_CELL / 2 - 0.5}" y="15" text-anchor="middle">{percent}</text></g>'
            )
    label = "Labels of queries by labels of their hits; the most confused pairs are listed below."
    return (
        f'<svg class="heat" viewBox="0 0 {size} {size}" style="max-width:calc(1.4 * {size}px)" '
        f'role="img" aria-label="{label}">{"".join(parts)}</svg>'
    )


def _short(label: str) -> str:
    if len(label) <= _LONG_LABEL:
        return escape(label)
    return escape(label[: _LONG_LABEL - 1]) + "\N{HORIZONTAL ELLIPSIS}"


def _round_up(value: float) -> int:
    """Return the next round number: 1, 2, 3, 4, 5, 10, 15, 20, 25, 30, 40, 50, 100..."""
    power = 1
    while True:
        for digits in (1, 1.5, 2, 2.5, 3, 4, 5):
            if digits * power >= value and digits * power % 1 == 0:
                return int(digits * power)
        power *= 10


def _x(value: float) -> float:
    return _LEFT + value * (_WIDTH - _LEFT - _RIGHT)


def _y(value: float) -> float:
    return _HEIGHT - _BOTTOM - value * (_HEIGHT - _TOP - _BOTTOM)


def _open_svg(label: str) -> str:
    return (
        f'<svg class="plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(label)}">'
    )


def _grid(x_labels: Sequence[str], y_labels: Sequence[str]) -> str:
    parts = []
    for n, (x_label, y_label) in enumerate(zip(x_labels, y_labels, strict=True)):
        at = n / (len(x_labels) - 1)
        parts.append(
            f'<line class="grid" x1="{_x(0)}" x2="{_x(1)}" y1="{_y(at):.1f}" y2="{_y(at):.1f}"/>'
            f'<text x="{_x(at):.1f}" y="{_y(0) + 17:.1f}" text-anchor="middle">{x_label}</text>'
            f'<text x="{_x(0) - 7}" y="{_y(at) + 4:.1f}" text-anchor="end">{y_label}</text>'
        )
    return "".join(parts)


def _axes(x_label: str, y_label: str) -> str:
    return (
        f'<text class="axis" x="{_x(1)}" y="{_HEIGHT - 6}" text-anchor="end">{x_label}</text>'
        f'<text class="axis" x="{_x(0)}" y="14">{y_label}</text>'
    )
