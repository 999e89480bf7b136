"""The command line's other half: commands that need no gallery."""

from __future__ import annotations

import typer

DONE, NOTHING_USABLE, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130

app = typer.Typer()
