"""Disks and folders to mount, where the machine allows it."""

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
    with _mounted(folder, *(["--bind", str(source)] if source else ["-t", "tmpfs", "disk"])):
        yield


@contextlib.contextmanager
def overlaid(folder: Path, source: Path, changes: Path) -> Iterator[None]:
    """Mount an overlay: what is done to `source` in `folder` is written to `changes`.

    Some files have other device numbers there. The test is skipped where this process may not
    mount.
    """
    upper, work = changes / "upper", changes / "work"
    for one in (upper, work):
        one.mkdir(parents=True)
    options = f"lowerdir={source},upperdir={upper},workdir={work}"
    with _mounted(folder, "-t", "overlay", "-o", options, "overlay"):
        yield


@contextlib.contextmanager
def _mounted(folder: Path, *what: str) -> Iterator[None]:
    if sys.platform != "linux":
        pytest.skip("mounts with Linux's mount")
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["mount", *what, str(folder)], check=False, capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"this machine does not allow to mount: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)
