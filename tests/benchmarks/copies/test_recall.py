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


def synthetic_results(seed: int, levels: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Return random results, with higher scores for correct ones; few levels make many ties."""
    random = np.random.default_rng(seed)
    correct = random.random(400) < 0.4
    scores = np.round((random.normal(size=400) + correct) * levels) / levels
    return scores, correct, 250


@pytest.mark.parametrize("levels", [2, 1000])
def test_the_metrics_agree_with_scikit_learn(levels: int) -> None:
    for seed in range(5):
        scores, correct, originals = synthetic_results(seed, levels)
        share = correct.sum() / originals  # for scikit-learn, only correct results have an original
        micro = recall.micro_average_precision(scores, correct, originals)
        assert micro == pytest.approx(average_precision_score(correct, scores) * share)
        precisions, recalls, _ = precision_recall_curve(correct, scores)
        for precision in (0.5, 0.8, 0.99):
            expected = recalls[:-1][precisions[:-1] >= precision].max(initial=0.0) * share
            actual = recall.recall_at_precision(scores, correct, originals, precision=precision)
            assert actual == pytest.approx(expected)


def test_the_metrics_agree_with_a_calculation_by_hand() -> None:
    scores, correct = np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, False, True, False])
    # Three originals: precision 1/1 at the first result, 2/3 at the third; one is never found.
    assert recall.micro_average_precision(scores, correct, 3) == pytest.approx((1 + 2 / 3) / 3)
    assert recall.recall_at_precision(scores, correct, 3) == pytest.approx(1 / 3)
    assert recall.recall_at_precision(scores, correct, 3, precision=0.6) == pytest.approx(2 / 3)
    assert recall.recall_at_precision(scores, ~correct, 3) == 0


def test_a_query_does_not_depend_on_the_others(tmp_path: Path) -> None:
    fill(tmp_path, 4)
    sources = list(walk(str(tmp_path)))
    options: dict[str, Any] = {"folder": tmp_path, "seed": 3}
    hosts = [draw(50)]

    def pixels(originals: list[Any], threads: int) -> dict[Any, bytes]:
        queries = recall.edited_queries(originals, hosts, threads=threads, **options)
        return {(q.row, q.edit, q.strength): q.picture.pixels.tobytes() for q in queries}

    all_four = pixels(list(enumerate(sources)), 3)
    assert len(all_four) == 4 * len(EDITS) * len(STRENGTHS)
    alone = pixels([(2, sources[2])], 1)
    assert alone == {key: data for key, data in all_four.items() if key[0] == 2}
    assert len(set(all_four.values())) > 0.9 * len(all_four)


def test_an_unusable_file_is_left_out(tmp_path: Path) -> None:
    fill(tmp_path, 2)
    (tmp_path / "0000.jpg").write_bytes(b"\xff\xd8\xff" + b"x" * 100)
    originals = list(enumerate(walk(str(tmp_path))))
    queries = recall.edited_queries(originals, [], folder=tmp_path, seed=0, threads=2)
    assert {query.row for query in queries} == {1}


def run(python: list[str], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *python, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_the_whole_measure(tmp_path: Path) -> None:
    fill(tmp_path / "pictures", 14)
    out = tmp_path / "figures.json"
    peers = ["--peers"] if find_spec("imagehash") and find_spec("pdqhash") else []
    # Time few queries: the timed ones run twice.
    code = "from benchmarks.copies import recall; recall.TIMED_QUERIES = 6; recall.main()"
    process = run(["-c", code], tmp_path / "pictures", "--sample", "1", *peers, "--json", out)
    assert process.returncode == 0, process.stderr
    report = json.loads(out.read_text("utf-8"))
    queries = len(EDITS) * len(STRENGTHS)
    assert report["gallery"] == 13
    assert report["queries with an original"] == report["queries without"] == queries
    lookalike, vectors, *hashes = report["finders"]
    assert lookalike["finder"] == "lookalike, verified"
    assert lookalike["recall@1"] > vectors["recall@1"] - 0.02
    assert lookalike["edits"]["low-quality"]["light"] == 1
    assert vectors["finder"].startswith(encoders.DEFAULT_ENCODER)
    assert vectors["recall@1"] > 0.7
    assert vectors["bytes a picture"] == 2 * encoders.load().dimensions
    assert vectors["edits"]["low-quality"]["light"] == 1
    if peers:
        phash, _, pdq, dihedral = hashes
        assert 0.2 < phash["recall@1"] < vectors["recall@1"]
        assert [phash["bytes a picture"], pdq["bytes a picture"]] == [8, 32]
        assert dihedral["edits"]["turned"] == {"light": 1, "medium": 1, "strong": 1}
        assert pdq["edits"]["turned"]["light"] < 1
    for row in report["finders"]:
        means = [np.mean(list(recalls.values())) for recalls in row["edits"].values()]
        assert row["recall@1"] == pytest.approx(np.mean(means))
        assert 0 <= row["recall at 99% precision"] <= row["recall@1"]
        assert row["micro-AP"] <= row["recall@1"]
        assert row["ms a query"] > 0
        assert row["finder"] in process.stdout


def test_a_small_folder_is_an_error(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    process = run(["-m", "benchmarks.copies.recall"], tmp_path, "--sample", "2")
    assert process.returncode == 2
    assert "only 3 of 3 pictures can be queries" in process.stderr
