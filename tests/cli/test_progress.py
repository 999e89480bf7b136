"""Progress where there is no terminal: a line now and then."""

from __future__ import annotations

import pytest

from lookalike import Progress
from lookalike.cli import progress as module
from lookalike.cli.progress import ByteProgress, IndexProgress, StageProgress


class Clock:
    """Stands for the module `time`; it moves only when a test moves it."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def test_an_ingest_prints_a_line_now_and_then(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with IndexProgress() as progress:
        progress(Progress(10, True, 5, 1, 0, 1.0))
        assert capsys.readouterr().err == ""
        clock.now += 60
        progress(Progress(5_000, False, 4_000, 1_000, 2, 10.0))
    line = capsys.readouterr().err
    assert line == "Indexing: 1,000 of 4,000, 100 pictures/s, 30 s left, 2 refused\n"


def test_each_stage_has_a_rate_of_its_own(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with StageProgress() as progress:
        progress("Encoding", 1, 4_000)
        assert capsys.readouterr().err == ""
        clock.now += 20
        progress("Encoding", 1_000, 4_000)
        progress("Ranking", 500, 4_000)  # fewer than before, so another stage
        clock.now += 20
        progress("Ranking", 1_000, 4_000)
        clock.now += 20
        progress("Drawing the map", 0, 0)
    assert capsys.readouterr().err.splitlines() == [
        "Encoding: 1,000 of 4,000, 50/s, 1 min 00 s left",
        "Ranking: 1,000 of 4,000, 50/s, 1 min 00 s left",
        "Drawing the map",
    ]


def test_a_download_prints_its_first_state_at_once(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with ByteProgress() as progress:
        progress("Downloading", 4_000_000, 16_000_000)
        clock.now += 1
        progress("Downloading", 6_000_000, 16_000_000)
        clock.now += 11
        progress("Downloading", 10_000_000, 16_000_000)
    assert str(progress) == "Downloading: 10.0 of 16.0 MB"
    assert capsys.readouterr().err.splitlines() == [
        "Downloading: 4.0 of 16.0 MB",
        # What an earlier run downloaded does not count for the rate.
        "Downloading: 10.0 of 16.0 MB, 0.5 MB/s, 12 s left",
    ]
