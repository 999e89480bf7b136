"""Show a file in the system's file manager."""

from __future__ import annotations

import ipaddress
import os
import shutil
import subprocess
import sys


def can_reveal(client: str) -> bool:
    """Check whether the client is on this machine, and the machine has a desktop."""
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
        subprocess.Popen(  # noqa: S603  no shell, and the path is one of the gallery
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
