"""The command that checks a gallery's files."""

from __future__ import annotations

import json
from pathlib import Path

from ..conftest import fill, run, run_commands


def test_check_and_repair(tmp_path: Path) -> None:
    fill(tmp_path / "p", 3)
    gallery = ("--gallery", str(tmp_path / "g"))
    assert run("index", tmp_path / "p", *gallery).returncode == 0
    file = next((tmp_path / "g" / "words.lance" / "data").iterdir())
    file.write_bytes(file.read_bytes()[:-1])
    search, found, repaired, sound, quick = run_commands(
        ("search", tmp_path / "p" / "0001.jpg", *gallery),
        ("check", *gallery),
        ("check", "--repair", "--json", *gallery),
        ("check", *gallery),
        ("check", "--quick", *gallery),
    )
    assert search.returncode == 1
    assert search.stderr.startswith(f"{file} has ")
    assert search.stderr.endswith("see what can be made again with: lookalike check\n")
    assert found.returncode == 1
    assert found.stdout.startswith(f"{file} has ")
    assert found.stderr.endswith("make again what can be with: lookalike check --repair\n")
    assert repaired.returncode == 0
    assert [damage["repaired"] for damage in json.loads(repaired.stdout)["damaged"]] == [True]
    assert (sound.returncode, sound.stdout) == (0, "")
    assert " files checked, " in sound.stderr
    assert (quick.returncode, quick.stdout) == (0, "")


def test_a_server_does_not_start_with_a_damaged_gallery(tmp_path: Path) -> None:
    fill(tmp_path / "p", 2)
    gallery = ("--gallery", str(tmp_path / "g"))
    assert run("index", tmp_path / "p", *gallery).returncode == 0
    file = next((tmp_path / "g" / "pictures.lance" / "data").iterdir())
    file.unlink()
    served = run("serve", "--port", "0", *gallery)
    assert served.returncode == 1
    assert served.stdout == f"{file} is gone\n"
    assert served.stderr.endswith("lookalike check --repair\n")


def test_a_server_is_not_asked(tmp_path: Path) -> None:
    done = run("check", "--gallery", "http://127.0.0.1:9")
    assert done.returncode == 2
    assert "not available over HTTP" in done.stderr
