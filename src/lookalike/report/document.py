"""A self-contained HTML file: no network, no script of its own."""

from __future__ import annotations

import html
import os
from pathlib import Path
from string import Template

from ..errors import ArgumentError

_SHELL = Path(__file__).parent / "shell.html"


def write_document(
    out: str | os.PathLike[str], *, title: str, style: str, body: str, policy: str = ""
) -> int:
    """Write an HTML file; return its size in bytes.

    Args:
        out: the file to write.
        title: HTML.
        style: CSS.
        body: HTML.
        policy: what the content security policy allows besides embedded pictures and styles.

    Raises:
        ArgumentError: the file can't be written.
    """
    shell = Template(_SHELL.read_text("utf-8"))
    page = shell.substitute(title=title, style=style, body=body, policy=policy)
    data = page.encode("utf-8", "replace")
    try:
        Path(out).write_bytes(data)
    except OSError as error:
        raise ArgumentError(
            f"{os.fspath(out)} can't be written ({error.strerror}); choose another location."
        ) from error
    return len(data)


def escape(value: object) -> str:
    """Escape for HTML; show bytes that are not UTF-8, and control characters, as U+FFFD."""
    plain = str(value).encode("utf-8", "replace").decode()
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in plain)
    return html.escape(shown, quote=True)
