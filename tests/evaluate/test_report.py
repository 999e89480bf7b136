from __future__ import annotations

import base64
import hashlib
import importlib
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from lookalike.errors import ArgumentError
from lookalike.evaluate import Evaluation, write_report
from lookalike.types import Refusal


class Page(HTMLParser):
    """What a browser sees: elements and text; checks that every tag is closed."""

    void = {"meta", "img", "wbr", "br"}

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, Any]]] = []
        self.open: list[str] = []
        self.scripts: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: Any) -> None:
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif "style" not in self.open:
            self.text += data

    def all(self, tag: str) -> list[dict[str, Any]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module", autouse=True)
def shared_layout() -> Iterator[None]:
    """Lay the map out once for all tests: t-SNE takes seconds."""
    report = importlib.import_module("lookalike.evaluate.report")
    build_map, layouts = report.build_map, dict[int, Any]()

    def cached(vectors: Any) -> Any:
        if id(vectors) not in layouts:
            layouts[id(vectors)] = build_map(vectors)
        return layouts[id(vectors)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "build_map", cached)
        yield


@pytest.fixture(scope="module")
def html(evaluation: Evaluation, tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("report") / "report.html"
    assert write_report(evaluation, out) == out.stat().st_size
    return out.read_text("utf-8")


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_the_page_is_complete_and_needs_no_network(html: str, page: Page) -> None:
    assert page.open == []
    assert "$" not in re.sub(
        r"\$\{[^}]*\}", "", html[html.index("</style>") : html.rindex("<script>")]
    )
    assert not page.all("link")
    assert all(image["src"].startswith("data:image/webp") for image in page.all("img"))
    assert all(link["href"].startswith("#") for link in page.all("a"))
    assert "http://" not in html
    assert "https://" not in html


def test_malicious_names_stay_text(html: str, page: Page) -> None:
    assert len(page.all("script")) == 2
    assert "<b>grey" not in html
    assert "alert(1)" in page.text + "".join(page.scripts)
    assert "<b>grey<" in page.text.replace("\N{DIVISION SLASH}", "/")
    assert "<script>alert" not in html
    # Only the page's own script may run.
    (policy,) = [m["content"] for m in page.all("meta") if "http-equiv" in m]
    digest = base64.b64encode(hashlib.sha256(page.scripts[-1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def test_figures_are_those_measured(page: Page, evaluation: Evaluation) -> None:
    metrics = evaluation.metrics
    for name in ("mAP", "P@1", "P@10", "kNN@20", "nDCG", "recall@10", "MAP@R"):
        written = f"{metrics[name].mean:.4f}".removeprefix("0")
        assert re.search(rf"{re.escape(name)}\s*{re.escape(written)}", page.text), name
    assert f"{metrics['mAP'].low:.3f}".removeprefix("0") in page.text
    for label in metrics.labels:
        assert f"{label.means['mAP']:.3f}".removeprefix("0") in page.text
    assert evaluation.command in page.text
    assert evaluation.encoder["sha256"] in page.text


def test_the_page_is_accessible(page: Page) -> None:
    assert page.elements[0] == ("html", {"lang": "en"})
    assert len(page.all("h1")) == 1
    assert all("alt" in image for image in page.all("img"))
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(head["scope"] in {"row", "col"} for head in page.all("th"))
    for drawing in page.all("svg"):
        assert drawing.get("aria-hidden") or drawing["aria-label"]
    levels = [int(name[1]) for name, _ in page.elements if re.fullmatch(r"h[1-6]", name)]
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {link["href"][1:] for link in page.all("a")} <= set(ids)
    # A sign and a word distinguish right and wrong, not only colour.
    assert any(image["alt"].startswith("hit 1, right: ") for image in page.all("img"))
    assert "\N{CHECK MARK}" in page.text
    assert "\N{MULTIPLICATION X}" in page.text


def test_the_map_has_a_point_for_each_picture(page: Page, evaluation: Evaluation) -> None:
    points = json.loads(page.scripts[0])
    assert len(points["x"]) == len(points["y"]) == len(points["name"]) == 24
    assert min(points["x"] + points["y"]) >= 0
    assert max(points["x"] + points["y"]) <= 1000
    labels = [points["labels"][code] for code in points["label"]]
    assert labels == [picture.label for picture in evaluation.gallery]
    assert points["right"] == [int(right) for right in evaluation.metrics.is_relevant[:, 0]]
    assert "t-SNE (scikit-learn" in page.text


def test_few_labels_have_a_heat_map(page: Page) -> None:
    assert [d for d in page.all("svg") if d.get("class") == "heat"]
    assert "Most confused pairs" in " ".join(page.text.split())


def test_progress_refusals_and_unwritable_files(evaluation: Evaluation, tmp_path: Path) -> None:
    refusals = tuple(Refusal(f"/x/<{n}>.jpg", "truncated") for n in range(60))
    states: list[tuple[str, int, int]] = []
    out = tmp_path / "r.html"
    write_report(
        replace(evaluation, refusals=refusals), out, on_progress=lambda *a: states.append(a)
    )
    page = Page(out.read_text("utf-8"))
    assert "/x/<49>.jpg" in page.text
    assert "and 10 more" in page.text
    assert ("Drawing the map", 24, 24) in states
    assert [of for stage, done, of in states if stage == "Showing queries" and done == of]
    with pytest.raises(ArgumentError, match="can't be written"):
        write_report(evaluation, tmp_path / "none" / "r.html")


def test_missing_pictures_leave_a_placeholder(evaluation: Evaluation, tmp_path: Path) -> None:
    moved = tuple(replace(p, path=f"/gone{p.path}") for p in evaluation.gallery)
    write_report(replace(evaluation, queries=moved, gallery=moved), tmp_path / "r.html")
    page = Page((tmp_path / "r.html").read_text("utf-8"))
    assert not page.all("img")
    assert "missing" in page.text
