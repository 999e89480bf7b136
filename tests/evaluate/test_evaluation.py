from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import pytest

from lookalike import encoders
from lookalike.errors import ArgumentError, EncoderError
from lookalike.evaluate import Evaluation, evaluate

from ..conftest import RandomEncoder, fill


def test_an_evaluation_holds_metrics_pictures_and_vectors(
    evaluation: Evaluation, labelled: Path
) -> None:
    metrics = evaluation.metrics
    assert (metrics.queries, metrics.gallery, metrics.leave_one_out) == (24, 24, True)
    assert 0.3 < metrics["mAP"].mean < 1
    assert evaluation.folders == (str(labelled),)
    assert evaluation.vectors.shape == (24, 16)
    assert evaluation.queries is evaluation.gallery
    for n, row in enumerate(metrics.rows):
        own = evaluation.queries[row].label
        hits = [evaluation.gallery[hit].label == own for hit in metrics.neighbours[n]]
        assert hits == metrics.is_relevant[n].tolist()
    assert evaluation.refusals == ()
    assert evaluation.pictures_per_second > 0
    assert set(evaluation.versions) >= {"python", "lookalike", "numpy", "pillow"}
    assert evaluation.remarks == ("There are only 24 queries; mind the wide intervals.",)


def test_json_has_all_figures(evaluation: Evaluation) -> None:
    answer = json.loads(json.dumps(evaluation.as_json()))
    assert answer["metrics"]["mAP"]["mean"] == evaluation.metrics["mAP"].mean
    assert answer["metrics"]["mAP"]["low"] <= answer["metrics"]["mAP"]["high"]
    assert (answer["queries"], answer["gallery"], answer["protocol"]) == (24, 24, "all")
    assert answer["encoder"]["name"] == "random"
    assert [row["queries"] for row in answer["labels"]] == [6] * 4


def test_the_command_repeats_the_evaluation(evaluation: Evaluation, labelled: Path) -> None:
    words = shlex.split(evaluation.command)
    assert words[:3] == ["lookalike", "evaluate", str(labelled)]
    assert words[3:] == ["--protocol", "all", "--encoder", "random", "--top", "10"]


def test_refused_files_are_left_out(labelled: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(labelled, tmp_path / "x")
    (folder / "red" / "1.jpg").write_text("x")
    (folder / "blue" / "2.jpg").write_bytes((folder / "blue" / "2.jpg").read_bytes()[:200])
    result = evaluate(folder, encoder=RandomEncoder())
    assert result.metrics.queries == 22
    assert [Path(refusal.path).name for refusal in result.refusals] == ["2.jpg", "1.jpg"]
    assert "2 files could not be used." in result.remarks
    assert all(not Path(p.path).samefile(folder / "red" / "1.jpg") for p in result.gallery)


def test_two_folders(labelled: Path, tmp_path: Path) -> None:
    queries = shutil.copytree(labelled / "red", tmp_path / "asked" / "red").parent
    result = evaluate(queries=queries, gallery=labelled, encoder=RandomEncoder())
    assert (result.metrics.queries, result.metrics.gallery) == (6, 24)
    assert len(result.vectors) == len(result.gallery) == 24
    assert result.metrics["P@1"].mean == 1  # the copies are there
    assert "--queries" in result.command
    broken = shutil.copytree(queries, tmp_path / "broken")
    (broken / "red" / "3.jpg").write_text("x")
    result = evaluate(queries=broken, gallery=labelled, encoder=RandomEncoder())
    assert result.metrics.queries == 5
    assert result.metrics["P@1"].mean == 1


def test_a_sample_is_reported(labelled: Path) -> None:
    result = evaluate(labelled, encoder=RandomEncoder(), max_queries=10)
    assert result.metrics.queries == 10
    assert "The 10 queries are a random sample of 24; the gallery is complete." in result.remarks
    assert "--max-queries 10" in result.command


def test_progress_has_stages(labelled: Path) -> None:
    states: list[tuple[str, int, int]] = []
    evaluate(labelled, encoder=RandomEncoder(), on_progress=lambda *state: states.append(state))
    assert ("Encoding", 24, 24) in states
    assert states[-1] == ("Ranking", 24, 24)


def test_invalid_arguments_are_refused(labelled: Path, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="Name one folder or two"):
        evaluate()
    with pytest.raises(ArgumentError, match="Name one folder or two"):
        evaluate(labelled, queries=labelled)
    with pytest.raises(ArgumentError, match="Name one folder or two"):
        evaluate(queries=labelled)
    with pytest.raises(ArgumentError, match="max_queries"):
        evaluate(labelled, max_queries=-1)
    with pytest.raises(EncoderError):
        evaluate(labelled, encoder="nonsense")
    for label in ("a", "b"):
        for path in fill(tmp_path / "bad" / label, 2):
            path.write_text("x")
    with pytest.raises(ArgumentError, match="None of the pictures could be used; for example, "):
        evaluate(tmp_path / "bad", encoder=RandomEncoder())


def test_caltech101_reaches_the_known_figures(caltech101: Path, tmp_path: Path) -> None:
    for label in ("car_side", "dalmatian", "octopus", "wrench"):
        shutil.copytree(caltech101 / label, tmp_path / label)
    result = evaluate(tmp_path, protocol="test3")
    assert result.encoder["sha256"] == encoders.load().sha256
    assert result.metrics.queries == sum(label.queries for label in result.metrics.labels)
    means = {label.label: label.means["P@1"] for label in result.metrics.labels}
    assert means["car_side"] == 1
    assert result.metrics["mAP"].mean > 0.9
