"""The virtual environments that the peers run in; each is made once."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.peers.processes import PeerError, last_line

if TYPE_CHECKING:
    from benchmarks.peers.catalogue import Environment

INSTALL_SECONDS = 1_800
_BIN = "Scripts" if os.name == "nt" else "bin"
_STAMP = "installed.txt"


def ensure_environment(environment: Environment, folder: Path) -> Path:
    """Create an environment unless it exists with these requirements; return its Python.

    Raises:
        PeerError: If pip can't install it.
    """
    root = folder / environment.name
    python = root / _BIN / "python"
    requirements = "\n".join(environment.requirements)
    stamp = root / _STAMP
    is_current = stamp.is_file() and stamp.read_text("utf-8") == requirements
    # A distribution installed from a folder may have changed there.
    local = [name for name in environment.requirements if Path(name).is_dir()]
    if is_current and not local:
        return python
    print(f"installing {environment.name}", file=sys.stderr, flush=True)
    if is_current:
        _pip(python, root, "--force-reinstall", "--no-deps", *local)
        return python
    venv.create(root, clear=True, with_pip=True)
    _pip(python, root, *environment.requirements)
    stamp.write_text(requirements, "utf-8")
    return python


def size_mb(python: Path) -> float:
    """Return the size of an environment on disk in MiB, counting each file once."""
    sizes = {}
    for file in python.parent.parent.rglob("*"):
        if file.is_file() and not file.is_symlink():
            status = file.stat()
            # Windows has no block counts.
            size = 512 * getattr(status, "st_blocks", 0) or status.st_size
            sizes[status.st_dev, status.st_ino] = size
    return sum(sizes.values()) / 2**20


def installed_version(python: Path, distribution: str) -> str:
    """Return the version of a distribution in an environment.

    Raises:
        PeerError: If it is not installed.
    """
    code = f"import importlib.metadata as m; print(m.version({distribution!r}))"
    process = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=False)
    if process.returncode:
        raise PeerError(f"pip did not install {distribution}")
    return process.stdout.strip()


def _pip(python: Path, root: Path, *arguments: str) -> None:
    log = root / "pip.txt"
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "install", *arguments]
    with log.open("wb") as file:
        try:
            process = subprocess.run(
                command, stdout=file, stderr=file, timeout=INSTALL_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise PeerError(f"pip took more than {INSTALL_SECONDS} s") from error
    if process.returncode:
        raise PeerError(f"pip: {last_line(log)}")
