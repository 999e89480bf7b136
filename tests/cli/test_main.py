"""The whole command line, in real processes: errors, names, signals, pipes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ..conftest import draw, fill, run, save


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["search", "none.jpg"], 1, "none.jpg can't be read (No such file or directory); check"),
        (["search", "notes.txt"], 1, "notes.txt can't be used: not a picture"),
        (["search", "-"], 1, "can't be used: empty file"),
        (["index", "empty"], 1, "No usable pictures were found"),
        (["index"], 2, "Name at least one folder or picture to index."),
        (["import", "notes.txt"], 1, "is not a feature list"),
        (["search", "x.jpg", "--top", "0"], 2, "--top"),
        (["search", "x.jpg", "--min-score", "7"], 2, "--min-score"),
        (["search", "x.jpg", "--sheet", "out.nothing"], 2, "can't be written"),
        (["search"], 2, "either a picture (QUERY) or --text WORDS"),
        (["search", "x.jpg", "--text", "a cat"], 2, "either a picture"),
        (["search", "--text", "x", "--region", "0,0,1,1"], 2, "--region needs a picture"),
        (["search", "--text", "a cat"], 1, "can't encode text; to search by text, index with"),
        (["search", "x.jpg", "--encoder", "none"], 1, "There is no encoder 'none'"),
        (["search", "x.jpg", "--encoder", "none.onnx"], 1, "none.onnx can't be read"),
        (["index", "x.jpg", "--encoder", "hf:./none"], 1, "There is no folder"),
        (["find", "x.jpg"], 2, "No such command"),
        (["search", "x.jpg", "--nonsense"], 2, "No such option"),
        (["--nonsense"], 2, "No such option"),
    ],
)
def test_errors_are_a_sentence_on_stderr(
    tmp_path: Path, indexed: Path, arguments: list[str], code: int, says: str
) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "empty").mkdir()
    save(tmp_path / "x.jpg", 1)
    done = run(*arguments, gallery=indexed, cwd=tmp_path, input="")
    assert done.returncode == code
    assert says in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    if code == 1:
        assert len(done.stderr.splitlines()) == 1


def test_a_missing_gallery_is_reported(tmp_path: Path) -> None:
    for command in ("info", "refused", "prune"):
        done = run(command, gallery=tmp_path / "none")
        assert done.returncode == 1
        assert "create one with: lookalike index FOLDER" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_not_utf_8_come_out_as_they_are(tmp_path: Path, indexed: Path) -> None:
    name = os.fsencode(tmp_path) + b"/pictures/caf\xe9.jpg"
    with open(name, "wb") as file:
        draw(70).save(file, "JPEG")
    assert run("index", tmp_path / "pictures", gallery=indexed).returncode == 0
    done = run("search", os.fsdecode(name), "--paths", "--top", 1, gallery=indexed, text=False)
    assert done.stdout == name + b"\n"
    answer = json.loads(run("search", os.fsdecode(name), "--json", gallery=indexed).stdout)
    assert os.fsencode(answer["hits"][0]["path"]) == name
    shown = run(
        "search", os.fsdecode(name), "--sheet", tmp_path / "s.jpg", gallery=indexed, text=False
    )
    assert shown.returncode == 0
    assert name in shown.stdout


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT to one process there")
def test_ctrl_c_says_how_to_continue(tmp_path: Path) -> None:
    fill(tmp_path / "p", 600)
    # The command interrupts itself once some pictures are through; decoding is too slow for more.
    code = (
        "import os, signal, time\n"
        "from PIL import ImageFile\n"
        "from lookalike.cli import progress\n"
        "from lookalike.cli.main import main\n"
        # A shell may have started this in the background, where SIGINT is ignored from the start.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "load, show = ImageFile.ImageFile.load, progress.IndexProgress.__call__\n"
        "def load_slowly(image):\n"
        "    time.sleep(0.005 * os.cpu_count())\n"
        "    return load(image)\n"
        "def show_and_interrupt(self, state):\n"
        "    show(self, state)\n"
        "    if state.done:\n"
        "        progress.IndexProgress.__call__ = show\n"
        "        signal.raise_signal(signal.SIGINT)\n"
        "ImageFile.ImageFile.load = load_slowly\n"
        "progress.IndexProgress.__call__ = show_and_interrupt\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "index", str(tmp_path / "p")],
        env={**os.environ, "LOOKALIKE_GALLERY": str(tmp_path / "g")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 130, done.stderr
    assert "; run the same command again to continue." in done.stderr
    assert "Traceback" not in done.stderr
    info = json.loads(run("info", "--json", gallery=tmp_path / "g").stdout)
    assert 0 < info["pictures"] < 600
    done = run("index", tmp_path / "p", gallery=tmp_path / "g")
    assert done.stdout.startswith(f"{600 - info['pictures']} added, {info['pictures']} unchanged")


@pytest.mark.skipif(os.name == "nt", reason="POSIX pipes")
def test_a_closed_pipe_is_no_error(pictures: Path, indexed: Path) -> None:
    line = f'"{sys.executable}" -m lookalike search "{pictures / "a" / "0001.jpg"}" --top 12 | true'
    environment = {**os.environ, "LOOKALIKE_GALLERY": str(indexed)}
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
