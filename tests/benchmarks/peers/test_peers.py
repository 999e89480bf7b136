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
from benchmarks.peers.environments import made, megabytes
from benchmarks.peers.figures import NOTHING, Figures, Measure, Sample, spread, table
from benchmarks.peers.pictures import PHOTO_SIZE, make_photos, make_queries, paths_of, sample
from benchmarks.peers.rounds import Bench, Task, measure_round
from benchmarks.peers.running import PeerError, last_words, run

from ...conftest import fill

RATE = Measure("pictures/s", 1, more_is_better=True)
TIME = Measure("ms", 1)

# Keeps names, answers with all of them; `broken` fails at what it is told to.
FAKE = """
import os, sys, time
sys.path.insert(0, {runners!r})
from runner import serve

class Fake:
    def __init__(self, variant):
        self.broken = variant

    def index(self, folder, place):
        print("noise on stdout")
        if self.broken == "index":
            sys.exit("out of luck")
        (place / "names").write_text("\\n".join(sorted(os.listdir(folder))))

    def count(self, place):
        return len((place / "names").read_text().split())

    def ask(self, place, query):
        return self.open(place)(query)

    def open(self, place):
        if self.broken == "ask":
            raise ValueError("no answer")
        return lambda query: self.count(place)

    def grow(self, place, new, rows):
        (new / "names").write_text("\\n".join(map(str, range(rows))))

serve(Fake)
"""


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    (tmp_path / "run_fake.py").write_text(FAKE.format(runners=str(RUNNERS)), "utf-8")
    monkeypatch.setattr("benchmarks.peers.catalogue.RUNNERS", tmp_path)
    reference = fake("ours", knows_unchanged=True)
    figures = Figures("ours", "with copies")
    pythons = dict.fromkeys(("ours", "theirs", "broken"), Path(sys.executable))
    return Bench(tmp_path / "work", pythons, reference, figures, 60)


def fake(name: str, broken: str = "", *, knows_unchanged: bool = False) -> Peer:
    environment = Environment("fake", (), "pip")
    return Peer(name, environment, "run_fake.py", "none", "", broken, knows_unchanged)


@pytest.fixture
def task(tmp_path: Path) -> Task:
    folder = tmp_path / "pictures"
    fill(folder, 3)
    return Task({"pictures": folder}, make_queries(folder, 2, tmp_path / "queries"), [7])


def test_spread_and_table() -> None:
    assert spread([], 1) == NOTHING
    assert spread([1234.56], 1) == "1,234.6"
    assert spread([3, 1, 2], 0) == "2 (1 to 3)"
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_a_ratio_is_of_values_measured_one_after_the_other_and_more_is_always_better() -> None:
    figures = Figures("ours", "with copies")
    for number, (rate, beside) in enumerate([(10, 200), (5, 150)]):
        figures.add(Sample("theirs", "rate", number, rate, beside))
        figures.add(Sample("theirs", "ms", number, 30, 10))
        figures.add(Sample("with copies", "rate", number, 50))
    assert figures.ratios("theirs", "rate", "ours", more_is_better=True) == [20, 30]
    assert figures.ratios("theirs", "rate", "with copies", more_is_better=True) == [5, 10]
    assert figures.ratios("theirs", "ms", "ours", more_is_better=False) == [3, 3]
    assert figures.ratios("theirs", "ms", "with copies", more_is_better=False) == []
    assert figures.ratios("ours", "rate", "ours", more_is_better=True) == []
    assert figures.ratios("ours", "rate", "with copies", more_is_better=True) == [0.25, 1 / 3]
    assert figures.values("ours", "rate") == [200, 150]
    lines = figures.table(["ours", "theirs", "none"], {"rate": RATE, "ms": TIME, "no": TIME})
    assert "no" not in lines.split("\n")[0].split()
    assert "25.00 (20.00 to 30.00)" in lines
    assert lines.endswith(f"| none |{f' {NOTHING} |' * 6}")


def test_what_is_told_apart_from_what_is_printed(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    code = "import sys, json; print(json.dumps({'ms': [1]})); print('hm', file=sys.stderr)"
    done = run([sys.executable, "-c", code], log=log, limit=60)
    assert done.answer == {"ms": [1]}
    assert done.seconds > 0
    assert last_words(log) == "hm"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise SystemExit('no weights')", "no weights"),
        ("raise SystemExit(3)", "code 3"),
        ("print('hello')", "hello"),
        ("import time; time.sleep(60)", "not done after 1 s"),
    ],
)
def test_a_run_that_fails_says_why(tmp_path: Path, code: str, said: str) -> None:
    with pytest.raises(PeerError, match=said):
        run(
            [sys.executable, "-c", code],
            log=tmp_path / "log.txt",
            limit=1 if "sleep" in code else 60,
        )


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="memory is told by Linux")
def test_memory_is_that_of_all_processes(tmp_path: Path) -> None:
    hold = "import time; held = bytearray(b'x') * 60_000_000; time.sleep(2)"
    code = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hold!r}]); print('{{}}')"
    )
    assert 60 < run([sys.executable, "-c", code], log=tmp_path / "log", limit=60).peak_mb < 200


def test_every_step_is_measured_of_both(bench: Bench, task: Task) -> None:
    measure_round(bench, fake("theirs"), task, 0)
    assert bench.failures == []
    for measure in ("pictures", "cold", "warm, pictures", "warm, 7-rows"):
        theirs, ours = (bench.figures.values(name, measure) for name in ("theirs", "ours"))
        assert theirs
        assert len(theirs) == len(ours)
        assert min(theirs) > 0
    (again,) = bench.figures.values("theirs", "rerun")
    assert again == bench.took["theirs"]  # all is done again
    assert len(bench.figures.values("ours", "rerun")) == 1
    grown = bench.work / "places" / "theirs-7-rows" / "names"
    assert len(grown.read_text("utf-8").split()) == 7


def test_who_spares_what_is_there_is_run_again(bench: Bench, task: Task) -> None:
    measure_round(bench, fake("theirs", knows_unchanged=True), task, 0)
    (again,) = bench.figures.values("theirs", "rerun")
    assert again != bench.took["theirs"]
    assert len(bench.figures.values("ours", "rerun")) == 1


def test_a_peer_that_fails_is_reported_and_the_others_go_on(bench: Bench, task: Task) -> None:
    measure_round(bench, fake("broken", "index"), task, 0)
    assert [failure[:2] for failure in bench.failures] == [("broken", "index pictures")]
    assert "out of luck" in bench.failures[0][2]
    measure_round(bench, fake("theirs"), task, 0)
    assert bench.figures.values("theirs", "cold")


def test_a_step_that_fails_is_reported_and_the_others_go_on(bench: Bench, task: Task) -> None:
    measure_round(bench, fake("broken", "ask"), task, 0)
    steps = [step for _, step, _ in bench.failures]
    assert steps == ["cold query", "warm query", "warm query among 7"]
    assert all("no answer" in reason for *_, reason in bench.failures)
    assert bench.figures.values("broken", "pictures")


def test_an_environment_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []
    monkeypatch.setattr(
        "benchmarks.peers.environments._pip", lambda *arguments: calls.append(arguments)
    )
    monkeypatch.setattr("venv.create", lambda place, **_: place.mkdir(parents=True))
    environment = Environment("one", ("nothing==1",), "nothing")
    python = made(environment, tmp_path)
    assert made(environment, tmp_path) == python
    assert [call[2:] for call in calls] == [("nothing==1",)]
    (tmp_path / "one" / "large").write_bytes(bytes(3 << 20))
    assert megabytes(python) == pytest.approx(3, abs=0.1)


def test_what_cannot_be_installed_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def none(environment: Environment, _: Path) -> Path:
        if environment.name == "rclip":
            raise PeerError("pip: no such version")
        return Path(sys.executable)

    monkeypatch.setattr(peers, "made", none)
    monkeypatch.setattr(peers, "version", lambda *_: "1.0")
    monkeypatch.setattr(peers, "megabytes", lambda _: 100.0)
    measured: list[str] = []
    monkeypatch.setattr(peers, "measure_round", lambda _b, peer, _t, _n: measured.append(peer.name))
    monkeypatch.setattr(peers, "_limits", lambda *_: None)
    monkeypatch.setattr(peers, "_networks", lambda _: tmp_path)
    fill(tmp_path / "pictures", 2)
    out, work = tmp_path / "out.json", tmp_path / "work"
    chosen = ["--peers", "seed,rclip", "--repeat", "1", "--work", str(work), "--json", str(out)]
    peers.main([str(tmp_path / "pictures"), *chosen])
    assert measured == ["seed"]
    found = json.loads(out.read_text("utf-8"))
    assert found["failures"] == [["rclip", "install", "pip: no such version"]]
    sizes = [one["peer"] for one in found["samples"] if one["measure"] == "installed"]
    assert set(sizes) == {"lookalike-no-copies", "seed"}
    printed = capsys.readouterr().out
    assert "| rclip | install | `pip: no such version` |" in printed
    assert "scikit-learn 1.0" in printed


def test_unknown_peers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        peers.main([str(tmp_path), "--peers", "nobody", "--work", str(tmp_path / "work")])


def test_pictures_are_the_same_each_time(tmp_path: Path) -> None:
    fill(tmp_path / "all" / "a", 8)
    for place in ("one", "two"):
        sample(tmp_path / "all", 3, tmp_path / place)
    names = [[path.name for path in paths_of(tmp_path / place)] for place in ("one", "two")]
    assert names[0] == names[1]
    assert len(names[0]) == 3


def test_photos_are_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_the_catalogue_names_runners_that_are_there() -> None:
    assert len({peer.name for peer in (REFERENCE, *PEERS)}) == len(PEERS) + 1
    for peer in (REFERENCE, *PEERS):
        assert (RUNNERS / peer.runner).is_file()
        command = peer.command(Path("python"), "count", "place")
        assert command[-2:] == ["count", "place"]
        assert os.path.isabs(command[1])
