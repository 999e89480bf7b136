"""How the process ends."""

from typing import Final

DONE: Final = 0
NOTHING_USABLE: Final = 1  # also every error but wrong usage
WRONG_USAGE: Final = 2  # as Typer's own
INTERRUPTED: Final = 130  # as shells report SIGINT
