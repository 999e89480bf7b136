"""What people see on a terminal: the real command under a pseudo-terminal."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import ImageOps

from ..conftest import busy, fill, run

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no pseudo-terminals there")


def on_terminal(
    arguments: list[str], gallery: Path, answers: dict[bytes, bytes] | None = None
) -> bytes:
    """Run the command on a terminal of 100 x 40 cells that answers what it is asked."""
    import fcntl
    import pty
    import select
    import struct
    import termios

    terminal, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 1000, 800))
    environment = {**os.environ, "TERM": "xterm-256color", "LOOKALIKE_GALLERY": str(gallery)}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "lookalike", *arguments],
        env=environment,
        stdin=inside,
        stdout=inside,
        stderr=inside,
        start_new_session=True,
    )
    os.close(inside)
    shown, asked = b"", b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.1)[0]:
            continue
        try:
            data = os.read(terminal, 65536)
        except OSError:
            break
        if not data:
            break
        shown += data
        asked += data
        for question, answer in (answers or {}).items():
            while found := re.search(question, asked):
                os.write(terminal, found.expand(answer))
                asked = asked.replace(found[0], b"", 1)
    os.close(terminal)
    assert process.wait(10) == 0, shown
    return shown


@pytest.fixture
def indexed(tmp_path: Path, pictures: Path) -> Path:
    run("index", pictures, gallery=tmp_path / "g")
    return tmp_path / "g"


def test_a_plain_terminal_gets_a_table(pictures: Path, indexed: Path) -> None:
    shown = on_terminal(["search", str(pictures / "a" / "0001.jpg"), "--top", "3"], indexed)
    assert b"score" in shown
    assert b"kind" in shown
    assert b"exact" in shown
    assert b"160 x 120" in shown
    assert b"3 hits in" in shown
    assert b"Traceback" not in shown


def test_a_copy_is_shown_with_what_was_done_to_it(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    for seed in range(3):
        busy(seed, (320, 240)).save(tmp_path / "p" / f"{seed}.png")
    run("index", tmp_path / "p", gallery=tmp_path / "g")
    ImageOps.mirror(busy(1, (320, 240))).save(tmp_path / "query.png")
    shown = on_terminal(["search", str(tmp_path / "query.png"), "--top", "2"], tmp_path / "g")
    assert b"copy: mirrored" in shown
    plain = run("search", tmp_path / "query.png", "--top", "2", gallery=tmp_path / "g").stdout
    assert [line.split("\t")[1] for line in plain.splitlines()] == ["copy", "similar"]


def test_sixel_terminals_get_pictures(pictures: Path, indexed: Path) -> None:
    answers = {rb"\x1b\[c": b"\x1b[?62;4;22c"}  # device attributes: 4 is sixel
    query = str(pictures / "a" / "0001.jpg")
    shown = on_terminal(["search", query, "--top", "2"], indexed, answers)
    assert shown.count(b"\x1bPq") + shown.count(b"\x1bP0") + shown.count(b"\x1bP;") >= 2


def test_kitty_gets_pictures(pictures: Path, indexed: Path) -> None:
    answers = {
        rb"\x1b_Gi=(\d+),s=1": b"\x1b_Gi=\\1;OK\x1b\\\\",
        rb"\x1b\[c": b"\x1b[?62;22c",
    }
    query = str(pictures / "a" / "0001.jpg")
    shown = on_terminal(["search", query, "--top", "2"], indexed, answers)
    assert shown.count(b"\x1b_G") >= 3  # the question, and two pictures


def test_progress_is_shown_while_indexing(tmp_path: Path) -> None:
    fill(tmp_path / "p", 300)
    (tmp_path / "p" / "bad.jpg").write_text("x")
    shown = on_terminal(["index", str(tmp_path / "p")], tmp_path / "g")
    assert b"pictures/s" in shown
    assert b"1 refused" in shown
    assert b"left" in shown


def test_rows_are_counted_on_a_terminal(tmp_path: Path, indexed: Path) -> None:
    shown = on_terminal(["export", str(tmp_path / "x.parquet")], indexed)
    assert b"12/12" in shown
    assert b"12 rows written" in shown


def test_stages_are_shown_on_a_terminal(tmp_path: Path, pictures: Path) -> None:
    (pictures / "a" / "bad.jpg").write_text("x")
    shown = on_terminal(["evaluate", str(pictures)], tmp_path / "g")
    assert b"Encoding (1 refused)" in shown
    assert b"/13" in shown
    assert b"mAP" in shown
    assert b"12 queries to all others" in shown
