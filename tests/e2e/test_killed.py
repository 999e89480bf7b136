"""A real process, killed at many moments of an ingest: nothing committed is lost, none is redone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lookalike import Gallery
from lookalike.ingest.chunk import CHUNK_PICTURES

from ..conftest import draw, fill

PICTURES = 240
# Runs the ingest with quick commits, at a second's length on any machine, and writes a letter for
# every picture that it encodes.
CODE = """
import os, sys, time
from lookalike import Gallery
from lookalike.ingest import ledger
from lookalike.storage import table
from tests.conftest import CountingEncoder
ledger.COMMIT_SECONDS = 0.05
ledger.OPTIMIZE_ROWS = 64
table.MAX_SMALL_FRAGMENTS = 2
class Encoder(CountingEncoder):
    def encode(self, inputs, *, threads=0):
        with open(sys.argv[3], "a") as log:
            log.write("x" * len(inputs))
        time.sleep(0.004 * len(inputs) * os.cpu_count())
        return super().encode(inputs, threads=threads)
Gallery.open(sys.argv[1], encoder=Encoder()).index(sys.argv[2])
"""


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is POSIX's")
def test_killed_at_many_moments(tmp_path: Path) -> None:
    fill(tmp_path / "p", PICTURES)
    gallery = Gallery.open(tmp_path / "g")
    log = tmp_path / "encoded"
    command = [sys.executable, "-c", CODE, str(tmp_path / "g"), str(tmp_path / "p"), str(log)]
    committed = kills = 0
    while kills < 40:
        process = subprocess.Popen(command, cwd=Path(__file__).parents[2])
        while not (tmp_path / "g" / "lock").exists() and process.poll() is None:
            time.sleep(0.01)
        time.sleep(0.55 + 0.037 * (kills % 13))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        finished = process.wait() == 0
        if not (tmp_path / "g" / "gallery.json").exists():
            continue
        rows = gallery.info().pictures
        assert rows >= committed  # what was there stays there
        if rows:
            best = gallery.search(draw(0), top=1)[0]
            assert os.path.exists(best.path)
        committed = rows
        if finished:
            break
    report = gallery.index(tmp_path / "p")
    assert committed + report.added == PICTURES
    assert report.updated == 0
    assert gallery.info().pictures == PICTURES
    paths = {hit.path for hit in gallery.search(draw(0), top=2 * PICTURES)}
    assert len(paths) == PICTURES  # and no row is there twice
    encoded = len(log.read_text()) + report.added
    # A kill costs the batch that was not committed: what was encoded since the last commit.
    lost = encoded - PICTURES
    assert kills > 3
    assert lost <= kills * CHUNK_PICTURES * (os.cpu_count() + 2)
