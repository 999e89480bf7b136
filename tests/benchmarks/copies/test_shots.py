from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from benchmarks.copies import shots
from benchmarks.copies.drawn.packages import LABELS
from lookalike.sources import walk

from ...conftest import draw


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Six faces of each of two persons, and two pictures of another thing."""
    for folder, numbers in (("Faces", (*range(1, 7), *range(22, 28))), ("thing", (3, 6))):
        (tmp_path / "photos" / folder).mkdir(parents=True)
        for k in numbers:
            name = tmp_path / "photos" / folder / f"image_{k:04}.jpg"
            draw(k, (320, 240)).save(name, quality=92)
    return tmp_path / "photos"


def test_each_half_has_persons_of_its_own(photos: Path) -> None:
    sources = list(walk(str(photos)))
    seen = []
    for half in LABELS:
        pairs = shots.shot_pairs(sources, 100, half=half, seed=0)
        numbers = {int(Path(path).stem[-4:]) for pair in pairs for path in (pair.one, pair.other)}
        assert len(pairs) == 6  # of four train pictures of one person
        assert all(number % 3 for number in numbers)
        seen.append(numbers)
    assert seen == [{1, 2, 4, 5}, {22, 23, 25, 26}]


def test_listed_pairs_are_used_where_they_are(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = tmp_path / "listed.txt"
    listed.write_text(
        "# names\n\ntest thing/image_0003.jpg thing/image_0006.jpg\n"
        "test thing/image_0003.jpg thing/gone.jpg\n"
        "development thing/image_0001.jpg thing/image_0002.jpg\n"
    )
    monkeypatch.setattr(shots, "LISTED", listed)
    sources = list(walk(str(photos)))
    pairs = shots.shot_pairs(sources, 3, half="test", seed=0)
    assert sorted(pair.what for pair in pairs) == ["listed", "one person", "one person"]
    assert pairs[-1].template == "thing"


def test_the_committed_list_keeps_the_halves_apart() -> None:
    names = {half: {n for pair in shots.listed_pairs(half) for n in pair} for half in LABELS}
    assert names["test"]
    assert names["development"]
    assert not names["test"] & names["development"]
    pairs = [frozenset(pair) for half in LABELS for pair in shots.listed_pairs(half)]
    assert len(pairs) == len(set(pairs))
    assert {len(pair) for pair in pairs} == {2}


def test_the_labels_of_the_halves_are_apart() -> None:
    assert not LABELS["test"].keys() & LABELS["development"].keys()


def test_the_command_prints_a_table(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    report = tmp_path / "report.json"
    options = ["--pairs", "3", "--half", "development", "--json", str(report)]
    monkeypatch.setattr(sys, "argv", ["shots", str(photos), *options])
    shots.main()
    printed = capsys.readouterr().out
    assert "| packing | all | 3 |" in printed
    assert "| shots | Faces | 3 |" in printed
    pairs = [judgement["pair"] for judgement in json.loads(report.read_text())["pairs"]]
    assert all(pair["share"] >= 0.3 for pair in pairs if pair["kind"] != "shots")
