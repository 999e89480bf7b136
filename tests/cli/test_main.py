"""The real command in real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from lookalike.sources.content import content_hash

from ..conftest import draw, fill, run, save


@pytest.fixture
def indexed(tmp_path: Path, pictures: Path) -> Path:
    folder = tmp_path / "g"
    done = run("index", pictures, gallery=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_index_says_what_it_did(tmp_path: Path, pictures: Path) -> None:
    (pictures / "bad.jpg").write_text("x")
    (pictures / "notes.txt").write_text("x")
    done = run("index", pictures, "--gallery", tmp_path / "g")
    assert done.returncode == 0
    assert done.stdout.startswith("12 added, 1 refused (see: lookalike refused), 1 other files; ")
    assert f"12 pictures in {tmp_path / 'g'}" in done.stdout
    done = run("index", pictures, "--gallery", tmp_path / "g")
    assert done.returncode == 0
    assert done.stdout.startswith("14 unchanged; ") or done.stdout.startswith("0 added, 14 unch")


def test_index_options(tmp_path: Path, pictures: Path) -> None:
    save(pictures / ".hidden" / "x.jpg", 50)
    done = run(
        "index",
        pictures,
        "--exclude",
        "b",
        "--exclude",
        "0000*",
        "--include-hidden",
        gallery=tmp_path / "g",
    )
    assert done.stdout.startswith("6 added")
    done = run("index", "--rebuild", gallery=tmp_path / "g")
    assert (done.returncode, done.stdout[:7]) == (0, "6 added")


def test_index_without_copies_and_with_them_later(tmp_path: Path, pictures: Path) -> None:
    run("index", pictures, "--no-copies", gallery=tmp_path / "g")
    assert not (tmp_path / "g" / "fingerprints.lance").exists()
    done = run("index", pictures, gallery=tmp_path / "g")  # it stays as it was
    assert "12 unchanged" in done.stdout
    done = run("index", pictures, "--copies", gallery=tmp_path / "g")
    assert "12 updated" in done.stdout
    assert (tmp_path / "g" / "fingerprints.lance").exists()


def test_search_prints_json_paths_or_plain_lines(pictures: Path, indexed: Path) -> None:
    query = pictures / "a" / "0003.jpg"
    answer = json.loads(run("search", query, "--json", "--top", 4, gallery=indexed).stdout)
    assert set(answer) == {"query", "hits", "took_ms"}
    assert answer["query"] == str(query)
    assert [hit["rank"] for hit in answer["hits"]] == [1, 2, 3, 4]
    assert answer["hits"][0]["score"] > 0.999
    assert answer["hits"][0] | {"score": 1} == {
        "rank": 1,
        "path": str(query),
        "score": 1,
        "width": 160,
        "height": 120,
        "kind": "exact",
        "match": answer["hits"][0]["match"],
        "id": content_hash(query.read_bytes()).hex(),
        "size": query.stat().st_size,
        "mtime_ns": query.stat().st_mtime_ns,
    }
    assert answer["hits"][0]["match"]["transform"][2] == pytest.approx([0, 0, 1], abs=1e-3)
    assert answer["hits"][3]["kind"] == "similar"
    assert "match" not in answer["hits"][3]
    unproved = run("search", query, "--no-copies", "--json", "--top", 4, gallery=indexed).stdout
    assert not any("match" in hit for hit in json.loads(unproved)["hits"])
    paths = run("search", query, "--paths", "--top", 2, gallery=indexed).stdout.splitlines()
    assert paths == [hit["path"] for hit in answer["hits"][:2]]
    plain = run("search", query, "--top", 1, gallery=indexed).stdout
    assert plain == f"1\texact\t1.0000\t160x120\t{query}\n"


def test_search_takes_bytes_on_stdin(pictures: Path, indexed: Path) -> None:
    data = (pictures / "a" / "0003.jpg").read_bytes()
    done = run("search", "-", "--json", gallery=indexed, input=data, text=False)
    answer = json.loads(done.stdout)
    assert answer["query"] == "-"
    assert answer["hits"][0]["path"] == str(pictures / "a" / "0003.jpg")


def test_search_min_score_and_sheet(tmp_path: Path, pictures: Path, indexed: Path) -> None:
    query = pictures / "a" / "0003.jpg"
    done = run(
        "search",
        query,
        "--min-score",
        0.9999,
        "--paths",
        "--sheet",
        tmp_path / "s.jpg",
        gallery=indexed,
    )
    assert done.stdout.splitlines() == [str(query)]
    assert "Contact sheet" in done.stderr
    with Image.open(tmp_path / "s.jpg") as sheet:
        assert sheet.format == "JPEG"
    flat = tmp_path / "flat.png"
    Image.new("RGB", (60, 60), "red").save(flat)
    done = run("search", flat, "--min-score", 0.999, gallery=indexed)
    assert (done.returncode, done.stdout) == (0, "")
    assert "lower --min-score" in done.stderr


def test_info_refused_prune_remove(pictures: Path, indexed: Path) -> None:
    (pictures / "bad.jpg").write_text("x")
    run("index", pictures, gallery=indexed)
    info = json.loads(run("info", "--json", gallery=indexed).stdout)
    assert (info["pictures"], info["refused"]) == (12, 1)
    assert info["roots"] == [{"path": str(pictures), "online": True, "reason": ""}]
    assert info["encoder"]["name"] == "lookalike-2"
    assert info["index"]["kind"] == "none"
    assert info["bytes_on_disk"] > 0
    assert "pictures   12" in run("info", gallery=indexed).stdout
    refused = run("refused", gallery=indexed).stdout
    assert refused == f"{pictures / 'bad.jpg'}\tnot a picture, in spite of its name\n"
    assert json.loads(run("refused", "--json", gallery=indexed).stdout) == {
        "refused": [
            {"path": str(pictures / "bad.jpg"), "reason": "not a picture, in spite of its name"}
        ]
    }
    (pictures / "a" / "0000.jpg").unlink()
    dry = run("prune", "--dry-run", gallery=indexed)
    assert dry.stdout == f"{pictures / 'a' / '0000.jpg'}\n"
    assert dry.stderr == "1 row would be removed.\n"
    assert run("prune", gallery=indexed).stderr == "1 row removed.\n"
    done = run("remove", pictures / "b", gallery=indexed)
    assert (done.returncode, done.stdout) == (0, "6 rows removed.\n")
    assert run("remove", pictures / "b", gallery=indexed).returncode == 1


def test_export_and_import(tmp_path: Path, indexed: Path, pictures: Path) -> None:
    done = run("export", tmp_path / "list.parquet", gallery=indexed)
    assert done.stdout == f"12 rows written to {tmp_path / 'list.parquet'}\n"
    done = run("import", tmp_path / "list.parquet", gallery=tmp_path / "other")
    assert done.stdout == f"12 rows taken into {tmp_path / 'other'}\n"
    paths = run("search", pictures / "a" / "0001.jpg", "--paths", gallery=tmp_path / "other")
    assert paths.stdout.startswith(str(pictures / "a" / "0001.jpg"))


def test_offline_roots_are_told(tmp_path: Path, pictures: Path, indexed: Path) -> None:
    pictures.rename(tmp_path / "away")
    done = run("index", pictures, gallery=indexed)
    assert done.returncode == 1
    assert f"{pictures} can't be reached" in done.stderr
    assert "12 pictures in" in done.stdout
    assert "offline: No such file or directory" in run("info", gallery=indexed).stdout
    assert "its rows stay" in run("prune", gallery=indexed).stderr


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["search", "none.jpg"], 1, "none.jpg can't be read (No such file or directory); check"),
        (["search", "notes.txt"], 1, "notes.txt can't be used: not a picture"),
        (["search", "-"], 1, "can't be used: empty file"),
        (["index", "empty"], 1, "No usable picture was found"),
        (["index"], 2, "Name at least one folder or picture to index."),
        (["import", "notes.txt"], 1, "is not a feature list"),
        (["search", "x.jpg", "--top", "0"], 2, "--top"),
        (["search", "x.jpg", "--min-score", "7"], 2, "--min-score"),
        (["search", "x.jpg", "--sheet", "out.nothing"], 2, "can't be written"),
        (["search"], 2, "one of the two: a picture, QUERY, or --text WORDS"),
        (["search", "x.jpg", "--text", "a cat"], 2, "one of the two"),
        (["search", "--text", "a cat"], 1, "knows pictures only; to search by text, index with"),
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


def test_no_gallery_yet_is_told(tmp_path: Path) -> None:
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
def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    fill(tmp_path / "p", 600)
    # A shell may have started this in the background, where SIGINT is ignored from birth.
    code = (
        "import os, signal, time; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from lookalike.cli.main import main\n"
        "from lookalike.ingest import threads\n"
        "read = threads.read\n"
        "def slowly(source):\n"  # as from a slow disk: some three seconds on any machine
        "    time.sleep(0.005 * os.cpu_count())\n"
        "    return read(source)\n"
        "threads.read = slowly\n"
        "main()"
    )
    command = [sys.executable, "-c", code, "index", str(tmp_path / "p")]
    environment = {**os.environ, "LOOKALIKE_GALLERY": str(tmp_path / "g")}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while not (tmp_path / "g" / "gallery.json").exists():
        time.sleep(0.02)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Run the same command again to go on." in errors
    assert "Traceback" not in errors
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


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['lookalike', '--help']\n"
        "from lookalike.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print({'numpy', 'PIL', 'lance', 'pyarrow', 'onnxruntime'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("set()\n")
