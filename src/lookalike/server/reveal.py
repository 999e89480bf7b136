"""Showing a file in the system's file manager, where there is one."""

from __future__ import annotations

import ipaddress
import os
import shutil
import subprocess
import sys


def is_possible(client: str) -> bool:
    """Tell whether the client sits at this machine, and it has a desktop."""
    try:
        if not ipaddress.ip_address(client).is_loopback:
            return False
    except ValueError:
        return False
    return _command(os.devnull) is not None


def reveal(path: str) -> None:
    """Open the file manager at a file."""
    command = _command(path)
    if command:
        subprocess.Popen(  # noqa: S603  no shell; the path is one of the gallery
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )


def _command(path: str) -> list[str] | None:
    if sys.platform == "win32":
        return ["explorer", "/select,", path]
    if sys.platform == "darwin":
        return ["open", "-R", path]
    has_desktop = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    program = shutil.which("xdg-open")
    return [program, os.path.dirname(path)] if has_desktop and program else None
