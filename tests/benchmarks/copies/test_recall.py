from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve

from benchmarks.copies import recall
from lookalike import encoders
from lookalike.edits.edits import EDITS, STRENGTHS
from lookalike.sources import walk

from ...conftest import draw, fill


def answers(seed: int, levels: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Made answers, the right ones with higher scores; few levels make many ties."""
    random = np.random.default_rng(seed)
    correct = random.random(400) < 0.4
    scores = np.round((random.normal(size=400) + correct) * levels) / levels
    return scores, correct, 250


@pytest.mark.parametrize("levels", [2, 1000])
def test_the_curves_agree_with_scikit_learn(levels: int) -> None:
    for seed in range(5):
        scores, correct, originals = answers(seed, levels)
        share = correct.sum() / originals  # scikit-learn counts the right answers as all there are
        micro = recall.micro_average_precision(scores, correct, originals)
        assert micro == pytest.approx(average_precision_score(correct, scores) * share)
        precisions, recalls, _ = precision_recall_curve(correct, scores)
        for precision in (0.5, 0.8, 0.99):
            wanted = recalls[:-1][precisions[:-1] >= precision].max(initial=0.0) * share
            found = recall.recall_at_precision(scores, correct, originals, precision=precision)
            assert found == pytest.approx(wanted)


def test_figures_by_hand() -> None:
    scores, correct = np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, False, True, False])
    # Three originals: 1/1 at the first, 2/3 at the third answer, the third original is never found.
    assert recall.micro_average_precision(scores, correct, 3) == pytest.approx((1 + 2 / 3) / 3)
    assert recall.recall_at_precision(scores, correct, 3) == pytest.approx(1 / 3)
    assert recall.recall_at_precision(scores, correct, 3, precision=0.6) == pytest.approx(2 / 3)
    assert recall.recall_at_precision(scores, ~correct, 3) == 0


def test_queries_do_not_hang_on_which_others_there_are(tmp_path: Path) -> None:
    fill(tmp_path, 4)
    sources = list(walk(str(tmp_path)))
    options: dict[str, Any] = {"folder": tmp_path, "seed": 3}
    hosts = [draw(50)]

    def made(asked: list[Any], threads: int) -> dict[Any, bytes]:
        stream = recall.queries(asked, hosts, threads=threads, **options)
        return {(q.row, q.edit, q.strength): q.picture.pixels.tobytes() for q in stream}

    all_four = made(list(enumerate(sources)), 3)
    assert len(all_four) == 4 * len(EDITS) * len(STRENGTHS)
    alone = made([(2, sources[2])], 1)
    assert alone == {key: pixels for key, pixels in all_four.items() if key[0] == 2}
    assert len(set(all_four.values())) > 0.9 * len(all_four)


def test_a_file_that_fails_is_left_out(tmp_path: Path) -> None:
    fill(tmp_path, 2)
    (tmp_path / "0000.jpg").write_bytes(b"\xff\xd8\xff" + b"x" * 100)
    asked = list(enumerate(walk(str(tmp_path))))
    stream = recall.queries(asked, [], folder=tmp_path, seed=0, threads=2)
    assert {query.row for query in stream} == {1}


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.copies.recall", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_the_whole_measure(tmp_path: Path) -> None:
    fill(tmp_path / "pictures", 14)
    out = tmp_path / "figures.json"
    peers = ["--peers"] if find_spec("imagehash") and find_spec("pdqhash") else []
    done = run(tmp_path / "pictures", "--sample", "1", *peers, "--json", out)
    assert done.returncode == 0, done.stderr
    report = json.loads(out.read_text("utf-8"))
    queries = len(EDITS) * len(STRENGTHS)
    assert report["gallery"] == 13
    assert report["queries with an original"] == report["queries without"] == queries
    verified, ours, *others = report["finders"]
    assert verified["finder"] == "lookalike, verified"
    assert verified["recall@1"] > ours["recall@1"] - 0.02
    assert verified["edits"]["low-quality"]["light"] == 1
    assert ours["finder"].startswith(encoders.DEFAULT_ENCODER)
    assert ours["recall@1"] > 0.7
    assert ours["bytes a picture"] == 2 * encoders.load().dimensions
    assert ours["edits"]["low-quality"]["light"] == 1
    if peers:
        phash, _, pdq, dihedral = others
        assert 0.2 < phash["recall@1"] < ours["recall@1"]
        assert [phash["bytes a picture"], pdq["bytes a picture"]] == [8, 32]
        assert dihedral["edits"]["turned"] == {"light": 1, "medium": 1, "strong": 1}
        assert pdq["edits"]["turned"]["light"] < 1
    for row in report["finders"]:
        means = [np.mean(list(of.values())) for of in row["edits"].values()]
        assert row["recall@1"] == pytest.approx(np.mean(means))
        assert 0 <= row["recall at 99% precision"] <= row["recall@1"]
        assert row["micro-AP"] <= row["recall@1"]
        assert row["ms a query"] > 0
        assert row["finder"] in done.stdout


def test_too_small_a_folder_is_told(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    done = run(tmp_path, "--sample", "2")
    assert done.returncode == 2
    assert "3 of 3 pictures may be asked with" in done.stderr
