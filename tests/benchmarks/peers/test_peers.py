from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from benchmarks.peers import __main__ as peers
from benchmarks.peers.catalogue import PEERS, REFERENCE, RUNNERS, Environment, Peer
from benchmarks.peers.environments import ensure_environment, size_mb
from benchmarks.peers.pictures import PHOTO_SIZE, copy_sample, make_photos, make_queries, paths_of
from benchmarks.peers.processes import PeerError, last_line, run
from benchmarks.peers.results import Measure, Results, Sample
from benchmarks.peers.rounds import Comparison, Workload, measure_round
from benchmarks.report import NO_VALUE

from ...conftest import fill

RATE = Measure("pictures/s", 1, more_is_better=True)
TIME = Measure("ms", 1)

# Stores file names and finds all of them; the variant names the verb that fails.
FAKE = """
import os, sys, time
sys.path.insert(0, {runners!r})
from runner import main

class Fake:
    def __init__(self, variant):
        self.broken = variant

    def index(self, folder, data):
        print("noise on stdout")
        if self.broken == "index":
            sys.exit("out of luck")
        (data / "names").write_text("\\n".join(sorted(os.listdir(folder))))

    def count(self, data):
        return len((data / "names").read_text().split())

    def search(self, data, query):
        return self.open(data)(query)

    def open(self, data):
        if self.broken == "search":
            raise ValueError("no result")
        return lambda query: self.count(data)

    def grow(self, data, new, rows):
        (new / "names").write_text("\\n".join(map(str, range(rows))))

main(Fake)
"""


@pytest.fixture
def comparison(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Comparison:
    (tmp_path / "run_fake.py").write_text(FAKE.format(runners=str(RUNNERS)), "utf-8")
    monkeypatch.setattr("benchmarks.peers.catalogue.RUNNERS", tmp_path)
    reference = fake("ours", skips_unchanged=True)
    results = Results("ours", "with copies")
    pythons = dict.fromkeys(("ours", "theirs", "broken"), Path(sys.executable))
    return Comparison(tmp_path / "work", pythons, reference, results, 60)


def fake(name: str, broken: str = "", *, skips_unchanged: bool = False) -> Peer:
    environment = Environment("fake", (), "pip")
    return Peer(name, environment, "run_fake.py", "none", "", broken, skips_unchanged)


@pytest.fixture
def workload(tmp_path: Path) -> Workload:
    folder = tmp_path / "pictures"
    fill(folder, 3)
    return Workload({"pictures": folder}, make_queries(folder, 2, tmp_path / "queries"), [7])


def test_a_ratio_compares_adjacent_measurements_and_more_is_always_better() -> None:
    results = Results("ours", "with copies")
    for number, (rate, beside) in enumerate([(10, 200), (5, 150)]):
        results.add(Sample("theirs", "rate", number, rate, beside))
        results.add(Sample("theirs", "ms", number, 30, 10))
        results.add(Sample("with copies", "rate", number, 50))
    assert results.ratios("theirs", "rate", "ours", more_is_better=True) == [20, 30]
    assert results.ratios("theirs", "rate", "with copies", more_is_better=True) == [5, 10]
    assert results.ratios("theirs", "ms", "ours", more_is_better=False) == [3, 3]
    assert results.ratios("theirs", "ms", "with copies", more_is_better=False) == []
    assert results.ratios("ours", "rate", "ours", more_is_better=True) == []
    assert results.ratios("ours", "rate", "with copies", more_is_better=True) == [0.25, 1 / 3]
    assert results.values("ours", "rate") == [200, 150]
    lines = results.table(["ours", "theirs", "none"], {"rate": RATE, "ms": TIME, "no": TIME})
    assert "no" not in lines.split("\n")[0].split()
    assert "25.00 (20.00 to 30.00)" in lines
    assert lines.endswith(f"| none |{f' {NO_VALUE} |' * 6}")


def test_a_run_separates_json_from_other_output(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    code = "import sys, json; print(json.dumps({'ms': [1]})); print('hm', file=sys.stderr)"
    result = run([sys.executable, "-c", code], log=log, limit=60)
    assert result.output == {"ms": [1]}
    assert result.seconds > 0
    assert last_line(log) == "hm"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("raise SystemExit('no weights')", "no weights"),
        ("raise SystemExit(3)", "code 3"),
        ("print('hello')", "hello"),
        ("import time; time.sleep(60)", "not done after 1 s"),
    ],
)
def test_a_run_that_fails_says_why(tmp_path: Path, code: str, message: str) -> None:
    with pytest.raises(PeerError, match=message):
        run(
            [sys.executable, "-c", code],
            log=tmp_path / "log.txt",
            limit=1 if "sleep" in code else 60,
        )


@pytest.mark.skipif(
    not Path("/proc/self/smaps_rollup").exists(), reason="only Linux reports memory"
)
def test_memory_counts_all_processes(tmp_path: Path) -> None:
    hold = "import time; held = bytearray(b'x') * 60_000_000; time.sleep(2)"
    code = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hold!r}]); print('{{}}')"
    )
    assert 60 < run([sys.executable, "-c", code], log=tmp_path / "log", limit=60).peak_mb < 200


def test_every_step_measures_peer_and_reference(comparison: Comparison, workload: Workload) -> None:
    measure_round(comparison, fake("theirs"), workload, 0)
    assert comparison.failures == []
    for measure in ("pictures", "cold", "warm, pictures", "warm, 7-rows"):
        theirs, ours = (comparison.results.values(name, measure) for name in ("theirs", "ours"))
        assert theirs
        assert len(theirs) == len(ours)
        assert min(theirs) > 0
    (rerun,) = comparison.results.values("theirs", "rerun")
    assert rerun == comparison.index_seconds["theirs"]  # it indexes everything again
    assert len(comparison.results.values("ours", "rerun")) == 1
    grown = comparison.work / "collections" / "theirs-7-rows" / "names"
    assert len(grown.read_text("utf-8").split()) == 7


def test_a_peer_that_skips_unchanged_files_runs_again(
    comparison: Comparison, workload: Workload
) -> None:
    measure_round(comparison, fake("theirs", skips_unchanged=True), workload, 0)
    (rerun,) = comparison.results.values("theirs", "rerun")
    assert rerun != comparison.index_seconds["theirs"]
    assert len(comparison.results.values("ours", "rerun")) == 1


def test_a_failed_peer_is_reported_and_the_others_continue(
    comparison: Comparison, workload: Workload
) -> None:
    measure_round(comparison, fake("broken", "index"), workload, 0)
    assert [failure[:2] for failure in comparison.failures] == [("broken", "index pictures")]
    assert "out of luck" in comparison.failures[0][2]
    measure_round(comparison, fake("theirs"), workload, 0)
    assert comparison.results.values("theirs", "cold")


def test_a_failed_step_is_reported_and_the_others_continue(
    comparison: Comparison, workload: Workload
) -> None:
    measure_round(comparison, fake("broken", "search"), workload, 0)
    steps = [step for _, step, _ in comparison.failures]
    assert steps == ["cold query", "warm query", "warm query among 7"]
    assert all("no result" in reason for *_, reason in comparison.failures)
    assert comparison.results.values("broken", "pictures")


def test_an_environment_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []
    monkeypatch.setattr(
        "benchmarks.peers.environments._pip", lambda *arguments: calls.append(arguments)
    )
    monkeypatch.setattr("venv.create", lambda root, **_: root.mkdir(parents=True))
    environment = Environment("one", ("nothing==1",), "nothing")
    python = ensure_environment(environment, tmp_path)
    assert ensure_environment(environment, tmp_path) == python
    assert [call[2:] for call in calls] == [("nothing==1",)]
    (tmp_path / "one" / "large").write_bytes(bytes(3 << 20))
    assert size_mb(python) == pytest.approx(3, abs=0.1)


def test_a_failed_installation_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ensure(environment: Environment, _: Path) -> Path:
        if environment.name == "rclip":
            raise PeerError("pip: no such version")
        return Path(sys.executable)

    monkeypatch.setattr(peers, "ensure_environment", ensure)
    monkeypatch.setattr(peers, "installed_version", lambda *_: "1.0")
    monkeypatch.setattr(peers, "size_mb", lambda _: 100.0)
    measured: list[str] = []
    monkeypatch.setattr(peers, "measure_round", lambda _b, peer, _t, _n: measured.append(peer.name))
    monkeypatch.setattr(peers, "_limits", lambda *_: None)
    monkeypatch.setattr(peers, "_networks", lambda _: tmp_path)
    fill(tmp_path / "pictures", 2)
    out, work = tmp_path / "out.json", tmp_path / "work"
    chosen = ["--peers", "seed,rclip", "--repeat", "1", "--work", str(work), "--json", str(out)]
    peers.main([str(tmp_path / "pictures"), *chosen])
    assert measured == ["seed"]
    report = json.loads(out.read_text("utf-8"))
    assert report["failures"] == [["rclip", "install", "pip: no such version"]]
    sizes = [sample["peer"] for sample in report["samples"] if sample["measure"] == "installed"]
    assert set(sizes) == {"lookalike-no-copies", "seed"}
    printed = capsys.readouterr().out
    assert "| rclip | install | `pip: no such version` |" in printed
    assert "scikit-learn 1.0" in printed


def test_unknown_peers_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        peers.main([str(tmp_path), "--peers", "nobody", "--work", str(tmp_path / "work")])


def test_pictures_are_the_same_each_time(tmp_path: Path) -> None:
    fill(tmp_path / "all" / "a", 8)
    for place in ("one", "two"):
        copy_sample(tmp_path / "all", 3, tmp_path / place)
    names = [[path.name for path in paths_of(tmp_path / place)] for place in ("one", "two")]
    assert names[0] == names[1]
    assert len(names[0]) == 3


def test_existing_photos_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert PHOTO_SIZE == (4_000, 3_000)
    monkeypatch.setattr("benchmarks.peers.pictures.PHOTO_SIZE", (400, 300))
    fill(tmp_path / "all", 1)
    place = tmp_path / "photos"
    make_photos(tmp_path / "all", 1, place)
    (photo,) = paths_of(place)
    with Image.open(photo) as picture:
        assert picture.size == (400, 300)
    assert photo.stat().st_size > 20_000
    before = photo.stat().st_mtime_ns
    make_photos(tmp_path / "all", 1, place)
    assert photo.stat().st_mtime_ns == before


def test_every_runner_of_the_catalogue_exists() -> None:
    assert len({peer.name for peer in (REFERENCE, *PEERS)}) == len(PEERS) + 1
    for peer in (REFERENCE, *PEERS):
        assert (RUNNERS / peer.runner).is_file()
        command = peer.command(Path("python"), "count", "place")
        assert command[-2:] == ["count", "place"]
        assert os.path.isabs(command[1])
