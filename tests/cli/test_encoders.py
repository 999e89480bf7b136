"""Commands that need no gallery, in real processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lookalike import encoders

from ..conftest import run, save


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Three labels of four pictures: each label's are of one drawing."""
    for label in range(3):
        for n in range(4):
            save(tmp_path / "set" / f"label {label}" / f"{n}.jpg", label, quality=95 - 20 * n)
    return tmp_path / "set"


def test_evaluate_prints_figures_with_intervals(labelled: Path) -> None:
    (labelled / "label 0" / "bad.jpg").write_text("x")
    done = run("evaluate", labelled)
    assert done.returncode == 0, done.stderr
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[0] == f"lookalike-3 on {labelled}, protocol all"
    assert lines[1] == "12 queries to all others, 3 labels"
    assert "mAP 1.0000 1.0000 to 1.0000" in lines
    assert any(line.startswith("P@5 0.6000") for line in lines)  # three are there
    assert f"weights {encoders.load().sha256[:12]}, 512 dimensions" in done.stdout
    assert "There are only 12 queries" in done.stderr
    assert "1 file could not be used." in done.stderr
    assert f"{labelled / 'label 0' / 'bad.jpg'}\tnot a picture, despite its name" in done.stderr


def test_evaluate_prints_one_object(labelled: Path, tmp_path: Path) -> None:
    report = tmp_path / "out.html"
    done = run("evaluate", labelled, "--json", "--top", 3, "--max-queries", 6, "--report", report)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["metrics"]["mAP@3"] == {"mean": 1, "low": 1, "high": 1}
    assert (answer["queries"], answer["queries_sampled_from"]) == (6, 12)
    assert answer["encoder"]["name"] == "lookalike-3"
    assert report.read_text("utf-8").startswith("<!doctype html>")
    assert f"Report: {report} (" in done.stderr


def test_evaluate_takes_two_folders_and_an_encoder(labelled: Path, tmp_path: Path) -> None:
    save(tmp_path / "asked" / "label 1" / "x.png", 1)
    done = run(
        *("evaluate", "--queries", tmp_path / "asked", "--gallery", labelled, "--json"),
        *("--encoder", "lookalike-3"),
    )
    answer = json.loads(done.stdout)
    assert (answer["queries"], answer["gallery"], answer["leave_one_out"]) == (1, 12, False)
    assert answer["protocol"] == "two folders"


def test_evaluate_takes_the_protocol(labelled: Path) -> None:
    answer = json.loads(run("evaluate", labelled, "--protocol", "test3", "--json").stdout)
    assert answer["gallery"] == 6  # numbers 0 and 3 of each label


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([], 2, "Name one folder or two"),
        (
            ["{}/none"],
            2,
            "does not exist; choose a folder that holds one folder of pictures for each",
        ),
        (["{}/label 0"], 2, "has pictures in no label folder"),
        (["{}", "--protocol", "some"], 2, "use one of: all, test3"),
        (["{}", "--encoder", "nonsense"], 1, "There is no encoder 'nonsense'"),
        (["{}", "--queries", "{}"], 2, "Name one folder or two"),
        (["--queries", "{}", "--gallery", "{}"], 2, "The gallery contains 12 of the queries"),
        (
            ["{}", "--report", "{}/none/out.html"],
            2,
            "is not a folder; choose an existing one for out.html",
        ),
        (["{}", "--top", "0"], 2, "--top"),
    ],
)
def test_evaluate_says_what_is_wrong(
    labelled: Path, arguments: list[str], code: int, says: str
) -> None:
    done = run("evaluate", *(argument.format(labelled) for argument in arguments))
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT to one process there")
def test_ctrl_c_ends_evaluate(labelled: Path) -> None:
    code = (
        "import os, signal\n"
        "from PIL import ImageFile\n"
        "from lookalike.cli.main import main\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "load = ImageFile.ImageFile.load\n"
        "def load_and_interrupt(image):\n"
        "    ImageFile.ImageFile.load = load\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    return load(image)\n"
        "ImageFile.ImageFile.load = load_and_interrupt\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "evaluate", str(labelled)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 130, done.stderr
    assert "Stopped before anything was written; run the same command" in done.stderr
    assert "Traceback" not in done.stderr
