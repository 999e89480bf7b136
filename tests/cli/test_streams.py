"""Standard streams that are closed, full, or of few characters; names that are no plain text."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lookalike.cli import streams

from ..conftest import draw, run
from .test_terminal import on_terminal

pytestmark = pytest.mark.skipif(os.name == "nt", reason="streams and names of POSIX")
ODD = [
    "caf\u00e9 \u65e5\u672c.jpg",
    "esc\x1b[31m\x07.jpg",
    "new\nline.jpg",
    "c1\u009b31m.jpg",
    "rtl\u202egpj.jpg",
]

FULL = "The output can't be written (No space left on device); write it to another place.\n"


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pictures with odd names; the gallery is beside it."""
    tmp_path = tmp_path_factory.mktemp("odd")
    (tmp_path / "odd").mkdir()
    names = [*map(os.fsencode, ODD)]
    names += [b"latin\xe9.jpg"] if sys.platform == "linux" else []
    for seed, name in enumerate(names):
        with open(os.fsencode(tmp_path / "odd") + b"/" + name, "wb") as file:
            draw(seed).save(file, "JPEG")
    (tmp_path / "odd" / "bad\x1b[31m.jpg").write_text("x")
    done = run("index", tmp_path / "odd", gallery=tmp_path / "g")
    assert done.returncode == 0, done.stderr
    return tmp_path / "odd"


def by_shell(line: str, gallery: Path, **environment: str) -> Any:
    """Run a line of bash, where $L is the command, and the exit code that of a pipe's first."""
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"],
        env={
            **os.environ,
            "L": f"{sys.executable} -m lookalike",
            "LOOKALIKE_GALLERY": str(gallery),
            **environment,
        },
        capture_output=True,
        timeout=120,
        check=False,
    )


_IN_TURN = """
import io, json, sys
from lookalike.cli.main import main
encoding, commands = json.loads(sys.argv[1])
results, answer = [], sys.stdout
for arguments in commands:
    sys.stdout, sys.stderr = (io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2))
    sys.argv[1:] = arguments
    try:
        main()
    except SystemExit as stop:
        results.append([stop.code, *(s.buffer.getvalue().hex() for s in (sys.stdout, sys.stderr))])
answer.write(json.dumps(results))
"""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_any_encoding_of_the_output(odd: Path, tmp_path: Path, encoding: str) -> None:
    one = str(odd / ODD[0])
    commands = [
        ["search", one],
        ["search", one, "--paths"],
        ["search", one, "--print0", "--all-places"],
        ["search", one, "--json"],
        ["refused"],
        ["info"],
        ["duplicates"],
        ["--help"],
        ["search", "--help"],
        ["compare", one, one],
        ["search", "/none/\u00e9\u65e5"],
    ]
    done = subprocess.run(
        [sys.executable, "-c", _IN_TURN, json.dumps([encoding, commands])],
        env={**os.environ, "LOOKALIKE_GALLERY": str(odd.parent / "g")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    files = {os.fsencode(odd) + b"/" + name for name in names_of(odd)}
    for command, (code, *written) in zip(commands, json.loads(done.stdout), strict=True):
        out, errors = map(bytes.fromhex, written)
        assert code == int(command[-1].startswith("/none")), (command, errors)
        if command[-1] not in {"--paths", "--all-places"}:
            assert b"\x1b" not in out + errors, command
        if "--json" in command:
            assert {os.fsencode(hit["path"]) for hit in json.loads(out)["hits"]} == files
        if "--print0" in command:  # the bytes that name the files, whatever the encoding
            *listed, end = out.split(b"\0")
            assert (set(listed), end) == (files, b"")


def names_of(folder: Path) -> list[bytes]:
    return [name for name in os.listdir(os.fsencode(folder)) if not name.startswith(b"bad")]


def test_output_that_is_full_closed_or_not_read(odd: Path, tmp_path: Path) -> None:
    gallery = odd.parent / "g"
    for command in ("refused", "--help"):
        full = by_shell(f"$L {command} > /dev/full", gallery)
        assert (full.returncode, full.stderr.decode()) == (1, FULL), command
        for line in (
            f"$L {command} | true",
            f"$L {command} > /dev/full 2>&1",
            f"$L {command} <&- >&- 2>&-",
        ):
            done = by_shell(line, gallery)
            assert (done.returncode, done.stderr) == (int("full" in line), b""), line
    for line in ("search /none/\u00e9 2> /dev/full", "search /none/\u00e9 2>&-"):
        done = by_shell(f"$L {line}", gallery)
        assert (done.returncode, done.stdout) == (1, b""), line


def test_much_output_to_a_full_disk(tmp_path: Path) -> None:
    """More than a buffer, so that the disk is full in the middle of a command."""
    code = (
        "import sys, typer\n"
        "from lookalike.cli import main, terminal\n"
        "main.app = typer.Typer()\n"
        "@main.app.command()\n"
        "def much():\n"
        "    for _ in range(100_000): terminal.say('a line')\n"
        "main.main()\n"
    )
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-c", code],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, FULL)


def test_closed_input(odd: Path, tmp_path: Path) -> None:
    done = by_shell("$L search - <&-", odd.parent / "g")
    assert (done.returncode, b"empty" in done.stderr) == (1, True), done.stderr
    done = by_shell("$L duplicates --trash <&-", odd.parent / "g")
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr


def test_names_never_act_on_a_terminal(odd: Path, tmp_path: Path) -> None:
    gallery, one = odd.parent / "g", str(odd / ODD[0])
    sent = {
        "table": on_terminal(["search", one], gallery),
        "paths": on_terminal(["search", one, "--paths"], gallery),
        "print0": on_terminal(["search", one, "--print0"], gallery),
        "json": on_terminal(["search", one, "--json"], gallery),
        "refused": on_terminal(["refused"], gallery),
    }
    for what, shown in sent.items():
        assert b"\x1b[31m" not in shown, what
        assert b"\x07" not in shown, what
        assert "\u009b".encode() not in shown, what
        assert "\u202e".encode() not in shown, what
        assert b"\xe9.jpg" not in shown, what
    assert b"esc\\x1b[31m\\x07.jpg" in sent["paths"]
    assert b"new\\nline.jpg" in sent["table"]
    assert "caf\u00e9 \u65e5\u672c.jpg".encode() in sent["table"]
    assert b"bad\\x1b[31m.jpg" in sent["refused"]
    plain = run("search", one, gallery=gallery, text=False)
    lines = plain.stdout.splitlines()
    assert len(lines) == len(names_of(odd))  # a line is a hit, whatever its name


def test_print0_and_xargs_take_any_name(odd: Path, tmp_path: Path) -> None:
    (tmp_path / "hits").mkdir()
    line = f"$L search '{odd / ODD[0]}' --print0 | xargs -0 cp -t '{tmp_path / 'hits'}'"
    done = by_shell(line, odd.parent / "g")
    assert (done.returncode, done.stderr) == (0, b"")
    assert sorted(os.listdir(os.fsencode(tmp_path / "hits"))) == sorted(names_of(odd))


def test_json_stays_json_when_escaped() -> None:
    values = {"path": "del\x7f c1\u009b line\u2028 esc\x1b \udce9"}
    text = streams.escape(json.dumps(values), io.StringIO())
    assert json.loads(text) == values
    assert "\x7f" not in text
