"""Makes the environments that the peers are run in, once."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.peers.running import PeerError, last_words

if TYPE_CHECKING:
    from benchmarks.peers.catalogue import Environment

INSTALL_SECONDS = 1_800
_BIN = "Scripts" if os.name == "nt" else "bin"
_STAMP = "installed.txt"


def made(environment: Environment, folder: Path) -> Path:
    """Make an environment unless it is there as it should be; give its Python.

    Raises:
        PeerError: pip could not install it.
    """
    place = folder / environment.name
    python = place / _BIN / "python"
    wanted = "\n".join(environment.requirements)
    stamp = place / _STAMP
    there = stamp.is_file() and stamp.read_text("utf-8") == wanted
    # What is installed from a folder may have changed there.
    local = [name for name in environment.requirements if Path(name).is_dir()]
    if there and not local:
        return python
    print(f"installing {environment.name}", file=sys.stderr, flush=True)
    if there:
        _pip(python, place, "--force-reinstall", "--no-deps", *local)
        return python
    venv.create(place, clear=True, with_pip=True)
    _pip(python, place, *environment.requirements)
    stamp.write_text(wanted, "utf-8")
    return python


def megabytes(python: Path) -> float:
    """Sum up what an environment takes on the disk, each file once, in MB of 2^20 bytes."""
    seen = {}
    for file in python.parent.parent.rglob("*"):
        if file.is_file() and not file.is_symlink():
            status = file.stat()
            # Windows tells no blocks.
            seen[status.st_dev, status.st_ino] = 512 * getattr(status, "st_blocks", 0) or (
                status.st_size
            )
    return sum(seen.values()) / 2**20


def version(python: Path, distribution: str) -> str:
    """Ask an environment for what is installed there.

    Raises:
        PeerError: it is not.
    """
    code = f"import importlib.metadata as m; print(m.version({distribution!r}))"
    done = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeerError(f"{distribution} is not installed after all")
    return done.stdout.strip()


def _pip(python: Path, place: Path, *arguments: str) -> None:
    log = place / "pip.txt"
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "install", *arguments]
    with log.open("wb") as file:
        try:
            done = subprocess.run(
                command, stdout=file, stderr=file, timeout=INSTALL_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise PeerError(f"pip took over {INSTALL_SECONDS} s") from error
    if done.returncode:
        raise PeerError(f"pip: {last_words(log)}")
