"""A disk to mount: a tmpfs, where the machine allows it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def mounted(folder: Path, source: Path | None = None) -> Iterator[None]:
    """Mount an empty disk on a folder, or another folder of the same disk; unmount it at the end.

    The test is skipped where this process may not mount.
    """
    if sys.platform != "linux":
        pytest.skip("mounts with Linux's mount")
    folder.mkdir(parents=True, exist_ok=True)
    what = ["--bind", str(source)] if source else ["-t", "tmpfs", "disk"]
    done = subprocess.run(
        ["mount", *what, str(folder)], check=False, capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"this machine does not allow to mount: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)
