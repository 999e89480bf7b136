from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from lookalike.evaluate import charts
from lookalike.evaluate.confidence_intervals import Estimate
from lookalike.evaluate.metrics import LabelFigures


def test_text_is_escaped() -> None:
    assert charts.escape("<a href='x'>&") == "&lt;a href=&#x27;x&#x27;&gt;&amp;"
    assert charts.escape("caf\udce9") == "caf?"
    assert charts.escape("a\N{RIGHT-TO-LEFT OVERRIDE}b\n\0") == "a\ufffdb\ufffd\ufffd"


def test_scores_are_formatted_as_in_papers() -> None:
    assert [charts.format_score(v) for v in (0.7553, 1, 0, 0.9999)] == [
        ".755",
        "1.000",
        ".000",
        "1.000",
    ]
    assert charts.format_score(0.12345, 4) == ".1235"


def test_the_curve_goes_through_its_points() -> None:
    svg = charts.precision_recall(np.linspace(0, 1, 101), np.linspace(1, 0.5, 101))
    root = ET.fromstring(svg)
    line = next(part for part in root if part.tag == "polyline")
    points = [tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()]
    assert len(points) == 101
    assert points[0] == (44, 28)
    assert points[-1] == pytest.approx((400, 28 + 220 / 2), abs=0.1)
    assert "1.00 at 0%" in root.attrib["aria-label"]
    assert ".50 at 100%" in root.attrib["aria-label"]


def test_the_histogram_counts_all_queries() -> None:
    values = np.array([0, 0.01, 0.99, 1, 1, 1])
    root = ET.fromstring(charts.histogram(values))
    bars = [part for part in root if part.tag == "rect"]
    counts = [int(bar[0].text.split()[0]) for bar in bars]  # type: ignore[union-attr]
    assert counts == [2, *[0] * 18, 4]
    heights = [float(bar.attrib["height"]) for bar in bars]
    assert heights[-1] == pytest.approx(2 * heights[0], abs=0.2)
    assert root.attrib["aria-label"].startswith("67% of the queries")
    written = [part.text for part in root if part.tag == "text"]
    assert {"0", "1", "2", "3", "4"} <= set(written)


@pytest.mark.parametrize(
    ("value", "up"), [(0.1, 1), (1, 1), (2.2, 3), (6, 10), (14, 15), (248, 250)]
)
def test_axis_steps_are_round_numbers(value: float, up: int) -> None:
    assert charts._round_up(value) == up


def test_an_interval_is_drawn_at_its_position() -> None:
    svg = charts.interval(Estimate(0.5, 0.4, 0.7))
    assert 'class="mean" width="50.00"' in svg
    assert 'x="40.00"' in svg
    assert 'width="30.00"' in svg


def test_bars_are_sorted_and_escaped() -> None:
    labels = [
        LabelFigures(name, 1200, {"mAP": value}) for name, value in (("<low>", 0.25), ("high", 1.0))
    ]
    shown = charts.label_bars(labels)
    assert shown.index("high") < shown.index("&lt;low&gt;")
    assert "<low>" not in shown
    assert re.findall(r"width:([0-9.]+)%", shown) == ["100.0", "25.0"]
    assert "1,200" in shown


def test_the_heat_map_has_a_cell_for_each_pair() -> None:
    names = ["<a>", "b" * 40]
    root = ET.fromstring(charts.heat_map(names, np.array([[0.75, 0.25], [0, 1]])))
    titles = [part[0].text for part in root if part.tag == "g"]
    assert titles == [
        "<a>: 75.0% <a>",
        f"<a>: 25.0% {names[1]}",
        f"{names[1]}: 0.0% <a>",
        f"{names[1]}: 100.0% {names[1]}",
    ]
    written = [part[-1].text for part in root if part.tag == "g"]
    assert written == ["75", "25", None, "100"]
