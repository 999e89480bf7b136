from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from benchmarks.copies import in_gallery, templates
from benchmarks.copies.drawn import pairs

from ...conftest import draw


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of photographs; the test half has two templates, for speed."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for k in range(9):
        draw(k, (240, 180)).save(folder / f"image_{k:04}.jpg", quality=95)
    chosen = {name: pairs.HALVES["test"][name] for name in ("price_label", "id_card")}
    monkeypatch.setitem(pairs.HALVES, "test", chosen)
    return folder


def test_the_photographs_of_the_halves_are_apart(photos: Path) -> None:
    test, development = (templates.photographs(photos, half=half) for half in pairs.HALVES)
    assert [Path(path).stem for path in test] == ["image_0000", "image_0003", "image_0006"]
    assert len(development) == 6
    assert not set(test) & set(development)


def test_the_command_prints_tables(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    shown, report = tmp_path / "shown", tmp_path / "report.json"
    options = ["--pairs", "4", "--through", "fingerprint", "--seed", "2"]
    files = ["--show", str(shown), "--json", str(report)]
    monkeypatch.setattr(sys, "argv", ["templates", str(photos), *options, *files])
    templates.main()
    printed = capsys.readouterr().out
    assert "| pairs | number | exact |" in printed
    found = json.loads(report.read_text())["pairs"]
    kinds = [judgement["pair"]["kind"] for judgement in found]
    assert kinds == ["quarter"] * 4 + ["small"] * 4 + ["same", "pasted"]
    assert len(list(shown.iterdir())) == sum(judgement["is_wrong"] for judgement in found)
    assert "| quarter | 4 |" in printed


def test_a_gallery_is_asked(photos: Path, tmp_path: Path) -> None:
    paths = templates.photographs(photos, half="test")
    made = [
        pairs.make_pair(kind, 1, half="test", photos=paths, folder=str(tmp_path), seed=1)
        for kind in ("same", "pasted", "quarter")
    ]
    judgements = in_gallery.judge_by_search(made, str(tmp_path))
    assert [judgement.pair for judgement in judgements] == made
    assert judgements[0].answer.startswith(("copy", "exact"))
    offered = in_gallery.offered_for_trash(made, str(tmp_path))
    assert offered.keys() == {"quarter", "small"}
    assert offered["small"] == 0  # none was made
