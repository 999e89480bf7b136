"""A real process, killed at many moments of an ingest: nothing committed is lost or done again."""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lookalike import Gallery

from ..conftest import RandomEncoder, draw, fill, soak

CHUNK = 4
RUN_PICTURES = 6 * CHUNK  # a run encodes no more, so that every run can be killed
# Runs an ingest that commits every chunk, and reports what it does, a line for each event.
CODE = f"""
import os, sys, threading
from lookalike import Gallery
from lookalike.ingest import chunk, ledger
from lookalike.storage import Store, table
from tests.conftest import RandomEncoder
chunk.CHUNK_PICTURES = {CHUNK}
ledger.COMMIT_SECONDS = 0
ledger.OPTIMIZE_ROWS = {2 * CHUNK}
table.MAX_SMALL_FRAGMENTS = 2
def report(event, count=0):
    os.write(1, f"{{event}} {{count}}\\n".encode())
class Encoder(RandomEncoder):
    lock, left = threading.Lock(), {RUN_PICTURES}
    def encode(self, inputs, *, threads=0):
        with self.lock:
            self.left -= len(inputs)
            may_encode = self.left >= 0
        if not may_encode:
            threading.Event().wait()  # to be killed
        vectors = super().encode(inputs, threads=threads)
        report("encoded", len(inputs))
        return vectors
commit, optimize = ledger.Ledger.commit, Store.optimize
def reported_commit(self):
    if self.uncommitted:
        before = self.added
        report("committing")
        commit(self)
        report("committed", self.added - before)
def reported_optimize(self, **options):
    report("optimizing")
    optimize(self, **options)
ledger.Ledger.commit, Store.optimize = reported_commit, reported_optimize
Gallery.open(sys.argv[1], encoder=Encoder()).index(sys.argv[2])
"""


@dataclass
class Run:
    """An ingest in a process of its own, and the events that it reported."""

    command: list[str]
    counts: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.process = subprocess.Popen(
            self.command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True
        )

    def read_until(self, event: str, times: int) -> list[float]:
        """Read events until one has come so often; return when each of them was read."""
        moments = [time.monotonic()]
        while len(self.counts.get(event, ())) < times:
            assert self.read_event(), "the process ended by itself"
            moments.append(time.monotonic())
        return moments

    def read_event(self) -> bool:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if line.endswith("\n"):
            event, count = line.split()
            self.counts.setdefault(event, []).append(int(count))
        return bool(line)

    def kill(self) -> None:
        """Kill the process, and read the events that it had reported before."""
        self.process.send_signal(signal.SIGKILL)
        assert self.process.wait() == -signal.SIGKILL
        while self.read_event():
            pass
        assert self.process.stdout
        self.process.stdout.close()

    def total(self, event: str) -> int:
        return sum(self.counts.get(event, ()))


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is POSIX's")
def test_killed_at_many_moments(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    rng = random.Random(seed)
    sys.stdout.write(f"seed {seed}\n")
    kills = soak(10, 60)
    pictures = (kills + 1) * RUN_PICTURES
    fill(tmp_path / "p", pictures)
    gallery = Gallery.open(tmp_path / "g", encoder=RandomEncoder())
    command = [sys.executable, "-c", CODE, str(tmp_path / "g"), str(tmp_path / "p")]
    rows = encoded = committed = struck_between = 0
    for number in range(kills):
        run = Run(command)
        # Each of these events comes in every run.
        event = ("encoded", "committing", "committed", "optimizing")[number % 4]
        times = 1 if event == "optimizing" else rng.randint(1, 4)
        moments = run.read_until(event, times)
        steps = [after - before for before, after in itertools.pairwise(moments)]
        time.sleep(rng.random() * 2 * max(steps[1:], default=0))  # at this machine's own pace
        run.kill()
        before, rows = rows, gallery.info().pictures
        sys.stdout.write(f"killed after {event} {times}: {run.counts}, {rows - before} rows\n")
        assert run.total("committed") <= rows - before <= run.total("encoded")
        struck_between += rows - before < run.total("encoded")
        encoded += run.total("encoded")
        committed += run.total("committed")
        if rows:
            assert os.path.exists(gallery.search(draw(0), top=1)[0].path)
    sys.stdout.write(f"{struck_between} of {kills} kills struck between commits\n")
    assert struck_between
    report = gallery.index(tmp_path / "p")
    assert (report.added, report.updated, report.unchanged) == (pictures - rows, 0, rows)
    assert gallery.info().pictures == pictures
    paths = {hit.path for hit in gallery.search(draw(0), top=2 * pictures)}
    assert len(paths) == pictures  # and no row is there twice
    # A kill costs no more than what was encoded and not committed.
    assert encoded + report.added - pictures <= encoded - committed
